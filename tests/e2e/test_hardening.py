"""What the built programs and a running stack give away: read off the binaries, the kernel and the files."""

import os
import re
import stat
import subprocess
import unittest

from stack import StackTest

PROGRAMS = os.path.abspath(os.environ.get("APPCORE_BIN_DIR", "build/release"))
IS_RELEASE = os.path.basename(PROGRAMS) == "release"


def readelf(option, name):
    return subprocess.run(["readelf", "-W", option, os.path.join(PROGRAMS, name)], text=True, check=True,
                          stdout=subprocess.PIPE).stdout


class Binaries(unittest.TestCase):
    def each(self):
        for name in ("appcore-worker", "appcore-metrics"):
            with self.subTest(program=name):
                yield name

    def test_they_are_position_independent(self):
        for name in self.each():
            self.assertRegex(readelf("-h", name), r"Type:\s+DYN")
            self.assertRegex(readelf("-d", name), r"FLAGS_1\).*PIE")

    def test_tables_are_read_only_once_they_are_bound(self):
        for name in self.each():
            self.assertIn("GNU_RELRO", readelf("-l", name))
            self.assertRegex(readelf("-d", name), r"FLAGS_1\).*NOW")

    def test_the_stack_is_not_executable(self):
        for name in self.each():
            self.assertRegex(readelf("-l", name), r"GNU_STACK .* RW +0x")

    @unittest.skipUnless(IS_RELEASE, "a release has them")
    def test_stack_and_buffers_are_checked(self):
        symbols = {}
        for name in self.each():
            symbols[name] = readelf("--dyn-syms", name)
            self.assertTrue("__stack_chk_fail" in symbols[name])
        # Only calls whose sizes the compiler does not know are checked at run time, and not every program has one.
        self.assertTrue(re.search(r"__\w+_chk@", "".join(symbols.values())))

    def test_no_library_is_looked_for_outside_the_system(self):
        for name in self.each():
            self.assertIsNone(re.search(r"\((RPATH|RUNPATH)\)", readelf("-d", name)))


class Files(StackTest):
    def mode(self, *path):
        return stat.S_IMODE(os.stat(os.path.join(self.stack.run_dir, *path)).st_mode)

    def test_sockets_and_state_are_not_for_everyone(self):
        for name in (os.path.join("current", "pool.sock"), "metrics.sock"):
            self.assertEqual(self.mode(name), 0o660, name)
        self.assertEqual(self.mode("ctl.sock"), 0o700)
        self.assertEqual(self.mode("state"), 0o750)
        for name in os.listdir(self.stack.state_dir):
            self.assertEqual(self.mode("state", name) & 0o007, 0, name)

    def test_logs_are_not_for_everyone(self):
        self.stack.get("/health")
        for name in ("appcore", "access", "system"):
            self.assertEqual(self.mode("log", name + ".log") & 0o007, 0, name)
