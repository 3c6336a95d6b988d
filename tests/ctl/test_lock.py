"""One command at a time, also where the lock's file is removed meanwhile."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

DEPLOY = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "deploy")
sys.path.insert(0, DEPLOY)

from ctl.lock import Lock, holder  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.place import Place  # noqa: E402

# Takes the lock as a command of its own does; what it starts lives on when it is killed. Both end with standard input.
HOLDS = f"""
import subprocess, sys
from pathlib import Path
sys.path.insert(0, {DEPLOY!r})
from ctl.lock import Lock
from ctl.place import Place
lock = Lock(Place(Path(sys.argv[2]), Path(sys.argv[2])), "restart")
lock.acquire()
child = subprocess.Popen(["cat"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""
SHORT = 0.3  # seconds of patience


class Locking(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_dir = Path(folder.name) / "run"
        self.place = Place(self.run_dir, self.run_dir)

    def start_holder(self):
        """Another command that holds the lock."""
        command = subprocess.Popen([sys.executable, "-c", HOLDS, "/appcorectl", str(self.run_dir)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.addCleanup(command.wait)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.stdin.close)
        self.child = int(command.stdout.readline())
        self.addCleanup(self.end_child)
        return command

    def end_child(self):
        try:
            os.kill(self.child, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def acquire(self, seconds=SHORT):
        lock = Lock(self.place, "up")
        self.addCleanup(lock.release)
        lock.acquire(seconds)
        return lock

    def test_a_command_gives_up_and_says_which_one_is_running(self):
        command = self.start_holder()
        with self.assertRaises(CtlError) as raised:
            self.acquire()
        self.assertEqual(str(raised.exception), f"another command is running: restart (pid {command.pid}); gave up after 0 s")

    def test_a_killed_command_holds_it_no_longer_though_what_it_has_started_lives(self):
        command = self.start_holder()
        command.kill()
        command.wait()
        self.acquire()
        os.kill(self.child, 0)
        self.assertEqual(holder(self.place.lock), f"up (pid {os.getpid()})")

    def test_where_run_dir_is_removed_and_made_again_the_command_in_the_removed_one_is_waited_for(self):
        command = self.start_holder()
        shutil.rmtree(self.run_dir)
        with self.assertRaises(CtlError) as raised:
            self.acquire()
        self.assertIn(f"another command is running: pid {command.pid}", str(raised.exception))
        command.stdin.close()
        command.wait()
        self.acquire()

    def test_a_command_sees_before_it_changes_anything_that_its_lock_has_been_removed(self):
        lock = self.acquire()
        lock.check()
        shutil.rmtree(self.run_dir)
        with self.assertRaises(CtlError):
            lock.check()
        self.run_dir.mkdir()
        self.place.lock.touch()
        with self.assertRaises(CtlError):
            lock.check()

    def test_the_lock_is_nobody_else_s_to_open_who_could_hold_it_then_for_ever(self):
        self.run_dir.mkdir()
        self.place.lock.touch(0o644)  # as older versions made it
        for _ in range(2):
            self.acquire().release()
            self.assertEqual(self.place.lock.stat().st_mode & 0o777, 0o600)
            self.place.lock.unlink()

    def test_a_disk_that_takes_no_name_keeps_no_command_from_its_work(self):
        self.acquire().release()
        with unittest.mock.patch.object(os, "pwrite", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.acquire().check()
        self.assertEqual(holder(self.place.lock), "a command that has just begun")

    def test_the_lock_of_a_read_only_disk_is_held_by_one_command_at_a_time(self):
        self.acquire().release()
        system_open = os.open

        def read_only(path, flags, *mode):
            if flags & os.O_RDWR:
                raise OSError(errno.EROFS, "Read-only file system", path)
            return system_open(path, flags, *mode)

        with unittest.mock.patch.object(os, "open", read_only):
            lock = self.acquire()
            lock.check()
            with self.assertRaisesRegex(CtlError, "another command is running"):
                self.acquire()
            lock.release()
            self.place.lock.unlink()
            with self.assertRaisesRegex(CtlError, "cannot open .*/run/lock: Read-only file system"):
                self.acquire()

    def test_what_is_no_file_gives_way_to_the_lock_and_is_held_by_nobody(self):
        self.run_dir.mkdir()
        for make in (os.mkfifo, os.mkdir):
            make(self.place.lock)
            self.assertIsNone(holder(self.place.lock))
            self.acquire().release()
            self.assertTrue(self.place.lock.is_file())
            self.place.lock.unlink()

    def test_a_released_lock_is_anybody_s(self):
        self.acquire().release()
        self.acquire()
        self.assertIsNone(holder(self.run_dir / "another"))


if __name__ == "__main__":
    unittest.main()
