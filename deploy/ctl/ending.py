"""The end of a stack: every process of it, in good order where that is possible, then what it leaves behind."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

from ctl import credentials, draining, messages, processes
from ctl import place as places
from ctl import pool as pools
from ctl.counts import Counts
from ctl.host import MARGIN, METRICS_STOP
from ctl.messages import CtlError
from ctl.own_host import OwnHost, find_supervisord
from ctl.place import Place

NGINX_STOP = 15  # seconds, stopwaitsecs in deploy/supervisord.conf
POOL_STOP = 35  # seconds, if the pool's folder cannot tell
KILL_LIMIT = 5.0  # seconds for the kernel to end a process that got SIGKILL, and for the log filter's last lines
SHOWN = 3  # of the things that could not be cleaned up, which a disk refuses all alike
LEFT_BEHIND = ("*.sock", "*.sock.*", "*.pid", "*.new", "nginx.loaded", "endpoint", "drained", "draining", "conf.d/*",
               "log/*.new", "models/new-*", "models/compiling-*")


def _pool(place: Place) -> pools.Pool | None:
    try:
        return pools.current(place)
    except CtlError:
        return None


def drain(host: OwnHost) -> None:
    """Before a stop, where there is somebody who answers /ready."""
    pool = _pool(host.place)
    if pool is not None and any(process.is_nginx_master for process in host.processes()):
        draining.before_stop(host.place, pool.drain_seconds)


def stop_seconds(place: Place) -> float:
    """How long supervisord may take to end all: nginx, then the workers, then the metrics program."""
    pool = _pool(place)
    return NGINX_STOP + (pool.stop_seconds if pool else POOL_STOP) + METRICS_STOP + MARGIN


def end_all(host: OwnHost) -> bool:
    """Whether there was any process. For the holder of the lock."""
    found = host.processes()
    if not found:
        return False
    seconds = stop_seconds(host.place)
    supervisord = find_supervisord(found)
    if supervisord is not None:
        supervisord.send(signal.SIGTERM)
        processes.send_all(found, signal.SIGCONT)  # whoever was stopped could not end
        if processes.wait_for_end([supervisord], seconds, host.supervisor.nudge):
            supervisord.send(signal.SIGKILL)
    end_orphans(host, seconds)
    return True


def end_orphans(host: OwnHost, seconds: float) -> None:
    """Ends processes whose supervisord has gone. The log filter goes by itself, after the last of them."""
    end = time.monotonic() + seconds
    asked: set[processes.Process] = set()
    while living := [process for process in host.processes() if not process.is_log_filter]:
        if time.monotonic() > end:
            processes.send_all(living, signal.SIGKILL)
            if processes.wait_for_end(living, KILL_LIMIT):
                raise CtlError(f"processes {[p.pid for p in living]} do not end; see {host.place.logs}")
            continue
        for process in set(living) - asked:
            process.send(signal.SIGQUIT if process.is_nginx else signal.SIGTERM)
            process.send(signal.SIGCONT)
        asked |= set(living)
        processes.wait_for_end(living, 0.2)
    filters = host.processes()
    for process in processes.wait_for_end(filters, KILL_LIMIT):
        process.send(signal.SIGKILL)
    processes.wait_for_end(filters, KILL_LIMIT)


def clean(place: Place, counts: Counts) -> None:
    """Removes what a stack that has ended leaves. No process of it lives; for the holder of the lock. What a disk that is
    full or read-only does not allow is left to the next command."""
    left = [path for pattern in LEFT_BEHIND for path in place.run_dir.glob(pattern)]
    # A link there is the name of a standard output that is gone.
    left += [log for log in place.logs.glob("*.log") if log.is_symlink()]
    failures: list[str] = []
    for path in left:
        with _going_on(failures):
            places.remove(path)
    for folder in pools.folders(place):
        pools.remove(folder)
    with _going_on(failures):
        credentials.remove_others(place, [])
    with _going_on(failures):
        counts.put_back()
    for failure in failures[:SHOWN]:
        messages.note(f"left to the next command: {failure}")


@contextlib.contextmanager
def _going_on(failures: list[str]) -> Iterator[None]:
    try:
        yield
    except (CtlError, OSError) as error:
        failures.append(str(error))
