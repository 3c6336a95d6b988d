"""A disk that stalls or fails: a file system of its own that the kernel freezes, so that whoever writes there waits for the thaw, or makes
read-only."""

import os
import shutil
import subprocess
import tempfile
import unittest


MOUNT = ("mount", "-o", "loop,errors=remount-ro")


class FreezableDisk:
    """An ext4 in a file, mounted at `path` below the folder `base`, which ends with the test. Skips the test where this machine cannot
    have one."""

    def __init__(self, test, base, path, megabytes=64):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can mount and freeze a file system")
        self.path = path = os.path.join(base, path)
        self._frozen = False
        folder = tempfile.mkdtemp(prefix="appcore-disk-")
        test.addCleanup(shutil.rmtree, base, ignore_errors=True)  # what could not be removed while it was mounted
        test.addCleanup(shutil.rmtree, folder)
        os.makedirs(path, exist_ok=True)
        self._image = image = os.path.join(folder, "image")
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        for command in (["mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1", image], [*MOUNT, image, path]):
            try:
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            except FileNotFoundError as error:
                raise unittest.SkipTest(str(error)) from error
            if done.returncode != 0:
                raise unittest.SkipTest(f"no file system can be mounted here: {done.stdout.strip()}")
        test.addCleanup(subprocess.run, ["umount", "-l", path], check=False)
        test.addCleanup(self.thaw)

    def freeze(self):
        subprocess.run(["fsfreeze", "-f", self.path], check=True)
        self._frozen = True

    def thaw(self):
        if self._frozen:
            subprocess.run(["fsfreeze", "-u", self.path], check=True)
            self._frozen = False

    def fail(self):
        """The kernel finds its journal broken, and lets nobody write any more, not even to files that are open."""
        subprocess.run(["mount", "-o", "remount,abort", self.path], check=True)

    def mount_again(self):
        subprocess.run(["umount", self.path], check=True)
        subprocess.run([*MOUNT, self._image, self.path], check=True)
