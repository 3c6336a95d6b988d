"""Counts are exact while processes are killed: what clients got is what /metrics says.

`python3 tests/e2e/test_exact_counts.py long` sends 200,000 requests with 64 clients, kills 100 random
workers and metrics programs, restarts the pool 20 times, worker by worker, and scrapes ten times a
second; in `make test` it is a short run.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import unittest

from load import Case, Load
from stack import CONTRACT, StackTest, wait_until

sys.path.insert(0, CONTRACT)
import contract  # noqa: E402  (the recorded contract's own parser)

LONG = sys.argv[1:2] == ["long"]
REQUESTS, CLIENTS, KILLS, RESTARTS = (200_000, 64, 100, 20) if LONG else (6_000, 16, 6, 1)

CASES = (
    Case("POST", "/predict", 201, b'{"features":[1,2,4]}'),
    Case("POST", "/predict", 422, b'{"features":["x"]}'),
    Case("POST", "/predict", 400, b"\xff"),
    Case("GET", "/health", 200),
    Case("GET", "/version", 200),
    Case("HEAD", "/docs", 200),
    Case("GET", "/openapi.json", 200),
    Case("GET", "/nope", 404),
    Case("DELETE", "/predict", 405),
    Case("GET", "/health/", 307),
    Case("TRACE", "/health", 405),
    Case("GET", "/%zz", 400),
)
COUNTERS = ("_total", "_bucket", "_count", "_sum")


def scrape_until(ended, stack, results):
    """Scrapes ten times a second; sends how many scrapes there were and what was wrong with them."""
    scrapes, problems, last = 0, [], {}
    begun = time.monotonic()
    while not ended.wait(max(0.0, begun + scrapes * 0.1 - time.monotonic())):
        scrapes += 1
        reply = stack.get("/metrics")
        if reply.status != 200:
            problems.append((reply.status, reply.body[:200]))
            continue
        try:
            last = compared(reply.body.decode(), last, problems)
        except ValueError as error:
            problems.append(repr(error))
    results.put((scrapes, time.monotonic() - begun, problems))


def compared(text, last, problems):
    """Checks one scrape against the one before; returns its counters."""
    contract.parse_exposition(text)  # raises for what is no exposition
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        problems.append(done.stdout)
    counters = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if not line.startswith("#") and name.partition("{")[0].endswith(COUNTERS):
            counters[name] = float(value)
    for name, value in last.items():
        if counters.get(name, -1) < value:
            problems.append(f"{name}: {value}, then {counters.get(name)}")
    return counters


class Scraper:
    """A process of its own, so that the clients do not slow it down."""

    def __init__(self, stack):
        self._ended = multiprocessing.Event()
        self._results = multiprocessing.Queue()
        self._process = multiprocessing.Process(target=scrape_until,
                                                args=(self._ended, stack, self._results))
        self._process.start()

    def stop(self):
        """(number of scrapes, seconds, problems)"""
        self._ended.set()
        results = self._results.get(timeout=60)
        self._process.join()
        return results


class ExactCounts(StackTest):
    variables = {"WORKERS": 3}

    def kill_one(self, chance):
        program = chance.choice(("appcore-worker", "appcore-worker", "appcore-metrics"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(wait_until(lambda: self.stack.children(program))), signal.SIGKILL)

    def restart_pool(self):
        for pid in self.stack.children("appcore-worker"):
            with contextlib.suppress(ProcessLookupError):  # the last kill has just taken effect
                os.kill(pid, signal.SIGTERM)
            wait_until(lambda p=pid: p not in self.stack.children("appcore-worker"), 30)
            wait_until(lambda: len(self.stack.children("appcore-worker")) == 3, 30)

    def test_the_sums_are_what_clients_got(self):
        chance = random.Random(3)
        before = self.stack.count("http_requests_total")
        by_status = {status: self.stack.count("http_requests_total", status_code=status)
                     for status in {case.status for case in CASES}}
        scraper = Scraper(self.stack)
        load = Load(self.stack, CASES, CLIENTS, REQUESTS)
        try:
            kills = restarts = 0
            while load.is_running() or kills < KILLS or restarts < RESTARTS:
                if kills < KILLS:
                    self.kill_one(chance)
                    kills += 1
                    # A second death of the same request would be one too many.
                    self.assertTrue(load.settle())
                if restarts < RESTARTS and kills * RESTARTS >= restarts * KILLS:
                    self.restart_pool()
                    restarts += 1
                time.sleep(chance.random() * 0.4)
        finally:
            load.stop()
            scrapes, seconds, problems = scraper.stop()
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.replies(), REQUESTS)
        self.assertEqual(problems, [])
        self.assertGreater(scrapes, 5)
        got = {status: self.stack.count("http_requests_total", status_code=status) - count
               for status, count in by_status.items()}
        self.assertEqual(got, {status: load.statuses[status] for status in by_status})
        self.assertEqual(self.stack.count("http_requests_total") - before, REQUESTS)
        repeated = [o for o in self.stack.logged("access") if o["upstream_status"].startswith("502 : ")]
        print(f"{load.replies()} replies, {KILLS} kills, {RESTARTS} restarts of the pool, "
              f"{len(repeated)} requests repeated, {scrapes} scrapes in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
