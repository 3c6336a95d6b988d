"""Which process of a stack is which."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import processes  # noqa: E402

# Forks a child that goes on as it is, as if it had not got to its exec() yet. Both end with standard input.
FORKS = "import os, sys; os.fork() and print('forked', flush=True); sys.stdin.read()"


class Copies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, command, executable, **options):
        started = subprocess.Popen(command, executable=executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env={processes.MARK: str(self.folder)}, **options)
        self.addCleanup(started.wait)
        self.addCleanup(started.stdout.close)
        self.addCleanup(started.stdin.close)
        self.assertEqual(started.stdout.readline(), b"forked\n")
        return started.pid

    def test_a_child_that_supervisord_has_just_forked_is_not_taken_for_it(self):
        pid = self.start(["python3", "-c", FORKS, "-m", "supervisor.supervisord"], sys.executable)
        found = processes.of_stack(self.folder)
        self.assertEqual(len(found), 2)
        self.assertEqual([process.pid for process in found if process.is_supervisord], [pid])

    def test_a_worker_that_nginx_has_just_forked_is_not_taken_for_its_master(self):
        program = self.folder / "nginx"
        program.symlink_to(os.path.realpath(sys.executable))  # the name is that of the link
        pid = self.start(["nginx: master process", "-c", FORKS], program)
        found = processes.of_stack(self.folder)
        self.assertEqual([process.is_nginx for process in found], [True, True])
        self.assertEqual([process.pid for process in found if process.is_nginx_master], [pid])

    @unittest.skipUnless(os.geteuid() == 0, "only root starts processes of other users")
    def test_what_another_user_makes_look_like_a_process_of_the_stack_is_none(self):
        lock = self.folder / "lock"
        lock.touch()
        appcorectl = ["python3", "-c", FORKS, "/appcorectl", "-m", "supervisor.supervisord"]
        with open(lock, encoding="ascii") as file:
            # The second one's real user only is another: it is as if it had started a set-user-ID program.
            for options in ({"user": 65534}, {"preexec_fn": lambda: os.setresuid(65534, 0, 0)}):
                self.start(appcorectl, "/usr/bin/python3", pass_fds=[file.fileno()], **options)
            self.assertEqual(processes.of_stack(self.folder), [])
            self.assertEqual(processes.commands_holding(str(lock)), [])
            pid = self.start(appcorectl, sys.executable, pass_fds=[file.fileno()])
        self.assertIn(pid, [process.pid for process in processes.of_stack(self.folder)])
        self.assertIn(pid, processes.commands_holding(str(lock)))

    def test_a_signal_is_for_this_very_process_and_not_for_one_that_has_its_pid_now(self):
        pid = self.start(["python3", "-c", FORKS], sys.executable)
        process = processes.describe(pid)
        dataclasses.replace(process, start=process.start - 1).send(signal.SIGKILL)
        self.assertEqual(processes.wait_for_end([process], 0.2), [process])
        process.send(signal.SIGKILL)
        self.assertEqual(processes.wait_for_end([process], 10), [])

    def test_one_that_is_stopped_is_seen_to_be_and_one_that_has_ended_is_none(self):
        pid = self.start(["python3", "-c", FORKS], sys.executable)
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        self.assertTrue(processes.describe(pid).is_stopped)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.assertIsNone(processes.describe(pid))


if __name__ == "__main__":
    unittest.main()
