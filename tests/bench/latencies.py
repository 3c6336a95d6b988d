#!/usr/bin/python3
"""make latency-test: what /status, Prometheus's rules and the log say of latencies, beside what is measured from outside.

A request's own time is measured by the trace of the workers' system calls, what a caller feels by the load generator. Each case
runs a stack of two workers, whose model sleeps, and a real Prometheus; CASES="0.01 queue traced" chooses some. Writes the tables of
docs/performance.md into BENCH_OUT/latencies.md, and fails where a promise is missed. Times are judged, so it wants a quiet machine.
"""

import bisect
import json
import os
import shutil
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from chain import API, Prometheus  # noqa: E402  (needs the path above)
from drive import offer, pauses  # noqa: E402
from report import table  # noqa: E402
from stack import Stack, wait_until  # noqa: E402
from system_calls import Trace  # noqa: E402

PROGRAMS = os.environ["APPCORE_BIN_DIR"]
BENCH = os.path.join(PROGRAMS, "bench")
OUT = os.path.join(os.environ["BENCH_OUT"], "latencies.md")
WORKERS = 2
SLEEPS = (0.0001, 0.001, 0.01, 0.1)  # seconds
CONNECTIONS = 1900  # of the load generator: what comes too fast waits in nginx, not in it
STATUS_WITHIN, RULES_WITHIN, FELT_WITHIN, FELT_MS = 0.10, 0.20, 0.20, 2.0
SEEN = 2.5  # seconds until the last request is in a sample of /status, which come once a second, and in a scrape
ALERT = 'ALERTS{alertname="AppcoreQueue",alertstate="firing"}'
QUANTILES = {"p50": 0.5, "p99": 0.99}
TICK = 0.001  # the trace and the log have whole microseconds, and a request may take four
HEAD = ["model", "load", "", "worker: trace", "/status", "rules", "felt: callers", "log", "/status", "rules", "late"]


def percentiles(values):
    """Of times in whole ticks, each of which stands for whatever lies within half a tick of it."""
    ordered = sorted(round(value, 3) for value in values)
    return {name: within_tick(ordered, part) for name, part in QUANTILES.items()}


def within_tick(ordered, part):
    """Where the quantile lies within its tick: at the share of that tick's values that are below it."""
    rank = part * len(ordered)
    value = ordered[int(rank)]
    first, behind = bisect.bisect_left(ordered, value), bisect.bisect_right(ordered, value)
    return value + TICK * ((rank - first) / (behind - first) - 0.5)


class Run:
    """A stack and a Prometheus under load. All times are milliseconds, all results percentiles by name."""

    def __init__(self, sleep, programs=os.path.join(PROGRAMS, "obedient")):
        self._folder = tempfile.mkdtemp(prefix="appcore-latencies-")
        # A slow request would have a second line in the log.
        self.stack = Stack(APPCORE_BIN_DIR=programs, WORKERS=WORKERS, APPCORE_QUEUE=4000, APPCORE_REQUEST_TIMEOUT=60,
                           APPCORE_SLOW_REQUEST=0)
        self._body = os.path.join(self._folder, "body.json")
        with open(self._body, "w", encoding="ascii") as file:
            json.dump({"features": [sleep]}, file)
        self.prometheus = None
        self.traced = self.felt = self.late = self.logged = {}

    def __enter__(self):
        self.stack.up()
        self.prometheus = Prometheus(self._folder, {API: f"127.0.0.1:{self.stack.port}"}).start()
        # rate() does not see a series' first sample, so there has to be one.
        with open(self._body, "rb") as body:
            self.stack.predict(body.read())
        wait_until(lambda: self.prometheus.query("appcore_request_latency_seconds_count"), 20)
        time.sleep(SEEN)
        return self

    def __exit__(self, *_):
        self.prometheus.stop()
        self.stack.down()
        shutil.rmtree(self._folder)

    def offer(self, rate, seconds, connections):
        """Clients that ask `rate` times a second whatever becomes of it; 0: as often as they get a reply."""
        seen = len(self.stack.logged("appcore", path="/predict"))
        with Trace(self.stack.worker_pids()) as trace:
            figures = offer(BENCH, self.stack.port, connections, rate, seconds, self._body)
        lines = self.stack.logged("appcore", path="/predict")[seen:]
        replies = figures["requests"]
        if figures["failed"] or not len(lines) == len(trace.milliseconds) == replies:
            raise SystemExit(f"{figures}, but {len(lines)} lines and {len(trace.milliseconds)} traced replies")
        self.traced = percentiles(trace.milliseconds)
        self.felt = {name: figures[f"{name}_ms"] for name in QUANTILES}
        self.late = {name: figures[f"late_{name}_ms"] for name in QUANTILES}
        self.logged = {"duration": percentiles(line["duration_ms"] for line in lines),
                       "latency": percentiles(line["duration_ms"] + line["wait_ms"] for line in lines)}
        return figures

    def status(self, kind):
        return self.stack.get("/status").json()["last_minutes"]["5"][f"{kind}_ms"]

    def rules(self, kind):
        found = self.prometheus.by("quantile", f"job:appcore_request_{kind}_seconds:quantile_rate5m")
        return {name: found[str(part)] * 1000 for name, part in QUANTILES.items()}


class Verdicts:
    """Rows of the table, and the promises that were missed."""

    def __init__(self):
        self.rows = []
        self.missed = []
        self.notes = []

    def judge(self, what, value, truth, part, absolute=0.0):
        if abs(value - truth) > max(part * truth, absolute):
            self.missed.append(f"{what}: {value:.3g} ms, measured {truth:.3g} ms ({value / truth - 1:+.0%})")

    def note(self, text):
        print(text, flush=True)
        self.notes.append(text)

    def compare(self, model, load, run):
        """A row for each percentile of the last offer()."""
        time.sleep(SEEN)
        duration, latency = run.status("duration"), run.status("latency")
        by_rules = {kind: run.rules(kind) for kind in ("duration", "latency")}
        for name in QUANTILES:
            what = f"{model}, {load}, {name}"
            self.judge(f"{what}, worker's own time on /status", duration[name], run.traced[name], STATUS_WITHIN)
            self.judge(f"{what}, worker's own time by the rules", by_rules["duration"][name], run.traced[name], RULES_WITHIN)
            self.judge(f"{what}, felt, by the log", run.logged["latency"][name], run.felt[name], FELT_WITHIN, FELT_MS)
            self.judge(f"{what}, felt, on /status", latency[name], run.felt[name], FELT_WITHIN, FELT_MS)
            times = (run.traced[name], duration[name], by_rules["duration"][name], run.felt[name], run.logged["latency"][name],
                     latency[name], by_rules["latency"][name], run.late[name])
            self.rows.append([model, load, name, *(f"{value:.3g}" for value in times)])
            print(" | ".join(self.rows[-1]), flush=True)


def sleeping(sleep, verdicts):
    """A model that sleeps, at half and at twice what the workers can do."""
    model = f"{sleep * 1000:g} ms"
    with Run(sleep) as run:
        capacity = run.offer(0, 2, WORKERS)["rate"]
    with Run(sleep) as run:
        run.offer(capacity / 2, 30 if sleep >= 0.1 else 8, 64)
        verdicts.compare(model, "half", run)
    with Run(sleep) as run:
        run.offer(capacity * 2, min(10.0, 0.8 * CONNECTIONS / capacity), CONNECTIONS)
        verdicts.compare(model, "twice", run)


def queue(verdicts):
    """120 callers of a model that takes 0.1 s: waiting is what they feel, the alert fires, /status says it."""
    with Run(0.1) as run:
        figures = run.offer(0, 75, 120)
        fires = wait_until(lambda: run.prometheus.query(ALERT), 5)
        verdicts.compare("100 ms", "120 callers", run)
        pool = run.stack.get("/status").json()["pool"]
        told, by_rules = run.status("wait")["p50"], run.rules("wait")["p50"]
    truth = figures["p50_ms"] - run.traced["p50"]
    verdicts.judge("120 callers, median waiting on /status", told, truth, FELT_WITHIN)
    verdicts.judge("120 callers, median waiting by the rules", by_rules, truth, FELT_WITHIN)
    if not fires:
        verdicts.missed.append("120 callers: AppcoreQueue does not fire")
    if not pool["callers_wait"]:
        verdicts.missed.append(f"120 callers: /status does not say that they wait, but {pool['problems']}")
    verdicts.note(f"120 callers wait {truth:.0f} ms in the median, {told:.0f} ms on /status, {by_rules:.0f} ms by the rules; "
                  f"AppcoreQueue {'fires' if fires else 'does not fire'}; /status: {'; '.join(pool['problems'])}.")


def traced(verdicts):
    """The service alone: /status and the log beside the workers' system calls."""
    with Run(1.0, PROGRAMS) as run:
        figures = run.offer(0, 5, 16)
        time.sleep(SEEN)
        told = run.status("duration")["p50"]
    truth, logged = run.traced["p50"], run.logged["duration"]["p50"]
    verdicts.judge("service alone, median in the log", logged, truth, FELT_WITHIN)
    verdicts.judge("service alone, median on /status", told, truth, FELT_WITHIN)
    verdicts.note(f"The service alone, 16 connections, {figures['requests']:,} requests: the median is {truth * 1000:.1f} µs in the "
                  f"trace of system calls, {logged * 1000:.1f} µs in the log, {told * 1000:.1f} µs on /status.")


def main():
    cases = os.environ.get("CASES", "").split() or [*map(str, SLEEPS), "queue", "traced"]
    verdicts, noise = Verdicts(), []
    for case in cases:
        noise.append(pauses(BENCH, 2))
        known = {"queue": queue, "traced": traced}
        known[case](verdicts) if case in known else sleeping(float(case), verdicts)
    lost = statistics.mean(each["lost"] for each in noise)
    verdicts.note(f"Between the cases the machine took {lost:.1%} of the processors' time away, in pieces of up to "
                  f"{max(each['longest_ms'] for each in noise):.1f} ms.")
    report = "\n\n".join([table(HEAD, verdicts.rows), *verdicts.notes,
                          "\n".join(["Missed:", *(f"- {miss}" for miss in verdicts.missed)]) if verdicts.missed else "Nothing missed."])
    with open(OUT, "w", encoding="utf-8") as file:
        file.write(report + "\n")
    print(f"\n{report}\n\n{OUT}")
    sys.exit(1 if verdicts.missed else 0)


if __name__ == "__main__":
    main()
