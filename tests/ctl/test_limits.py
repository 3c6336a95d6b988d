"""What a machine, a container and a user allow, and what follows from it."""

import configparser
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
sys.path.insert(0, DEPLOY)

from ctl import ending, host, limits  # noqa: E402


class Shared(unittest.TestCase):
    def test_workers_are_as_many_at_most_as_the_programs_take(self):
        config = pathlib.Path(DEPLOY, "..", "src", "appcore", "config.cpp").read_text(encoding="utf-8")
        most, = re.findall(r"kMostWorkers = (\d+);", config)
        self.assertEqual(limits.MOST_WORKERS, int(most))

    def test_a_stop_waits_as_long_as_supervisord_does(self):
        parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        parser.read(os.path.join(DEPLOY, "supervisord.conf"), encoding="utf-8")
        self.assertEqual(host.METRICS_STOP, parser.getint("fcgi-program:metrics", "stopwaitsecs"))
        self.assertEqual(ending.NGINX_STOP, parser.getint("program:nginx", "stopwaitsecs"))


class Processors(unittest.TestCase):
    def with_files(self, **files):
        """How many there are where the container's control group has these files."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="ascii")
            with mock.patch.object(limits, "CGROUPS", pathlib.Path(folder)):
                return limits.processors()

    def test_one_is_enough(self):
        before = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, [min(before)])
        self.assertEqual(self.with_files(), 1)

    def test_a_quota_counts_if_it_is_less_and_is_rounded_up(self):
        all_of_them = min(len(os.sched_getaffinity(0)), limits.MOST_WORKERS)
        for quota, number in (("50000 100000", 1), ("100000 100000", 1), ("100001 100000", 2), ("9900000 100000", 99), ("max 100000", 99),
                              ("", 99), ("100000", 99), ("100000 0", 99)):
            with self.subTest(quota=quota):
                self.assertEqual(self.with_files(**{"cpu.max": quota + "\n"}), min(number, all_of_them))

    def test_the_first_version_of_control_groups_has_two_files(self):
        all_of_them = min(len(os.sched_getaffinity(0)), limits.MOST_WORKERS)
        for quota, number in (("50000", 1), ("100001", 2), ("-1", 99)):
            with self.subTest(quota=quota):
                self.assertEqual(self.with_files(**{"cpu/cpu.cfs_quota_us": quota, "cpu/cpu.cfs_period_us": "100000"}),
                                 min(number, all_of_them))


class Descriptors(unittest.TestCase):
    def with_limits(self, expression, files, processes=100000):
        """What the expression is where these are the hard limits, or the error."""
        def lower():
            for kind, limit in ((resource.RLIMIT_NOFILE, files), (resource.RLIMIT_NPROC, processes)):
                hard = resource.getrlimit(kind)[1]
                limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
                resource.setrlimit(kind, (limit, limit))
        code = ("from ctl import limits\nfrom ctl.messages import CtlError\n"
                f"try: print({expression})\nexcept CtlError as error: print(error)")
        return subprocess.run([sys.executable, "-B", "-c", code], cwd=DEPLOY, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              preexec_fn=lower, check=True).stdout.strip()

    def test_too_few_open_files_are_an_error(self):
        self.assertEqual(self.with_limits("limits.open_files()", 128), "128")
        self.assertEqual(self.with_limits("limits.open_files()", 127),
                         "the hard limit of open files (ulimit -H -n) must be at least 128, got 127")

    def test_an_eighth_of_them_and_some_are_not_for_connections(self):
        for files, connections in ((128, 80), (1024, 864)):
            self.assertEqual(self.with_limits("limits.connections()", files), str(connections))

    def test_supervisord_asks_for_no_more_than_there_are(self):
        self.assertEqual(self.with_limits("limits.supervisor_minimums()", 512, 100), "(512, 100)")
        self.assertEqual(self.with_limits("limits.supervisor_minimums()", 4096, 4096), "(1024, 200)")

    def test_what_is_low_is_said(self):
        said = self.with_limits("limits.report()", 1024, 150)
        self.assertIn("the hard limit of open files is 1024: each process of nginx holds 864 connections, not 16384", said)
        self.assertIn("the hard limit of processes is 150: a restart needs twice as many as there are workers", said)


if __name__ == "__main__":
    unittest.main()
