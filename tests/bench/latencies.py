#!/usr/bin/python3
"""make latency-test: what /status, the log and Prometheus's rules say of latencies, beside what clients measure.

Each case runs a stack of two workers, whose model sleeps, and a real Prometheus; LATENCY_CASES="0.01 queue ..." picks some.
Prints the tables of docs/performance.md and fails where a promise is missed. Times are judged, so it wants a machine of its own.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from chain import API, Prometheus  # noqa: E402  (needs the path above)
from stack import Stack, wait_until  # noqa: E402

PROGRAMS = os.environ["APPCORE_BIN_DIR"]
WORKERS = 2
SLEEPS = (0.0001, 0.001, 0.01, 0.1)
STATUS_WITHIN, RULES_WITHIN, FELT_WITHIN, FELT_MS = 0.10, 0.20, 0.20, 2.0
SEEN = 2.5  # seconds until the last request is in a sample of /status, which come once a second, and in a scrape
QUANTILES = {"p50": 0.5, "p99": 0.99}
FAMILIES = {"duration": "appcore_request_duration_seconds", "latency": "appcore_request_latency_seconds",
            "wait": "appcore_request_wait_seconds"}


class Run:
    """A stack under load: what the clients measured and what the service says, in milliseconds."""

    def __init__(self, sleep, obedient=True):
        self._folder = tempfile.mkdtemp(prefix="appcore-latencies-")
        programs = os.path.join(PROGRAMS, "obedient") if obedient else PROGRAMS
        self.stack = Stack(APPCORE_BIN_DIR=programs, WORKERS=WORKERS, APPCORE_QUEUE=4000, APPCORE_REQUEST_TIMEOUT=60)
        self._body = os.path.join(self._folder, "body.json")
        with open(self._body, "w", encoding="ascii") as file:
            json.dump({"features": [sleep]}, file)
        self.prometheus = None
        self._lines = []

    def __enter__(self):
        self.stack.up()
        self.prometheus = Prometheus(self._folder, {API: f"127.0.0.1:{self.stack.port}"}).start()
        # rate() does not see a series' first sample.
        self.offer(0, 0.1, WORKERS)
        wait_until(lambda: self.prometheus.query(FAMILIES["latency"] + "_count"), 20)
        time.sleep(2)
        return self

    def __exit__(self, *_):
        self.prometheus.stop()
        self.stack.down()
        shutil.rmtree(self._folder)

    def offer(self, rate, seconds, connections):
        """Clients that ask `rate` times a second whatever becomes of it; 0: as often as they get a reply."""
        before = self.stack.count("http_requests_total", endpoint="/predict")
        done = subprocess.run([os.path.join(PROGRAMS, "bench", "open-loop"), str(self.stack.port), str(rate), str(seconds),
                               str(connections), self._body], check=True, text=True, stdout=subprocess.PIPE)
        felt = json.loads(done.stdout)
        assert felt["failed"] == 0, felt
        lines = self.stack.logged("appcore", path="/predict", status_code=201)[int(before):]
        assert len(lines) == felt["requests"], (len(lines), felt)
        self._lines = lines
        return felt

    def logged(self, kind):
        """Percentiles of each request's own line."""
        times = sorted({"duration": line["duration_ms"], "wait": line["wait_ms"],
                        "latency": line["duration_ms"] + line["wait_ms"]}[kind] for line in self._lines)
        return {name: times[int(q * len(times))] for name, q in QUANTILES.items()}

    def status(self, kind):
        return self.stack.get("/status").json()["last_minutes"]["5"][f"{kind}_ms"]

    def rules(self, kind):
        found = self.prometheus.by("quantile", f"job:{FAMILIES[kind]}:quantile_rate5m")
        return {name: found[str(q)] * 1000 for name, q in QUANTILES.items()}


class Table:
    def __init__(self, *columns):
        self._rows = [columns]
        self.missed = []

    def add(self, *cells):
        self._rows.append(tuple(cell if isinstance(cell, str) else f"{cell:.3g}" for cell in cells))
        print("|", " | ".join(self._rows[-1]), "|", flush=True)

    def judge(self, what, value, truth, part, absolute=0.0):
        if abs(value - truth) > max(part * truth, absolute):
            self.missed.append(f"{what}: {value:.4g} ms instead of {truth:.4g}")

    def end(self):
        print()
        for i, row in enumerate(self._rows):
            print("|", " | ".join(row), "|")
            if i == 0:
                print("|" + "---|" * len(row))
        print("\n".join(["", *(f"missed: {what}" for what in self.missed)]) if self.missed else "\nall as promised")
        return not self.missed


def compare(sleep, load, run, felt, table):
    """A row for each percentile."""
    time.sleep(SEEN)
    for name in QUANTILES:
        what = f"{sleep * 1000:g} ms, {load}, {name}"
        true, latency = run.logged("duration")[name], run.logged("latency")[name]
        status, rules = run.status("duration")[name], run.rules("duration")[name]
        table.judge(f"{what}, duration on /status", status, true, STATUS_WITHIN)
        table.judge(f"{what}, duration by the rules", rules, true, RULES_WITHIN)
        table.judge(f"{what}, waiting and duration", latency, felt[f"{name}_ms"], FELT_WITHIN, FELT_MS)
        table.add(f"{sleep * 1000:g} ms", load, name, true, status, rules, latency, run.status("latency")[name],
                  felt[f"{name}_ms"])


def sleeping(sleep, table):
    """A model that sleeps, at half and at twice what the workers can do."""
    with Run(sleep) as run:
        full = run.offer(0, 3, WORKERS)
        capacity = full["requests"] / full["seconds"]
        seconds = 60 if sleep >= 0.1 else 10
    with Run(sleep) as run:
        felt = run.offer(capacity / 2, seconds, 64)
        compare(sleep, "half", run, felt, table)
    with Run(sleep) as run:
        # What comes too fast waits: as long as nginx takes it.
        felt = run.offer(capacity * 2, min(5, 1500 / capacity), 1900)
        compare(sleep, "twice", run, felt, table)


def queue(table):
    """120 callers of a model that takes 0.1 s: waiting is what they feel, and the alert fires."""
    with Run(0.1) as run:
        begun = time.monotonic()
        felt = run.offer(0, 80, 120)
        fired = wait_until(lambda: run.prometheus.query('ALERTS{alertname="AppcoreQueue",alertstate="firing"}'), 5)
        compare(0.1, "120 callers", run, felt, table)
        wait, truth = run.status("wait")["p50"], felt["p50_ms"] - run.logged("duration")["p50"]
        table.judge("waiting on /status", wait, truth, FELT_WITHIN)
        table.judge("waiting by the rules", run.rules("wait")["p50"], truth, FELT_WITHIN)
        if not fired:
            table.missed.append(f"AppcoreQueue does not fire within {time.monotonic() - begun:.0f} s")
        print(f"median waiting: callers {truth:.0f} ms, /status {wait:.0f} ms, rules {run.rules('wait')['p50']:.0f} ms; "
              f"AppcoreQueue {'fires' if fired else 'does not fire'}")


EVENT = re.compile(r"^(\d+) (\d+\.\d+) (\w+)\(.* = (-?\d+).*<(\d+\.\d+)>$")


def traced_durations(path):
    """Of each request, milliseconds from the return of the wait for its bytes to the call that sends its reply."""
    durations, begun = [], {}
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            match = EVENT.match(line)
            if not match:
                continue
            pid, start, call, result, took = match[1], float(match[2]), match[3], int(match[4]), float(match[5])
            if call == "epoll_pwait" and result > 0:
                begun[pid] = start + took
            elif call in ("write", "writev", "sendmsg", "sendto") and pid in begun:
                durations.append((start - begun.pop(pid)) * 1000)
    return durations


def traced(table):
    """The service alone: /status and the log beside the workers' system calls."""
    with Run(0, obedient=False) as run:
        trace = os.path.join(run.stack.base, "trace")
        command = ["strace", "-f", "-q", "-ttt", "-T", "-e", "trace=epoll_pwait,write,writev,sendmsg,sendto", "-o", trace,
                   *(f"--attach={pid}" for pid in run.stack.worker_pids())]
        with subprocess.Popen(command) as tracer:
            time.sleep(1)
            felt = run.offer(0, 10, 16)
            tracer.terminate()
        time.sleep(SEEN)
        log, status, calls = run.logged("duration")["p50"], run.status("duration")["p50"], traced_durations(trace)
        truth = statistics.median(calls)
        table.judge("traced median in the log", log, truth, FELT_WITHIN)
        table.judge("traced median on /status", status, truth, FELT_WITHIN)
        print(f"16 connections, traced: system calls {truth:.4f} ms ({len(calls)} replies), log {log:.4f} ms, /status "
              f"{status:.4f} ms; callers {felt['p50_ms']:.3f} ms")


def main():
    wanted = os.environ.get("LATENCY_CASES", "").split() or [*map(str, SLEEPS), "queue", "traced"]
    table = Table("model", "load", "", "duration: log", "/status", "rules", "with waiting: log", "/status", "callers")
    for case in wanted:
        if case in ("queue", "traced"):
            {"queue": queue, "traced": traced}[case](table)
        else:
            sleeping(float(case), table)
    sys.exit(0 if table.end() else 1)


if __name__ == "__main__":
    main()
