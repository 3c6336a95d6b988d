"""Who decides what the service is told, and how files that hold it are read."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import pool, settings  # noqa: E402
from ctl.messages import CtlError  # noqa: E402

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


class Saying(unittest.TestCase):
    def test_what_is_said_now_replaces_what_was_said_before_and_an_empty_value_is_the_default(self):
        before = {"LOG_LEVEL": "DEBUG", "APPCORE_QUEUE": "5"}
        self.assertEqual(settings.merge(before, {"LOG_LEVEL": "", "APP_NAME": "x"}), {"APPCORE_QUEUE": "5", "APP_NAME": "x"})

    def test_only_settings_of_the_service_are_taken_from_a_caller(self):
        self.assertEqual(settings.said_by({"HOME": "/root", "APPCORE_BIN_DIR": "/x", "APPCORE_MODEL": "/m", "LOG_LEVEL": "INFO",
                                           "APPCORE_STACK": "/y", "appcore_queue": "1"}),
                         {"APPCORE_MODEL": "/m", "LOG_LEVEL": "INFO"})

    def test_workers_is_the_short_name_and_wins(self):
        self.assertEqual(settings.said_by({"WORKERS": "08", "APPCORE_WORKERS": "3"}), {"APPCORE_WORKERS": "8"})
        self.assertEqual(settings.said_by({"WORKERS": "", "APPCORE_WORKERS": "3"}), {"APPCORE_WORKERS": "3"})


class Assignments(unittest.TestCase):
    def parse(self, text):
        return settings.parse_assignments(text, "file")

    def test_quotes_comments_and_export_are_understood(self):
        self.assertEqual(self.parse("# a comment\n\nA=1\nexport B='x y'\nC=\"a 'b'\" # why\nD=\n"),
                         {"A": "1", "B": "x y", "C": "a 'b'", "D": ""})

    def test_only_a_line_feed_ends_a_line(self):
        self.assertEqual(self.parse("APP_NAME='a\u2028b\u2029c\x85d'\r\nA=1\r\n"), {"APP_NAME": "a\u2028b\u2029c\x85d", "A": "1"})

    def test_nothing_is_expanded_or_run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.parse(f"A='$(touch {folder}/made)'\nB='`id`'\nC='$HOME'\n"),
                             {"A": f"$(touch {folder}/made)", "B": "`id`", "C": "$HOME"})
            self.assertEqual(os.listdir(folder), [])

    def test_any_other_line_is_refused_with_its_number(self):
        for line in ("rm -rf /", "A =1", "if true; then", "A=1 B=2", "1A=2", "A='x", "A=$(id -u) x", "A=\ufffd"):
            with self.assertRaises(CtlError) as caught:
                self.parse(f"A=1\n{line}\n")
            self.assertIn("line 2", str(caught.exception))


class Launcher(unittest.TestCase):
    """deploy/launch: the one place that hands a pool's environment to a program."""

    def launched(self, given):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "show")
            program.write_text('#!/bin/sh\nenv -0\ncat /proc/self/oom_score_adj\n', encoding="ascii")
            program.chmod(0o755)
            Path(folder, "environment").write_text(pool.environment_text({**given, "APPCORE_PROGRAMS": folder}), encoding="utf-8")
            Path(folder, "launch").write_text((DEPLOY / "launch").read_text(encoding="utf-8"), encoding="utf-8")
            done = subprocess.run(["/bin/sh", f"{folder}/launch", "show"], stdout=subprocess.PIPE, check=True,
                                  env={"PATH": os.environ["PATH"]})
        *pairs, score = done.stdout.decode().split("\0")
        return dict(pair.split("=", 1) for pair in pairs), int(score)

    def test_any_text_reaches_the_program_as_it_is(self):
        given = {"APP_NAME": " $(id) `id` 'x' \"y\" \\n \\ ;#é= ", "LOG_LEVEL": ""}
        found, _ = self.launched(given)
        self.assertEqual({name: found[name] for name in given}, given)

    def test_a_program_offers_itself_to_the_kernel_that_lacks_memory(self):
        _, score = self.launched({})
        self.assertGreaterEqual(score, 500)


class Folders(unittest.TestCase):
    def test_a_number_is_never_used_twice_while_anything_remembers_it(self):
        with tempfile.TemporaryDirectory() as folder:
            where = pool.Place(Path(folder), Path(folder))
            self.assertEqual(pool.next_number(where), 1)
            where.pools.mkdir()
            for name in ("blue-3", "green-12", "green-13.new", "other"):
                (where.pools / name).mkdir()
            self.assertEqual(pool.next_number(where), 14)
            where.current.symlink_to("pools/blue-40")  # it has been removed since
            self.assertEqual(pool.next_number(where), 41)
            self.assertIsNone(pool.current(where))


if __name__ == "__main__":
    unittest.main()
