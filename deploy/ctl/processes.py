"""Finds the living processes of a stack and ends them, whatever files are gone.

supervisord starts with APPCORE_STACK=<RUN_DIR> in its environment, and all others inherit it. nginx writes its
title over its environment, so it is known by its name and its current folder, RUN_DIR/temp. Both are read from
/proc, and hold for a RUN_DIR that has been removed. Anybody can start a process that has them, so only those of
users count whose RUN_DIR is trusted: all of a stack run as the user whose command has started it, nginx's too.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ctl import place

MARK = "APPCORE_STACK"


@dataclass(frozen=True)
class Process:
    pid: int
    start: int  # clock ticks since boot; with the pid it names a process for good
    state: str  # proc(5): R, S, D, T (stopped), ...
    parent: int
    name: str
    command: tuple[str, ...]
    # Forked by the stack's supervisord or nginx a moment ago, and still with its parent's command: it becomes another
    # program, or gives itself another title. Its pid may be the lower one, since the kernel begins again at the end.
    is_copy: bool = False

    @property
    def is_supervisord(self) -> bool:
        return "supervisor.supervisord" in self.command and not self.is_copy

    @property
    def is_log_filter(self) -> bool:
        return "log-filter" in self.command

    @property
    def is_nginx(self) -> bool:
        return self.name == "nginx"

    @property
    def is_nginx_master(self) -> bool:
        return self.is_nginx and bool(self.command) and self.command[0].startswith("nginx: master") and not self.is_copy

    @property
    def is_serving_worker(self) -> bool:
        """Of nginx; one that shuts down, and closes each connection with its next reply, has another title."""
        return self.command[0] == "nginx: worker process"

    @property
    def is_stopped(self) -> bool:
        return self.state == "T"

    def send(self, number: int) -> None:
        """Signals this very process, or nobody if it has ended."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            if _stat(self.pid)[1] == self.start:
                signal.pidfd_send_signal(descriptor, number)
        except OSError:
            pass
        finally:
            os.close(descriptor)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _stat(pid: int) -> tuple[str, int, str, int]:
    """Name, start, state and parent."""
    text = _read(f"/proc/{pid}/stat").decode("utf-8", "replace")
    name, _, rest = text.partition(" (")[2].rpartition(") ")
    fields = rest.split()
    return name, int(fields[19]), fields[0], int(fields[1])


def describe(pid: int) -> Process | None:
    try:
        name, start, state, parent = _stat(pid)
        words = _read(f"/proc/{pid}/cmdline").decode("utf-8", "replace").rstrip("\0").split("\0")
    except (OSError, ValueError, IndexError):
        return None
    return None if state in "ZX" else Process(pid, start, state, parent, name, tuple(words))


def _pids() -> Iterable[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _is_trusted(pid: int) -> bool:
    """Its real user as well: who starts a program with the set-user-ID bit chooses its environment."""
    status = _read(f"/proc/{pid}/status").decode("utf-8", "replace")
    users = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
    return {int(user) for user in users} <= place.trusted_owners()


def environment_of(pid: int) -> dict[str, str]:
    """What the process was started with; nothing if that cannot be read."""
    try:
        data = _read(f"/proc/{pid}/environ").decode("utf-8", "replace")
    except OSError:
        return {}
    return dict(pair.split("=", 1) for pair in data.split("\0") if "=" in pair)


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def of_stack(run_dir: Path) -> list[Process]:
    """The living processes of the stack in `run_dir`, this one and its parents excluded."""
    mark = b"\0" + f"{MARK}={run_dir}".encode() + b"\0"
    folders = {f"{run_dir}/temp", f"{run_dir}/temp (deleted)"}
    mine = _ancestors()
    found = []
    for pid in _pids():
        if pid in mine:
            continue
        try:
            is_ours = mark in b"\0" + _read(f"/proc/{pid}/environ") + b"\0"
            if not is_ours:
                is_ours = _read(f"/proc/{pid}/comm") == b"nginx\n" and _link(f"/proc/{pid}/cwd") in folders
            is_ours = is_ours and _is_trusted(pid)
        except OSError:
            continue  # it has ended, or is another user's
        if is_ours and (process := describe(pid)):
            found.append(process)
    return _marked_copies(found)


def _marked_copies(found: list[Process]) -> list[Process]:
    commands = {process.pid: process.command for process in found}
    return [replace(process, is_copy=commands.get(process.parent) == process.command) for process in found]


def _ancestors() -> set[int]:
    found = set()
    pid = os.getpid()
    while pid > 1 and pid not in found:
        found.add(pid)
        try:
            pid = _stat(pid)[3]
        except (OSError, ValueError, IndexError):
            break
    return found


def commands_holding(file: str) -> list[int]:
    """Pids of other commands of this program that have this file open, as /proc names it."""
    found = []
    for pid in _pids():
        if pid == os.getpid():
            continue
        try:
            if b"/appcorectl" not in _read(f"/proc/{pid}/cmdline") or not _is_trusted(pid):
                continue
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        if any(_link(f"/proc/{pid}/fd/{name}") == file for name in names):
            found.append(pid)
    return found


def wait_for_end(waited: Iterable[Process], seconds: float,
                 meanwhile: Callable[[], None] | None = None) -> list[Process]:
    """Those that still live when the time is up. `meanwhile` is called a few times a second."""
    end = time.monotonic() + seconds
    living = [process for process in waited if _lives(process)]
    while living and time.monotonic() < end:
        if meanwhile:
            meanwhile()
        _wait_for_one(living, min(0.1, max(end - time.monotonic(), 0)))
        living = [process for process in living if _lives(process)]
    return living


def _lives(process: Process) -> bool:
    now = describe(process.pid)
    return now is not None and now.start == process.start


def _wait_for_one(living: list[Process], seconds: float) -> None:
    poll = select.poll()
    descriptors = []
    try:
        for process in living:
            descriptors.append(os.pidfd_open(process.pid))
            poll.register(descriptors[-1], select.POLLIN)
        poll.poll(seconds * 1000)
    except OSError:
        pass  # one has ended already
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def send_all(targets: Iterable[Process], number: int) -> None:
    for process in targets:
        process.send(number)
