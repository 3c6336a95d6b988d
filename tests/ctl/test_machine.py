"""The machine's nginx and the pools of its supervisord or of systemd's units, when something does not come up."""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import machine, nginx_reload, own_host, place, probe, system, units, units_commands  # noqa: E402
from ctl.messages import CtlError, Interrupted  # noqa: E402
from ctl.place import Place  # noqa: E402
from ctl.pool import Pool  # noqa: E402
from ctl.settings import Settings  # noqa: E402


class PlaceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.place = Place(self.folder, self.folder)

    def patch(self, where, name, value):
        patcher = mock.patch.object(where, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def pool(self, name, workers=1, port=8000):
        folder = self.place.pools / name
        folder.mkdir(parents=True)
        for part in ("nginx.conf", *machine.PARTS):
            (folder / part).write_text(f"{name}'s {part}")
        return Pool(folder, {}, "127.0.0.1", port, workers, 30, 35, 0, folder, "", False, ())


class Refusing(PlaceTest):
    """nginx does not take a pool's part."""

    def setUp(self):
        super().setUp()
        self.patch(nginx_reload, "reload", mock.Mock(side_effect=[None, CtlError("nginx has not taken it"), None]))

    def adopt(self, host, first, second):
        """Takes the first into use, then fails with the second."""
        self.patch(host, "_nginx_master", mock.Mock())
        host.adopt_nginx(first)
        with self.assertRaises(CtlError):
            host.adopt_nginx(second)

    def test_a_machine_s_nginx_would_start_with_what_it_has_and_is_asked_again(self):
        self.patch(machine, "SITE", self.folder)
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        first, second = self.pool("blue-1"), self.pool("green-2")
        self.adopt(host, first, second)
        self.assertEqual((host.included / "server.conf").read_text(), "blue-1's server.conf")
        host.adopt_nginx(second)
        self.assertEqual((host.included / "server.conf").read_text(), "green-2's server.conf")

    def test_while_nginx_is_asked_nothing_says_what_it_has(self):
        """A command that is killed then leaves it to be asked again."""
        self.patch(machine, "SITE", self.folder)
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        self.patch(host, "_nginx_master", mock.Mock())
        first, second = self.pool("blue-1"), self.pool("green-2")
        texts = {pool.folder: "".join((pool.folder / part).read_text() for part in machine.PARTS) for pool in (first, second)}
        known = []
        self.patch(nginx_reload, "reload", lambda *_: known.append([host._record.says(text) for text in texts.values()]))
        host.adopt_nginx(first)
        host.adopt_nginx(second)
        self.assertEqual(known, [[False, False], [False, False]])
        self.assertEqual([host._record.says(text) for text in texts.values()], [False, True])

    def test_only_the_machine_s_nginx_with_the_site_enabled_serves(self):
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        pid = self.folder / "nginx.pid"
        self.patch(machine, "NGINX_PID", pid)
        found = mock.Mock()
        self.patch(machine.processes, "describe", lambda number: found if number == 7 else None)
        for text, is_master, site, expected in (("7\n", True, self.folder, True), ("7\n", False, self.folder, False),
                                                ("7\n", True, self.folder / "none", False), ("8\n", True, self.folder, False),
                                                ("", True, self.folder, False)):
            pid.write_text(text)
            found.is_nginx_master = is_master
            self.patch(machine, "SITE", site)
            self.assertEqual(host.serves_by_nginx(), expected, (text, is_master, site))

    def test_an_nginx_of_our_own_likewise(self):
        host = own_host.OwnHost(self.place)
        first, second = self.pool("blue-1"), self.pool("green-2")
        self.adopt(host, first, second)
        self.assertEqual((self.folder / "nginx.conf").read_text(), "blue-1's nginx.conf")
        host.adopt_nginx(second)
        self.assertEqual((self.folder / "nginx.conf").read_text(), "green-2's nginx.conf")


class Unasked(PlaceTest):
    """nginx does not run, or the operator has not enabled its site: its files are there for when that changes."""

    def test_nginx_is_not_reloaded_and_not_taken_to_have_loaded_anything(self):
        reload = mock.Mock()
        self.patch(nginx_reload, "reload", reload)
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        for number, (master, site) in enumerate(((None, self.folder), (mock.Mock(), self.folder / "none"))):
            self.patch(host, "_nginx_master", lambda running=master: running)
            self.patch(machine, "SITE", site)
            host.adopt_nginx(self.pool(f"blue-{number}"))
            self.assertEqual((host.included / "server.conf").read_text(), f"blue-{number}'s server.conf")
        reload.assert_not_called()
        self.patch(host, "_nginx_master", mock.Mock())
        self.patch(machine, "SITE", self.folder)
        pool = self.pool("blue-2")
        for _ in range(2):
            host.adopt_nginx(pool)
            reload.assert_called_once()  # the second time it is known to have this

    def test_a_check_of_nginx_sees_the_new_parts_and_leaves_what_was_there(self):
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        self.patch(host, "_nginx_master", lambda: None)
        seen = []
        self.patch(machine.nginx_config, "accept", lambda _: seen.append((host.included / "server.conf").read_text()))
        host.check_nginx(self.pool("blue-1"))
        self.assertFalse(os.path.lexists(host.included))
        host.adopt_nginx(self.pool("green-2"))
        self.assertEqual([folder.name for folder in host._parts.iterdir()], ["green-2"])
        host.check_nginx(self.pool("blue-3"))
        self.assertEqual(seen, ["blue-1's server.conf", "blue-3's server.conf"])
        self.assertEqual((host.included / "server.conf").read_text(), "green-2's server.conf")


class Sections(PlaceTest):
    """What supervisord starts at its next start: a file for each pool."""

    def setUp(self):
        super().setUp()
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            self.host = machine.MachineHost()
        self.patch(self.host, "section_file", lambda name: self.folder / f"{name}.conf")
        self.removed = []
        self.patch(self.host, "remove_group", lambda name, seconds: self.removed.append((name, seconds)))

    def test_a_new_pool_takes_a_colour_that_nobody_has(self):
        self.assertEqual(self.host.free_colour(None), "blue")
        (self.folder / "blue.conf").touch()
        self.assertEqual(self.host.free_colour(None), "green")
        self.assertEqual(self.host.free_colour(self.pool("units-1")), "green")
        self.assertEqual(self.host.free_colour(self.pool("green-2")), "blue")

    def test_all_groups_are_removed_also_where_no_supervisord_runs(self):
        for runs in (False, True):
            names = ["blue", "green", "peer", "metrics"]
            for name in names:
                (self.folder / f"{name}.conf").touch()
            self.patch(self.host, "supervisor_runs", lambda answer=runs: answer)
            self.host.remove_all_groups(7)
            left = [name for name in names if (self.folder / f"{name}.conf").exists()]
            self.assertEqual(left, names if runs else [])
        self.assertEqual(self.removed, [("blue", 7), ("green", 7), ("peer", 7), ("metrics", machine.METRICS_STOP)])

    def test_the_metrics_program_s_group_is_removed_where_there_is_one(self):
        self.host.remove_metrics()
        self.assertEqual(self.removed, [])
        (self.folder / "metrics.conf").touch()
        self.host.remove_metrics()
        self.assertEqual(self.removed, [("metrics", machine.METRICS_STOP)])


class Replaced(PlaceTest):
    def test_a_pool_that_nginx_could_not_take_can_be_replaced(self):
        """PORT was wrong, and is right now: what nginx never took is not tried again first."""
        old, new = self.pool("blue-1", port=1), self.pool("green-2")
        place.point(self.place.current, Path("pools/blue-1"))
        host = mock.MagicMock(spec=machine.MachineHost)
        with mock.patch.object(system, "MachineHost", lambda: mock.Mock(place=self.place)):
            commands = system.Machine({})
        commands._host = host
        self.patch(commands, "_resolve", lambda workers: None)
        self.patch(commands, "build", lambda colour, settings: new)
        self.patch(system.pools, "current", lambda _: old)
        self.patch(probe, "is_healthy_within", lambda *_: True)
        self.patch(units, "stop", lambda *_: None)
        with mock.patch.object(system.messages, "say"):
            self.assertEqual(commands._take_into_use(), 0)
        self.assertEqual(host.converge.call_args_list, [mock.call(old, with_nginx=False), mock.call(new)])


class Systemd:
    """Stands for systemctl: which units are enabled, and from which pool each runs."""

    def __init__(self, link):
        self.link, self.runs, self.enabled, self.fails = link, {}, set(), {}

    def __call__(self, command, *words, check=True):
        for unit in (word for word in words if not word.startswith("-")):
            if command in ("restart", "start"):
                self.runs[unit] = os.path.basename(os.readlink(self.link))
                if error := self.fails.get((unit, self.runs[unit])):
                    raise error
            elif command == "stop":
                self.runs.pop(unit, None)
            elif command == "enable":
                self.enabled.add(unit)
            elif command == "disable":
                self.enabled.discard(unit)
                if "--now" in words:
                    self.runs.pop(unit, None)
        return True


class Units(PlaceTest):
    def setUp(self):
        super().setUp()
        self.systemd = Systemd(self.folder / "units")
        self.problem = None
        self.patch(units, "systemctl", self.systemd)
        self.patch(units, "runs", lambda: True)
        self.patch(units, "enabled", lambda: units.SOCKETS[0] in self.systemd.enabled)
        self.patch(units, "workers", lambda: sorted(unit for unit in self.systemd.enabled if "@" in unit))
        self.patch(units, "UNITS_DIR", self.folder / "system")
        (self.folder / "system").mkdir()
        self.patch(units, "SETTLE", 0)
        self.patch(units, "_wait_for_program", lambda unit: None)
        self.patch(probe, "pool_problem", lambda *_: self.problem)
        with mock.patch.object(system, "MachineHost", lambda: mock.Mock(place=self.place)):
            self.commands = units_commands.UnitsMachine({})
        self.host = self.commands._host
        self.host.supervisor_runs = lambda: False
        self.patch(units_commands.messages, "say", lambda _: None)

    def run_pool(self, name, workers, old=None, drain="0"):
        self.commands._run(self.pool(name, workers), old, Settings({}, Path("/"), {
            "APPCORE_REQUEST_TIMEOUT": "30", "APPCORE_DRAIN_SECONDS": drain, "APPCORE_STATE_DIR": f"/{name}"}, "", []))

    def state(self):
        """All that a start or a boot decides on."""
        texts = {path.name: (path / "appcore.conf").read_text() for path in (self.folder / "system").iterdir()}
        return (dict(self.systemd.runs), set(self.systemd.enabled), texts,
                os.readlink(self.systemd.link) if self.systemd.link.is_symlink() else None)

    def check_undone(self, error, workers):
        before = self.state()
        with self.assertRaises(error):
            self.run_pool("units-2", workers)
        self.assertEqual(self.state(), before)
        self.assertFalse((self.place.pools / "units-2").exists())

    def test_whichever_worker_fails_all_run_as_before_also_after_a_boot(self):
        self.run_pool("units-1", 2)
        for unit in (units.worker(1), units.worker(2), units.worker(3), units.METRICS):
            for error in (CtlError("it does not start"), Interrupted(2)):
                self.systemd.fails = {(unit, "units-2"): error}
                self.check_undone(type(error), 3)

    def test_workers_that_do_not_answer_are_replaced_by_the_previous_ones(self):
        self.run_pool("units-1", 3)
        self.problem = "Status: 503"
        self.check_undone(CtlError, 2)

    def test_a_smaller_pool_ends_the_workers_that_are_too_many(self):
        self.run_pool("units-1", 3)
        self.run_pool("units-2", 2)
        self.assertEqual(units.workers(), [units.worker(1), units.worker(2)])
        self.assertNotIn(units.worker(3), self.systemd.runs)
        self.host.remove_metrics.assert_not_called()

    def test_supervisord_s_metrics_program_ends_before_that_of_the_units_takes_its_socket(self):
        self.host.supervisor_runs = lambda: True
        self.host.remove_metrics.side_effect = lambda: self.assertNotIn(units.METRICS, self.systemd.runs)
        self.run_pool("units-1", 1)
        self.host.remove_metrics.assert_called_once_with()
        self.assertIn(units.METRICS, self.systemd.runs)

    def test_units_end_when_they_have_answered_what_waits_in_their_socket(self):
        self.run_pool("units-1", 2)
        self.patch(units, "SOCKET", self.folder)
        served = []
        self.patch(probe, "pool_problem", lambda path, seconds: served.append((path, seconds, dict(self.systemd.runs))))
        units.stop(self.place, 7)
        (path, seconds, runs), = served
        self.assertEqual((path, seconds), (self.folder, 7))
        self.assertIn(units.worker(2), runs)
        self.assertEqual(self.state(), ({}, set(), {}, None))

    def test_a_first_start_that_fails_leaves_no_unit_and_supervisord_s_pool_whole(self):
        self.systemd.fails = {(units.worker(2), "units-2"): CtlError("it does not start")}
        self.host.supervisor_runs = lambda: True
        old = self.pool("blue-1")
        with self.assertRaises(CtlError):
            self.run_pool("units-2", 2, old)
        self.assertEqual(self.state(), ({}, set(), {}, None))
        self.host.converge.assert_called_once_with(old, with_nginx=False)


if __name__ == "__main__":
    unittest.main()
