"""Debian 12 becomes Debian 13 under the installed package, in the root file system APPCORE_ROOT (tests/deb/upgrade)."""

import hashlib
import subprocess
import sys
import unittest

sys.path.insert(0, "tests/e2e")

from machine import BODY, LONGEST, ROOT, append, ask, path, run_inside, wait_for_health  # noqa: E402
from stack import wait_until  # noqa: E402

EDITED = ("/etc/default/appcore", "/etc/nginx/sites-available/appcore")
KEPT_OPTIONS = ("-o", "Dpkg::Options::=--force-confold")


def chroot(*command, check=True, longest=LONGEST):
    return run_inside(*command, enter=("chroot", ROOT), check=check, longest=longest)


def digest(name):
    with open(path(name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def predictions():
    """What /metrics has counted."""
    lines = ask("GET", "/metrics")[1].decode().splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("predictions_total{"))


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for kind, folder in (("proc", "/proc"), ("tmpfs", "/run")):
            subprocess.run(["mount", "-t", kind, kind, path(folder)], check=True)

    def test_no_count_is_lost_and_no_edited_file_changed(self):
        chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", "/old.deb")
        for file in EDITED:
            append(file, "# edited\n")
        self.start_services()
        self.assertIn("12", chroot("cat", "/etc/debian_version"))
        edited = {file: digest(file) for file in EDITED}
        self.predict(50)

        print("  dist-upgrade", file=sys.stderr, flush=True)
        # The new C library takes the services with it as an operator's reboot would: they are restarted, below.
        chroot("apt-get", "dist-upgrade", "-y", "-q", "--no-download", "--no-install-recommends", *KEPT_OPTIONS,
               longest=1800)
        self.assertIn("13", chroot("cat", "/etc/debian_version"))
        self.assertGreaterEqual(predictions(), 50)  # the old programs serve on
        self.predict(10)

        print("  the package of Debian 13", file=sys.stderr, flush=True)
        chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", *KEPT_OPTIONS, "/new.deb")
        self.restart_services()
        self.predict(5)
        self.assertEqual(predictions(), 65)
        self.assertEqual({file: digest(file) for file in EDITED}, edited)
        self.assertIn("13", chroot("dpkg-query", "-W", "-f", "${Version}", "appcore").rpartition("+deb")[2])
        chroot("appcorectl", "status")

    def predict(self, times):
        for _ in range(times):
            self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    def start_services(self):
        chroot("nginx", "-t")
        chroot("supervisord", "-c", "/etc/supervisor/supervisord.conf")
        chroot("nginx")
        wait_for_health(lambda: chroot("supervisorctl", "status", check=False))

    def restart_services(self):
        """What packages do where an init runs: nginx and supervisord of the new release take the old ones' place."""
        chroot("supervisorctl", "shutdown", check=False)
        chroot("nginx", "-s", "quit", check=False)
        for name in ("nginx", "supervisord"):
            # Not the zombies: nobody reaps them here, where no init runs.
            living = ["pgrep", "--exact", "--runstates", "DRST", name]
            gone = wait_until(lambda command=living: subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 1, 60)
            self.assertTrue(gone, name)
        self.start_services()


if __name__ == "__main__":
    unittest.main()
