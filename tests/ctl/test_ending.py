"""What the end of a stack removes, and what it leaves where the disk does not let it."""

import os
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import ending, messages  # noqa: E402
from ctl import place as places  # noqa: E402


class Cleaning(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = places.Place(Path(folder.name), Path(folder.name))
        for name in ("log", "conf.d", "pools"):
            (self.place.run_dir / name).mkdir()
        self.counts = unittest.mock.Mock()
        patch = unittest.mock.patch.object(messages, "note")
        self.note = patch.start()
        self.addCleanup(patch.stop)

    def clean(self):
        ending.clean(self.place, self.counts)

    def test_what_a_read_only_disk_keeps_is_said_and_does_not_keep_the_rest_from_being_done(self):
        self.place.drained.touch()
        (self.place.pools / "blue-1").mkdir()
        self.counts.put_back.side_effect = OSError("no room for the counts")
        with unittest.mock.patch.object(Path, "unlink", side_effect=OSError(30, "Read-only file system")):
            self.clean()
        self.counts.put_back.assert_called_once_with()
        self.assertEqual(list(self.place.pools.iterdir()), [])
        self.assertEqual([call.args[0] for call in self.note.call_args_list], [
            f"left to the next command: cannot remove {self.place.drained}: Read-only file system",
            "left to the next command: no room for the counts"])
        self.counts.put_back.side_effect = None
        self.clean()
        self.assertEqual(sorted(path.name for path in self.place.run_dir.iterdir()), ["conf.d", "log", "pools"])


if __name__ == "__main__":
    unittest.main()
