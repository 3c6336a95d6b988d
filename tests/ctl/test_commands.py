"""What commands of a stack of our own answer, with stand-ins for what they would start and ask."""

import errno
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import ending, launching, messages, probe  # noqa: E402
from ctl import pool as pools  # noqa: E402
from ctl.commands import Commands  # noqa: E402
from ctl.main import main  # noqa: E402
from ctl.messages import FAILED, USAGE, CtlError  # noqa: E402
from ctl.processes import Process  # noqa: E402
from ctl.rpc import Program  # noqa: E402


class Help(unittest.TestCase):
    def test_help_is_no_argument_of_a_command(self):
        for words, code in ((["--help"], 0), (["help"], 0), (["scale", "--help"], 0), (["fleet", "--help"], 0), (["key", "--help"], 0),
                            ([], USAGE), (["sail"], USAGE), (["up", "twice"], USAGE)):
            with self.subTest(words=words), unittest.mock.patch.object(messages, "show") as shown:
                self.assertEqual(main(words), code)
                self.assertTrue(shown.call_args.args[0].startswith("Usage: appcorectl COMMAND\n"))


class OneStack(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        run_dir = Path(os.path.realpath(folder.name))
        self.commands = Commands({"RUN_DIR": str(run_dir)})
        self.pool = pools.Pool(run_dir / "pools" / "blue-1", {}, "127.0.0.1", 8000, 1, 30, 35, 0, run_dir / "state", "", False, ())
        self.patch(pools, current=lambda _: self.pool)
        self.patch(self.commands, _lock=unittest.mock.Mock())
        self.patch(messages, say=lambda _: None, note=lambda _: None)

    def patch(self, where, **values):
        patch = unittest.mock.patch.multiple(where, **values)
        patch.start()
        self.addCleanup(patch.stop)

    def test_run_fails_when_supervisord_is_killed_so_that_systemd_starts_it_again(self):
        for script, code in (("exit 0", 0), ("kill -KILL $$", FAILED)):
            supervisord, log_filter = subprocess.Popen(["sh", "-c", script]), subprocess.Popen(["true"])
            self.addCleanup(log_filter.wait)
            self.patch(self.commands, _whole_pool=lambda: None, _clean_after_run=lambda _: None,
                       _start=lambda lock, foreground: (self.pool, launching.Started(supervisord, log_filter)))
            self.assertEqual(self.commands.run(), code)

    def test_a_start_that_fails_in_any_way_ends_what_it_has_started(self):
        for error in (OSError(errno.EISDIR, "Is a directory", "/run/history"), RuntimeError("a fault of this program"), CtlError("refused")):
            ended, cleaned = unittest.mock.Mock(return_value=False), unittest.mock.Mock()
            self.patch(ending, end_all=ended, clean=cleaned)
            self.patch(self.commands._stack, start=unittest.mock.Mock(side_effect=error))
            self.patch(self.commands, _whole_pool=lambda: None)
            with self.assertRaises(RuntimeError if isinstance(error, RuntimeError) else CtlError) as raised:
                self.commands.up()
            self.assertEqual(str(raised.exception), str(error))
            self.assertEqual((ended.call_count, cleaned.call_count), (2, 2), error)

    def test_a_pool_whose_description_is_damaged_counts_as_broken_down(self):
        self.patch(pools, current=unittest.mock.Mock(side_effect=CtlError("pool.json is damaged: it is empty")))
        found = [Process(7, 0, "S", 1, "python3", ("python3", "-m", "supervisor.supervisord"))]
        self.patch(self.commands, _host=unittest.mock.Mock(processes=lambda: found),
                   _start=unittest.mock.Mock(return_value=(self.pool, unittest.mock.Mock())))
        self.assertEqual(self.commands.up(), 0)
        with self.assertRaisesRegex(CtlError, "the stack has broken down, pool.json is damaged: it is empty: \"make up\" starts it again"):
            self.commands.reopen()

    def test_health_waits_as_long_as_a_request_may(self):
        with unittest.mock.patch.object(probe, "is_healthy", return_value=True) as asked:
            self.assertEqual(self.commands.health(), 0)
        asked.assert_called_once_with(self.pool, self.pool.stop_seconds)

    def test_up_of_a_stack_that_runs_fails_where_it_does_not_serve(self):
        self.patch(self.commands, _whole_pool=lambda: self.pool, _host=unittest.mock.Mock())
        with unittest.mock.patch.object(probe, "is_healthy_within", return_value=True):
            self.assertEqual(self.commands.up(), 0)
        with unittest.mock.patch.object(probe, "is_healthy_within", return_value=False):
            with self.assertRaisesRegex(CtlError, "/health does not answer 200"):
                self.commands.up()

    def test_a_stack_whose_nginx_supervisord_has_given_up_cannot_be_changed(self):
        host = unittest.mock.Mock()
        host.processes.return_value = [Process(7, 0, "S", 1, "python3", ("python3", "-m", "supervisor.supervisord"))]
        host.supervisor.pid.return_value = 7
        self.patch(self.commands, _host=host)
        for state in ("STOPPED", "FATAL", "UNKNOWN"):
            host.programs.return_value = [Program("nginx", "nginx", state, 0, "")]
            with self.assertRaisesRegex(CtlError, "the stack has broken down, supervisord has given nginx up"):
                self.commands.reopen()
        host.programs.return_value = [Program("nginx", "nginx", "BACKOFF", 0, "")]
        self.assertEqual(self.commands.reopen(), 0)


if __name__ == "__main__":
    unittest.main()
