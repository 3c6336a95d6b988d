"""The clients, wrk for saturation and open-loop for a given rate, and what the machine does without them."""

import json
import os
import random
import re
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Bodies:
    """Files with bodies for POST /predict, of as many features as are asked for."""

    def __init__(self):
        self._dir = tempfile.TemporaryDirectory(prefix="appcore-bodies-")
        self._random = random.Random(1)

    def of(self, count):
        path = os.path.join(self._dir.name, f"{count}.json")
        if not os.path.exists(path):
            # 17 digits, as programs print doubles: about 20 bytes a feature.
            numbers = (repr(self._random.uniform(-1000, 1000)) for _ in range(count))
            text = '{"features":[1.0,2.0,3.0]}' if count == 3 else '{"features":[' + ",".join(numbers) + "]}"
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        return path

    def close(self):
        self._dir.cleanup()


def saturate(port, connections, seconds, body, *, scheme="http", headers=()):
    """wrk's figures as a dictionary, with `rate` in replies a second. Each connection sends the next request as soon
    as it has its reply, so a latency at saturation is that of a queue of `connections`."""
    output = _run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s",
                   os.path.join(HERE, "wrk.lua"), f"{scheme}://127.0.0.1:{port}/predict"], BENCH_BODY=body, BENCH_HEADERS="\n".join(headers))
    return _figures(output)


def saturate_http_2(port, connections, seconds, body, headers=()):
    """The same over HTTP/2 and TLS, one request at a time on each connection; by h2load, which tells no percentiles."""
    options = [option for header in ("Content-Type: application/json", *headers) for option in ("-H", header)]
    output = _run(["h2load", f"-c{connections}", "-m1", f"-D{seconds}", "-d", body, *options, f"https://127.0.0.1:{port}/predict"])
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (succeeded|failed)", output)}
    return {"requests": counts["succeeded"], "failed": counts["failed"], "rate": counts["succeeded"] / seconds}


def offer(programs, port, connections, rate, seconds, body):
    """The figures of requests that come at `rate`, whatever has become of those before."""
    output = _run([os.path.join(programs, "open-loop"), str(port), f"{rate:.1f}", str(seconds),
                   str(connections), body])
    return _figures(output)


def one_worker(programs, socket, connections, seconds, request):
    """The figures of the pool's socket, asked without nginx; `request` is a file with one FastCGI request."""
    return _figures(_run([os.path.join(programs, "fastcgi-load"), socket, str(connections), str(seconds), request]))


def pauses(programs, seconds):
    """What the idle machine itself takes away from its processors: the part of their time, the longest piece."""
    probes = [subprocess.Popen([os.path.join(programs, "pauses"), str(core), str(seconds)], stdout=subprocess.PIPE)
              for core in sorted(os.sched_getaffinity(0))]
    figures = [json.loads(probe.communicate()[0]) for probe in probes]
    return {"lost": statistics.mean(core["lost"] for core in figures),
            "longest_ms": max(core["longest_ms"] for core in figures)}


def _run(command, **variables):
    done = subprocess.run(command, env={**os.environ, **variables}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stdout}")
    return done.stdout


def _figures(output):
    figures = json.loads(output.strip().splitlines()[-1])
    figures["rate"] = figures["requests"] / figures["seconds"]
    return figures
