"""Counts move to memory and back, and no step that is interrupted loses or doubles any."""

import errno
import os
import shutil
import stat
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import counts, messages  # noqa: E402
from ctl.place import Place  # noqa: E402


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the command runs on."""


class Moves(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_dir = Path(folder.name, "run")
        self.memory = Path(folder.name, "shm")
        self.run_dir.mkdir()
        self.memory.mkdir()
        for name, value in (("MEMORY", self.memory), ("_is_swept", lambda: False),
                            ("file_system", lambda path: "tmpfs" if path == self.memory else "ext4")):
            patch = unittest.mock.patch.object(counts, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def counts(self):
        return counts.Counts(Place(self.run_dir, self.run_dir))

    def up(self):
        return self.counts().take()

    def down(self):
        self.counts().put_back()

    def count(self, folder, number):
        (folder / "blue-01").write_text(str(number), encoding="ascii")

    def counted(self):
        return int((self.run_dir / "state" / "blue-01").read_text(encoding="ascii"))

    def test_counts_are_in_memory_while_the_stack_runs_and_on_disk_otherwise(self):
        folder = self.up()
        self.assertEqual(folder.parent.parent, self.memory)
        self.assertEqual([path.name for path in folder.parent.iterdir()], ["state"])  # nothing else beside it
        self.assertEqual(stat.S_IMODE(folder.parent.stat().st_mode) & stat.S_IWOTH, 0)
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), counts.MODE)
        self.count(folder, 1)
        self.assertEqual(self.counted(), 1)  # by the link
        self.down()
        self.assertEqual(list(self.memory.iterdir()), [])
        self.assertEqual(self.counted(), 1)
        self.assertEqual(self.up(), folder)
        self.assertEqual(self.counted(), 1)

    def test_a_move_that_is_killed_at_any_step_is_made_good_by_the_next_command(self):
        """Each call that changes files is the last one, once before and once after it is done."""
        for command in ("up", "down"):
            for after in (False, True):
                step = 0
                while self.interrupted(command, step, after):
                    step += 1
                self.assertGreater(step, 3)

    def interrupted(self, command, step, after):
        """False if the command does not get that far."""
        for path in (*self.memory.iterdir(), *self.run_dir.iterdir()):
            path.unlink() if path.is_symlink() else shutil.rmtree(path)
        self.count(self.up(), 7)
        if command == "up":
            self.down()
        left = [step]
        with contextlib_patches(left, after):
            try:
                getattr(self, command)()
                return False
            except Killed:
                pass
        self.up()
        self.assertEqual(self.counted(), 7, (command, step, after))
        self.count(self.counts().folder(), 8)
        self.down()
        self.assertEqual((self.counted(), list(self.memory.iterdir())), (8, []), (command, step, after))
        self.assertEqual([path.name for path in self.run_dir.iterdir()], ["state"])
        return True

    def test_a_folder_of_somebody_else_in_memory_is_not_used(self):
        folder = self.up()
        self.down()
        home = folder.parent
        home.symlink_to("/etc")
        self.assertEqual(self.up(), self.run_dir / "state")
        self.down()
        self.assertTrue(home.is_symlink())
        home.unlink()
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            for path in (folder, home):
                os.chown(path, 65534, 65534)
        else:
            home.chmod(0o777)
        self.assertEqual(self.up(), self.run_dir / "state")

    def without_room(self):
        """Memory takes one file, and no second one."""
        system_copy, copied = shutil.copyfile, []

        def copy(origin, new, **options):
            if copied and Path(new).is_relative_to(self.memory):
                raise OSError(errno.ENOSPC, "No space left on device", origin, None, new)
            copied.append(new)
            return system_copy(origin, new, **options)

        return unittest.mock.patch.object(shutil, "copyfile", copy)

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a folder somebody else's")
    def test_a_folder_that_somebody_else_makes_after_the_first_look_is_not_used(self):
        theirs = self.counts()._home
        theirs.mkdir()
        os.chown(theirs, 65534, 65534)
        with unittest.mock.patch.object(counts.Counts, "_may_be_made", lambda self: True), \
                unittest.mock.patch.object(counts.messages, "note") as note:
            self.assertEqual(self.up(), self.run_dir / "state")
        self.assertIn(f"{theirs} is somebody else's", note.call_args.args[0])
        self.assertEqual(os.listdir(theirs), [])

    def test_counts_that_find_no_room_in_memory_stay_on_disk_for_as_long_as_the_stack_runs(self):
        on_disk = self.run_dir / "state"
        for before in ("state", "state.before"):  # a move that was interrupted
            on_disk.mkdir()
            for name in ("blue-01", "blue-02", "blue-03"):
                (on_disk / name).write_text("7", encoding="ascii")
            on_disk.rename(self.run_dir / before)
            with self.without_room(), unittest.mock.patch.object(messages, "note") as note:
                self.assertEqual(self.up(), on_disk)
            text, = note.call_args.args
            self.assertRegex(text, "the counts stay on the disk, in .*: cannot copy the counts to .*: .*No space left on device")
            self.assertLess(len(text), 600)
            self.assertEqual((list(self.memory.iterdir()), self.counted()), ([], 7))
            self.assertEqual(self.counts().folder_now(), on_disk)  # memory may have room by now
            self.down()
            self.assertEqual(self.counted(), 7)
            in_memory = self.up()
            self.assertEqual((in_memory.parent.parent, self.counts().folder_now()), (self.memory, in_memory))
            self.down()
            shutil.rmtree(on_disk)

    def test_a_run_dir_in_memory_keeps_them(self):
        with unittest.mock.patch.object(counts, "file_system", lambda path: "tmpfs"):
            self.assertEqual(self.up(), self.run_dir / "state")
        self.assertTrue((self.run_dir / "state").is_dir())
        self.down()
        self.assertTrue((self.run_dir / "state").is_dir())


def contextlib_patches(left, after):
    """Lets the `left`-th call that changes a file be the last: done before the end, or not."""
    patches = unittest.mock.patch.multiple(
        os, **{name: dying(getattr(os, name), left, after) for name in ("rename", "replace", "mkdir", "unlink", "rmdir", "symlink")})
    return patches


def dying(function, left, after):
    def call(*arguments, **options):
        if left[0] == 0 and not after:
            raise Killed
        result = function(*arguments, **options)
        left[0] -= 1
        if left[0] == -1 and after:
            raise Killed
        return result

    return call


if __name__ == "__main__":
    unittest.main()
