"""Where a stack lives, and whether that place can be trusted.

RUN_DIR of a stack:
    lock                held by the command at work
    pools/green-7/      a pool's folder (pool.py)
    current             a link to the folder of the pool that serves; renaming it is the switch
    conf.d/*.conf       sections of supervisord.conf: a pool runs while its file is there
    nginx.conf, nginx.loaded    what nginx reads; the digest of what it has read (nginx_reload.py)
    drained             while it is there /ready answers 503: appcorectl drain, undrain
    draining            while it is there each reply says "Connection: close"
    state, textfile, log, temp  counts, appcore.prom, logs, nginx's files

On a machine (the Debian package) what has to outlive a reboot is below KEEP_DIR, the rest below RUN_DIR.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctl.messages import CtlError

KEPT = {"credentials", "log", "lost+found", "models", "state", "temp", "textfile"}
DEPLOY_DIR = Path(__file__).resolve().parent.parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # where nginx and the like are looked for


class FileError(CtlError):
    """A file or folder cannot be read, written or removed; the message names it."""


@contextlib.contextmanager
def named(what: str, path: Path) -> Iterator[None]:
    """An error of the operating system within, which seldom names the file that was written, says what it was about."""
    try:
        yield
    except shutil.Error as error:  # has a list of all files that could not be copied: (from, to, reason)
        raise FileError(f"cannot {what} {path}: {error.args[0][0][2]}") from None
    except OSError as error:
        raise FileError(f"cannot {what} {path}: {error.strerror or error}") from None


@dataclass(frozen=True)
class Place:
    run_dir: Path
    keep_dir: Path

    @property
    def lock(self) -> Path:
        return self.run_dir / "lock"

    @property
    def pools(self) -> Path:
        return self.keep_dir / "pools"

    @property
    def current(self) -> Path:
        return self.keep_dir / "current"

    @property
    def drained(self) -> Path:
        return self.run_dir / "drained"

    @property
    def draining(self) -> Path:
        return self.run_dir / "draining"

    @property
    def logs(self) -> Path:
        return self.run_dir / "log"

    @property
    def textfile_dir(self) -> Path:
        return self.keep_dir / "textfile"


def trusted_owners() -> set[int]:
    """Root, this user, and the owner of this program, whose code runs anyway."""
    return {0, os.geteuid(), os.stat(__file__).st_uid}


def check_trust(path: Path) -> None:
    """Refuses a folder that, or a parent of which, somebody else may change. Nothing in it has been read yet.

    Only root needs it: any other user could lose only what is theirs.
    """
    for folder in (path, *path.parents):
        _check_folder(folder, may_be_shared=folder != path)


def _check_folder(folder: Path, *, may_be_shared: bool) -> None:
    """One that is shared has the sticky bit: others make names in it, and change only theirs."""
    if os.geteuid() != 0:
        return
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return
    if found.st_uid not in trusted_owners():
        raise CtlError(f"RUN_DIR must belong to root, but {str(folder)!r} belongs to user {found.st_uid}: "
                       "run as that user, or choose another RUN_DIR")
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_write and not (may_be_shared and found.st_mode & stat.S_ISVTX):
        raise CtlError(f"RUN_DIR must be writable by root only, but others may write to {str(folder)!r}")


def check_is_stack(place: Place) -> None:
    """Refuses a RUN_DIR that was somebody's before it was a stack's: a command would remove what has our names there, such as
    conf.d/*. A stack's folder has a lock or a pool's folder; what else it keeps while it is down has these names."""
    if place.lock.exists() or any(place.pools.glob("[bg]*-[0-9]*/pool.json")) or not place.run_dir.is_dir():
        return
    if strange := sorted(set(os.listdir(place.run_dir)) - KEPT):
        raise CtlError(f"RUN_DIR must be a stack's folder, or empty, but {place.run_dir} has {strange[0]!r}")


def make_folder(path: Path, mode: int) -> None:
    """Makes a folder with exactly this mode, whatever the umask; one that is there keeps its own."""
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise CtlError(f"{path} must be a folder") from None
        return
    except OSError as error:
        raise CtlError(f"cannot make the folder {path}: {error.strerror}") from None
    path.chmod(mode)


def make_trusted_folder(path: Path, mode: int) -> None:
    """Makes a folder and its parents, which nobody else may change. Each is looked at once it is there: somebody else may have
    made it, or a link of its name, since check_trust() found none."""
    for folder in (*reversed(path.parents), path):
        if not os.path.isdir(folder):
            make_folder(folder, mode)
        _check_folder(folder, may_be_shared=folder != path)


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes a file in one step: readers see the old or the new one."""
    new = path.with_name(path.name + ".new")
    with named("write", path):
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(new, mode)
            os.replace(new, path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def keep_file(path: Path, text: str) -> None:
    """Writes a file unless it says so already: what is right needs no room on a disk that is full."""
    if read_file(path) != text:
        write_file(path, text)


def read_file(path: Path) -> str | None:
    """The file's text, or None if it is not there. Bytes that are not UTF-8 become U+FFFD: the text is not what was expected,
    and its reader says so."""
    with named("read", path):
        try:
            descriptor = open_file(path)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read()


def open_file(path: Path) -> int:
    """A descriptor for reading. Only of a regular file: a FIFO would wait for its writer."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileError(f"{path} must be a regular file")
    return descriptor


def sync(path: Path) -> None:
    """Waits until the disk has the file, or the names in the folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot do that for a folder
            raise
    finally:
        os.close(descriptor)


def point(link: Path, target: Path) -> None:
    """Makes or replaces a symbolic link in one step."""
    new = link.with_name(link.name + ".new")
    with named("make the link", link):
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        os.replace(new, link)


def clear_way(path: Path) -> None:
    """Removes what has the name of a file and is none, a folder or a FIFO for instance, so that the file can be made."""
    if os.path.lexists(path) and not os.path.islink(path) and not os.path.isfile(path):
        remove(path)


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with all that is in it; none is fine."""
    with named("remove", path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
