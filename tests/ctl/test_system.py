"""The service of the Debian package, with a stand-in for the machine's supervisord and nginx."""

import json
import os
import socket
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import machine_status, messages, models, system, units, units_commands  # noqa: E402
from ctl import pool as pools  # noqa: E402
from ctl.messages import FAILED, NOT_RUNNING, CtlError  # noqa: E402
from ctl.place import Place  # noqa: E402


def make_pool(place, name):
    folder = place.pools / name
    folder.mkdir(parents=True)
    (folder / "pool.json").write_text(json.dumps({
        "said": {}, "address": "127.0.0.1", "port": 8000, "workers": 1, "request_timeout": 30, "stop_seconds": 35,
        "state_dir": "/run", "textfile_dir": ""}), encoding="ascii")
    (folder / "pool.conf").write_text("[fcgi-program:x]\n", encoding="ascii")
    return folder


def make_current(place, name):
    folder = make_pool(place, name)
    place.current.symlink_to(f"pools/{name}")
    return folder


class Silent(unittest.TestCase):
    """supervisord does not answer: it has ended, or is stopped, or its socket is gone."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name, "run"), Path(folder.name, "keep"))
        self.folder = make_current(self.place, "blue-1")
        self.sections = {name: Path(folder.name, f"appcore-{name}.conf") for name in ("blue", "green", "peer", "metrics")}
        self.sections["blue"].touch()
        self.machine = system.Machine({})
        self.machine._place = self.place
        self.machine._host = unittest.mock.MagicMock(socket="/run/supervisor.sock")
        self.machine._host.supervisor_runs.return_value = False
        self.machine._host.section_file = self.sections.get
        self.machine.build = lambda *_: pools.load(make_pool(self.place, "green-2"))
        for where, name, value in ((self.machine, "_resolve", None), (self.machine, "_models", unittest.mock.Mock()),
                                   (units, "enabled", False), (messages, "say", None)):
            patch = unittest.mock.patch.object(where, name, unittest.mock.Mock(return_value=value))
            patch.start()
            self.addCleanup(patch.stop)

    def listen(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / "pool.sock"))
        listener.listen(0)
        return listener

    def test_nothing_of_a_pool_that_runs_is_taken_away(self):
        self.listen()
        for command in (self.machine.up, self.machine.down):  # the second finds the socket's queue full: its workers are busy
            with unittest.mock.patch.object(self.machine, "_lock"):
                with self.assertRaisesRegex(CtlError, "the pool runs, but supervisord does not answer at /run/supervisor.sock"):
                    command()
            self.assertTrue(self.sections["blue"].exists())
            self.assertEqual(pools.folders(self.place), [self.folder])

    def test_where_nothing_runs_up_writes_what_supervisord_will_start(self):
        self.listen().close()  # the name stays, as after a reboot
        with unittest.mock.patch.object(self.machine, "_lock"):
            self.assertEqual(self.machine.up(), 0)
        self.assertEqual([name for name, path in self.sections.items() if path.exists()], ["green"])
        messages.say.assert_called_once_with("set up; supervisord is not running, and will start it")
        self.machine._host.write_main_sections.assert_called_once_with()
        self.machine._host.adopt_nginx.assert_called_once_with(pools.load(self.place.pools / "green-2"))
        self.machine._host.switch.assert_called_once_with(pools.load(self.place.pools / "green-2"))
        self.assertEqual(pools.folders(self.place), [self.place.pools / "green-2"])


class MachineTest(unittest.TestCase):
    """With a stand-in for the machine, and systemd of which nothing is known."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name, "run"), Path(folder.name, "keep"))
        self.said = unittest.mock.Mock()
        self.patch(messages, "say", self.said)
        self.systemctl = unittest.mock.Mock()
        self.patch(units, "systemctl", self.systemctl)
        self.patch(units, "UNITS_DIR", Path(folder.name, "units"))

    def patch(self, where, name, value):
        patch = unittest.mock.patch.object(where, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def machine(self, kind, is_set_up, supervisor_runs):
        self.patch(units, "enabled", lambda: is_set_up and kind is not system.Machine)
        host = unittest.mock.MagicMock(place=self.place)
        host.is_set_up.return_value, host.supervisor_runs.return_value = is_set_up, supervisor_runs
        with unittest.mock.patch.object(system, "MachineHost", lambda: host):
            machine = kind({})
        machine._lock = unittest.mock.Mock()
        machine.build = unittest.mock.Mock()
        return machine


class Unchanged(MachineTest):
    """Commands that only look, and those that refuse: nothing is set up, or supervisord does not run, or no pool is current."""

    CHANGES = (("restart",), ("scale", "2"), ("drain",), ("undrain",), ("renew",), ("reopen",), ("model", "any"))
    LOOKS = {"is_set_up", "supervisor_runs"}  # what a command may ask of the machine before it refuses

    def check_refused(self, machine, *command):
        with self.subTest(machine=type(machine).__name__, command=command):
            machine._host.reset_mock()
            machine._lock.reset_mock()
            with self.assertRaisesRegex(CtlError, '^not running.*: "appcorectl up" sets it up$'):
                getattr(machine, command[0])(*command[1:])
            self.assertLessEqual({call[0] for call in machine._host.method_calls}, self.LOOKS)
            machine.build.assert_not_called()
            self.systemctl.assert_not_called()
            machine._lock.assert_called_once_with(command[0])

    def test_a_command_that_does_not_get_the_lock_does_nothing(self):
        make_current(self.place, "blue-1")
        machine = self.machine(system.Machine, True, True)
        machine._said["APPCORE_API_KEYS"] = str(self.place.keep_dir / "keys")
        for command in (*self.CHANGES, ("up",), ("down",), ("check",), ("key", "new", "team")):
            machine._host.reset_mock()
            machine._lock.side_effect = CtlError(f"{command[0]} waits")
            with self.subTest(command=command), self.assertRaisesRegex(CtlError, f"^{command[0]} waits$"):
                getattr(machine, command[0])(*command[1:])
            machine._lock.assert_called_with(command[0])
            self.assertEqual(machine._host.method_calls, [])

    def test_each_command_that_needs_the_service_says_so_and_does_nothing(self):
        for kind, is_set_up, supervisor_runs in ((system.Machine, False, True), (system.Machine, True, False),
                                                 (units_commands.UnitsMachine, False, True)):
            machine = self.machine(kind, is_set_up, supervisor_runs)
            for command in self.CHANGES:
                self.check_refused(machine, *command)

    def test_the_folder_of_a_pool_that_ran_does_not_make_it_run(self):
        make_current(self.place, "blue-1")
        self.test_each_command_that_needs_the_service_says_so_and_does_nothing()
        for kind in (system.Machine, units_commands.UnitsMachine):
            self.assertEqual(self.machine(kind, False, True).status(), NOT_RUNNING)

    def test_where_no_pool_is_current_there_is_nothing_to_drain_or_renew(self):
        for kind in (system.Machine, units_commands.UnitsMachine):
            for command in ("drain", "undrain", "renew"):
                self.check_refused(self.machine(kind, True, True), command)

    def test_status_and_health_say_it_with_an_exit_code_of_its_own(self):
        for kind, is_set_up, supervisor_runs, words in (
                (system.Machine, False, True, "not running"), (system.Machine, True, True, "not running"),
                (system.Machine, True, False, "supervisord is not running"),
                (units_commands.UnitsMachine, False, True, "not running"), (units_commands.UnitsMachine, True, True, "not running")):
            machine = self.machine(kind, is_set_up, supervisor_runs)
            with self.subTest(machine=kind.__name__, words=words):
                self.assertEqual(machine.status(), NOT_RUNNING)
                self.said.assert_called_with(words)
                with self.assertRaisesRegex(CtlError, "^not running$") as refused:
                    machine.health()
                self.assertEqual(refused.exception.code, NOT_RUNNING)

    def test_status_is_a_failure_where_supervisord_does_not_answer_and_the_pool_runs(self):
        folder = make_current(self.place, "blue-1")
        machine = self.machine(system.Machine, True, False)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "pool.sock"))
            listener.listen(1)
            with self.assertRaisesRegex(CtlError, "^the pool runs, but supervisord does not answer at ") as refused:
                machine.status()
            self.assertEqual(refused.exception.code, FAILED)


class Serving(MachineTest):
    """What `status` says of a service that is set up: 0 is that it serves with exactly the programs that it should have."""

    def setUp(self):
        super().setUp()
        make_current(self.place, "blue-1")
        self.programs = [unittest.mock.Mock(full_name=f"appcore-{group}:01", state="RUNNING", description="for ever",
                                            group=f"appcore-{group}", runs=True) for group in ("blue", "metrics")]
        self.healthy = unittest.mock.Mock(return_value=True)
        self.patch(machine_status.probe, "is_healthy", self.healthy)
        self.patch(machine_status, "SETTLE", 0)
        self.shown = unittest.mock.Mock()
        self.patch(messages, "show", self.shown)

    def status(self, kind=system.Machine, by_nginx=True, ended=()):
        """(exit code, what is wrong)"""
        self.said.reset_mock()
        self.shown.reset_mock()
        machine = self.machine(kind, True, True)
        machine._host.programs.return_value = self.programs
        machine._host.group = lambda name: f"appcore-{name}"
        machine._host.ended_groups.return_value = set(ended)
        machine._host.serves_by_nginx.return_value = by_nginx
        code = machine.status()
        return code, [call.args[0].removeprefix("problem: ") for call in self.said.call_args_list[1:]]

    def test_all_that_should_run_does_and_answers(self):
        self.assertEqual(self.status(), (0, []))
        self.said.assert_called_once_with("at http://127.0.0.1:8000, the pool blue")
        self.assertEqual([call.args[0].split() for call in self.shown.call_args_list],
                         [[f"appcore-{group}:01", "RUNNING", "for", "ever"] for group in ("blue", "metrics")])

    def test_a_program_that_does_not_run(self):
        self.programs[1].runs, self.programs[1].state = False, "FATAL"
        self.assertEqual(self.status(), (FAILED, ["appcore-metrics:01 is FATAL"]))

    def test_a_program_that_is_back_within_a_moment(self):
        self.programs[0] = unittest.mock.Mock(full_name="x", state="EXITED", description="", group="appcore-blue")
        type(self.programs[0]).runs = unittest.mock.PropertyMock(side_effect=[False, True])
        self.patch(machine_status, "SETTLE", 60)
        self.assertEqual(self.status(), (0, []))

    def test_groups_that_are_missing_or_left_over(self):
        self.programs[0].group = "appcore-green"
        self.assertEqual(self.status(), (FAILED, ["appcore-blue is missing", "appcore-green is left over"]))
        self.programs.clear()
        self.assertEqual(self.status(), (FAILED, ["appcore-blue is missing", "appcore-metrics is missing"]))

    def test_what_a_killed_command_has_left_ended_disturbs_nobody(self):
        self.programs.append(unittest.mock.Mock(full_name="x", state="STOPPED", description="", group="appcore-green", runs=False))
        self.assertEqual(self.status(ended=["appcore-green"]), (0, []))

    def test_the_pool_for_other_machines_is_one_of_the_programs(self):
        (self.place.current / "peer.conf").write_text("[fcgi-program:peer]\n", encoding="ascii")
        self.assertEqual(self.status(), (FAILED, ["appcore-peer is missing"]))

    def test_nginx_serves_it_and_it_answers(self):
        for kind in (system.Machine, units_commands.UnitsMachine):
            self.patch(units, "listing", lambda: "")
            with self.subTest(machine=kind.__name__):
                self.healthy.return_value = True
                self.assertEqual(self.status(kind, by_nginx=False),
                                 (FAILED, ["nginx is not running, or /etc/nginx/sites-enabled/appcore does not exist"]))
                self.healthy.return_value = False
                self.assertEqual(self.status(kind), (FAILED, ["/health does not answer 200"]))


class Running(MachineTest):
    """A pool of the machine's supervisord that serves."""

    def setUp(self):
        super().setUp()
        make_current(self.place, "blue-1")
        self.running = self.machine(system.Machine, True, True)
        self.host = self.running._host
        self.host.free_colour.return_value = "green"

    def test_logs_are_reopened_also_nginx_s(self):
        self.assertEqual(self.running.reopen(), 0)
        self.host.reopen_logs.assert_called_once_with()
        self.host.reopen_nginx.assert_called_once_with()

    def test_a_command_holds_the_lock_of_its_place(self):
        machine = system.Machine({})
        machine._place = self.place
        with unittest.mock.patch.object(system, "Lock") as lock:
            self.assertIs(machine._lock("scale"), lock.return_value)
        lock.assert_called_once_with(self.place, "scale")
        lock.return_value.acquire.assert_called_once_with()

    def test_it_listens_to_the_machine_itself_unless_the_operator_says_otherwise(self):
        for said, expected in (({}, ("127.0.0.1", 8000)), ({"ADDRESS": "::", "PORT": "81"}, ("::", 81)), ({"PORT": ""}, ("127.0.0.1", 8000))):
            self.running._said = said
            self.assertEqual(self.running._listen(), expected)

    def test_a_check_asks_nginx_and_leaves_nothing(self):
        for problem in (None, CtlError("nginx refuses it")):
            new = pools.load(make_pool(self.place, "green-2"))
            self.running.build = lambda *_, made=new: made
            self.patch(self.running, "_resolve", unittest.mock.Mock())
            self.host.check_nginx.side_effect = problem
            if problem:
                with self.assertRaisesRegex(CtlError, "nginx refuses it"):
                    self.running.check()
            else:
                self.assertEqual(self.running.check(), 0)
            self.host.check_nginx.assert_called_with(new)
            self.assertEqual([folder.name for folder in pools.folders(self.place)], ["blue-1"])

    def test_the_number_of_workers_is_the_command_s_or_the_setting_s(self):
        self.patch(self.running, "_models", unittest.mock.Mock())
        found = []
        self.patch(system.told, "resolve", lambda said, *_: found.append(said.get("APPCORE_WORKERS")))
        self.running._said = {"APPCORE_WORKERS": "2"}
        self.running._resolve()
        self.running._resolve("5")
        self.assertEqual(found, ["2", "5"])

    def test_the_model_is_the_setting_s_or_the_one_that_takes_over_or_the_one_chosen_before(self):
        known = unittest.mock.Mock()
        known.chosen.return_value = "/chosen.acm"
        self.patch(self.running, "_models", lambda: known)
        found = []
        self.patch(system.told, "resolve", lambda said, *_: found.append(said[models.SETTING]))
        self.running._resolve()
        for model in ("/new.acm", ""):
            self.running._model = model
            self.running._resolve()
        self.running._said[models.SETTING] = "/said.acm"
        self.running._resolve()
        self.assertEqual(found, ["/chosen.acm", "/new.acm", "", "/said.acm"])

    def test_another_model_takes_over_in_a_pool_of_its_own(self):
        known = unittest.mock.Mock()
        known.listing.return_value = ["serves a", "kept b"]
        known.change.side_effect = lambda what, take: f"{what} in {take('/x.acm')}"
        self.patch(self.running, "_models", lambda: known)
        taken = []
        self.patch(self.running, "_take_into_use", lambda: taken.append(self.running._model))
        for command, said in (((), ["serves a", "kept b"]), (("m.json",), ["m.json in blue"])):
            self.said.reset_mock()
            self.assertEqual(self.running.model(*command), 0)
            self.assertEqual([call.args[0] for call in self.said.call_args_list], said)
        self.assertEqual(taken, ["/x.acm"])

    def test_a_renewed_certificate_is_the_running_pool_s(self):
        with unittest.mock.patch.object(system.renewal, "renew") as renew:
            self.assertEqual(self.running.renew("/etc/letsencrypt/live/x"), 0)
        renew.assert_called_once_with(self.host, pools.current(self.place), "/etc/letsencrypt/live/x")

    def replace(self, command):
        """What the machine is told to do by a command that builds a new pool, in order."""
        new = pools.load(make_pool(self.place, "green-2"))
        self.running.build = lambda *_: new
        self.patch(self.running, "_resolve", unittest.mock.Mock())
        self.patch(system.probe, "is_healthy_within", lambda *_: True)
        self.patch(units, "stop", self.host.stop_units)
        self.assertEqual(command(), 0)
        self.said.assert_called_once_with("1 workers, the pool green")
        self.host.switch.assert_called_once_with(new)
        steps = ("try_out", "forget_nginx", "switch", "stop_units", "converge", "remove_older")
        return [call[0] for call in self.host.method_calls if call[0] in steps]

    def test_a_new_pool_is_tried_before_anything_is_changed_and_is_current_before_nginx_is_asked(self):
        self.assertEqual(self.replace(self.running.restart), ["converge", "try_out", "switch", "stop_units", "converge", "remove_older"])

    def test_the_first_start_asks_nginx_whose_site_may_just_have_been_enabled(self):
        self.host.is_set_up.return_value = False
        self.assertEqual(self.replace(self.running.up), ["try_out", "forget_nginx", "switch", "stop_units", "converge", "remove_older"])

    def test_down_ends_the_drain_and_removes_what_was_the_pool_s(self):
        self.place.run_dir.mkdir()
        self.place.draining.touch()
        known = unittest.mock.Mock()
        known.serving.return_value = "/served.acm"
        self.patch(self.running, "_models", lambda: known)
        self.patch(system.draining, "before_stop", unittest.mock.Mock())
        self.assertEqual(self.running.down(), 0)
        self.said.assert_called_once_with("stopped")
        known.choose.assert_called_once_with("/served.acm")
        system.draining.before_stop.assert_called_once()
        self.host.remove_all_groups.assert_called_once_with(35)
        self.assertEqual((self.place.draining.exists(), self.place.current.is_symlink(), pools.folders(self.place)), (False, False, []))


class Chosen(unittest.TestCase):
    """/etc/default/appcore says who runs the programs."""

    def commands(self, text, user=0):
        with unittest.mock.patch.object(system.os, "geteuid", lambda: user), \
                unittest.mock.patch.object(system.places, "read_file", lambda _: text), \
                unittest.mock.patch.object(system, "MachineHost", unittest.mock.MagicMock):
            return system.commands_for_machine()

    def test_supervisord_unless_the_operator_wants_systemd(self):
        for text, kind, said in ((None, system.Machine, {}), ("PORT=81\n", system.Machine, {"PORT": "81"}),
                                 ("APPCORE_SUPERVISOR=yes\n", system.Machine, {"APPCORE_SUPERVISOR": "yes"}),
                                 ("APPCORE_SUPERVISOR=no\n", units_commands.UnitsMachine, {"APPCORE_SUPERVISOR": "no"})):
            commands = self.commands(text)
            self.assertEqual((type(commands), commands._said), (kind, said))

    def test_other_words_and_other_users_are_refused(self):
        with self.assertRaisesRegex(CtlError, "APPCORE_SUPERVISOR must be one of yes, no, got 'maybe'"):
            self.commands("APPCORE_SUPERVISOR=maybe\n")
        with self.assertRaisesRegex(CtlError, "only root"):
            self.commands(None, user=1000)


if __name__ == "__main__":
    unittest.main()
