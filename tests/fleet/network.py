"""Machines that are network namespaces, and the switch between them. Nothing of this machine's own network changes."""

import os
import signal
import subprocess
import time

PREFIX = f"ac{os.getpid()}-"
ADDRESSES = {"client": "10.77.0.5",
             "l1": "10.77.0.21", "l2": "10.77.0.22",
             "m1": "10.77.0.11", "m2": "10.77.0.12", "m3": "10.77.0.13"}
LIMIT = 60  # seconds for anything to come about


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def wait_until(is_so, what):
    end = time.monotonic() + LIMIT
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"not within {LIMIT} s: {what}")
        time.sleep(0.1)


class Network:
    def __init__(self, addresses=ADDRESSES):
        self.addresses = addresses
        self.processes = {}  # daemons that tests start, by what they are

    def enter(self, name):
        return ["nsenter", f"--net=/run/netns/{PREFIX}{name}"]

    def connect_all(self):
        run("ip", "netns", "add", f"{PREFIX}switch")
        run("ip", "-n", f"{PREFIX}switch", "link", "add", "br0", "type", "bridge")
        run("ip", "-n", f"{PREFIX}switch", "link", "set", "br0", "up")
        for name, address in self.addresses.items():
            space = f"{PREFIX}{name}"
            run("ip", "netns", "add", space)
            run("ip", "-n", f"{PREFIX}switch", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "-n", f"{PREFIX}switch", "link", "set", f"to-{name}", "master", "br0", "up")
            for command in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
                run("ip", "-n", space, *command)

    def cable(self, name, state):
        run("ip", "-n", f"{PREFIX}switch", "link", "set", f"to-{name}", state)

    def pids(self, name):
        return [int(pid) for pid in run("ip", "netns", "pids", f"{PREFIX}{name}").split()]

    def signal_all(self, name, number):
        """Each process of the machine but its sshd."""
        spared = self.processes.get(f"sshd {name}")
        for pid in self.pids(name):
            if spared is None or pid != spared.pid:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def disconnect_all(self):
        """Ends what still runs in the namespaces, and removes them."""
        for name in (*self.addresses, "switch"):
            space = f"{PREFIX}{name}"
            if os.path.exists(f"/run/netns/{space}"):
                for number in (signal.SIGCONT, signal.SIGKILL):
                    self.signal_all(name, number)
                run("ip", "netns", "del", space)
