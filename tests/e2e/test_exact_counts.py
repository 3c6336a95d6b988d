"""Counts are exact whatever happens to the processes: what clients got is what /metrics says, and the log has a
line for each.

`python3 tests/e2e/test_exact_counts.py long` sends 200,000 requests with 64 clients, kills 100 random
workers and metrics programs, restarts the pool 20 times, worker by worker, and scrapes ten times a
second. Then it sends as many while processes are stopped for a while, run out of memory or hang, and clients hang up;
in `make test` both are short runs. SEED=n repeats the choices of a run.
"""

import collections
import contextlib
import http.client
import json
import multiprocessing
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from load import Case, Load
from stack import CONTRACT, StackTest, wait_until

sys.path.insert(0, CONTRACT)
import contract  # noqa: E402  (the recorded contract's own parser)

IS_RELEASE = os.path.basename(os.path.abspath(os.environ.get("APPCORE_BIN_DIR", "build/release"))) == "release"
LONG = sys.argv[1:2] == ["long"]
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
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
LEAST_SCRAPES = 6  # a busy machine takes longer for them


def scrape_until(ended, stack, results):
    """Scrapes ten times a second, and at least LEAST_SCRAPES times; sends how many scrapes there were and what was wrong with them."""
    scrapes, problems, last = 0, [], {}
    begun = time.monotonic()
    while not ended.wait(max(0.0, begun + scrapes * 0.1 - time.monotonic())) or scrapes < LEAST_SCRAPES:
        scrapes += 1
        try:
            reply = stack.get("/metrics")
        except (OSError, http.client.HTTPException) as error:
            problems.append(repr(error))
            continue
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
    contract.parse_exposition(text)  # raises if it is not an exposition
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


def is_of_a_request(line):
    """Not a warning about a slow one, which comes beside its line."""
    return "status_code" in line and line["level"] != "WARNING"


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
        print(f"SEED={SEED}", flush=True)
        chance = random.Random(SEED)
        before = self.stack.count("http_requests_total")
        by_status = {status: self.stack.count("http_requests_total", status_code=status)
                     for status in {case.status for case in CASES}}
        seen = collections.Counter(o["status_code"] for o in self.stack.logged("appcore") if is_of_a_request(o))
        said = {status: seen[status] for status in by_status}
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
        self.assertGreaterEqual(scrapes, LEAST_SCRAPES)
        got = {status: self.stack.count("http_requests_total", status_code=status) - count
               for status, count in by_status.items()}
        self.assertEqual(got, {status: load.statuses[status] for status in by_status}, self.stack.unlogged()[:20])
        self.assertEqual(self.stack.count("http_requests_total") - before, REQUESTS)
        lines = collections.Counter(o["status_code"] for o in self.stack.logged("appcore") if is_of_a_request(o))
        self.assertEqual({status: lines[status] - seen for status, seen in said.items()},
                         {status: load.statuses[status] for status in by_status})
        repeated = [o for o in self.stack.logged("access") if o["upstream_status"].startswith("502 : ")]
        print(f"{load.replies()} replies, {KILLS} kills, {RESTARTS} restarts of the pool, "
              f"{len(repeated)} requests repeated, {scrapes} scrapes in {seconds:.0f} s", flush=True)


class Misfortunes(StackTest):
    """Everything else that may happen to a request, with a model that does what it is told (obedient_worker.cpp)."""

    TIMEOUT = 2
    variables = {"WORKERS": 3, "APPCORE_BIN_DIR": os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"),
                                                             "obedient"),
                 "APPCORE_REQUEST_TIMEOUT": TIMEOUT, "APPCORE_SLOW_REQUEST": "0"}
    CASES = (
        Case("POST", "/predict", 201, b'{"features":[0]}'),
        Case("POST", "/predict", 201, b'{"features":[0.02]}'),
        Case("POST", "/predict", 422, b'{"features":["x"]}'),
        Case("GET", "/health", 200),
        Case("GET", "/openapi.json", 200),
        Case("TRACE", "/health", 405),
        Case("GET", "/%zz", 400),
    )

    def setUp(self):
        print(f"SEED={SEED}", flush=True)
        self.chance = random.Random(SEED)
        self.others = collections.Counter()  # replies to other clients than those of the load, by status
        self.before = self.counted()

    def counted(self):
        counts = collections.Counter()
        for sample, value in self.stack.metrics().items():
            if sample.startswith("http_requests_total{"):
                counts[int(sample.partition('status_code="')[2].partition('"')[0])] += int(value)
        return counts

    def assert_exact(self, by_load=collections.Counter()):
        """Waits for the end of what clients have not waited for; it counts for nobody."""
        def difference():
            counts = self.counted()
            counts.subtract(self.before)
            counts.subtract(by_load + self.others)
            return {status: n for status, n in counts.items() if n}

        def settles():
            # Whoever has seen a count that is then taken back sees it until the next reply of its kind.
            self.others[self.stack.predict({"features": [0]}).status] += 1
            return not difference()

        wait_until(settles)
        self.assertEqual(difference(), {}, (by_load + self.others, self.stack.unlogged()[:20]))

    # --- what may happen ------------------------------------------------------------------------

    def one_of(self, program):
        return self.chance.choice(wait_until(lambda: self.stack.children(program)))

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.one_of(self.chance.choice(("appcore-worker", "appcore-metrics"))), signal.SIGKILL)

    def stop_for_a_while(self):
        """Longer than nginx waits, now and then."""
        pid = self.one_of("appcore-worker")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self.TIMEOUT + 6 if self.chance.random() < 0.2 else self.chance.random() * 0.5)
            os.kill(pid, signal.SIGCONT)

    def hang(self):
        self.others[self.stack.predict({"features": [30]}).status] += 1

    def hang_up(self):
        """A client that closes its side after the request: it may get the reply or not."""
        body = b'{"features":[%.3f]}' % (self.chance.random() * 0.02)
        with socket.create_connection((self.stack.address, self.stack.port), 30) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                if reply := client.recv(100):
                    self.others[int(reply.split()[1])] += 1

    def lack_memory(self):
        """A body that workers have no memory for, and then one that they have."""
        limits = {}
        for pid in self.stack.children("appcore-worker"):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                    size = int(file.read().split()[0]) * resource.getpagesize()
                limits[pid] = resource.prlimit(pid, resource.RLIMIT_AS)
                resource.prlimit(pid, resource.RLIMIT_AS, (size + (4 << 20), limits[pid][1]))
        for body in (b'{"features":[0' + b",1" * 6_000_000 + b"]}", b'{"features":[0]}'):
            self.others[self.stack.predict(body).status] += 1
        for pid, unlimited in limits.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_AS, unlimited)

    # --- tests ----------------------------------------------------------------------------------

    def test_whatever_happens_the_sums_are_what_clients_got(self):
        requests, times = (200_000, 150) if LONG else (3_000, 12)
        happenings = (self.kill, self.stop_for_a_while, self.hang, self.hang_up, self.hang_up, self.lack_memory)
        scraper = Scraper(self.stack)
        load = Load(self.stack, self.CASES, 64 if LONG else 16, requests)
        try:
            happened = 0
            while load.is_running() or happened < times:
                if happened < times:
                    self.chance.choice(happenings)()
                    happened += 1
                    load.settle()
                time.sleep(self.chance.random() * 0.1)
        finally:
            load.stop()
            _, _, problems = scraper.stop()
        self.assertEqual(problems, [])
        self.assertEqual([wrong for wrong in load.wrong if wrong[3] is None or isinstance(wrong[3], str)], [])
        self.assert_exact(load.statuses)
        print(f"{load.replies()} replies, {dict(load.statuses + self.others)}", flush=True)

    @unittest.skipUnless(IS_RELEASE, "AddressSanitizer ends a program that gets no memory")
    def test_a_worker_that_runs_out_of_memory_says_so_and_continues(self):
        pids = set(self.stack.children("appcore-worker"))
        for _ in range(6):
            self.lack_memory()
        self.assertEqual(set(self.stack.children("appcore-worker")), pids)
        self.assertEqual(self.others, {201: 6, 503: 6})
        self.assert_exact()
        failures = [o for o in self.stack.logged("appcore", level="ERROR") if "no memory" in o["message"]]
        self.assertEqual(len(failures), self.others[503])

    def test_a_client_that_closes_its_side_is_answered_and_counted_or_neither(self):
        for _ in range(300):
            self.hang_up()
        self.assert_exact()


class Overload(Misfortunes):
    """One worker that is busy all the time, and more requests than it can answer: nginx gives some of them up."""

    variables = {**Misfortunes.variables, "WORKERS": 1}

    test_whatever_happens_the_sums_are_what_clients_got = None
    test_a_worker_that_runs_out_of_memory_says_so_and_continues = None
    test_a_client_that_closes_its_side_is_answered_and_counted_or_neither = None

    def test_overload_counts_each_request_once(self):
        seconds, model, rate = (40, 1.0, 2) if LONG else (20, 0.5, 4)
        body = json.dumps({"features": [model * 0.9]}).encode()
        threads = []

        def ask():
            status = self.stack.predict(body).status
            with lock:
                self.others[status] += 1

        lock = threading.Lock()
        begun = time.monotonic()
        for i in range(seconds * rate):
            time.sleep(max(0.0, begun + i / rate - time.monotonic()))
            threads.append(threading.Thread(target=ask))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertGreater(self.others[504], 0)
        self.assert_exact()


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
