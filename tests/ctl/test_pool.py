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

    def test_the_disk_has_all_of_a_pool_before_it_has_its_name(self):
        synced, names = set(), set()
        system_rename = os.rename

        def rename(old, new):
            names.update({old, *old.rglob("*")})
            self.assertEqual(names - synced, set())
            system_rename(old, new)

        with unittest.mock.patch.object(places, "sync", synced.add), unittest.mock.patch.object(os, "rename", rename):
            self.build()
        self.assertIn("appcore-worker", {path.name for path in names})

    def test_a_file_system_that_syncs_no_folders_is_no_reason_to_fail_and_a_broken_disk_is(self):
        with unittest.mock.patch.object(os, "fsync", side_effect=OSError(errno.EINVAL, "Invalid argument")):
            self.build()
        with unittest.mock.patch.object(os, "fsync", side_effect=OSError(errno.EIO, "Input/output error")):
            with self.assertRaisesRegex(CtlError, "blue-2: Input/output error"):
                self.build()
        self.assertEqual(self.names(), ["blue-1"])

    def test_a_description_that_is_empty_or_damaged_is_an_error_that_names_it(self):
        description = self.build().folder / "pool.json"
        self.place.current.symlink_to("pools/blue-1")
        for content in (b"", b"[]", b"{}", b"\xff\xfe", b"null", b'{"said": 7}'):
            description.write_bytes(content)
            with self.assertRaisesRegex(CtlError, f"{description} is damaged: "):
                pool.current(self.place)


if __name__ == "__main__":
    unittest.main()
