"""Changes to the file of API keys: one after the other, each in one step, whatever else stands in the file."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ctl import key_file
from ctl.messages import CtlError

KEY_BYTES = 32  # of chance; base64url makes 43 characters of them
PATIENCE = 60.0  # seconds for another command that writes the file; it takes milliseconds
STEP = 0.02


@contextmanager
def locked(path: str) -> Iterator[None]:
    """One change at a time, whatever stacks have this file. The lock is a file of its own beside it, since the file is
    replaced, and nobody else's to open: whoever can open it, or the folder, can lock it."""
    folder, name = os.path.split(os.path.realpath(path))
    lock = os.path.join(folder, f".{name}.lock")
    end = time.monotonic() + PATIENCE
    while (descriptor := _try(path, lock)) is None:
        if time.monotonic() > end:
            raise CtlError(f"another command changes {path}; gave up after {PATIENCE:.0f} s")
        time.sleep(STEP)
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(lock)  # while it is held: whoever gets it then sees that it has no name
        os.close(descriptor)


def _try(path: str, lock: str) -> int | None:
    """The locked file, or None if another command has it."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CtlError(f"cannot lock {path} by {lock}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(lock)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def add(path: str, name: str, rate: int | None) -> str:
    """Adds a new key and returns it: nobody else knows it. Without a rate it has that of the name's other keys, if any."""
    text = key_file.read_text(path) if os.path.exists(path) else ""
    same_name = [key for key in key_file.parse(text, path) if key.name == name]
    if same_name and rate is None:
        rate = same_name[0].rate
    if same_name and rate != same_name[0].rate:
        raise CtlError(f"RATE must be that of the other keys of {name!r}, {same_name[0].rate or 'none'}, got {rate}")
    key = secrets.token_urlsafe(KEY_BYTES)
    words = [name, key_file.hash_of(key), *([str(rate)] if rate else []),
             time.strftime("# made %Y-%m-%d", time.gmtime())]
    changed = text + ("\n" if text and not text.endswith("\n") else "") + " ".join(words) + "\n"
    key_file.parse(changed, path)
    _write(path, changed)
    return key


def remove(path: str, name: str, beginning: str) -> int:
    """Removes the name's keys whose hashes begin so; returns how many. All other lines stay as they are."""
    text = key_file.read_text(path)
    gone = {key.line for key in key_file.parse(text, path) if key.name == name and key.hash.startswith(beginning)}
    if gone:
        lines = text.splitlines(keepends=True)
        _write(path, "".join(line for number, line in enumerate(lines, 1) if number not in gone))
    return len(gone)


def _write(path: str, text: str) -> None:
    """In one step, to the disk; owner and mode stay."""
    target = os.path.realpath(path)
    new = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.new")
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)  # of a command that was killed
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if os.path.exists(target):
                before = os.stat(target)
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, target)
        folder = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CtlError(f"cannot write {path}: {error.strerror}; nothing has changed") from None
