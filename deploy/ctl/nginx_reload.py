"""Which configuration nginx has read, and how it changes without a lost request.

nginx.loaded has the digest of the nginx.conf that nginx has read. It is removed before nginx.conf changes and written
when nginx's new processes are there: so if it is missing, or another digest than that of the current pool's file, the
change has been interrupted, and whoever finds that does it again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from pathlib import Path

from ctl import connections, draining, messages, processes
from ctl import place as places
from ctl.messages import CtlError
from ctl.place import Place
from ctl.processes import Process

DRAIN = 2.0  # seconds; nginx looks for RUN_DIR/draining once a second (open_file_cache_valid)
QUIET = 45.0  # seconds for clients that ask seldom; other commands wait a minute for the lock
LOOK = 0.1
STEP = 0.02


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Record:
    def __init__(self, path: Path) -> None:
        self._path = path

    def says(self, text: str) -> bool:
        """Whether nginx has read this configuration."""
        return (places.read_file(self._path) or "").strip() == digest(text)

    def forget(self) -> None:
        places.remove(self._path)

    def write(self, text: str) -> None:
        places.write_file(self._path, digest(text) + "\n")


def reload(master: Process, place: Place, ports: Collection[int], send: Callable[[], None]) -> None:
    """Lets nginx, which listens on these ports, read its files again.

    At a reload nginx closes the kept connections that wait for a request, and would lose one that is just arriving
    there. So first every reply says "Connection: close", until no client has a connection that was kept before. HTTP/2
    needs none of that: it tells clients which requests have arrived (GOAWAY).
    """
    draining.touch(place.draining)
    try:
        time.sleep(DRAIN)
        wait_for_quiet_clients(ports, time.monotonic() + QUIET)
        _replace_workers(master, place, send)
        time.sleep(1)  # the old ones have let go of what they still had to accept
    finally:
        draining.settle(place)


def wait_for_quiet_clients(ports: Collection[int], end: float) -> None:
    """Waits until each connection that is open now has brought a request, whose reply closes it, or is gone."""
    waiting = connections.received(ports)
    while waiting and time.monotonic() < end:
        time.sleep(LOOK)
        now = connections.received(ports)
        waiting = {identity: count for identity, count in waiting.items() if now.get(identity) == count}
    if waiting:
        messages.note(f"{len(waiting)} clients have been connected without a request for {QUIET:.0f} s; their "
                      "connections are closed now")


def workers(master: Process) -> list[Process]:
    """nginx's processes that serve: those that shut down are not among them."""
    try:
        with open(f"/proc/{master.pid}/task/{master.pid}/children", encoding="ascii") as file:
            pids = [int(word) for word in file.read().split()]
    except OSError:
        return []
    found = [process for pid in pids if (process := processes.describe(pid))]
    return [process for process in found if process.is_serving_worker]


def _replace_workers(master: Process, place: Place, send: Callable[[], None]) -> None:
    """A reply that kept its connection between nginx's signal and its old workers' end would keep it for nothing, and its
    client's next request would be lost."""
    old = workers(master)
    draining.until_gone(place, old)
    send()
    end = time.monotonic() + draining.RELOAD_LIMIT
    while time.monotonic() < end:
        now = {process.start for process in workers(master)}
        if now and not now & {process.start for process in old}:
            return
        time.sleep(STEP)
    draining.until_gone(place, [])
    raise CtlError("nginx has not taken its new configuration; system.log says why")
