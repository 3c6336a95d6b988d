"""Which models a stack keeps, and what killed commands leave among them."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl.messages import CtlError  # noqa: E402
from ctl.models import KEPT, Models  # noqa: E402
from ctl.place import Place  # noqa: E402


class Kept(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        place = Place(Path(holder.name), Path(holder.name))
        self.folder = place.keep_dir / "models"
        self.folder.mkdir()
        self.models = Models(place, Path("/nowhere"))

    def file(self, name):
        path = self.folder / name
        path.write_bytes(b"\x89ACM")
        return path

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name != "history")

    def test_half_a_copy_and_half_a_compiled_file_of_killed_commands_are_removed(self):
        for name in ("new-7", "compiling-7.acm", "compiling-7.acm.unfinished"):
            self.file(name)
        self.models.took_over(self.file("a.acm"), "1")
        self.assertEqual(self.names(), ["a.acm"])

    def test_the_last_models_that_served_are_kept(self):
        for i in range(KEPT + 2):
            self.models.took_over(self.file(f"{i}.acm"), str(i))
        self.assertEqual(self.names(), [f"{i}.acm" for i in range(2, KEPT + 2)])
        self.assertEqual([entry.version for entry in self.models.entries()], [str(i) for i in range(2, KEPT + 2)])

    def test_a_model_is_a_regular_file_and_nobody_waits_for_a_pipe(self):
        for make in (os.mkfifo, os.mkdir):
            path = self.folder / make.__name__
            make(path)
            with self.assertRaisesRegex(CtlError, f"{path} must be a regular file"):
                self.models.compile(path)

    def test_what_has_been_chosen_is_still_chosen_while_there_is_no_pool_unless_it_is_somebody_else_s_file(self):
        mine = self.file("a.acm")
        self.assertEqual(self.models.chosen(), "")
        self.models.choose(str(mine))
        self.assertEqual(self.models.chosen(), str(mine))
        self.models.choose("/srv/a.acm")
        self.assertEqual(self.models.chosen(), "")


if __name__ == "__main__":
    unittest.main()
