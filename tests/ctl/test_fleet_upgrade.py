"""`fleet upgrade`: which commands the machines get, in which order, and when it stops.

In place of ssh stands a script that runs the command here, with the machine's folder as its home; `appcorectl` is one of
ours there. make fleet-test has the real ones.
"""

import fcntl
import os
import shutil
import sys
import tempfile
import time
import types
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from ctl import draining, fleet_upgrade, messages  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from test_fleet_list import GOOD  # noqa: E402

SSH = """#!/bin/sh
HOME={folder}/$1; export HOME
printf '%s %s\\n' "$1" "$2" >>{folder}/asked
exec sh -c "$2"
"""
# A machine is drained while "drained" is there, fails `health` while "sick" is.
APPCORECTL = """#!/bin/sh
case $1 in
    drain) touch "$HOME/drained" ;;
    undrain) rm "$HOME/drained" ;;
    status) if [ -e "$HOME/drained" ]; then echo '{note}'; fi; echo 'appcore: a pool' ;;
    health) if [ -e "$HOME/sick" ]; then echo 'no answer'; exit 1; fi ;;
esac
"""
MACHINES = ("10.0.0.11", "10.0.0.12")


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for address in MACHINES:
            (self.folder / address).mkdir()
        self.script("ssh", SSH.format(folder=self.folder))
        self.script("appcorectl", APPCORECTL.format(note=draining.DRAINED))
        self.said = []
        clock = types.SimpleNamespace(sleep=self.slept, monotonic=time.monotonic)
        for target, name, stand_in in ((messages, "say", self.said.append), (fleet_upgrade, "time", clock)):
            patch = unittest.mock.patch.object(target, name, stand_in)
            patch.start()
            self.addCleanup(patch.stop)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)

    def slept(self, seconds):
        self.asked(f"# {seconds}")

    def asked(self, line=None):
        path = self.folder / "asked"
        if line is not None:
            with open(path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        return path.read_text().replace(f"{self.folder}/", "").splitlines() if path.exists() else []

    def upgrade(self, command="touch $HOME/new"):
        path = self.folder / "machines.txt"
        path.write_text(GOOD + f"ssh {self.folder}/ssh\nappcorectl {self.folder}/appcorectl\nupgrade {command}\n")
        return fleet_upgrade.run(str(path))

    def refused(self, command="touch $HOME/new"):
        with self.assertRaises(CtlError) as caught:
            self.upgrade(command)
        return str(caught.exception)

    def test_one_machine_is_back_before_the_next_ones_turn(self):
        self.assertEqual(self.upgrade(), 0)
        each = ["{} appcorectl drain", f"# {fleet_upgrade.NOTICE}", "{} touch $HOME/new", "{} appcorectl health",
                "{} appcorectl undrain", f"# {fleet_upgrade.RETURN}"]
        self.assertEqual(self.asked(), [f"{address} appcorectl status" for address in MACHINES]
                         + [line.format(address) for address in MACHINES for line in each])
        self.assertEqual(self.said, ["m1: upgraded, 1 of 2", "m2: upgraded, 2 of 2"])

    def test_the_first_failure_leaves_that_machine_drained_and_the_next_one_alone(self):
        self.assertEqual(self.refused("echo no such version; false"),
                         "m1: 'echo no such version; false' failed: no such version; not upgraded yet: m2")
        self.assertTrue((self.folder / MACHINES[0] / "drained").exists())
        self.assertNotIn(f"{MACHINES[1]} appcorectl drain", self.asked())

    def test_a_machine_that_does_not_answer_after_its_upgrade_stays_drained(self):
        with unittest.mock.patch.object(fleet_upgrade, "BACK", 0.0):
            self.assertEqual(self.refused("touch $HOME/sick"),
                             "m1: does not answer after its upgrade and stays drained: no answer; not upgraded yet: m2")
        self.assertTrue((self.folder / MACHINES[0] / "drained").exists())

    def test_it_does_not_begin_while_a_machine_is_drained(self):
        (self.folder / MACHINES[1] / "drained").touch()
        self.assertIn("all machines must take requests before an upgrade, but m2 is drained", self.refused())
        self.assertFalse((self.folder / MACHINES[0] / "drained").exists())

    def test_it_does_not_begin_while_a_machine_cannot_be_reached(self):
        self.script("ssh", "#!/bin/sh\necho 'No route to host'; exit 255\n")
        self.assertEqual(self.refused(), "all machines must serve before an upgrade, but m1 does not: No route to host")

    def test_two_upgrades_with_one_list_do_not_overlap(self):
        self.upgrade()
        with open(self.folder / "machines.txt", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertIn("another upgrade with", self.refused())


if __name__ == "__main__":
    unittest.main()
