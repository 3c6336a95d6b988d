"""A pool's folder is there whole or not at all."""

import errno
import os
import shutil
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import place as places  # noqa: E402
from ctl import pool, settings  # noqa: E402
from ctl.messages import CtlError  # noqa: E402


class Building(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = places.Place(Path(folder.name), Path(folder.name))
        programs = Path(folder.name, "programs")
        programs.mkdir()
        for name in pool.PROGRAMS:
            (programs / name).write_text("#!/bin/sh\n", encoding="ascii")
        values = {"APPCORE_WORKERS": "2", "APPCORE_REQUEST_TIMEOUT": "30", "APPCORE_DRAIN_SECONDS": "0", "APPCORE_STATE_DIR": "/state"}
        self.plan = pool.Plan("blue", settings.Settings({}, programs, values, "/docs-ui", []), "127.0.0.1", 8000)

    def build(self, text="http {}\n"):
        with pool.building(self.place, self.plan) as builder:
            builder.add("nginx.conf", text)
            return builder.place()

    def names(self):
        return [path.name for path in pool.folders(self.place)]

    def test_a_pool_has_its_own_name_only_once_it_is_whole(self):
        made = self.build()
        self.assertEqual((made, self.names()), (pool.load(self.place.pools / "blue-1"), ["blue-1"]))
        self.assertEqual((made.folder / "nginx.conf").read_text(encoding="utf-8"), "http {}\n")

    def test_half_a_pool_is_removed_whatever_has_stopped_its_making(self):
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for where, what in ((shutil, "copyfile"), (Path, "write_text"), (os, "rename")):
            with unittest.mock.patch.object(where, what, side_effect=full), self.assertRaises(CtlError) as raised:
                self.build()
            self.assertIn(str(self.place.pools), str(raised.exception))
            self.assertIn("No space left on device", str(raised.exception))
            self.assertEqual(self.names(), [], what)
        with self.assertRaises(TypeError):
            self.build(7)
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    unittest.main()
