"""Files that settings name and that somebody else may be writing, or may have written for others to read."""

from __future__ import annotations

import os
import stat

from ctl.messages import CtlError

LARGEST = 1 << 20  # bytes


def read(name: str, path: str, *, is_secret: bool = False) -> bytes:
    """The content of the file that the setting `name` names. A secret must be its owner's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for its writer
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            content = file.read(LARGEST + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise CtlError(f"{name} must be a file that can be read, got {path!r} ({error.strerror})") from None
    if not stat.S_ISREG(mode) or len(content) > LARGEST:
        raise CtlError(f"{name} must be a regular file of at most {LARGEST} bytes, got {path!r}")
    if is_secret and mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise CtlError(f"{name} must not be readable by others, got {path!r} with mode {stat.S_IMODE(mode):04o}: "
                       f"chmod 600 {path}")
    return content
