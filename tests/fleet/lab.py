"""Several machines on one: network namespaces that a switch connects, with whole stacks, HAProxy, keepalived and sshd.

    switch     a bridge, in a namespace of its own
    client     10.77.0.5       asks 10.77.0.100, the floating address
    l1, l2     10.77.0.21, 22  the fronts, as `appcorectl fleet render` has them
    m1 to m3   10.77.0.11 ...  the machines
A front or an sshd has its own /run.
"""

import contextlib
import csv
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from network import ADDRESSES, LIMIT, PREFIX, Network, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CTL = os.path.join(ROOT, "deploy", "appcorectl")
BUILD = os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))
FLOATING = "10.77.0.100"
FRONTS, MACHINES = ("l1", "l2"), ("m1", "m2", "m3")
WORKERS = "2"
CTL_VARIABLES = ("APPCORE_", "RUN_DIR", "PORT", "ADDRESS", "WORKERS", "LOG_LEVEL", "APP_NAME", "MODEL")


class Lab(Network):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="appcore-fleet-")
        os.chmod(self.folder, 0o755)  # nobody's curl comes from elsewhere, but sshd wants its folders so
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(CTL_VARIABLES)}

    # --- machines -------------------------------------------------------------------------------------

    def environment_of(self, name):
        said = {}
        with open(f"{self.folder}/out/machines/{name}.env", encoding="utf-8") as file:
            for line in file:
                if match := re.match(r'(\w+)="?([^"\n]*)"?$', line):
                    said[match[1]] = match[2]
        return {"RUN_DIR": f"{self.folder}/{name}", "APPCORE_BIN_DIR": os.path.abspath(BUILD), **said}

    def ctl(self, name, *arguments):
        environment = {**self._environment, **self.environment_of(name), "PORT": "8000", "ADDRESS": "127.0.0.1", "WORKERS": WORKERS}
        return run(*self.enter(name), CTL, *arguments, env=environment, stderr=subprocess.STDOUT)

    def start_sshd(self, name):
        """Its sessions get the machine's RUN_DIR: `restart` keeps everything else."""
        variables = " ".join(f"{key}={value}" for key, value in self.environment_of(name).items() if " " not in value)
        with open(f"{self.folder}/sshd-{name}", "w", encoding="utf-8") as file:
            file.write(f"ListenAddress {ADDRESSES[name]}:22\nHostKey {self.folder}/host-key\nAuthorizedKeysFile {self.folder}/key.pub\n"
                       f"PidFile none\nPermitRootLogin prohibit-password\nStrictModes no\nUsePAM yes\nSetEnv {variables}\n")
        self._start_with_run(f"sshd {name}", name, "sshd", f"exec /usr/sbin/sshd -D -e -f {self.folder}/sshd-{name}")

    # --- fronts ---------------------------------------------------------------------------------------

    def _start_with_run(self, what, name, folder, command):
        """A daemon whose /run is its own."""
        script = f"mount -t tmpfs tmpfs /run && mkdir /run/{folder} && {command}"
        with open(f"{self.folder}/{what.replace(' ', '-')}.log", "ab") as log:
            self.processes[what] = subprocess.Popen([*self.enter(name), "unshare", "--mount", "sh", "-c", script],
                                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)

    def start_haproxy(self, name):
        self._start_with_run(f"haproxy {name}", name, "haproxy", f"exec haproxy -W -db -f {self.folder}/out/fronts/{name}/haproxy.cfg")

    def reload_haproxy(self, name):
        """Returns when the new process answers."""
        before = self._haproxy_pid(name)
        self.processes[f"haproxy {name}"].send_signal(signal.SIGUSR2)
        wait_until(lambda: self._haproxy_pid(name) not in (None, before), f"HAProxy of {name} is reloaded")

    def kill_haproxy(self, name):
        """Its master and its worker."""
        for pid in self.pids(name):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the worker ends by itself when its master has gone
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "haproxy\n":
                    os.kill(pid, signal.SIGKILL)
        self.processes.pop(f"haproxy {name}").wait(LIMIT)

    def move_address(self, name):
        """By the front's own script; there is no systemd here."""
        keepalived = self.processes.pop(f"keepalived {name}")
        commands = {"RELOAD": f"kill -USR2 {self.processes[f'haproxy {name}'].pid}", "STOP": f"kill {keepalived.pid}"}
        run(*self.enter(name), f"{self.folder}/out/fronts/{name}/move-address", env={**self._environment, **commands})
        keepalived.wait(LIMIT)

    def _haproxy_pid(self, name):
        """Of the process that answers the statistics page."""
        found = re.search(r"<b>pid = </b> (\d+)", subprocess.run([*self.enter(name), "curl", "-s", "-m", "5", "http://127.0.0.1:8404/"],
                                                                 text=True, stdout=subprocess.PIPE, check=False).stdout)
        return int(found[1]) if found else None

    def start_keepalived(self, name):
        self._start_with_run(f"keepalived {name}", name, "keepalived",
                             f"exec keepalived -n -l -f {self.folder}/out/fronts/{name}/keepalived.conf")

    def stop(self, what, number=signal.SIGTERM):
        process = self.processes.pop(what)
        process.send_signal(number)
        process.wait(LIMIT)

    def holders(self):
        """The fronts that have the floating address."""
        return [name for name in FRONTS if f" {FLOATING}/" in run("ip", "-n", f"{PREFIX}{name}", "-4", "-o", "address", "show", "dev", "eth0")]

    def statistics(self, front):
        """HAProxy's rows, by proxy and server."""
        text = run(*self.enter(front), "curl", "-sf", "-m", "5", "http://127.0.0.1:8404/;csv")
        return {(row["# pxname"], row["svname"]): row for row in csv.DictReader(text.splitlines())}

    def states(self):
        """What each front thinks of each machine."""
        found = {}
        for front in FRONTS:
            for (proxy, server), row in self.statistics(front).items():
                if proxy == "appcore" and server in MACHINES:
                    found[front, server] = row["status"].split()[0]
        return found

    def repeats(self):
        """Requests that HAProxy has sent again, at most: one that goes to another machine may be in both columns."""
        return sum(int(self.statistics(front)["appcore", "BACKEND"][column]) for front in FRONTS for column in ("wretr", "wredis"))

    def counted(self):
        """Predictions that the machines have counted."""
        total = 0.0
        for name in MACHINES:
            text = run(*self.enter(name), "curl", "-sf", "-m", "10", "http://127.0.0.1:8000/metrics")
            for line in text.splitlines():
                if line.startswith("http_requests_total{") and 'endpoint="/predict"' in line:
                    total += float(line.rsplit(" ", 1)[1])
        return int(total)

    # --- all of it ------------------------------------------------------------------------------------

    def list_of_machines(self, upgrade="restart"):
        key = f"ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i {self.folder}/key"
        lines = [f"floating {FLOATING}/24", *(f"front {name} {ADDRESSES[name]} eth0" for name in FRONTS),
                 *(f"machine {name} {ADDRESSES[name]}" for name in MACHINES),
                 f"ssh {key}", f"appcorectl {CTL}", f"upgrade {upgrade if upgrade != 'restart' else CTL + ' restart'}"]
        path = f"{self.folder}/machines.txt"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def up(self):
        self.connect_all()
        for name in ("key", "host-key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.folder}/{name}")
        run(CTL, "fleet", "render", self.list_of_machines(), f"{self.folder}/out", env=self._environment)
        for name in MACHINES:
            self.ctl(name, "up")
            self.start_sshd(name)
        for name in FRONTS:
            self.start_haproxy(name)
            self.start_keepalived(name)
        self.wait_until_whole()

    def is_whole(self):
        try:
            return len(self.holders()) == 1 and set(self.states().values()) == {"UP"} and len(self.states()) == len(FRONTS) * len(MACHINES)
        except subprocess.CalledProcessError:
            return False

    def wait_until_whole(self):
        wait_until(self.is_whole, "both fronts see all machines, and one has the floating address")

    def mend(self):
        """After a fault: everything is as it was."""
        for name in (*FRONTS, *MACHINES):
            self.cable(name, "up")
        for name in MACHINES:
            self.signal_all(name, signal.SIGCONT)
            if "drained" in self.ctl(name, "up"):
                self.ctl(name, "undrain")
        for name in FRONTS:
            if f"haproxy {name}" not in self.processes:
                self.start_haproxy(name)
            if f"keepalived {name}" not in self.processes:
                self.start_keepalived(name)
        self.wait_until_whole()

    def down(self):
        for what in list(self.processes):
            self.stop(what)
        self.disconnect_all()
        for name in MACHINES:  # the counts, in /dev/shm
            subprocess.run([CTL, "down"], env={**self._environment, "RUN_DIR": f"{self.folder}/{name}"}, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
