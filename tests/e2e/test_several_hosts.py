"""Beyond one machine: nginx of one uses the pools of others over TCP, and one of them is cut off.

Each machine is a network namespace with a stack of its own. The front's nginx has its own pool and, by
APPCORE_PEERS, those of two others.
"""

import ctypes
import os
import socket
import subprocess
import unittest

from load import Case, Load
from stack import Stack, wait_until

CLONE_NEWNET = 0x40000000
CLIENTS = 16
TIMEOUT = 8  # APPCORE_REQUEST_TIMEOUT: what is on its way when the cable breaks waits five seconds longer
PEER_PORT = 9100
CASES = (Case("POST", "/predict", 201, b'{"features":[1,2]}'),
         Case("POST", "/predict", 201, b'{"features":[' + b"1.5," * 40000 + b"2]}"))


def run(*command):
    subprocess.run(command, check=True)


class Host:
    """A machine that is connected to the front's: 10.0.NUMBER.2 there, .1 at the front."""

    def __init__(self, number):
        self.address = f"10.0.{number}.2"
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.enter = ("nsenter", "--net", "--target", str(self.process.pid))
        # Until unshare(1) has done it, its namespace is ours.
        here = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.process.pid}/ns/net") != here)
        run("ip", "link", "add", f"to{number}", "type", "veth", "peer", "name", "eth0", "netns", str(self.process.pid))
        run("ip", "address", "add", f"10.0.{number}.1/24", "dev", f"to{number}")
        run("ip", "link", "set", f"to{number}", "up")
        run(*self.enter, "ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*self.enter, "ip", "link", "set", "lo", "up")
        self.connect()

    def connect(self):
        """Returns when the front finds it: the kernel keeps for a moment that nobody was there."""
        run(*self.enter, "ip", "link", "set", "eth0", "up")
        if not wait_until(self.is_found, 30):
            raise AssertionError(f"{self.address} is not found")

    def is_found(self):
        try:
            socket.create_connection((self.address, 1), timeout=10).close()
        except ConnectionRefusedError:
            return True  # by the machine itself: nothing listens there
        except OSError:
            return False
        return True

    def cut_off(self):
        run(*self.enter, "ip", "link", "set", "eth0", "down")

    def end(self):
        self.process.kill()
        self.process.wait()


@unittest.skipUnless(os.geteuid() == 0, "only root can make network namespaces")
class SeveralHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # This process leaves the machine's network: nothing there is touched. Threads and children follow.
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise unittest.SkipTest("no network namespace can be made here")
        run("ip", "link", "set", "lo", "up")
        if subprocess.run(["ip", "link", "add", "probe", "type", "veth"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise unittest.SkipTest("this kernel connects no network namespaces (veth)")
        cls.hosts, cls.peers = [], []
        for number in (1, 2):
            host = Host(number)
            cls.addClassCleanup(host.end)
            cls.hosts.append(host)
            stack = Stack(ADDRESS=host.address, APPCORE_PEER_LISTEN=f"{host.address}:{PEER_PORT}")
            stack.enter = host.enter
            cls.addClassCleanup(stack.down)
            cls.peers.append(stack.up())
        cls.front = Stack(APPCORE_PEERS=" ".join(f"{host.address}:{PEER_PORT}" for host in cls.hosts),
                          APPCORE_REQUEST_TIMEOUT=TIMEOUT)
        cls.addClassCleanup(cls.front.down)
        cls.front.up()

    def counts(self):
        """Predictions by machine: each has its own /metrics, as a Prometheus would ask for them."""
        return [stack.count("predictions_total") for stack in (self.front, *self.peers)]

    def load(self, **options):
        load = Load(self.front, CASES, CLIENTS, **options)
        self.addCleanup(load.stop)
        return load

    def test_all_machines_serve_and_each_counts_what_it_has_served(self):
        before = self.counts()
        load = self.load()

        def served():
            return [now - then for now, then in zip(self.counts(), before)]

        self.assertTrue(wait_until(lambda: min(served()) > 20, 60), served())
        load.stop()
        self.assertEqual(load.wrong, [])
        self.assertEqual(sum(served()), load.replies())

    def test_a_machine_that_is_cut_off_costs_no_request(self):
        load = self.load()
        lost, other = self.peers
        wait_until(lambda: load.replies() > 200)
        self.hosts[0].cut_off()
        # What was on its way there is answered here when its time is up.
        begun = load.replies()
        self.assertTrue(wait_until(lambda: load.replies() > begun + 1000, 60))
        before = other.count("predictions_total")
        self.assertTrue(wait_until(lambda: other.count("predictions_total") > before))
        self.hosts[0].connect()
        before = lost.count("predictions_total")
        self.assertTrue(wait_until(lambda: lost.count("predictions_total") > before, 60))
        load.stop()
        self.assertEqual(load.wrong, [])
        self.assertGreaterEqual(sum(self.counts()), load.replies())

    def test_a_machine_whose_service_is_restarted_or_stopped_costs_no_request(self):
        load = self.load()
        stack = self.peers[1]
        self.assertEqual(stack.ctl("restart").returncode, 0)
        self.assertEqual(stack.ctl("scale", "3").returncode, 0)
        before = stack.count("predictions_total")
        self.assertTrue(wait_until(lambda: stack.count("predictions_total") > before, 60))
        self.assertEqual(stack.ctl("down").returncode, 0)
        self.assertEqual(stack.ctl("up").returncode, 0)
        self.assertTrue(wait_until(lambda: stack.count("predictions_total") > 0, 60))
        load.stop()
        self.assertEqual(load.wrong, [])
