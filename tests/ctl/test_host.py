"""What supervisord is told, of which pool: by a stand-in that keeps its groups and what it was called with."""

import dataclasses
import os
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import host, messages, nginx_reload, probe, status  # noqa: E402
from ctl import place as places  # noqa: E402
from ctl import pool as pools  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.own_host import OwnHost  # noqa: E402
from ctl.place import Place  # noqa: E402
from ctl.processes import Process  # noqa: E402
from ctl.rpc import Program  # noqa: E402



class Supervisor:
    """Stands in for rpc.Supervisor."""

    def __init__(self, *groups):
        self.running = set(groups)
        self.calls = []

    def groups(self):
        return self.running

    def programs(self):
        return [Program(group, group, "RUNNING", 0, "") for group in sorted(self.running)]

    def reread(self):
        return set()

    def add(self, group):
        self.running.add(group)

    def remove(self, group, _):
        self.running.discard(group)

    def signal(self, program, name):
        self.calls.append((program, name))


class OneHost(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name), Path(folder.name))
        self.host = OwnHost(self.place)
        self.host.supervisor = Supervisor("blue", "metrics", "nginx")
        self.host.make_folders()
        self.folder = self.place.pools / "blue-1"
        self.folder.mkdir()
        (self.folder / "nginx.conf").touch()
        (self.folder / "pool.conf").touch()
        self.pool = pools.Pool(self.folder, {"APPCORE_PEER_LISTEN": "127.0.0.1:9009"}, "127.0.0.1", 8000, 1, 30, 35, 0, self.place.run_dir / "state", "", False, ())

    def let_peers_in(self):
        (self.folder / "peer.conf").write_text("[fcgi-program:peer]\n", encoding="ascii")

    def converge(self):
        """nginx has read its configuration already."""
        self.host.write_nginx(self.pool)
        (self.place.run_dir / "temp" / "body").mkdir(exist_ok=True)
        self.host.converge(self.pool)

    def test_reopen_reaches_each_pool_and_the_metrics_program(self):
        self.host.supervisor.running.add("peer")
        self.host.reopen_logs()
        self.assertEqual(self.host.supervisor.calls, [("blue:*", "HUP"), ("peer:*", "HUP"), ("metrics:metrics-01", "HUP")])

    def test_without_a_pool_for_other_machines_reopen_asks_for_none(self):
        self.host.reopen_logs()
        self.assertEqual(self.host.supervisor.calls, [("blue:*", "HUP"), ("metrics:metrics-01", "HUP")])

    def test_a_pool_for_other_machines_runs_while_the_current_pool_has_one(self):
        self.let_peers_in()
        self.converge()
        self.assertIn("peer", self.host.supervisor.running)
        (self.folder / "peer.conf").unlink()
        self.converge()
        self.assertEqual(self.host.supervisor.running, {"blue", "metrics", "nginx"})
        self.assertFalse(self.host.section_file("peer").exists())

    def test_a_listener_for_other_machines_that_is_impossible_keeps_nothing_from_the_rest(self):
        self.let_peers_in()
        self.host.supervisor.running.discard("metrics")

        def add(group):
            if group == "peer":
                raise CtlError("no")
            self.host.supervisor.running.add(group)

        with unittest.mock.patch.object(self.host.supervisor, "add", add), unittest.mock.patch.object(messages, "complain") as complain:
            self.converge()
        complain.assert_called_once_with("nothing listens for other machines at 127.0.0.1:9009: no")
        self.assertEqual(self.host.supervisor.running, {"blue", "metrics", "nginx"})
        self.converge()
        self.assertIn("peer", self.host.supervisor.running)

    def test_processes_that_supervisord_cannot_start_are_told_unless_it_can_a_moment_later(self):
        first = [Program("blue", "blue-00", "RUNNING", 7, ""), Program("blue", "blue-01", "BACKOFF", 0, "too many open files"),
                 Program("green", "green-01", "BACKOFF", 0, "")]
        then = [*first[:1], Program("blue", "blue-01", "STARTING", 8, ""), *first[2:]]
        for looks, seconds, problem in (([first], 0, "1 of its 2 processes cannot be started: too many open files"), ([then], 0, ""),
                                        ([first, first, then], 60, "")):
            with unittest.mock.patch.object(self.host.supervisor, "programs", unittest.mock.Mock(side_effect=looks)):
                self.assertEqual(self.host.cannot_spawn(self.pool, seconds), problem)

    def test_a_pool_that_is_not_whole_does_not_replace_the_one_that_serves(self):
        self.host.supervisor.programs = lambda: [Program("blue", "blue-01", "BACKOFF", 0, "no")]
        with unittest.mock.patch.object(probe, "pool_problem", lambda *_: None), unittest.mock.patch.object(host, "SPAWN_LIMIT", 0):
            with self.assertRaisesRegex(CtlError, "the new pool is not whole .1 of its 1 processes cannot be started: no., so the old one keeps running"):
                self.host.try_out(self.pool)
        self.assertFalse(self.folder.exists())
        self.assertNotIn("blue", self.host.supervisor.running)

    def test_a_trial_that_anything_interrupts_leaves_no_pool_behind(self):
        folder = self.place.pools / "green-2"
        folder.mkdir()
        (folder / "pool.conf").touch()
        new = dataclasses.replace(self.pool, folder=folder)
        for error in (OSError("full"), messages.Interrupted(15), messages.CtlError("refused")):
            with unittest.mock.patch.object(probe, "pool_problem", side_effect=error), self.assertRaises(type(error)):
                self.host.try_out(new)
            self.assertEqual((self.host.supervisor.running, folder.exists()), ({"blue", "metrics", "nginx"}, False))
            self.assertFalse(self.host.section_file("green").exists())
            folder.mkdir()
            (folder / "pool.conf").touch()

    def test_a_pool_that_is_as_it_should_be_needs_no_room_on_the_disk(self):
        self.converge()
        (self.place.run_dir / "conf.d" / "blue.conf").touch()
        with unittest.mock.patch.object(places, "write_file", side_effect=places.FileError("full")):
            self.host.converge(self.pool)

    def test_what_supervisord_or_nginx_could_not_read_is_made_again(self):
        (self.folder / "pool.conf").write_text("[fcgi-program:blue]\n", encoding="ascii")
        self.converge()
        sections, run_dir = self.place.run_dir / "conf.d", self.place.run_dir
        for path in (sections / "blue.conf", sections / "metrics.conf", sections / "notes", run_dir / "supervisord.conf", run_dir / "nginx.conf"):
            for spoil in (lambda path: path.write_bytes(b"garbage\xff\n"), os.mkfifo, os.mkdir):
                places.remove(path)
                spoil(path)
                with unittest.mock.patch.object(self.host, "_nginx_master"), unittest.mock.patch.object(nginx_reload, "reload"):
                    self.host.converge(self.pool)
                self.assertEqual([file.name for file in sections.iterdir()], ["blue.conf"])
                self.assertEqual((sections / "blue.conf").read_text(encoding="utf-8"), "[fcgi-program:blue]\n")
                self.assertIn("[supervisord]", (run_dir / "supervisord.conf").read_text(encoding="utf-8"))
                self.assertEqual((run_dir / "nginx.conf").read_text(encoding="utf-8"), "")

    def test_a_pool_whose_files_are_damaged_is_told_of(self):
        self.converge()
        (self.folder / "nginx.conf").write_bytes(b"\xff")
        with self.assertRaisesRegex(messages.CtlError, "blue-1/nginx.conf is damaged"):
            self.host.converge(self.pool)
        (self.folder / "pool.conf").unlink()
        with self.assertRaisesRegex(messages.CtlError, "blue-1/pool.conf has been removed"):
            self.host.converge(self.pool)

    def test_status_wants_the_pool_for_other_machines_where_the_current_pool_has_one(self):
        found = [Process(1, 0, "S", 0, "python3", ("python3", "-m", "supervisor.supervisord")),
                 Process(2, 0, "S", 1, "python3", ("appcorectl", "log-filter"))]
        for wanted, running, code in ((False, False, 0), (True, True, 0), (True, False, 1), (False, True, 1)):
            if wanted:
                self.let_peers_in()
            else:
                (self.folder / "peer.conf").unlink(missing_ok=True)
            self.host.supervisor.running = {"blue", "metrics", "nginx"} | ({"peer"} if running else set())
            with unittest.mock.patch.multiple(messages, say=lambda text: None, show=lambda text: None), \
                    unittest.mock.patch.multiple(status, SETTLE=0, _current=lambda host: self.pool), \
                    unittest.mock.patch.object(probe, "is_healthy", lambda *_: True), \
                    unittest.mock.patch.object(self.host, "processes", lambda: found):
                self.assertEqual(status.report(self.host), code, (wanted, running))

    def test_another_user_s_stack_is_not_said_to_be_down(self):
        self.host.processes = lambda: []
        with unittest.mock.patch.object(messages, "say"), unittest.mock.patch.object(status.os, "geteuid", lambda: 12345):
            with self.assertRaisesRegex(CtlError, f"belongs to user {os.getuid()}, whose processes only that user and root can see"):
                status.report(self.host)
            self.place.run_dir.rename(f"{self.place.run_dir}.away")
            self.addCleanup(os.rename, f"{self.place.run_dir}.away", self.place.run_dir)
            self.assertEqual(status.report(self.host), status.NOT_RUNNING)

    def test_status_is_a_failure_where_a_stop_that_was_killed_has_left_it_drained(self):
        found = [Process(1, 0, "S", 0, "python3", ("python3", "-m", "supervisor.supervisord")),
                 Process(2, 0, "S", 1, "python3", ("appcorectl", "log-filter"))]
        for text, code in (("drain\n", 0), ("stop 999999999 1\n", 1)):
            self.place.drained.write_text(text, encoding="ascii")
            with unittest.mock.patch.multiple(messages, say=lambda text: None, show=lambda text: None), \
                    unittest.mock.patch.multiple(status, SETTLE=0, _current=lambda host: self.pool), \
                    unittest.mock.patch.object(probe, "is_healthy", lambda *_: True), \
                    unittest.mock.patch.object(self.host, "processes", lambda: found):
                self.assertEqual(status.report(self.host), code, text)


if __name__ == "__main__":
    unittest.main()
