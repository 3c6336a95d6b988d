"""A machine: a network, and a file system in which what daemons write outside of their own folders is seen by nobody else.

Its /run and /var/log are empty at first; /etc and /var/lib are this machine's, and changes to them stay inside. Settings of the
kernel that kubelet would change for the whole machine are files there.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from apart import GROUP

DOCKER = "/usr/bin/docker"  # Debian's
LIMIT = 120.0  # seconds for anything to come about
# What kubelet wants these to be, below /proc/sys.
KERNEL = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
          "kernel/keys/root_maxkeys": 1000000, "kernel/keys/root_maxbytes": 25000000}
MAKE_IT = """set -e
names=  # read now: it may be a link into /run
if [ -e /etc/resolv.conf ]; then names=$(cat /etc/resolv.conf); fi
mount -t tmpfs tmpfs /run
for place in etc var/lib; do
    mkdir -p /run/changed/$place /run/scratch/$place
    mount -t overlay -o lowerdir=/$place,upperdir=/run/changed/$place,workdir=/run/scratch/$place overlay /$place
done
mount -t tmpfs tmpfs /var/log
rm -f /etc/resolv.conf
printf '%s\\n' "$names" >/etc/resolv.conf
while read -r setting value; do
    mkdir -p "/run/sys/${setting%/*}"
    echo "$value" >"/run/sys/$setting"
    mount --bind "/run/sys/$setting" "/proc/sys/$setting"
done
echo ready
exec sleep infinity
"""


class Machine:
    def __init__(self, folder: Path, network: list[str]) -> None:
        """`network` are the words of a command that leads into its network; its logs and files are in `folder`."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_CONFIG": f"{folder}/docker-client"}
        settings = "".join(f"{name} {value}\n" for name, value in KERNEL.items())
        self._holder = holder = subprocess.Popen([*network, "unshare", "--mount", "sh", "-c", MAKE_IT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdin and holder.stdout
        holder.stdin.write(settings)
        holder.stdin.close()
        if holder.stdout.readline() != "ready\n":
            raise RuntimeError("a machine of its own cannot be made here")
        self._enter = [*network, "nsenter", f"--mount=/proc/{holder.pid}/ns/mnt"]

    def run(self, *command: str, stdin: str | None = None, limit: float = LIMIT) -> str:
        done = subprocess.run([*self._enter, *command], env=self.environment, text=True, timeout=limit, check=False, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        """A daemon, whose output is in NAME.log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen([*self._enter, *command], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_engine(self, *options: str) -> None:
        """Debian's docker, which changes nothing of the network but for a bridge if it is told to have one."""
        self.start("dockerd", "dockerd", "--data-root", f"{self.folder}/docker", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
                   "--ip-masq=false", "--cgroup-parent", f"/{GROUP}", *options)
        self.wait_for(DOCKER, "info")

    def end(self) -> None:
        """Stops its daemons, as somebody does who needs their files."""
        for process in self.processes.values():
            process.terminate()
            process.wait(LIMIT)
        self._holder.terminate()
        self._holder.wait(LIMIT)

    def wait_for(self, *command: str) -> None:
        """Until the command succeeds."""
        end = time.monotonic() + LIMIT
        while True:
            try:
                self.run(*command)
                return
            except AssertionError:
                dead = [name for name, process in self.processes.items() if process.poll() is not None]
                if dead or time.monotonic() > end:
                    raise AssertionError(f"{' '.join(command)} does not succeed; see {self.folder}; ended: {dead}") from None
                time.sleep(0.2)
