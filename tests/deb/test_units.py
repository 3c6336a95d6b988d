"""The Debian package under a systemd that runs: at boot, under the system's supervisord, and by systemd's units.

One test, because each step continues where the previous one ended. tests/deb/run starts it, in namespaces of
its own; systemd-nspawn boots the root file system APPCORE_ROOT there.
"""

import os
import signal
import subprocess
import sys
import time
import unittest

from machine import BODY, MODEL, ROOT, append, ask, commit, load, model_version, ours, path, processes, run_inside, wait_for_health

BOOT_LIMIT = 120  # seconds
CONSOLE = "build/deb-test/console.log"  # of the last boot


class Machine:
    """A boot of the root file system, until shut_down()."""

    def __init__(self):
        # No machined and no unit of the host's is needed.
        with open(CONSOLE, "wb") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", ROOT, "--boot", "--register=no", "--keep-unit",
                 "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        self.enter = None
        self.wait_for_boot()

    def wait_for_boot(self):
        end = time.monotonic() + BOOT_LIMIT
        while True:
            init = self.init_process()
            if init is not None:
                self.enter = ("nsenter", "--target", init, "--all", "--root", "--wd", "--")  # its root, too: this may run in a chroot
                if self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"):
                    return
            if self.nspawn.poll() is not None:
                raise AssertionError(f"systemd-nspawn cannot boot; see {CONSOLE}")
            if time.monotonic() > end:
                raise AssertionError(f"no end of the boot: {processes()}")
            time.sleep(0.2)

    def init_process(self):
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as children:
            return next(iter(children.read().split()), None)

    def run(self, *command, check=True):
        return run_inside(*command, enter=self.enter, check=check)

    def shut_down(self):
        self.run("systemctl", "poweroff", check=False)
        try:
            self.nspawn.wait(BOOT_LIMIT)
        finally:
            self.nspawn.kill()


def pids_of(program):
    found = subprocess.run(["pgrep", "-f", f"^/[^ ]*/bin/{program} "], text=True, stdout=subprocess.PIPE, check=False)
    return [int(pid) for pid in found.stdout.split()]


class Units(unittest.TestCase):
    def test_life(self):
        # There is an init now, so that services may be started.
        os.unlink(path("/usr/sbin/policy-rc.d"))
        self.machine = Machine()
        try:
            for step in (self.installed, self.booted, self.units_take_over, self.restarted, self.model_changed, self.killed, self.upgraded,
                         self.booted, self.refused, self.supervisor_takes_over, self.purged):
                print(f"  {step.__name__}", file=sys.stderr, flush=True)
                step()
        finally:
            self.machine.shut_down()

    def run_in(self, *command):
        return self.machine.run(*command)

    def healthy(self):
        wait_for_health(lambda: self.machine.run("systemctl", "--no-pager", "status", "appcore*", check=False))
        self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    def installed(self):
        self.assertIn("appcore-blue:blue-01", self.run_in("/start-as", "package", "/old.deb"))
        self.healthy()

    def booted(self):
        """What serves is there again after a boot."""
        before = self.run_in("appcorectl", "status").splitlines()[0]
        self.machine.shut_down()
        self.machine = Machine()
        self.healthy()
        self.assertEqual(self.run_in("appcorectl", "status").splitlines()[0], before)

    def units_take_over(self):
        append("/etc/default/appcore", "APPCORE_SUPERVISOR=no\nAPPCORE_WORKERS=2\n")
        with load():
            self.assertIn("2 workers, systemd's units", self.run_in("appcorectl", "up"))
        self.assertIn("appcore-worker@2.service", self.run_in("appcorectl", "status"))
        self.assertEqual(self.run_in("sh", "-c", "supervisorctl status | wc -l").strip(), "0")
        self.assertEqual(len(pids_of("appcore-worker")), 2)
        self.assertIn(b"http_requests_total", ask("GET", "/metrics")[1])
        for line in processes().splitlines():
            if "/bin/appcore-" in line:
                self.assertEqual(line.split()[0], self.run_in("id", "-u", "appcore").strip())

    def restarted(self):
        with load():
            for _ in range(5):
                self.run_in("appcorectl", "restart")
            self.run_in("appcorectl", "scale", "4")
            self.assertEqual(len(pids_of("appcore-worker")), 4)
            self.run_in("appcorectl", "scale", "1")
            self.assertEqual(len(pids_of("appcore-worker")), 1)
            # All at once, as an operator does it who knows systemd.
            self.run_in("appcorectl", "scale", "3")
            for _ in range(5):
                self.run_in("systemctl", "restart", "appcore-worker@*", "appcore-metrics")

    def model_changed(self):
        with open(path("/root/model.txt"), "w", encoding="ascii") as file:
            file.write(MODEL)
        with load():
            self.run_in("appcorectl", "model", "/root/model.txt")
            self.run_in("appcorectl", "restart")
        self.assertTrue(model_version().startswith("model-"))
        os.unlink(path("/root/model.txt"))

    def killed(self):
        """More often than systemd likes a service to be started (20 times in 2 s)."""
        with load():
            for number in range(60):
                pids = pids_of("appcore-worker")
                if pids:
                    os.kill(pids[number % len(pids)], signal.SIGKILL)
                time.sleep(0.03)
        self.healthy()
        self.run_in("appcorectl", "status")

    def upgraded(self):
        with load():
            self.run_in("apt-get", "install", "-y", "-q", "--no-install-recommends", "/new.deb")
        self.assertEqual(commit(), "newer")

    def refused(self):
        """What the programs do not accept, or units cannot do, changes nothing."""
        before = pids_of("appcore-worker")
        with open(path("/etc/default/appcore"), encoding="utf-8") as file:
            kept = file.read()
        for line, word in (("APPCORE_MAX_BODY=nonsense", "APPCORE_MAX_BODY"), ("APPCORE_SUPERVISOR=maybe", "maybe"),
                           ("APPCORE_PEER_LISTEN=127.0.0.1:9009", "APPCORE_PEER_LISTEN")):
            append("/etc/default/appcore", line + "\n")
            said = self.run_in("sh", "-c", "appcorectl restart; echo exit $?")
            self.assertIn(word, said)
            self.assertEqual(said.splitlines()[-1], "exit 1")
            with open(path("/etc/default/appcore"), "w", encoding="utf-8") as file:
                file.write(kept)
        self.assertEqual(pids_of("appcore-worker"), before)
        self.healthy()

    def supervisor_takes_over(self):
        append("/etc/default/appcore", "APPCORE_SUPERVISOR=yes\n")
        with load():
            self.run_in("appcorectl", "up")
        self.assertIn("appcore-blue:blue-01", self.run_in("appcorectl", "status"))
        self.assertEqual(self.run_in("sh", "-c", "systemctl list-units --no-legend 'appcore*' | wc -l").strip(), "0")

    def purged(self):
        """From the units, for which nothing is left behind either."""
        append("/etc/default/appcore", "APPCORE_SUPERVISOR=no\n")
        self.run_in("appcorectl", "up")
        self.run_in("dpkg", "-P", "appcore")
        self.assertEqual(pids_of("appcore-worker"), [])
        for folder in ("/etc", "/usr", "/var/log", "/var/lib", "/run"):
            self.assertEqual([], [f for f in ours(folder) if "/var/lib/dpkg" not in f and "/run/systemd" not in f])
        self.assertEqual(self.run_in("sh", "-c", "systemctl --failed --no-legend | wc -l").strip(), "0")


if __name__ == "__main__":
    unittest.main()
