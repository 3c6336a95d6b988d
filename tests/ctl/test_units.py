"""systemd's units in supervisord's place: what appcorectl asks systemctl for, and what it writes for them."""

import itertools
import os
import subprocess
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from ctl import pool as pools  # noqa: E402
from ctl import machine_status, units, units_commands  # noqa: E402
from ctl.messages import FAILED, CtlError  # noqa: E402
from ctl.settings import Settings  # noqa: E402
from test_system import MachineTest, make_current, make_pool  # noqa: E402

SETTINGS = {"APPCORE_STATE_DIR": "/state", "APPCORE_TEXTFILE_DIR": "", "APPCORE_LOG_FILE": "/logs/x.log", "APPCORE_PUSHGATEWAY": "",
            "APPCORE_REQUEST_TIMEOUT": "30", "APPCORE_DRAIN_SECONDS": "0", "APPCORE_PEER_LISTEN": ""}


class Asked(unittest.TestCase):
    def systemctl(self, code, *words, **options):
        done = subprocess.CompletedProcess([], code, "said", "")
        with unittest.mock.patch.object(units.subprocess, "run", return_value=done) as run:
            try:
                return units.systemctl(*words, **options)
            finally:
                self.assertEqual(run.call_args.args[0], ["systemctl", *words])

    def test_what_systemctl_refuses_is_an_error_unless_only_the_answer_matters(self):
        self.assertTrue(self.systemctl(0, "start", "x"))
        self.assertTrue(self.systemctl(0, "is-active", "x", check=False))
        self.assertFalse(self.systemctl(3, "is-active", "x", check=False))
        with self.assertRaisesRegex(CtlError, "^systemctl start x: said$"):
            self.systemctl(1, "start", "x")

    def started(self, alive, step):
        """What systemctl is asked while two workers start, of which the first one is alive that often when it is asked; the clock shows
        `step` seconds more at each look."""
        asked, answers = [], iter([True] * alive + [False])

        def systemctl(*words, check=True):
            asked.append(" ".join(word for word in words if word[0] != "-"))
            return words[0] != "is-active" or next(answers)

        clock = unittest.mock.Mock(monotonic=itertools.count(0, step).__next__)
        with unittest.mock.patch.object(units, "systemctl", systemctl), unittest.mock.patch.object(units, "time", clock), \
                unittest.mock.patch.object(units, "_wait_for_program", lambda unit: asked.append(f"wait {unit}")):
            try:
                units.start(2)
            except CtlError as error:
                asked.append(str(error).partition(";")[0])
        return asked

    def test_the_first_worker_is_watched_and_the_others_wait_for_it(self):
        begin = ["daemon-reload", "start appcore-worker.socket appcore-metrics.socket", "restart appcore-worker@1.service",
                 "wait appcore-worker@1.service"]
        look = "is-active appcore-worker@1.service"
        others = ["restart appcore-worker@2.service", "wait appcore-worker@2.service", "restart appcore-metrics.service"]
        ended = ["appcore-worker@1.service does not stay alive"]
        self.assertEqual(self.started(9, step=0.3), [*begin, look, look, *others])
        self.assertEqual(self.started(1, step=0.3), [*begin, look, look, *ended])
        # A machine that stalls for the whole half second asks all the same.
        self.assertEqual(self.started(9, step=3), [*begin, look, *others])
        self.assertEqual(self.started(0, step=3), [*begin, look, *ended])


class Written(MachineTest):
    def text(self, program, **settings):
        units.write_drop_ins(Settings({}, Path("/"), {**SETTINGS, **settings}, "", []))
        return (units.UNITS_DIR / units.DROP_INS[program] / "appcore.conf").read_text()

    def test_the_programs_may_write_where_the_settings_say_and_only_a_push_needs_the_network(self):
        units.UNITS_DIR.mkdir()
        for program in ("worker", "metrics"):
            text = self.text(program)
            self.assertEqual([line for line in text.splitlines() if "Paths" in line], ['ReadWritePaths="-/state"', 'ReadWritePaths="-/logs"'])
            self.assertNotIn("AF_INET", text)
        self.assertIn("AF_INET", self.text("metrics", APPCORE_PUSHGATEWAY="127.0.0.1:9091"))
        self.assertNotIn("AF_INET", self.text("worker", APPCORE_PUSHGATEWAY="127.0.0.1:9091"))


class TakenOver(MachineTest):
    """A pool of units takes the place of another one, or of supervisord's."""

    def replace(self, name):
        make_current(self.place, name)
        old, new = pools.current(self.place), pools.load(make_pool(self.place, "units-9"))
        machine = self.machine(units_commands.UnitsMachine, True, True)
        machine.build.return_value = new
        self.patch(machine, "_resolve", lambda _: Settings({}, Path("/"), SETTINGS, "", []))
        self.patch(machine, "_run", machine._host.run)
        self.patch(units_commands.shutil, "which", lambda _: "/bin/systemctl")
        self.answered = unittest.mock.Mock(return_value="")
        self.patch(units_commands.probe, "pool_problem", self.answered)
        (old.folder / "pool.sock").touch()
        self.assertEqual(machine.restart(), 0)
        machine.build.assert_called_once_with("units", unittest.mock.ANY)
        self.assertEqual(pools.folders(self.place), [new.folder])
        return old, [call[0] for call in machine._host.method_calls
                     if call[0] in ("run", "forget_nginx", "switch", "adopt_nginx", "remove_all_groups", "remove_old_credentials")]

    def test_a_pool_of_supervisord_ends_when_it_has_answered_what_it_has(self):
        old, steps = self.replace("blue-1")
        self.answered.assert_called_once_with(old.socket, old.request_timeout)
        self.assertEqual(steps, ["run", "forget_nginx", "switch", "adopt_nginx", "remove_all_groups", "remove_old_credentials"])

    def test_nginx_that_has_the_units_socket_is_asked_for_what_differs_only(self):
        _, steps = self.replace("units-8")
        self.answered.assert_not_called()
        self.assertEqual(steps, ["run", "switch", "adopt_nginx", "remove_all_groups", "remove_old_credentials"])

    def test_logs_are_reopened(self):
        make_current(self.place, "units-1")
        machine = self.machine(units_commands.UnitsMachine, True, True)
        self.assertEqual(machine.reopen(), 0)
        self.systemctl.assert_called_once_with("kill", "--signal", "HUP", "appcore-worker@*.service", "appcore-metrics.service")
        machine._host.reopen_nginx.assert_called_once_with()

    def test_status_shows_the_units_and_asks_for_each_whether_it_is_active(self):
        """As systemctl has it: `is-active` of several succeeds where one of them is."""
        make_current(self.place, "units-1")
        self.patch(machine_status, "SETTLE", 0)
        self.patch(machine_status.probe, "is_healthy", lambda *_: True)
        every = ("appcore-worker.socket", "appcore-metrics.socket", "appcore-metrics.service", "appcore-worker@1.service")
        for dead in ((), *((name,) for name in every), every):
            self.said.reset_mock()
            self.systemctl.side_effect = lambda *words, check, dead=dead: any(word not in dead for word in words[2:])
            machine = self.machine(units_commands.UnitsMachine, True, True)
            with unittest.mock.patch.object(units, "listing", lambda: "the units"), \
                    unittest.mock.patch.object(units_commands.messages, "show") as shown:
                self.assertEqual(machine.status(), FAILED if dead else 0)
            shown.assert_called_once_with("the units")
            self.assertEqual([call.args[0] for call in self.said.call_args_list],
                             ["at http://127.0.0.1:8000, systemd's units", *(f"problem: {name} is not active" for name in dead)])


if __name__ == "__main__":
    unittest.main()
