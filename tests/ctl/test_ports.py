"""Where nginx may listen: what is taken, what nginx has itself, and what another command is about to take."""

import contextlib
import os
import socket
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import connections, host, ports  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.own_host import OwnHost  # noqa: E402
from ctl.place import Place  # noqa: E402
from ctl.pool import Pool  # noqa: E402
from ctl.values import Endpoint  # noqa: E402

class PortsTest(unittest.TestCase):
    def listener(self, address="127.0.0.1", port=0, *, as_nginx=False):
        """A socket that listens, and where."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        if as_nginx:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, port))
        listener.listen()
        return Endpoint(address, listener.getsockname()[1])

    def free(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return Endpoint("127.0.0.1", listener.getsockname()[1])


class Peers(PortsTest):
    def check(self, wanted, held="", of_nginx=()):
        ports.check_peer(wanted, held, of_nginx)

    def test_a_port_that_another_program_has_is_refused_unless_the_pool_before_listens_there(self):
        taken = self.listener()
        with self.assertRaisesRegex(CtlError, f"APPCORE_PEER_LISTEN: cannot listen at {taken}: Address already in use"):
            self.check(str(taken))
        with self.assertRaises(CtlError):
            self.check(str(taken), str(self.free()))
        for held in (taken, Endpoint("0.0.0.0", taken.port)):  # supervisord lets go of it before it listens again
            self.check(str(taken), str(held))

    def test_a_port_of_nginx_is_refused(self):
        nginx = self.free()
        with self.assertRaisesRegex(CtlError, f"must have a port that nginx does not listen on, got '{nginx}'"):
            self.check(str(nginx), of_nginx=[Endpoint("0.0.0.0", nginx.port)])

    def test_an_address_that_is_not_this_machine_s_is_refused_and_a_name_of_it_is_not(self):
        self.check("")
        self.check(f"localhost:{self.free().port}")
        for name in ("192.0.2.1", "no-such-host.invalid"):
            with self.assertRaisesRegex(CtlError, f"APPCORE_PEER_LISTEN: cannot listen at {name}:9009: "):
                self.check(f"{name}:9009")


class Claims(PortsTest):
    def claim(self, wanted, held=()):
        with ports.claimed(wanted, held, 0):
            pass

    def test_each_port_that_another_program_has_is_named(self):
        taken = self.listener()
        self.claim([self.free()])
        for wanted in ([taken, self.free()], [self.free(), taken]):
            with self.assertRaisesRegex(CtlError, f"port {taken.port} of 127.0.0.1 is taken by another program"):
                self.claim(wanted)

    def test_what_nginx_has_already_is_not_asked_for(self):
        taken = self.listener()
        self.claim([taken], [taken])

    def test_nginx_s_own_port_at_another_address_is_not_taken_by_another_program(self):
        for has, wants in (("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")):
            held = self.listener(has, as_nginx=True)
            self.claim([Endpoint(wants, held.port)], [held])

    def test_a_port_that_nginx_has_at_one_address_and_another_program_at_the_next_is_taken(self):
        held = self.listener("127.0.0.1", as_nginx=True)
        self.listener("127.0.0.2", held.port)
        self.listener("127.0.0.3", held.port, as_nginx=True)  # another stack's
        for wants in ("0.0.0.0", "127.0.0.2", "127.0.0.3"):
            with self.assertRaisesRegex(CtlError, "is taken by another program"):
                self.claim([Endpoint(wants, held.port)], [held])

    def test_two_commands_do_not_take_one_port_whichever_listener_it_is(self):
        shared = self.free()
        with ports.claimed([self.free(), shared], (), 0):
            with self.assertRaisesRegex(CtlError, f"port {shared.port} is claimed by another command"):
                self.claim([self.free(), shared])
        self.claim([shared])


class Held(PortsTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name), Path(folder.name))
        self.host = OwnHost(self.place)

    def pool(self, name, *endpoints):
        folder = self.place.pools / name
        folder.mkdir(parents=True, exist_ok=True)
        return Pool(folder, {}, endpoints[0].address, endpoints[0].port, 1, 30, 35, 0, folder, "", False, tuple(map(str, endpoints[1:])))

    @contextlib.contextmanager
    def nginx(self):
        """This process stands for nginx."""
        with mock.patch.object(self.host, "_nginx_master", lambda: mock.Mock(pid=os.getpid())), \
                mock.patch.object(self.host, "check_nginx", lambda pool: None):
            yield

    def test_the_kernel_says_where_a_process_listens(self):
        self.assertLessEqual({self.listener(), self.listener("0.0.0.0")}, connections.listening(os.getpid()))
        self.assertNotIn(self.free(), connections.listening(os.getpid()))

    def test_a_new_pool_whose_main_port_is_taken_is_removed(self):
        """Also where the previous pool wanted that port, which nginx has not got then either."""
        mine, taken = self.listener(), self.free()
        other = socket.create_server((taken.address, taken.port))
        self.addCleanup(other.close)
        with self.nginx(), mock.patch.object(connections, "listening", lambda pid: {mine}):
            for old in (self.pool("blue-1", mine), self.pool("blue-1", taken)):
                new = self.pool("green-2", taken)
                with self.assertRaisesRegex(CtlError, f"port {taken.port} of 127.0.0.1 is taken"), self.host.checked(new, old):
                    self.fail("it was let through")
                self.assertFalse(new.folder.exists())

    def test_nginx_keeps_the_ports_that_it_has_whatever_the_previous_pool_says(self):
        mine = self.listener()
        new = self.pool("green-2", mine)
        with self.nginx(), self.host.checked(new, self.pool("blue-1", self.free())):
            self.assertTrue(new.folder.exists())

    def test_the_ports_of_a_new_pool_stay_claimed_until_nginx_has_them(self):
        old, wanted = self.pool("blue-1", self.free()), self.free()
        with self.nginx(), mock.patch.object(host, "START_LIMIT", 0), self.host.checked(self.pool("green-2", wanted), old):
            with self.assertRaisesRegex(CtlError, "is claimed by another command"), self.host.checked(self.pool("green-3", wanted), old):
                self.fail("it was let through")

    def test_where_the_kernel_does_not_tell_the_pool_does(self):
        old = self.pool("blue-1", self.free(), self.free())
        with self.nginx(), mock.patch.object(connections, "listening", lambda pid: set()):
            self.assertEqual((self.host.held_endpoints(old), self.host.held_endpoints(None)), (old.endpoints, ()))


if __name__ == "__main__":
    unittest.main()
