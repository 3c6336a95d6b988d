"""Root works in folders only that nobody else may change, whenever they are made."""

import errno
import os
import shutil
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import place  # noqa: E402
from ctl.lock import Lock  # noqa: E402
from ctl.messages import CtlError  # noqa: E402

SOMEBODY = 65534


class Own(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_dir = Path(folder.name, "run")
        self.place = place.Place(self.run_dir, self.run_dir)

    def make(self, *names):
        for name in names:
            (self.run_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (self.run_dir / name).write_text("precious", encoding="ascii")

    def test_a_folder_that_was_somebody_s_before_is_not_taken_for_a_stack_s(self):
        for name in ("nginx.conf", "conf.d/default.conf", "pools/data/precious", "draft.new/text", "app.pid"):
            self.make("log/of-somebody", name)
            with self.subTest(name=name):
                strange = name.partition("/")[0]
                with self.assertRaisesRegex(CtlError, f"RUN_DIR must be a stack's folder, or empty, but {self.run_dir} has '{strange}'"):
                    place.check_is_stack(self.place)
            shutil.rmtree(self.run_dir)

    def test_an_empty_one_and_what_a_stack_leaves_are_fine(self):
        place.check_is_stack(self.place)
        self.run_dir.mkdir()
        place.check_is_stack(self.place)
        for names in (("state/x", "log/y", "models/z"), ("lock", "conf.d/blue.conf"), ("pools/green-7/pool.json", "nginx.conf")):
            self.make(*names)
            place.check_is_stack(self.place)
            shutil.rmtree(self.run_dir)


@unittest.skipUnless(os.geteuid() == 0, "only root has to distrust folders")
class Trust(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.shared = Path(folder.name, "tmp")
        self.run_dir = self.shared / "appcore" / "run"
        self.run_dir.mkdir(parents=True)
        self.shared.chmod(0o1777)

    def refuses(self, rule):
        return self.assertRaisesRegex(CtlError, f"RUN_DIR must {rule}")

    def test_a_folder_or_a_parent_that_somebody_else_may_change_is_refused(self):
        place.check_trust(self.run_dir)
        for path in (self.run_dir, self.run_dir.parent):
            for mode in (0o775, 0o757, 0o1777 if path == self.run_dir else 0o777):
                path.chmod(mode)
                with self.refuses("be writable by root only"):
                    place.check_trust(self.run_dir)
            path.chmod(0o755)
            os.chown(path, SOMEBODY, 0)
            with self.refuses("belong to root"):
                place.check_trust(self.run_dir)
            os.chown(path, 0, 0)

    def test_a_folder_that_somebody_else_makes_after_the_first_look_is_refused(self):
        theirs = self.shared / "theirs"
        theirs.mkdir()
        os.chown(theirs, SOMEBODY, SOMEBODY)
        for name in (self.run_dir, self.run_dir.parent):
            name.rmdir()
            for make in (Path.mkdir, lambda path: path.symlink_to(theirs)):
                place.check_trust(self.run_dir)
                make(name)
                os.chown(name, SOMEBODY, SOMEBODY, follow_symlinks=False)
                with self.refuses("belong to root"):
                    Lock(place.Place(self.run_dir, self.run_dir), "up").acquire(0)
                self.assertEqual(list(name.iterdir()), [])
                name.unlink() if name.is_symlink() else name.rmdir()

    def test_what_is_missing_is_made_with_its_parents(self):
        self.run_dir.rmdir()
        self.run_dir.parent.rmdir()
        place.make_trusted_folder(self.run_dir, 0o755)
        self.assertEqual([path.stat().st_mode & 0o7777 for path in (self.run_dir, self.run_dir.parent)], [0o755] * 2)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "file")

    def full(self, where, function):
        return unittest.mock.patch.object(where, function, side_effect=OSError(errno.ENOSPC, "No space left on device"))

    def test_an_error_names_the_file_and_leaves_nothing(self):
        with self.full(os, "chmod"), self.assertRaises(CtlError) as raised:
            place.write_file(self.path, "text")
        self.assertEqual(str(raised.exception), f"cannot write {self.path}: No space left on device")
        self.assertEqual(list(self.path.parent.iterdir()), [])
        with self.full(Path, "symlink_to"), self.assertRaisesRegex(CtlError, f"cannot make the link {self.path}: No space"):
            place.point(self.path, Path("nowhere"))

    def test_only_a_regular_file_is_read_and_nobody_waits_for_a_pipe(self):
        self.assertIsNone(place.read_file(self.path))
        for make in (os.mkfifo, os.mkdir):
            make(self.path)
            with self.assertRaisesRegex(CtlError, f"{self.path} must be a regular file"):
                place.read_file(self.path)
            place.clear_way(self.path)
            self.assertFalse(os.path.lexists(self.path))

    def test_bytes_that_are_not_text_are_read_as_another_text(self):
        self.path.write_bytes(b"drain\xff\n")
        self.assertEqual(place.read_file(self.path), "drain\ufffd\n")

    def test_a_file_or_a_link_is_in_nobody_s_way(self):
        self.path.touch()
        self.path.with_name("link").symlink_to("nowhere")
        for path in (self.path, self.path.with_name("link")):
            place.clear_way(path)
            self.assertTrue(os.path.lexists(path))

    def test_a_file_that_is_right_already_is_not_written(self):
        place.keep_file(self.path, "one")
        place.keep_file(self.path, "two")
        self.assertEqual(place.read_file(self.path), "two")
        with self.full(os, "chmod"):
            place.keep_file(self.path, "two")


if __name__ == "__main__":
    unittest.main()
