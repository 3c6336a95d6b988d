"""The service of the Debian package, with a stand-in for the machine's supervisord and nginx."""

import json
import os
import socket
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import messages, system, units  # noqa: E402
from ctl import pool as pools  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.place import Place  # noqa: E402


class Silent(unittest.TestCase):
    """supervisord does not answer: it has ended, or is stopped, or its socket is gone."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Place(Path(folder.name, "run"), Path(folder.name, "keep"))
        self.folder = self.make_pool("blue-1")
        self.place.current.symlink_to("pools/blue-1")
        self.sections = {name: Path(folder.name, f"appcore-{name}.conf") for name in ("blue", "green", "peer", "metrics")}
        self.sections["blue"].touch()
        self.machine = system.Machine({})
        self.machine._place = self.place
        self.machine._host = unittest.mock.MagicMock(socket="/run/supervisor.sock")
        self.machine._host.supervisor_runs.return_value = False
        self.machine._host.section_file = self.sections.get
        self.machine.build = lambda *_: pools.load(self.make_pool("green-2"))
        for where, name, value in ((self.machine, "_resolve", None), (self.machine, "_models", unittest.mock.Mock()),
                                   (units, "enabled", False), (messages, "say", None)):
            patch = unittest.mock.patch.object(where, name, unittest.mock.Mock(return_value=value))
            patch.start()
            self.addCleanup(patch.stop)

    def make_pool(self, name):
        folder = self.place.pools / name
        folder.mkdir(parents=True)
        (folder / "pool.json").write_text(json.dumps({
            "said": {}, "address": "127.0.0.1", "port": 8000, "workers": 1, "request_timeout": 30, "stop_seconds": 35,
            "state_dir": "/run", "textfile_dir": ""}), encoding="ascii")
        (folder / "pool.conf").write_text("[fcgi-program:x]\n", encoding="ascii")
        return folder

    def listen(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / "pool.sock"))
        listener.listen(0)
        return listener

    def test_nothing_of_a_pool_that_runs_is_taken_away(self):
        self.listen()
        for command in (self.machine.up, self.machine.down):  # the second finds the socket's queue full: its workers are busy
            with unittest.mock.patch.object(self.machine, "_lock"):
                with self.assertRaisesRegex(CtlError, "the pool runs, but supervisord does not answer at /run/supervisor.sock"):
                    command()
            self.assertTrue(self.sections["blue"].exists())
            self.assertEqual(pools.folders(self.place), [self.folder])

    def test_where_nothing_runs_up_writes_what_supervisord_will_start(self):
        self.listen().close()  # the name stays, as after a reboot
        with unittest.mock.patch.object(self.machine, "_lock"):
            self.assertEqual(self.machine.up(), 0)
        self.assertEqual([name for name, path in self.sections.items() if path.exists()], ["green"])
        self.assertEqual(pools.folders(self.place), [self.place.pools / "green-2"])


if __name__ == "__main__":
    unittest.main()
