"""Where the metrics' slots are while the stack runs: in memory, so that no disk ever blocks a worker.

A write to a mapped page of a frozen or stalled disk waits for it. So, unless the caller has named a folder or RUN_DIR
is on a tmpfs itself, the slots are in a folder below /dev/shm while the stack runs, and in RUN_DIR/state while it does
not; meanwhile RUN_DIR/state is a link to them. That folder is in one of its own, where nobody else may write: a worker's
sandbox lets it follow a state directory that is made again beside nothing else (guard/file_rules.hpp).

Each move copies under another name, renames, and only then removes. If both are there, the one in memory is the
newer: it is made of the other, and goes when the other has been made of it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path

from ctl import messages
from ctl import place as places
from ctl.place import Place

MEMORY = Path("/dev/shm")
MODE = 0o750
TMPFS = {"tmpfs", "ramfs"}
FIRST_LOGIN_USER = 1000  # logind removes what such a user has in /dev/shm when he logs out (RemoveIPC=)


def file_system(path: Path) -> str:
    """The type of the file system that an existing folder is on; "" if nobody tells."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            found = [fields for line in file if (fields := line.split())[2] == wanted]
    except OSError:
        return ""
    return found[0][found[0].index("-") + 1] if found else ""


def _is_swept() -> bool:
    """Whether logind would remove the folder under a running stack."""
    if os.geteuid() < FIRST_LOGIN_USER or not os.path.isdir("/run/systemd/seats"):
        return False
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return not os.path.exists(f"/var/lib/systemd/linger/{name}")


class Counts:
    """The folder of one stack's slots. Only for the holder of the lock."""

    def __init__(self, place: Place) -> None:
        self._on_disk = place.run_dir / "state"
        self._before = place.run_dir / "state.before"  # between the disk and the link
        digest = hashlib.sha256(str(place.run_dir).encode()).hexdigest()[:16]
        self._home = MEMORY / f"appcore-{os.geteuid()}-{digest}"
        self._in_memory = self._home / "state"
        self.folders = (self._on_disk, self._in_memory)  # which only this class makes

    def folder(self) -> Path:
        """Where they belong while the stack runs. RUN_DIR exists."""
        if self.are_in_memory():
            return self._in_memory
        if file_system(self._on_disk.parent) in TMPFS or _is_swept() or not self._may_be_made():
            return self._on_disk
        return self._in_memory

    def are_in_memory(self) -> bool:
        return self._is_ours(self._home) and self._is_ours(self._in_memory)

    def folder_now(self) -> Path:
        """Where they are while a stack runs: what take() has decided at its start stays so."""
        return self._on_disk if self._are_on_disk() else self.folder()

    def _are_on_disk(self) -> bool:
        return self._on_disk.is_dir() and not self._on_disk.is_symlink()

    def take(self) -> Path:
        """Before the start: brings the counts to where folder() says, and returns where they are. Where memory has no room
        for them that is the disk, which a worker may have to wait for."""
        folder = self.folder()
        if folder == self._in_memory and not self.are_in_memory():
            try:
                self._copy_to_memory()
            except places.FileError as error:
                messages.note(f"the counts stay on the disk, in {self._on_disk}: {error}")
                self._remove_home()
                folder = self._on_disk
        if folder == self._in_memory:
            self._replace_by_link()
        else:
            self._keep_on_disk()
        return folder

    def _copy_to_memory(self) -> None:
        new = self._in_memory.with_name(self._in_memory.name + ".new")
        with places.named("make", self._in_memory):
            self._home.mkdir(MODE, exist_ok=True)
            if not self._is_ours(self._home):  # looked at once it is there: somebody may just have made it
                raise places.FileError(f"{self._home} is somebody else's")
            self._copy(self._on_disk if self._are_on_disk() else self._before, new)
            os.rename(new, self._in_memory)

    def _replace_by_link(self) -> None:
        if self._are_on_disk():
            shutil.rmtree(self._before, ignore_errors=True)
            os.rename(self._on_disk, self._before)
        places.point(self._on_disk, self._in_memory)
        shutil.rmtree(self._before, ignore_errors=True)

    def _keep_on_disk(self) -> None:
        """Also where a move to memory was interrupted, and memory has lost its half since."""
        if self._on_disk.is_symlink():
            self._on_disk.unlink()
        if not self._on_disk.exists() and self._before.is_dir():
            os.rename(self._before, self._on_disk)
        places.make_folder(self._on_disk, MODE)

    def put_back(self) -> None:
        """After the end, when no process lives: brings them to the disk. Nothing in memory is fine."""
        if not self.are_in_memory():
            if self._on_disk.is_symlink():  # they have been lost with a reboot, or were never made
                self._on_disk.unlink()
            self._remove_home()
            return
        kept = self._on_disk.with_name("state.kept")
        self._copy(self._in_memory, kept)
        if self._on_disk.is_symlink():
            self._on_disk.unlink()
        else:
            shutil.rmtree(self._on_disk, ignore_errors=True)
        os.rename(kept, self._on_disk)
        shutil.rmtree(self._before, ignore_errors=True)
        gone = self._in_memory.with_name("state.gone")
        shutil.rmtree(gone, ignore_errors=True)
        os.rename(self._in_memory, gone)
        self._remove_home()

    def _remove_home(self) -> None:
        if self._is_ours(self._home):
            shutil.rmtree(self._home, ignore_errors=True)

    @staticmethod
    def _copy(origin: Path, new: Path) -> None:
        """A copy under a name of its own, which may have been left half-way."""
        shutil.rmtree(new, ignore_errors=True)
        try:
            with places.named("copy the counts to", new):
                new.mkdir(mode=0o700)
                if origin.is_dir() and not origin.is_symlink():
                    shutil.copytree(origin, new, dirs_exist_ok=True)
                new.chmod(MODE)
        except places.FileError:
            shutil.rmtree(new, ignore_errors=True)
            raise

    @staticmethod
    def _is_ours(path: Path) -> bool:
        """A folder that this user has made and nobody else may write to: anybody may make names in /dev/shm."""
        try:
            found = os.lstat(path)
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & stat.S_IWOTH

    def _may_be_made(self) -> bool:
        try:
            os.lstat(self._home)
            return self._is_ours(self._home)  # or somebody else's
        except FileNotFoundError:
            return os.access(MEMORY, os.W_OK | os.X_OK) and file_system(MEMORY) in TMPFS
        except OSError:
            return False
