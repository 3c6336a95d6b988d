"""Operations on the pool and faults of single processes: no client notices.

`python3 tests/e2e/test_rolling.py long` does what an operator and bad luck do in a year: 50 restarts, 20
resizes, 200 kills, 50 workers stopped for 3 s, changed configurations; in `make test` it is a short run.
The load is 16 connections, kept and used again, GET and POST mixed; every reply has to be right, and
none may take longer than LONGEST; in `make test` but for what the machine itself makes a sleeper wait.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import unittest

from load import Case, Load
from stack import CTL, ROOT, StackTest, stop_process, wait_until

LONG = sys.argv[1:2] == ["long"]
RESTARTS, RESIZES, KILLS, STOPS, CHANGES = (50, 20, 200, 50, 5) if LONG else (2, 3, 10, 2, 1)
CLIENTS = 16
BIN_DIR = os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release")))
LONGEST = 5  # seconds
STOPPED = 3  # seconds that a worker is held
SIZES = (1, 8, 2)

CASES = (Case("POST", "/predict", 201, b'{"features":[1,2]}'),
         Case("GET", "/health", 200),
         Case("POST", "/predict", 201, b'{"features":[' + b"1.5," * 20000 + b"2]}"),
         # In the lane for large bodies.
         Case("POST", "/predict", 201, b'{"features":[' + b"1.5," * 40000 + b"2]}"),
         Case("GET", "/version", 200))


class Rolling(StackTest):
    variables = {"WORKERS": 2}

    def setUp(self):
        self.load = Load(self.stack, CASES, CLIENTS)
        self.addCleanup(self.load.stop)

    def ctl(self, *command, **variables):
        with self.stack.with_variables(**variables):
            done = self.stack.ctl(*command)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def workers(self):
        return self.stack.children("appcore-worker")

    def check_load(self):
        before = self.load.replies()
        wait_until(lambda: self.load.replies() > before + CLIENTS)
        self.load.stop()
        self.assertEqual(self.load.wrong, [])
        # In `make test` a busy machine is excused: client, nginx and a worker may each have been late.
        self.assertLess(self.load.longest, LONGEST + (0 if LONG else 3 * self.load.lateness))

    def test_restarts(self):
        for _ in range(RESTARTS):
            before = set(self.workers())
            self.ctl("restart")
            after = set(self.workers())
            self.assertEqual((len(after), before & after), (2, set()))
        self.check_load()

    def test_resizes(self):
        sizes = [SIZES[i % len(SIZES)] for i in range(RESIZES)]
        for size in sizes:
            self.ctl("scale", str(size))
            self.assertEqual(len(self.workers()), size)
            self.assertEqual(self.stack.count("appcore_workers"), size)
            self.assertEqual(self.stack.count("appcore_worker_up"), size + 1)  # and the metrics program
        self.check_load()

    def test_kills(self):
        chance = random.Random(4)
        for _ in range(KILLS):
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(wait_until(self.workers)), signal.SIGKILL)
            # One at a time: a second death of the same request would be one too many.
            self.assertTrue(self.load.settle())
            time.sleep(chance.random() * 0.2)
        self.check_load()

    def test_stopped_workers(self):
        chance = random.Random(5)
        for _ in range(STOPS):
            pid = chance.choice(wait_until(self.workers))
            stop_process(pid)
            time.sleep(STOPPED)
            os.kill(pid, signal.SIGCONT)
            # Or who has waited for this one waits for the next one, or for the same one again.
            self.assertTrue(self.load.settle())
        self.check_load()

    def test_changed_configurations(self):
        """Of supervisord's programs (the time to stop) and of nginx, which is reloaded."""
        for i in range(CHANGES):
            with open(os.path.join(self.stack.run_dir, "nginx.pid"), encoding="utf-8") as file:
                nginx = file.read()
            self.ctl("restart", APPCORE_REQUEST_TIMEOUT=11 + i, APPCORE_MAX_BODY=1_000_000 + i)
            with open(os.path.join(self.stack.run_dir, "nginx.conf"), encoding="utf-8") as file:
                self.assertIn(f"client_max_body_size {1_000_000 + i};", file.read())
            with open(os.path.join(self.stack.run_dir, "nginx.pid"), encoding="utf-8") as file:
                self.assertEqual(file.read(), nginx)
            self.assertEqual(self.stack.predict(b" " * (1_000_001 + i)).status, 413)
        self.check_load()


class Refused(StackTest):
    """What cannot work changes nothing."""

    def test_a_configuration_that_makes_no_sense(self):
        before = self.stack.worker_pids()
        with self.stack.with_variables(LOG_LEVEL="loud"):
            done = self.stack.ctl("restart")
        self.assertEqual(done.returncode, 1)
        self.assertIn("LOG_LEVEL", done.stdout)
        self.assertEqual(self.stack.worker_pids(), before)

    def broken_programs(self):
        """A folder with a worker that ends as soon as it should serve, as after a bad build."""
        folder = os.path.join(self.stack.base, "broken")
        os.mkdir(folder)
        for program in ("appcore-worker", "appcore-metrics"):
            path = os.path.join(folder, program)
            with open(path, "w", encoding="utf-8") as file:
                file.write('#!/bin/sh\ncase $* in *--slot*) echo "appcore-worker: no such model" >&2; exit 1 ;; esac\n'
                           f'exec "{BIN_DIR}/{program}" "$@"\n')
            os.chmod(path, 0o755)
        return folder

    def test_a_pool_that_does_not_come_up(self):
        before = self.stack.worker_pids()
        load = Load(self.stack, CASES, 4)
        try:
            with self.stack.with_variables(APPCORE_BIN_DIR=self.broken_programs()):
                done = self.stack.ctl("restart")
        finally:
            load.stop()
        self.assertEqual(done.returncode, 1)
        self.assertIn("the old one keeps running", done.stdout)
        self.assertIn("no such model", done.stdout)
        self.assertEqual(load.wrong, [])
        self.assertEqual(self.stack.worker_pids(), before)
        # The failed one has left nothing behind that would be in the way of the next.
        self.assertEqual(self.stack.pids("green"), {})
        self.assertEqual(os.listdir(os.path.join(self.stack.run_dir, "pools")), [os.path.basename(os.path.realpath(f"{self.stack.run_dir}/current"))])
        self.assertFalse(os.path.exists(os.path.join(self.stack.run_dir, "conf.d", "green.conf")))
        self.assertEqual(self.stack.ctl("restart").returncode, 0)

    def test_two_at_a_time(self):
        """The second waits for the first."""
        other = subprocess.Popen([CTL, "restart"], env=self.stack.environment(), stdout=subprocess.DEVNULL)
        done = self.stack.ctl("restart")
        self.assertEqual((other.wait(), done.returncode), (0, 0), done.stdout)
        self.assertEqual(len(self.stack.worker_pids()), 2)

    def test_a_number_of_workers_that_makes_no_sense(self):
        for number in ("0", "65", "x", "-1"):
            done = self.stack.ctl("scale", number)
            self.assertEqual(done.returncode, 1, number)
            self.assertIn("WORKERS", done.stdout)

    def test_a_restart_keeps_what_it_is_not_told(self):
        with self.stack.with_variables(APPCORE_MAX_BODY="1000"):
            self.assertEqual(self.stack.ctl("restart").returncode, 0)
        self.assertEqual(self.stack.ctl("scale", "3").returncode, 0)
        self.assertEqual(self.stack.predict(b" " * 1001).status, 413)
        del self.stack.variables["WORKERS"]
        self.addCleanup(self.stack.variables.update, WORKERS="2")
        self.assertEqual(self.stack.ctl("restart").returncode, 0)
        self.assertEqual(len(self.stack.worker_pids()), 3)


class Interrupted(StackTest):
    def test_a_restart_that_is_killed_is_made_good_by_the_next(self):
        load = Load(self.stack, CASES, 4)
        try:
            for i in range(10 if LONG else 4):
                process = subprocess.Popen([CTL, "restart"], env=self.stack.environment(),
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                           start_new_session=True)
                time.sleep(0.2 * (i + 1))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            done = self.stack.ctl("restart")
        finally:
            load.stop()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(load.wrong, [])
        self.assertEqual(len(self.stack.worker_pids()), 2)


class Rotated(StackTest):
    def test_logs_that_were_moved_away_are_reopened(self):
        logs = os.path.join(self.stack.run_dir, "log")
        for name in ("appcore", "access"):
            os.rename(f"{logs}/{name}.log", f"{logs}/{name}.log.1")
        self.assertEqual(self.stack.ctl("reopen").returncode, 0)
        self.assertTrue(wait_until(
            lambda: all(os.path.exists(f"{logs}/{name}.log") for name in ("appcore", "access"))))
        # The one is a worker's to log, the other nginx's.
        for method in ("GET", "TRACE"):
            self.stack.request(method, "/health", headers=[("X-Request-ID", "after-rotation")])
        for name in ("appcore", "access"):
            self.assertTrue(wait_until(lambda n=name: self.stack.logged(n, request_id="after-rotation")))


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
