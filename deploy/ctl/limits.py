"""What this machine, this container and this user allow: processors, open files, processes."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from ctl import messages
from ctl.messages import CtlError

MOST_WORKERS = 64  # as appcore-worker has it
LEAST_OPEN_FILES = 128
MOST_CONNECTIONS = 16384  # a process of nginx takes 7 MB for them
UNLIMITED_FILES = 65536  # what "unlimited" is taken for
SUPERVISOR_FILES, SUPERVISOR_PROCESSES = 1024, 200  # what supervisord asks for by itself
CGROUPS = Path("/sys/fs/cgroup")


def processors() -> int:
    """How many processors the stack may use: those of this process or, if that is less, what the quota of its
    container allows, rounded up; at most as many as there can be workers."""
    return max(1, min(len(os.sched_getaffinity(0)), _quota() or MOST_WORKERS, MOST_WORKERS))


def _quota() -> int | None:
    for name in ("cpu.max", "cpu/cpu.cfs_quota_us"):
        try:
            words = (CGROUPS / name).read_text(encoding="ascii").split()
            if name != "cpu.max":
                words += (CGROUPS / "cpu/cpu.cfs_period_us").read_text(encoding="ascii").split()
        except OSError:
            continue
        if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
            return -(-int(words[0]) // int(words[1]))
    return None


def _hard(kind: int, unlimited: int) -> int:
    limit = resource.getrlimit(kind)[1]
    return unlimited if limit == resource.RLIM_INFINITY else limit


def open_files() -> int:
    """Descriptors that each process may have; too few are an error."""
    limit = _hard(resource.RLIMIT_NOFILE, UNLIMITED_FILES)
    if limit < LEAST_OPEN_FILES:
        raise CtlError(f"the hard limit of open files (ulimit -H -n) must be at least {LEAST_OPEN_FILES}, got {limit}")
    return limit


def connections() -> int:
    """Connections that a process of nginx can hold. What it may open beyond them is for log files and bodies."""
    limit = open_files()
    return min(limit - limit // 8 - 32, MOST_CONNECTIONS)


def supervisor_minimums() -> tuple[int, int]:
    """Descriptors and processes that supervisord insists on: no more than there are."""
    return (min(SUPERVISOR_FILES, open_files()),
            min(SUPERVISOR_PROCESSES, _hard(resource.RLIMIT_NPROC, SUPERVISOR_PROCESSES)))


def report() -> None:
    """Says which limits are lower than the service would like."""
    if connections() < MOST_CONNECTIONS:
        messages.note(f"the hard limit of open files is {open_files()}: each process of nginx holds "
                      f"{connections()} connections, not {MOST_CONNECTIONS}")
    processes = _hard(resource.RLIMIT_NPROC, SUPERVISOR_PROCESSES)
    if processes < SUPERVISOR_PROCESSES:
        messages.note(f"the hard limit of processes is {processes}: a restart needs twice as many as there are workers")


def raise_open_files() -> None:
    """For nginx, which needs two a request."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass
