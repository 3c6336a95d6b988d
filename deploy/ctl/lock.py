"""One command at a time. The kernel lets go of the lock however its holder ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from ctl import processes
from ctl.messages import CtlError
from ctl.place import FileError, Place, clear_way, make_trusted_folder, open_file

PATIENCE = 60.0  # seconds; a restart takes three, or as long as nginx waits for clients (48) or a request may take
STEP = 0.05
MODE = 0o600  # whoever can open a file can lock it, also one that is only to be read
HIGH = 10  # the least descriptor, so that low ones stay free for supervisord's (launching.py)


class Lock:
    """Held from acquire() until release() or the end of the process; never by a child."""

    def __init__(self, place: Place, command: str) -> None:
        self._path = place.lock
        self._command = command
        self._descriptor = -1

    def acquire(self, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not self._try():
            if time.monotonic() >= end:
                raise CtlError(f"another command is running: {holder(self._path) or 'it has just started'}; "
                               f"gave up after {seconds:.0f} s")
            time.sleep(STEP)
        # Whoever holds a lock file that has been removed since, with all of RUN_DIR, is running as well.
        while others := processes.commands_holding(f"{self._path} (deleted)"):
            if time.monotonic() >= end:
                self.release()
                raise CtlError(f"another command is running: pid {others[0]}; gave up after {seconds:.0f} s")
            time.sleep(STEP)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def check(self) -> None:
        """Fails if the lock file has been removed: another command may be at work by now."""
        if not _is_at(self._descriptor, self._path):
            raise CtlError(f"{self._path} has been removed while this command was running")

    def _try(self) -> bool:
        make_trusted_folder(self._path.parent, 0o755)
        try:
            opened = self._open()
        except FileNotFoundError:
            return False  # RUN_DIR has just been removed
        except OSError as error:
            raise CtlError(f"cannot open {self._path}: {error.strerror}") from None
        descriptor = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, HIGH)
        os.close(opened)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        if not _is_at(descriptor, self._path):  # removed in between
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self._write_name()
        return True

    def _open(self) -> int:
        """Whoever can only read it can lock it nevertheless: a service whose disk has become read-only can be stopped."""
        flags = os.O_CLOEXEC | os.O_NOFOLLOW
        clear_way(self._path)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | flags, MODE)
        except OSError as error:
            if error.errno != errno.EROFS or not self._path.exists():
                raise
            return os.open(self._path, os.O_RDONLY | flags)
        os.fchmod(descriptor, MODE)  # an older version's was everybody's to read
        return descriptor

    def _write_name(self) -> None:
        """For whoever waits. A disk that takes no name keeps no command from its work."""
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{self._command} (pid {os.getpid()})\n".encode(), 0)
        except OSError:
            pass


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def holder(path: Path) -> str | None:
    """Who holds the lock, as that command has written it down; None if nobody does."""
    try:
        with os.fdopen(open_file(path), "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(100).decode("ascii", "replace").strip() or "a command that has just begun"
    except (OSError, FileError):
        pass
    return None
