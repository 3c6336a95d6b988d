"""Which of the two flags of a drained machine stay, whoever is killed when."""

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
from pathlib import Path

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
sys.path.insert(0, DEPLOY)

from ctl import draining, messages, processes  # noqa: E402
from ctl import place as places  # noqa: E402
from ctl.place import Place  # noqa: E402


class Draining(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name), Path(folder.name))

    def flags(self):
        return self.place.drained.exists(), self.place.draining.exists()

    def process_with_title(self, title):
        process = subprocess.Popen([title, "10"], executable=shutil.which("sleep"))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while processes.describe(process.pid).command[0] != title:  # has not begun with its new program
            time.sleep(0.001)
        return process

    def test_what_an_operator_has_drained_stays_drained_and_all_else_is_undone(self):
        draining.begin(self.place, draining.DRAIN)
        self.place.draining.unlink()  # the end of a reload that knew nothing of it
        draining.settle(self.place)
        self.assertEqual((self.flags(), draining.is_drained(self.place)), ((True, True), True))
        self.assertEqual(draining.problem(self.place), [])
        draining.begin(self.place, draining.STOP)
        self.assertFalse(draining.is_drained(self.place))
        draining.settle(self.place)
        self.assertEqual(self.flags(), (False, False))

    def test_a_stop_that_goes_on_beside_another_command_keeps_its_flags_until_it_is_killed(self):
        script = ("import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\nfrom ctl import draining\n"
                  "from ctl.place import Place\ndraining.begin(Place(Path(sys.argv[2]), Path(sys.argv[2])), draining.STOP)\n"
                  "print(flush=True); sys.stdin.read()")
        with subprocess.Popen([sys.executable, "-B", "-c", script, DEPLOY, self.place.run_dir], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as stop:
            stop.stdout.readline()
            draining.settle(self.place)
            self.assertEqual(self.flags(), (True, True))
            self.assertEqual(draining.problem(self.place), [])
            stop.kill()
        self.assertEqual(draining.problem(self.place), ["a stop that was killed has left it drained: /ready answers 503"])
        draining.settle(self.place)
        self.assertEqual(draining.problem(self.place), [])
        self.assertEqual(self.flags(), (False, False))

    def test_a_reload_that_was_killed_leaves_a_flag_that_goes(self):
        self.place.draining.touch()
        draining.settle(self.place)
        self.assertEqual(self.flags(), (False, False))

    def test_while_nginx_replaces_its_workers_nobody_takes_the_flag_away_before_the_old_ones_are_gone(self):
        for ends in (draining.settle, draining.end):
            old = self.process_with_title("nginx: worker process")
            draining.until_gone(self.place, [processes.describe(old.pid)])
            command = threading.Thread(target=ends, args=(self.place,))
            command.start()
            command.join(0.5)
            self.assertEqual((command.is_alive(), self.place.draining.exists()), (True, True))
            old.kill()
            old.wait()
            command.join()
            self.assertEqual(self.flags(), (False, False))

    def test_a_worker_that_shuts_down_or_another_process_with_its_pid_keeps_no_flag(self):
        old = self.process_with_title("nginx: worker process is shutting down")
        found = processes.describe(old.pid)
        another = dataclasses.replace(processes.describe(os.getpid()), start=1)
        with unittest.mock.patch.object(draining.time, "sleep") as sleep:
            draining.until_gone(self.place, [found, another])
            draining.settle(self.place)
        sleep.assert_not_called()
        self.assertEqual(self.flags(), (False, False))

    def test_an_nginx_that_does_not_replace_its_workers_keeps_the_flag_for_a_while_only(self):
        old = self.process_with_title("nginx: worker process")
        draining.until_gone(self.place, [processes.describe(old.pid)])
        with unittest.mock.patch.object(draining, "RELOAD_LIMIT", 0.2):
            draining.settle(self.place)
        self.assertEqual(self.flags(), (False, False))
        self.assertIsNone(old.poll())

    def test_a_stop_keeps_its_flags_and_an_interrupted_one_takes_them_back(self):
        draining.before_stop(self.place, 0)
        self.assertEqual(self.flags(), (True, True))
        draining.end(self.place)
        with self.assertRaises(ValueError):
            draining.before_stop(self.place, -1)  # what time.sleep() raises stands for a signal's Interrupted
        self.assertEqual(self.flags(), (False, False))

    def test_what_is_no_file_says_nothing_and_gives_way_to_a_flag(self):
        for make in (os.mkfifo, os.mkdir):
            for act, after in ((draining.settle, (False, False)), (lambda place: draining.before_stop(place, 0), (True, True))):
                draining.end(self.place)
                make(self.place.drained)
                make(self.place.draining)
                self.assertFalse(draining.is_drained(self.place))
                act(self.place)
                self.assertEqual(self.flags(), after)
                self.assertEqual((self.place.drained.is_file(), self.place.draining.is_file()), after)

    def full(self, *functions):
        """A disk that has no room for what these would write."""
        return unittest.mock.patch.multiple(places, **dict.fromkeys(functions, unittest.mock.Mock(side_effect=places.FileError("full"))))

    def test_a_stop_whose_flag_has_no_room_for_its_text_drains_with_an_empty_one(self):
        with self.full("write_file"), unittest.mock.patch.object(draining.time, "sleep") as sleep:
            draining.before_stop(self.place, 60)
        sleep.assert_called_once_with(60)
        self.assertEqual(self.flags(), (True, True))
        draining.settle(self.place)
        self.assertEqual(self.flags(), (False, False))

    def test_a_stop_that_cannot_make_its_flags_at_all_goes_on_and_says_so(self):
        with self.full("write_file"), unittest.mock.patch.object(draining, "touch", side_effect=places.FileError("full")), \
                unittest.mock.patch.object(draining.time, "sleep") as sleep, unittest.mock.patch.object(messages, "note") as note:
            draining.before_stop(self.place, 60)
        sleep.assert_not_called()
        note.assert_called_once_with("stops without draining, so load balancers learn of it late: full")
        with self.full("write_file"), self.assertRaises(places.FileError):
            draining.begin(self.place, draining.DRAIN)

    def test_a_stop_of_a_machine_that_an_operator_has_drained_does_not_wait_and_leaves_it_drained(self):
        draining.begin(self.place, draining.DRAIN)
        with unittest.mock.patch.object(draining.time, "sleep") as sleep:
            draining.before_stop(self.place, 60)
        sleep.assert_not_called()
        self.assertTrue(draining.is_drained(self.place))


if __name__ == "__main__":
    unittest.main()
