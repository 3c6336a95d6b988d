"""The machine's nginx and its pools, when nginx does not take a pool's part."""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import machine, nginx_reload, own_host, place, probe, system, units  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.place import Place  # noqa: E402
from ctl.pool import Pool  # noqa: E402


class PlaceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.place = Place(self.folder, self.folder)

    def patch(self, where, name, value):
        patcher = mock.patch.object(where, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def pool(self, name, workers=1, port=8000):
        folder = self.place.pools / name
        folder.mkdir(parents=True)
        for part in ("nginx.conf", *machine.PARTS):
            (folder / part).write_text(f"{name}'s {part}")
        return Pool(folder, {}, "127.0.0.1", port, workers, 30, 35, 0, folder, "", False, ())


class Refusing(PlaceTest):
    """nginx does not take a pool's part."""

    def setUp(self):
        super().setUp()
        self.patch(nginx_reload, "reload", mock.Mock(side_effect=[None, CtlError("nginx has not taken it"), None]))

    def adopt(self, host, first, second):
        """Takes the first into use, then fails with the second."""
        self.patch(host, "_nginx_master", mock.Mock())
        host.adopt_nginx(first)
        with self.assertRaises(CtlError):
            host.adopt_nginx(second)

    def test_a_machine_s_nginx_would_start_with_what_it_has_and_is_asked_again(self):
        self.patch(machine, "SITE", self.folder)
        with mock.patch.object(machine, "Place", lambda *_: self.place):
            host = machine.MachineHost()
        first, second = self.pool("blue-1"), self.pool("green-2")
        self.adopt(host, first, second)
        self.assertEqual((host.included / "server.conf").read_text(), "blue-1's server.conf")
        host.adopt_nginx(second)
        self.assertEqual((host.included / "server.conf").read_text(), "green-2's server.conf")

    def test_an_nginx_of_our_own_likewise(self):
        host = own_host.OwnHost(self.place)
        first, second = self.pool("blue-1"), self.pool("green-2")
        self.adopt(host, first, second)
        self.assertEqual((self.folder / "nginx.conf").read_text(), "blue-1's nginx.conf")
        host.adopt_nginx(second)
        self.assertEqual((self.folder / "nginx.conf").read_text(), "green-2's nginx.conf")


class Replaced(PlaceTest):
    def test_a_pool_that_nginx_could_not_take_can_be_replaced(self):
        """PORT was wrong, and is right now: what nginx never took is not tried again first."""
        old, new = self.pool("blue-1", port=1), self.pool("green-2")
        place.point(self.place.current, Path("pools/blue-1"))
        host = mock.MagicMock(spec=machine.MachineHost)
        with mock.patch.object(system, "MachineHost", lambda: mock.Mock(place=self.place)):
            commands = system.Machine({})
        commands._host = host
        self.patch(commands, "_resolve", lambda workers: None)
        self.patch(commands, "build", lambda colour, settings: new)
        self.patch(system.pools, "current", lambda _: old)
        self.patch(probe, "is_healthy_within", lambda *_: True)
        self.patch(units, "stop", lambda *_: None)
        with mock.patch.object(system.messages, "say"):
            self.assertEqual(commands._take_into_use(), 0)
        self.assertEqual(host.converge.call_args_list, [mock.call(old, with_nginx=False), mock.call(new)])


if __name__ == "__main__":
    unittest.main()
