"""Which process of a stack is which."""

import os
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

    def start(self, command, executable):
        started = subprocess.Popen(command, executable=executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env={processes.MARK: str(self.folder)})
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


if __name__ == "__main__":
    unittest.main()
