"""The process between supervisord's and nginx's output and the log files.

Standard input is read at once, whatever the disk does: a thread a file writes, and what finds no room in
its bounded buffer is counted and reported in the file as soon as that takes lines again. So neither a
frozen disk nor a stopped terminal ever blocks nginx or supervisord. The end of the input is the end.
"""

from __future__ import annotations

import collections
import fcntl
import functools
import os
import signal
import threading

from ctl import log_lines

ROOM = 8 << 20  # bytes that wait for a file: at 300 bytes a line some 28,000 lines
LONGEST_LINE = 64 << 10  # bytes; a longer line is cut in pieces
CHUNK = 256 << 10
PIPE_SIZE = 1 << 20  # bytes, the most that a process may ask for without privileges
LAST_WAIT = 5  # seconds for a file at the end of the input
STANDARD_OUTPUT = "-"
ACCESS = b'"logger":"nginx.access"'


class Output:
    """One file and the thread that writes it. push() never blocks."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._waiting: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._dropped = 0
        self._is_torn = False  # the file ends in a part of a line of ours
        self._reopen = True  # the file is there from the start
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def push(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        with self._changed:
            if self._size + len(data) > ROOM:
                self._dropped += len(lines)
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def reopen(self) -> None:
        """For the next line: the file has been moved away."""
        with self._changed:
            self._reopen = True
            self._changed.notify()

    def finish(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(LAST_WAIT)

    def _write_all(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._ended or self._reopen):
                    self._changed.wait()
                if self._ended and not self._waiting:
                    return
                reopen, self._reopen = self._reopen, False
                data = self._waiting.popleft() if self._waiting else b""
                dropped, self._dropped = self._dropped, 0
            report = _report(dropped)
            written = self._write(report + data, reopen)
            with self._changed:
                self._size -= len(data)
                if written < len(report):
                    self._dropped += dropped
                self._dropped += data.count(b"\n", max(written - len(report), 0))

    def _write(self, lines: bytes, reopen: bool) -> int:
        """How much of it, in whole lines, is in the file."""
        before = b"\n" if self._is_torn else b""
        data, written = before + lines, 0
        try:
            if reopen and self._file >= 0:
                os.close(self._file)
                self._file = -1
            if self._file < 0:
                self._file = self._open()
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            pass  # no room
        whole = data.rfind(b"\n", 0, written) + 1
        if written:
            self._is_torn = written > whole and not self._take_back(written - whole)
        return max(whole - len(before), 0)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        if self._path != STANDARD_OUTPUT:
            return os.open(self._path, flags, 0o640)
        try:
            return os.open("/proc/self/fd/1", flags)  # appends, if it is a file that others write as well
        except OSError:
            return os.dup(1)  # a socket

    def _take_back(self, size: int) -> bool:
        """Removes the part of a line for which there was no room. To standard output others append, too: what was its end a
        moment ago may be in the middle of it now."""
        if self._path == STANDARD_OUTPUT:
            return False
        try:
            os.ftruncate(self._file, os.fstat(self._file).st_size - size)
            return True
        except OSError:
            return False  # no regular file


def _report(dropped: int) -> bytes:
    if not dropped:
        return b""
    message = f"{dropped} log lines dropped: they could not be written"
    return log_lines.line("WARNING", "appcorectl", message) + b"\n"


def _pieces(line: bytes) -> list[bytes]:
    if len(line) <= LONGEST_LINE:
        return [line]
    return [line[start:start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)]


class _Lines:
    """Cuts the input into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[bytes]:
        *ended, rest = (self._rest + data).split(b"\n")
        lines = [piece for line in ended for piece in _pieces(line)]
        *pieces, self._rest = _pieces(rest)
        return lines + pieces

    def last(self) -> list[bytes]:
        return [self._rest] if self._rest else []


def _is_noise(line: bytes) -> bool:
    """The mode of supervisord's socket is the check that it misses; empty lines say nothing."""
    return not line or b"running without any HTTP authentication checking" in line


def _hand_out(lines: list[bytes], system: Output, access: Output) -> None:
    requests, others = [], []
    for line in lines:
        if line.startswith(log_lines.OWN_LINE) and ACCESS in line[:120]:
            requests.append(line + b"\n")
        elif not _is_noise(line):
            others.append(log_lines.to_json(line) + b"\n")
    if requests:
        access.push(requests)
    if others:
        system.push(others)


def main(folder: str) -> int:
    """Writes system.log and access.log in `folder`, or everything to STANDARD_OUTPUT.

    A second process does it, and the first one only starts another should that be killed: the input waits in the pipe.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while child := os.fork():
        signal.signal(signal.SIGHUP, functools.partial(_pass_on, child))
        _, status = os.waitpid(child, 0)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if os.WIFEXITED(status):
            return os.WEXITSTATUS(status)
    return _filter(folder)


def _pass_on(child: int, number: int, _: object) -> None:
    os.kill(child, number)


def _filter(folder: str) -> int:
    if folder == STANDARD_OUTPUT:
        system = access = Output(folder)
    else:
        system, access = Output(f"{folder}/system.log"), Output(f"{folder}/access.log")

    def reopen(*_: object) -> None:
        for output in (system, access):
            output.reopen()

    signal.signal(signal.SIGHUP, reopen)
    try:
        fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    except OSError:
        pass  # the usual size will do
    lines = _Lines()
    while data := os.read(0, CHUNK):
        _hand_out(lines.take(data), system, access)
    _hand_out(lines.last(), system, access)
    for output in {system, access}:
        output.finish()
    return 0
