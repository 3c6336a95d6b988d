"""The Debian package from its installation to its purge, in the root file system APPCORE_ROOT.

One test, because each step continues where the previous one ended. tests/deb/run starts it, in namespaces
of its own, so the service's real port can be used.
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

from machine import (BODY, MODEL, PORT, ROOT, append, ask, commit, load, model_version, ours, path, processes, run_inside,
                     wait_for_health)


def chroot(*command, check=True):
    return run_inside(*command, enter=("chroot", ROOT), check=check)


def serving_programs():
    """What the serving processes run, as the kernel names it: "... (deleted)" after it has been replaced."""
    found = []
    for link in glob.glob("/proc/[0-9]*/exe"):
        try:
            program = os.readlink(link)
            with open(os.path.dirname(link) + "/cmdline", "rb") as file:
                slot = file.read().split(b"\0")[-2]
        except (OSError, IndexError):
            continue  # it has ended, or is not ours
        if "/bin/appcore-" in program and slot != b"0":
            found.append(os.path.basename(program))
    return sorted(found)


def active_pool():
    return os.path.basename(os.readlink(path("/var/lib/appcore/current")))


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for kind, folder in (("proc", "/proc"), ("tmpfs", "/run")):
            subprocess.run(["mount", "-t", kind, kind, path(folder)], check=True)

    @staticmethod
    def install(name):
        return chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", "/" + name)

    def test_life(self):
        before = self.listing()
        for step in (self.installed_without_services, self.serving, self.upgraded_under_load, self.refused,
                     self.configured, self.model_chosen, self.rotated, self.rebooted, self.model_kept, self.units,
                     self.broken, self.removal_refused, self.removal_given_up, self.removed, self.installed_again,
                     self.purged):
            print(f"  {step.__name__}", file=sys.stderr, flush=True)
            step()
        self.assertEqual(self.listing(), before)

    @staticmethod
    def listing():
        """What is in the folders that packages write to, but for what dpkg, logs and users keep of themselves."""
        kept = ("/var/lib/dpkg", "/var/lib/apt", "/var/log", "/var/cache", "/run", "/proc", "/sys", "/dev", "/tmp",
                "/var/lib/nginx", "/var/lib/logrotate")
        # Users stay, as Debian's rules want it; their files have copies.
        kept += tuple(f"/etc/{name}" for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid", ".pwd.lock"))
        found = subprocess.run(["find", ROOT, "-xdev", "-printf", "/%P\n"], text=True, stdout=subprocess.PIPE, check=True)
        return sorted(line for line in found.stdout.splitlines()
                      if not line.startswith(kept) and "__pycache__" not in line)

    def start_services(self):
        """What init does: there is none here."""
        chroot("nginx", "-t")
        chroot("supervisord", "-c", "/etc/supervisor/supervisord.conf")
        chroot("nginx")
        wait_for_health(lambda: chroot("supervisorctl", "status", check=False))

    def installed_without_services(self):
        """Installed where nothing runs yet, as in an image: set up, and started by supervisord and nginx."""
        said = self.install("old.deb")
        self.assertIn("supervisord is not running, and will start it", said)
        self.assertIn("appcore", chroot("getent", "passwd", "appcore"))
        self.start_services()

    def serving(self):
        self.assertEqual(ask("POST", "/predict", BODY)[0], 201)
        self.assertIn(b"http_requests_total", ask("GET", "/metrics")[1])
        for page in ("/docs", "/-/docs/swagger-ui-bundle.js", "/-/docs/installed.css"):
            self.assertEqual(ask("GET", page)[0], 200, page)
        states = chroot("appcorectl", "status")
        self.assertIn("appcore-blue:blue-01", states)
        self.workers_are_the_services_own()
        self.assertEqual(os.stat(path("/run/appcore/state")).st_mode & 0o777, 0o750)
        with open(path("/var/log/nginx/appcore-access.log"), encoding="utf-8") as log:
            self.assertEqual(json.loads(log.readlines()[-1])["status_code"], 200)
        with open(path("/var/log/appcore/appcore.log"), encoding="utf-8") as log:
            self.assertTrue(all(json.loads(line) for line in log))

    def workers_are_the_services_own(self):
        """They are not root, although supervisord is."""
        workers = [line for line in processes().splitlines() if "appcore-worker" in line or "appcore-metrics" in line]
        self.assertGreaterEqual(len(workers), 4)
        self.assertEqual({line.split()[0] for line in workers}, {chroot("id", "-u", "appcore").strip()})

    def upgraded_under_load(self):
        old = commit()
        append("/etc/default/appcore", "# edited\nAPPCORE_WORKERS=3\n")
        append("/etc/nginx/sites-available/appcore", "# edited\n")
        pool = active_pool()
        with load():
            self.install("new.deb")
        self.assertEqual(commit(), "newer")
        self.assertNotEqual(commit(), old)
        self.assertNotEqual(active_pool(), pool)
        self.assertEqual(serving_programs(), ["appcore-metrics"] + ["appcore-worker"] * 3)
        for file in ("/etc/default/appcore", "/etc/nginx/sites-available/appcore"):
            with open(path(file), encoding="utf-8") as text:
                self.assertIn("# edited", text.read())
        states = chroot("appcorectl", "status")
        self.assertIn("appcore-green:green-03", states)
        self.assertNotIn("blue", states.split("\n", 1)[1])

    def refused(self):
        """What the programs or nginx do not accept changes nothing, neither the pool nor nginx's files."""
        pool, files = active_pool(), self.nginx_files()
        site = path("/etc/nginx/sites-available/appcore")
        for default, edit, word in (("APPCORE_MAX_BODY=nonsense\n", "", "APPCORE_MAX_BODY"),
                                    ("APPCORE_METRICS_ALLOW=300.1.1.1\n", "", "300.1.1.1"),
                                    ("", "nonsense;\n", "nonsense")):
            self.default(default)
            shutil.copy(site, site + ".kept")
            append("/etc/nginx/sites-available/appcore", edit)
            done = chroot("sh", "-c", "appcorectl restart; echo exit $?")
            self.assertIn(word, done)
            self.assertIn("exit 1", done.splitlines()[-1])
            os.replace(site + ".kept", site)
            self.assertEqual((active_pool(), self.nginx_files()), (pool, files))
            chroot("nginx", "-t")
            self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    @staticmethod
    def nginx_files():
        files = {}
        for name in glob.glob(path("/var/lib/appcore/nginx/*")):
            with open(name, encoding="utf-8") as file:
                files[name] = file.read()
        return files

    def configured(self):
        """A change that also concerns nginx loses no request; a resize neither."""
        with load():
            self.default("APPCORE_MAX_BODY=1000\nAPPCORE_WORKERS=2\n")
            chroot("appcorectl", "restart")
            chroot("appcorectl", "scale", "3")
        self.assertEqual(ask("POST", "/predict", b"x" * 2000)[0], 413)
        self.assertEqual(len(serving_programs()), 4)
        self.default("APPCORE_PEER_LISTEN=127.0.0.1:9009\nAPPCORE_WORKERS=1\n")
        chroot("appcorectl", "restart")
        self.assertIn("appcore-peer:peer-01", chroot("appcorectl", "status"))
        self.workers_are_the_services_own()
        for port in (8001, PORT):
            self.default(f"PORT={port}\n")
            chroot("appcorectl", "restart")
            self.assertEqual(ask("GET", "/health", port=port)[0], 200)

    def model_chosen(self):
        """One that cannot serve changes nothing; one that can survives restarts, until the configuration names another."""
        with open(path("/root/model.txt"), "w", encoding="ascii") as file:
            file.write(MODEL)
        chroot("appcore-model", "compile", "/root/model.txt", "-o", "/root/chosen.acm", "--version", "chosen")
        with open(path("/root/chosen.acm"), "rb") as whole, open(path("/root/cut.acm"), "wb") as cut:
            cut.write(whole.read()[:-1])
        self.assertIn("damaged", chroot("appcorectl", "model", "/root/cut.acm", check=False))
        self.assertEqual(model_version(), "v1.0")
        chroot("appcorectl", "model", "/root/chosen.acm")
        self.assertEqual(model_version(), "chosen")
        chroot("appcorectl", "model", "--rollback")
        self.assertEqual(model_version(), "v1.0")
        chroot("appcorectl", "model", "--rollback")
        for command in ("restart", "down", "up"):
            chroot("appcorectl", command)
        self.assertEqual(model_version(), "chosen")
        self.assertIn("serves  chosen", chroot("appcorectl", "model"))
        chroot("appcore-model", "compile", "/root/model.txt", "-o", "/srv/said.acm", "--version", "said")
        self.default(f"PORT={PORT}\nAPPCORE_MODEL=/srv/said.acm\n")
        chroot("appcorectl", "restart")
        self.assertEqual(model_version(), "said")
        self.assertIn("APPCORE_MODEL", chroot("appcorectl", "model", "/root/chosen.acm", check=False))
        self.default(f"PORT={PORT}\n")
        chroot("appcorectl", "restart")
        chroot("appcorectl", "model", "/root/chosen.acm")
        os.unlink(path("/srv/said.acm"))

    def model_kept(self):
        self.assertEqual(model_version(), "chosen")
        for file in glob.glob(path("/root/*.acm")) + [path("/root/model.txt")]:
            os.unlink(file)

    @staticmethod
    def default(text):
        with open(path("/etc/default/appcore"), "w", encoding="utf-8") as file:
            file.write(text)

    def rotated(self):
        chroot("logrotate", "--force", "/etc/logrotate.d/appcore")
        ask("GET", "/version")
        self.assertTrue(os.path.exists(path("/var/log/appcore/appcore.log.1")))
        with open(path("/var/log/appcore/appcore.log"), encoding="utf-8") as log:
            self.assertTrue(any(json.loads(line).get("path") == "/version" for line in log))

    def rebooted(self):
        """/run is empty after a boot; what supervisord and nginx then start is as before."""
        chroot("supervisorctl", "shutdown")
        chroot("nginx", "-s", "quit")
        # supervisord takes its socket's name away when it ends: not the next one's.
        self.until(lambda: not any(name in processes() for name in ("nginx: master", "bin/supervisord ", "bin/appcore-")))
        for entry in os.scandir(path("/run")):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        chroot("systemd-tmpfiles", "--create", "appcore.conf")
        self.start_services()
        self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    def until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, processes())
            time.sleep(0.1)

    @staticmethod
    def units():
        """systemd is not running here, but it can tell whether it would accept its units."""
        said = chroot("systemd-analyze", "verify", "--man=no", "appcore-worker.socket", "appcore-worker@1.service",
                      "appcore-metrics.socket", "appcore-metrics.service")
        complaints = [line for line in said.splitlines() if "appcore" in line]
        if complaints:
            raise AssertionError(said)

    def broken(self):
        """Without nginx or without a program it does not serve, whatever supervisord says of the others."""
        self.assertIn("exit 0", chroot("sh", "-c", "appcorectl status; echo exit $?"))
        for command, undo, problem in (("nginx -s stop", "nginx", "problem: nginx is not running"),
                                       ("supervisorctl stop appcore-metrics:*", "supervisorctl start appcore-metrics:*",
                                        "problem: appcore-metrics:metrics-01 is STOPPED")):
            chroot("sh", "-c", command)
            self.until(lambda: command[:5] != "nginx" or "nginx: master" not in processes())
            said = chroot("sh", "-c", "appcorectl status; echo exit $?")
            self.assertIn(problem, said)
            self.assertIn("exit 1", said)
            chroot("sh", "-c", undo)
        self.serves_again()

    def serves_again(self):
        wait_for_health(lambda: chroot("appcorectl", "status", check=False))
        chroot("appcorectl", "status")
        self.assertTrue(os.path.islink(path("/etc/nginx/sites-enabled/appcore")))
        self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    def removal_refused(self):
        """supervisord does not answer, so that nothing can be ended: the service is as before, for its callers too."""
        with open(path("/run/supervisord.pid"), encoding="ascii") as file:
            supervisord = int(file.read())
        with load():
            os.kill(supervisord, signal.SIGSTOP)
            try:
                said = chroot("dpkg", "-r", "appcore", check=False)
            finally:
                os.kill(supervisord, signal.SIGCONT)
        self.assertIn("the pool runs, but supervisord does not answer", said)
        self.assertIn("install ok installed", chroot("dpkg", "-s", "appcore"))
        self.serves_again()

    def removal_given_up(self):
        """What dpkg calls where a removal fails after the package's own part of it."""
        chroot("sh", "-c", "DPKG_MAINTSCRIPT_PACKAGE=appcore /var/lib/dpkg/info/appcore.prerm remove")
        self.assertNotIn("appcore-worker", processes())
        chroot("sh", "-c", "DPKG_MAINTSCRIPT_PACKAGE=appcore /var/lib/dpkg/info/appcore.postinst abort-remove")
        self.serves_again()

    def removed(self):
        """It leaves its load balancer first, as at every stop."""
        self.default(f"PORT={PORT}\nAPPCORE_DRAIN_SECONDS=5\n")
        chroot("appcorectl", "restart")
        with subprocess.Popen(["chroot", ROOT, "dpkg", "-r", "appcore"], stdout=subprocess.DEVNULL) as removal:
            self.until(lambda: ask("GET", "/ready")[0] == 503)
            self.assertEqual(ask("POST", "/predict", BODY)[0], 201)
        self.assertEqual(removal.returncode, 0)
        self.assertNotIn("appcore-worker", processes())
        chroot("nginx", "-t")
        chroot("supervisorctl", "reread")
        with self.assertRaises(ConnectionRefusedError):
            self.eventually_refused()
        self.assertTrue(os.path.exists(path("/etc/default/appcore")))
        self.assertEqual([], [f for f in ours("/usr") if "/doc" not in f])

    @staticmethod
    def eventually_refused():
        """nginx's old processes go when the new ones are there."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            ask("GET", "/health")
            time.sleep(0.1)

    def installed_again(self):
        """As `make run-package` does it, which returns when the service answers."""
        self.assertIn("appcore-blue:blue-01", chroot("/start-as", "package", "/new.deb"))
        self.assertEqual(ask("POST", "/predict", BODY)[0], 201)

    def purged(self):
        chroot("dpkg", "-P", "appcore")
        self.assertNotIn("appcore-worker", processes())
        for folder in ("/etc", "/usr", "/var/log", "/var/lib", "/run"):
            # dpkg's own memory of tmpfiles and users is not the package's.
            self.assertEqual([], [f for f in ours(folder) if "/var/lib/dpkg" not in f])
        chroot("nginx", "-t")
        self.assertEqual("", chroot("supervisorctl", "status", check=False).strip())


if __name__ == "__main__":
    unittest.main()
