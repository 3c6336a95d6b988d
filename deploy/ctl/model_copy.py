"""Copies a model's file and says its SHA-256: `appcorectl copy-model SOURCE TARGET`, a process of its own.

Half a gigabyte takes seconds of a processor, and only a process of its own can be of low priority and leave the command
that started it as it is.
"""

from __future__ import annotations

import hashlib
import os
import sys

BLOCK = 1 << 20


def main(source: str, target: str) -> int:
    """The digest is that of what has been written, not of what somebody may have put into `source` since."""
    digest = hashlib.sha256()
    try:
        with open(source, "rb") as reading, open(target, "xb") as writing:
            while block := reading.read(BLOCK):
                digest.update(block)
                writing.write(block)
            writing.flush()
            os.fsync(writing.fileno())
    except OSError as error:
        print(error.strerror, file=sys.stderr, flush=True)
        return 1
    print(digest.hexdigest(), flush=True)
    return 0
