"""What scripts see of appcore-model: its exit status, and whether its output got to where it was to go."""

import os
import subprocess
import tempfile
import unittest

from stack import ROOT

PROGRAM = os.path.join(os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))), "appcore-model")
MODEL = os.path.join(ROOT, "tests", "models", "lightgbm-binary", "model.txt")
COLUMNS = 10


def call(*arguments, stdout=subprocess.PIPE):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60,
                          check=False)


class CommandTests(unittest.TestCase):
    def test_output_that_does_not_fit_on_the_disk_is_a_failure(self):
        """A few lines stay in a buffer until the end, many are written in between."""
        with tempfile.TemporaryDirectory() as holder, open("/dev/full", "wb") as full:
            rows = os.path.join(holder, "rows.csv")
            for count in (2, 5000):
                with open(rows, "w", encoding="ascii") as file:
                    file.write((",".join("1" * COLUMNS) + "\n") * count)
                self.assertEqual(call("predict", MODEL, "--rows", rows).stdout.count("\n"), count)
                done = call("predict", MODEL, "--rows", rows, stdout=full)
                self.assertEqual((done.returncode, done.stderr), (1, "appcore-model: standard output: No space left on device\n"))
            for arguments in (("export-script",), ("--help",), ("--version",), ("predict", "--help")):
                self.assertEqual(call(*arguments, stdout=full).returncode, 1, arguments)

    def test_wrong_use_is_status_2_and_a_file_that_is_refused_status_1(self):
        for arguments in ((), ("tomorrow",), ("check",), ("check", MODEL, "--rows", "rows.csv"), ("predict", MODEL, "--output", "x")):
            done = call(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn("(see --help)", done.stderr)
        self.assertEqual(call("check", "/nowhere.acm").returncode, 1)
        self.assertEqual(call("check", MODEL).returncode, 0)


if __name__ == "__main__":
    unittest.main()
