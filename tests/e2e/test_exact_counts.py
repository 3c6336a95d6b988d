"""Counts are exact while processes are killed: what clients got is what /metrics says.

`python3 tests/e2e/test_exact_counts.py long` sends 200,000 requests with 64 clients, kills 100 random
workers and metrics programs, restarts the pool 20 times, worker by worker, and scrapes ten times a
second; in `make test` it is a short run.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
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


class Scraper:
    """Scrapes ten times a second and remembers what was wrong with it."""

    def __init__(self, stack):
        self.stack = stack
        self.scrapes = 0
        self.problems = []
        self._last = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(0.1):
            reply = self.stack.get("/metrics")
            if reply.status != 200:
                self.problems.append((reply.status, reply.body[:200]))
                continue
            self.scrapes += 1
            try:
                self._compare(reply.body.decode())
            except ValueError as error:
                self.problems.append(repr(error))

    def _compare(self, text):
        contract.parse_exposition(text)  # raises for what is no exposition
        if self.scrapes % 20 == 1 and shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                self.problems.append(done.stdout)
        samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, _, value = line.rpartition(" ")
            if name.partition("{")[0].endswith(COUNTERS):
                samples[name] = float(value)
        for name, value in self._last.items():
            if samples.get(name, -1) < value:
                self.problems.append(f"{name}: {value}, then {samples.get(name)}")
        self._last = samples


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
                if restarts < RESTARTS and kills * RESTARTS >= restarts * KILLS:
                    self.restart_pool()
                    restarts += 1
                time.sleep(chance.random() * 0.4)
        finally:
            load.stop()
            scraper.stop()
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.replies(), REQUESTS)
        self.assertEqual(scraper.problems, [])
        self.assertGreater(scraper.scrapes, 5)
        got = {status: self.stack.count("http_requests_total", status_code=status) - count
               for status, count in by_status.items()}
        self.assertEqual(got, {status: load.statuses[status] for status in by_status})
        self.assertEqual(self.stack.count("http_requests_total") - before, REQUESTS)
        repeated = [o for o in self.stack.logged("access") if o["upstream_status"].startswith("502 : ")]
        print(f"{load.replies()} replies, {KILLS} kills, {RESTARTS} restarts of the pool, "
              f"{len(repeated)} requests repeated, {scraper.scrapes} scrapes", flush=True)


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
