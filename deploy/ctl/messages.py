"""What a command says, and how it fails.

A message is never a reason to fail or to wait: where standard output or error is full, closed or stopped
(Ctrl-S), it is dropped after a moment.
"""

from __future__ import annotations

import os
import select
import sys
import time

from ctl import log_lines

PATIENCE = 0.5  # seconds for a terminal that does not take a message
SLICE = 512  # bytes at a time: a pipe that poll(2) calls writable takes PIPE_BUF without blocking

FAILED = 1
USAGE = 2
NOT_RUNNING = 3  # as an init script's status says it


class CtlError(Exception):
    """The reason for which a command gives up, as one sentence for its caller."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP has arrived. What has been begun is left to the next command or undone."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.code = 128 + number


class _Speaker:
    """Where messages go: text on the standard streams or, in a container, lines of the log."""

    as_log = False


def speak_in_log() -> None:
    """From here on each message is a line of the log on standard output."""
    _Speaker.as_log = True


def _write(descriptor: int, text: str) -> bool:
    """Whether all of it has been written."""
    data = text.encode("utf-8", "replace")
    end = time.monotonic() + PATIENCE
    try:
        while data:
            if not select.select([], [descriptor], [], max(end - time.monotonic(), 0))[1]:
                return False
            data = data[os.write(descriptor, data[:SLICE]):]
    except (OSError, ValueError):
        return False  # nobody can be told
    return True


def _emit(descriptor: int, line: str) -> None:
    if _Speaker.as_log:
        _write(sys.__stdout__.fileno() if sys.__stdout__ else 1, log_lines.to_json(line.encode()).decode() + "\n")
    else:
        _write(descriptor, line + "\n")


def say(text: str) -> None:
    """The outcome of a command, on standard output."""
    _emit(1, f"appcore: {text}")


def note(text: str) -> None:
    """What an operator should know besides, on standard error."""
    _emit(2, f"appcore: {text}")


def complain(text: str) -> None:
    """The reason of a failure, on standard error. A program's own message stays as it is."""
    _emit(2, text if log_lines.is_message_of_program(text) else f"appcore: error: {text}")


def show(text: str) -> bool:
    """Lines as they are, on standard output. Whether they are there."""
    return _write(1, text + "\n")


def quote_lines(lines: list[str]) -> None:
    """Lines of a log that explain a failure, on standard error."""
    for line in lines:
        _write(2, line + "\n")
