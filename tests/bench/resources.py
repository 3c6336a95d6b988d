"""What the processes cost: CPU time, memory, and how long a start takes."""

import http.client
import os
import subprocess
import time


def children(pid):
    """Pids of a process's children, theirs included."""
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            direct = [int(child) for child in file.read().split()]
    except OSError:
        return found
    for child in direct:
        found += [child, *children(child)]
    return found


def cpu_microseconds(pids):
    """CPU time that the living ones of these processes have had so far, user and system."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1000


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


def time_scrapes(port, pids, count):
    """(milliseconds, CPU milliseconds of the processes) of one GET /metrics, through nginx."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    cpu, begin = cpu_microseconds(pids), time.monotonic()
    for _ in range(count):
        client.request("GET", "/metrics")
        client.getresponse().read()
    seconds, cpu = time.monotonic() - begin, cpu_microseconds(pids) - cpu
    client.close()
    return seconds * 1000 / count, cpu / 1000 / count


def time_start(root, stack):
    """Seconds from `make up` on a built tree until it returns, which it does when /health is 200."""
    begin = time.monotonic()
    done = subprocess.run(["make", "--no-print-directory", "-C", root, "up"], env=stack.environment(), text=True,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise SystemExit(f"make up failed: {done.stdout}")
    return seconds


def machine():
    """What the figures were taken on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / 2 ** 20
    versions = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "nginx", "php-fpm",
                               "python3-fastapi", "python3-uvicorn", "python3-uvloop", "wrk", "libfcgi-dev"],
                              text=True, check=False, capture_output=True).stdout
    return {"cores": os.cpu_count(), "processor": models[0] if models else "unknown",
            "memory_gib": round(memory, 1), "kernel": ".".join(os.uname().release.split(".")[:2]), "load_before": os.getloadavg()[0],
            "packages": versions.split("\n")[:-1]}
