"""The programs with one descriptor more at each start: they say what is missing, or they serve."""

import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from fastcgi import ask, request
from stack import ROOT

BIN_DIR = os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))
FIRST, MOST = 3, 20  # descriptors; with 20 a program has to start
PATIENCE = 20  # seconds until a program that neither serves nor ends counts as hanging


class Start(unittest.TestCase):
    def start(self, program, descriptors, folder, path):
        """The program on a listening socket at `path`, allowed this many descriptors."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(10)
        environment = {"APPCORE_STATE_DIR": f"{folder}/state", "APPCORE_TEXTFILE_DIR": f"{folder}/text",
                       "APPCORE_LOG_FILE": f"{folder}/log", "LANG": "C"}
        with listener:
            return subprocess.Popen(
                [f"{BIN_DIR}/{program}", "--slot", "1"], env=environment, stdin=listener, text=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors,) * 2))

    def serves(self, process, path):
        """Whether a request is answered; False once the process has ended."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            self.assertLess(time.monotonic(), deadline, "it neither serves nor ends")
            try:
                if ask(path, request(method="GET", uri="/health"), timeout=PATIENCE).status is not None:
                    return True
            except ConnectionError:
                pass
        return False

    def check(self, program):
        for descriptors in range(FIRST, MOST + 1):
            with self.subTest(descriptors=descriptors), tempfile.TemporaryDirectory() as folder:
                for name in ("state", "text"):
                    os.mkdir(f"{folder}/{name}")
                path = f"{folder}/sock"
                process = self.start(program, descriptors, folder, path)
                self.addCleanup(process.stderr.close)
                self.addCleanup(process.kill)
                if self.serves(process, path):
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(process.wait(PATIENCE), 0)
                    return
                said = process.stderr.read()
                self.assertIn(process.returncode, (1, 127))  # 127: the loader could not find a library
                self.assertEqual(said.count("\n"), 1, said)
                self.assertIn(program, said)
                self.assertIn("Error 24" if process.returncode == 127 else "Too many open files", said)
        self.fail(f"{program} does not start with {MOST} descriptors")

    def test_a_worker_short_of_descriptors_says_so_or_serves(self):
        self.check("appcore-worker")

    def test_the_metrics_program_short_of_descriptors_says_so_or_serves(self):
        self.check("appcore-metrics")


if __name__ == "__main__":
    unittest.main()
