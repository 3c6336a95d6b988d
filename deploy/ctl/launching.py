"""Starts supervisord and the log filter of a stack of our own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctl import limits, place
from ctl.log_filter import STANDARD_OUTPUT
from ctl.messages import CtlError
from ctl.place import Place
from ctl.processes import MARK, Process
from ctl.settings import CALLING, is_setting

PYTHON = "/usr/bin/python3"
PIPE = 4  # supervisord's descriptor of the pipe's other end: it keeps from 0 to 4 what it has inherited

# What would change how python, sh, nginx or make work, or means another process. The rest is handed on: LANG,
# the options of sanitizers, proxies.
UNWANTED = re.compile(r"(PYTHON|BASH|MAKE|SUPERVISOR_|LISTEN_|GIT_).*|SHELLOPTS|ENV|MFLAGS|NGINX|NOTIFY_SOCKET|"
                      r"CDPATH|IFS|PORT|ADDRESS|WORKERS|RUN_DIR")


def environment(run_dir: Path) -> dict[str, str]:
    """What supervisord starts with: a marker by which the stack's processes are found, and no setting."""
    kept = {name: value for name, value in os.environ.items()
            if not (UNWANTED.fullmatch(name) or is_setting(name) or name in CALLING)}
    return {**kept, "PATH": place.PATH, "TZ": "UTC", MARK: str(run_dir)}


def _filter_command(destination: str) -> list[str]:
    return [PYTHON, "-IBS", str(place.DEPLOY_DIR / "appcorectl"), "log-filter", destination]


@dataclass(frozen=True)
class Started:
    supervisord: subprocess.Popen[bytes]
    log_filter: subprocess.Popen[bytes]


def start(where: Place, foreground: bool) -> Started:
    """supervisord and the filter of its output. In the foreground the filter writes to standard output, and
    supervisord ends with this process."""
    reading, writing = _pipe()
    try:
        log_filter = _start_filter(where, reading, foreground)
        with _as_pipe(reading):
            supervisord = _start_supervisord(where, writing, foreground)
    except OSError as error:
        raise CtlError(f"cannot start supervisord: {error}") from None
    finally:
        os.close(reading)
        os.close(writing)
    return Started(supervisord, log_filter)


def _pipe() -> tuple[int, int]:
    """Above the descriptors that have a meaning in supervisord."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


@contextlib.contextmanager
def _as_pipe(reading: int) -> Iterator[None]:
    """`reading` has the number PIPE meanwhile. A file of this program may have it, the lock for instance: which numbers
    are free depends on what the caller has left open."""
    try:
        before = fcntl.fcntl(PIPE, fcntl.F_DUPFD_CLOEXEC, 10)
    except OSError:
        before = None
    os.dup2(reading, PIPE, inheritable=False)
    try:
        yield
    finally:
        if before is None:
            os.close(PIPE)
        else:
            os.dup2(before, PIPE, inheritable=False)
            os.close(before)


def _start_filter(where: Place, reading: int, foreground: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_filter_command(STANDARD_OUTPUT if foreground else str(where.logs)),
                            stdin=reading, stdout=None if foreground else subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env=environment(where.run_dir), cwd="/", start_new_session=True)


def _start_supervisord(where: Place, writing: int, foreground: bool) -> subprocess.Popen[bytes]:
    command = [PYTHON, "-IB", "-m", "supervisor.supervisord", "-c", str(where.run_dir / "supervisord.conf")]
    if os.geteuid() == 0:
        command += ["-u", "root"]
    if foreground:
        command = ["setpriv", "--pdeathsig", "TERM", *command]
    limits.raise_open_files()
    os.umask(0o027)  # logs name clients
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, pass_fds=(PIPE,),
                                env=environment(where.run_dir), cwd="/", start_new_session=True)
    finally:
        os.umask(0o022)


def restart_filter(where: Place, supervisord: Process) -> None:
    """A filter that was killed: supervisord holds the pipe, so that nothing of it is lost."""
    name = f"/proc/{supervisord.pid}/fd/{PIPE}"
    try:
        reading = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CtlError(f"the log filter has ended and cannot be started again: {error}") from None
    try:
        _start_filter(where, reading, foreground=False)
    finally:
        os.close(reading)
