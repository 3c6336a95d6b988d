"""systemd's units as far as they can be checked without a systemd that runs; tests/deb has one that does."""

import glob
import os
import re
import subprocess
import unittest

from stack import ROOT

UNITS = os.path.join(ROOT, "deploy", "systemd")
# What `systemd-analyze security` may still find, in tenths of a point of exposure (0 to 100). For a worker that
# is the machine's file system, other users (PrivateUsers) and the clock's device; the metrics program opens
# netlink sockets in the machine's network besides.
EXPOSURE = {"appcore-worker@.service": 4, "appcore-metrics.service": 8}


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", "--no-pager", *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


class Units(unittest.TestCase):
    def test_services_leave_no_more_exposed_than_they_need(self):
        services = {os.path.basename(path) for path in glob.glob(f"{UNITS}/*.service")}
        self.assertEqual(services, set(EXPOSURE))
        for unit, limit in EXPOSURE.items():
            with self.subTest(unit=unit):
                code, output = analyze("security", "--offline=true", f"--threshold={limit}", f"{UNITS}/{unit}")
                self.assertEqual(code, 0, output)

    def test_systemd_knows_every_setting(self):
        # What it says about programs that are not installed here is not asked.
        for unit in glob.glob(f"{UNITS}/*"):
            with self.subTest(unit=os.path.basename(unit)):
                _, output = analyze("verify", "--man=no", "--recursive-errors=no", unit)
                wrong = re.findall(r"^.*(?:Unknown|Failed to parse|Invalid|ignoring).*$", output, re.MULTILINE)
                self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
