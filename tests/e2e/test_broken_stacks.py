"""A stack that something has damaged: status does not call it healthy, no command hangs, and `up` and `down` put it in order.

More of it, at random, in test_operations.py; what commands do to each other in test_overlaps.py.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import unittest

import census
from commands import OwnStack, Release
from stack import CTL, Stack, stop_process, wait_until

PARTS = 2  # of RUN_DIR, any, that are removed beside those that are named


class Broken(unittest.TestCase):
    def started(self):
        self.stack = Stack(WORKERS=2)
        self.addCleanup(self.stack.down)
        self.stack.up()

    def pid(self, kind):
        return census.pids(self.stack.run_dir, self.stack.port, kind)[0]

    def members(self):
        return [str(p) for p in census.members(self.stack.run_dir, self.stack.port).values()]

    def problems(self):
        return census.problems(self.stack.run_dir, self.stack.port) + ([] if self.stack.is_healthy() else ["/health does not answer 200"])

    def assert_up_serves(self):
        done = self.stack.ctl("up")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(wait_until(lambda: not self.problems(), 30) or self.problems(), True)
        done = self.stack.ctl("status")
        self.assertEqual(done.returncode, 0, done.stdout)

    def assert_down_ends_all(self):
        done = self.stack.ctl("down")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(wait_until(lambda: not self.members(), 20), self.members())

    def assert_not_well(self):
        """status says that something is wrong; and that nothing runs only if that is so."""
        done = self.stack.ctl("status")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.returncode != 3 or not self.members(), done.stdout)

    def test_parts_of_run_dir_that_are_removed_while_it_runs(self):
        self.started()
        names = sorted(os.listdir(self.stack.run_dir))
        body = b'{"features":[1' + b" " * 3_000_000 + b"]}"  # more than nginx keeps in memory
        for name in ["log", "temp", "nginx.conf", *random.sample(names, PARTS)]:
            with self.subTest(name=name):
                path = os.path.join(self.stack.run_dir, name)
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                elif os.path.lexists(path):
                    os.unlink(path)
                wait_until(lambda: not self.stack.is_healthy(), 1)
                if self.problems():
                    self.assert_not_well()
                self.assert_up_serves()
                self.assertEqual(self.stack.predict(body).status, 201)

    def test_a_killed_supervisord_whose_children_are_stopped(self):
        """They cannot end as they are told when it dies, and hold port and sockets."""
        for then in (self.assert_up_serves, self.assert_down_ends_all):
            self.started()
            for kind in ("appcore-worker", "nginx", "master"):
                stop_process(self.pid(kind))
            os.kill(self.pid("supervisord"), signal.SIGKILL)
            self.assert_not_well()
            then()

    def test_a_pool_whose_description_is_empty_is_built_anew(self):
        """As a power cut may leave it. Also where all the rest of the stack still runs."""
        self.started()
        for ends_first in (True, False):
            if ends_first:
                for pid in census.members(self.stack.run_dir, self.stack.port):
                    with contextlib.suppress(ProcessLookupError):  # it has followed its parent
                        os.kill(pid, signal.SIGKILL)
            with open(os.path.join(self.stack.run_dir, "current", "pool.json"), "w", encoding="ascii"):
                pass
            self.assert_not_well()
            self.assertEqual(self.stack.ctl("restart").returncode, 1)
            self.assert_up_serves()

    def test_what_is_no_file_in_the_place_of_one_keeps_no_command_from_its_work(self):
        """Folders, pipes that nobody writes, and bytes that are not text."""
        self.started()
        names = ["drained", "draining", "lock", "nginx.conf", "nginx.loaded", "current", "nginx.conf.new", "conf.d/blue.conf", "conf.d/metrics.conf"]
        spoilers = (os.mkfifo, os.mkdir, lambda path: pathlib.Path(path).write_bytes(b"\xff\xfe garbage\n"))
        for spoil in spoilers:
            for then in (self.assert_up_serves, self.assert_down_ends_all):
                for name in names:
                    path = os.path.join(self.stack.run_dir, name)
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(path)
                    spoil(path)
                self.stack.ctl("status")
                then()
            self.stack.up()

    def test_a_model_that_is_a_pipe_or_whose_history_is_a_folder_starts_nothing(self):
        self.started()
        self.assert_down_ends_all()
        pipe = os.path.join(self.stack.base, "pipe")
        os.mkfifo(pipe)
        with self.stack.with_variables(MODEL=pipe):
            done = self.stack.ctl("up")
            self.assertEqual((done.returncode, self.members()), (1, []), done.stdout)
            self.assertIn(f"{pipe} must be a regular file", done.stdout)
            history = os.path.join(self.stack.run_dir, "models", "history")
            os.makedirs(history)
            done = self.stack.ctl("up")
            self.assertEqual((done.returncode, self.members()), (1, []), done.stdout)
            self.assertIn(f"{history} must be a regular file", done.stdout)

    def test_a_pool_that_has_ended_and_has_not_been_removed_is_no_problem(self):
        """A restart is killed while it waits for the old pool's last worker."""
        self.started()
        last = self.pid("appcore-worker")
        stop_process(last)
        restart = subprocess.Popen([CTL, "restart"], env=self.stack.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        self.assertTrue(wait_until(lambda: self.of_pool("blue") == [last], 60))
        os.killpg(restart.pid, signal.SIGKILL)
        restart.wait()
        self.assertEqual(self.stack.ctl("status").returncode, 1)  # as long as it lives
        os.kill(last, signal.SIGCONT)
        self.assertTrue(wait_until(lambda: self.of_pool("blue") == [], 30))
        done = self.stack.ctl("status")
        self.assertEqual((done.returncode, self.problems()), (0, []), done.stdout)
        self.assertIn("blue has ended; the next command removes it", done.stdout)
        self.assert_up_serves()
        self.assertNotIn("blue", self.stack.ctl("status").stdout)

    def test_programs_that_cannot_be_started_for_a_while_are_started_when_they_can(self):
        """Root is never refused a process, so another user runs it. supervisord's third try in a row is not its last."""
        self.stack = OwnStack(WORKERS=2)
        self.addCleanup(shutil.rmtree, self.stack.base, ignore_errors=True)
        appcorectl = Release(self.stack.base, "release").ctl
        as_user = []
        if os.geteuid() == 0:
            as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            subprocess.run(["chown", "-R", "nobody:nogroup", self.stack.base], check=True)

        def run(*command):
            return subprocess.run([*as_user, *command], env=self.stack.environment(), cwd=self.stack.base, stdout=subprocess.PIPE,
                                  check=True).stdout

        self.addCleanup(run, appcorectl, "down")
        run(appcorectl, "up")
        of_supervisord = ["prlimit", f"--pid={self.pid('supervisord')}"]
        most = run(*of_supervisord, "--nproc", "--output=HARD", "--noheadings", "--raw").decode().strip()
        run(*of_supervisord, f"--nproc=0:{most}")
        for kind in ("appcore-worker", "appcore-metrics"):
            os.kill(self.pid(kind), signal.SIGKILL)
        self.assertTrue(wait_until(lambda: all(self.failed_starts(name) > 4 for name in ("blue-01", "metrics-01")), 60))
        run(*of_supervisord, f"--nproc={most}:{most}")
        self.assertTrue(wait_until(lambda: not self.problems(), 60), self.problems())

    def failed_starts(self, name):
        return sum(f"Too many processes in process table to spawn '{name}'".encode() in line for line in self.stack.log_lines("system"))

    def of_pool(self, colour):
        found = census.members(self.stack.run_dir, self.stack.port).values()
        return [p.pid for p in found if p.command[0].endswith("/appcore-worker") and colour in p.command]


if __name__ == "__main__":
    unittest.main()
