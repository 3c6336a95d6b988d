"""Counts and log lines are exact whatever happens: what clients got is what /metrics says and what the log has, once each.

A random run of requests of all kinds, while workers and metrics programs are killed, told to end, stopped for longer than
the timeout and short of memory, the pool is restarted and the disk of the logs stalls; some clients close their half
of the connection after the request, some vanish. `make exact` sends 200,000; in `make test` it is a short run. SEED= repeats
the order; the instants are the machine's.

Whoever got a reply knows what must have been counted. Only a client that vanished, or that nginx took for one because it had closed
its half, does not: its request may have been counted or not, but once at most, and then there is a line that says as what; so the sums are
exact nevertheless.
"""

import collections
import contextlib
import http.client
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

from all_kinds import FAULTS, KINDS, WHOLE, Clients
from commands import hold
from frozen import FreezableDisk
from stack import Stack, wait_until

LONG = sys.argv[1:2] == ["long"]
REQUESTS, CLIENTS, RARE = (int(os.environ.get("REQUESTS", "200000")), 64, 1) if LONG else (5_000, 24, 1)
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
TIMEOUT = 2  # seconds
WORKERS = 3
SPARE = 12 << 20  # bytes of address space that a worker short of memory may add: less than a huge body
STOPS = (0.5, TIMEOUT + 1, TIMEOUT + 8)[:3 if LONG else 2]  # seconds: nginx gives up after TIMEOUT + 5


class Exactness(unittest.TestCase):
    def setUp(self):
        print(f"SEED={SEED}", flush=True)
        self.chance = random.Random(SEED)
        # No lines but one a request.
        self.stack = Stack(WORKERS=WORKERS, APPCORE_BIN_DIR=PROGRAMS, APPCORE_REQUEST_TIMEOUT=TIMEOUT, APPCORE_SLOW_REQUEST=0)
        if self.chance.random() < 0.5 and os.access("/dev/shm", os.W_OK):
            self.stack.variables["APPCORE_STATE_DIR"] = state = tempfile.mkdtemp(prefix="appcore-e2e-", dir="/dev/shm")
            self.addCleanup(shutil.rmtree, state)
        self.disk = None
        with contextlib.suppress(unittest.SkipTest):  # then everything but that
            self.disk = FreezableDisk(self, self.stack.base, "run/log", 512)
        self.addCleanup(self.stack.down)
        self.stack.up()
        self.holding = []

    # --- accidents --------------------------------------------------------------------------------

    def worker(self, program="appcore-worker"):
        found = wait_until(lambda: self.stack.children(program), 60)
        self.assertTrue(found, f"{program} is not started again: {self.stack.ctl('status').stdout}"
                               + b"\n".join(self.stack.log_lines("system")[-40:]).decode(errors="replace"))
        return self.chance.choice(found)

    def send(self, number, program="appcore-worker"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker(program), number)

    def stop(self):
        if not any(thread.is_alive() for thread in self.holding):
            self.holding = [threading.Thread(target=hold, args=(self.worker(), self.chance.choice(STOPS)))]
            self.holding[0].start()

    def limit_memory(self):
        pid = self.worker()
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.prlimit(pid, resource.RLIMIT_AS, (size + SPARE, resource.RLIM_INFINITY))

    def freeze(self):
        if self.disk:
            self.disk.freeze()
            try:
                time.sleep(self.chance.random())
            finally:
                self.disk.thaw()

    def restart(self):
        done = self.stack.ctl("restart")
        self.assertEqual(done.returncode, 0, done.stdout)

    def accident(self):
        """Kills most of all: they should hit the moment between count and reply."""
        what = self.chance.choices(
            (lambda: self.send(signal.SIGKILL), lambda: self.send(signal.SIGKILL, "appcore-metrics"), lambda: self.send(signal.SIGTERM),
             self.stop, self.limit_memory, self.freeze, self.restart), (40, 8, 8, 6, 6, 6, 2))[0]
        what()
        time.sleep(self.chance.random() * (0.5 if LONG else 0.3))

    # --- looking ----------------------------------------------------------------------------------

    def samples(self):
        """What counts replies and predictions."""
        return {name: int(value) for name, value in self.stack.metrics().items()
                if name.startswith(("http_requests_total{", "predictions_total{"))}

    def by_status(self, samples):
        counts = collections.Counter()
        for name, value in samples.items():
            if name.startswith("http_requests_total{"):
                counts[int(name.partition('status_code="')[2].partition('"')[0])] += value
        return counts

    def lines(self):
        """{id: statuses of its lines}."""
        found = collections.defaultdict(list)
        for line in self.stack.log_lines("appcore"):
            entry = json.loads(line)
            if "status_code" in entry:
                found[entry["request_id"]].append(entry["status_code"])
        return found

    def complaints(self):
        """What the programs say of themselves, and how often: without a slot, for instance, a kill loses counts and lines."""
        entries = map(json.loads, self.stack.log_lines("appcore"))
        return collections.Counter(entry["message"] for entry in entries if entry["level"] == "ERROR" and "status_code" not in entry)

    def lines_of_others(self, known):
        """How many by status."""
        return collections.Counter(status for i, found in self.lines().items() if i not in known for status in found)

    def scrape(self, ended, problems):
        """A count that nobody got may be taken back, but no counter may go down."""
        last = {}
        while not ended.wait(0.3):
            # An error, where the metrics program has just been killed. A kill may not leave a part of a reply, though.
            with contextlib.suppress(ValueError):
                try:
                    now = self.samples()
                except (OSError, http.client.IncompleteRead) as error:
                    problems.append(repr(error))
                    continue
                problems.extend(f"{name}: {value}, then {now.get(name)}" for name, value in last.items() if now.get(name, -1) < value)
                last = now

    def run_all(self):
        """All outcomes of a run, by id."""
        clients = Clients(self.stack, SEED, CLIENTS, REQUESTS, RARE)
        ended, problems, accidents = threading.Event(), [], 0
        scraper = threading.Thread(target=self.scrape, args=(ended, problems))
        scraper.start()
        try:
            while clients.is_running():
                self.accident()
                accidents += 1
        finally:
            clients.wait()
            ended.set()
            for thread in (scraper, *self.holding):
                thread.join()
        self.assertEqual(problems, [])
        # One more of each kind: until then a scrape shows counts that have been taken back since.
        last = Clients(self.stack, SEED + 1, 1, len(KINDS), each_once=True)
        last.wait()
        outcomes = {outcome.request_id: outcome for outcome in clients.outcomes + last.outcomes}
        self.assertEqual(len(outcomes), REQUESTS + len(KINDS))
        print(f"{accidents} accidents, {collections.Counter(o.status for o in outcomes.values())}", flush=True)
        return outcomes

    def test_each_request_is_counted_once_and_logged_once_as_what_its_client_got(self):
        before, others = self.samples(), self.lines_of_others({})
        outcomes = self.run_all()
        known = {i: o for i, o in outcomes.items() if o.status is not None}
        lost = [str(o) for i, o in outcomes.items() if i not in known and o.manner == WHOLE]
        self.assertEqual(lost[:3], [], f"{len(lost)} got no reply")
        for kind in {o.kind for o in known.values()}:
            found = collections.Counter(o.status for o in known.values() if o.kind == kind)
            self.assertLessEqual(set(found), FAULTS.union(kind.statuses), (kind.method, kind.path, kind.statuses))
            if kind in KINDS:  # of each there are enough for accidents to be the exception
                self.assertIn(found.most_common(1)[0][0], kind.statuses, found)

        # What a killed worker had not written, the next holder of its place writes; what was lost must have been told.
        wait_until(lambda: not set(known) - set(self.lines()), 20, 1)
        lines, dropped = self.lines(), self.stack.count("appcore_log_lines_dropped_total")
        missing = [str(o) for i, o in known.items() if i not in lines]
        self.assertLessEqual(len(missing), dropped, (missing[:3], self.complaints(), self.stack.unlogged()[:20]))
        wrong = {i: (lines[i], str(o)) for i, o in known.items() if i in lines and lines[i] != [o.status]}
        self.assertEqual(dict(list(wrong.items())[:3]), {}, f"{len(wrong)} with other lines than the one right one")
        self.assertEqual({i: found for i, found in lines.items() if i in outcomes and len(found) > 1}, {})

        after = self.samples()
        counted = self.by_status(after) - self.by_status(before)
        least = collections.Counter(o.status for o in known.values())
        # Lines of whom nobody answered, and of appcorectl's own questions.
        most = least + self.lines_of_others(known) - others
        if dropped:
            most.update(o.kind.statuses[0] for i, o in outcomes.items() if i not in known and i not in lines)
        print(f"counted {counted}, at least {least}, at most {most}, {dropped:.0f} lines dropped", flush=True)
        self.assertEqual((least - counted, counted - most), (collections.Counter(), collections.Counter()))
        predicted = sum(v - before.get(k, 0) for k, v in after.items() if k.startswith("predictions_total{") and "success" in k)
        self.assertEqual(predicted, counted[201])


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
