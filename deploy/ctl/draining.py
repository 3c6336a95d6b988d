"""How a machine leaves its load balancer before it stops: RUN_DIR/drained and RUN_DIR/draining.

While `drained` is there /ready answers 503, from the next request on; it says which command has made it: DRAIN, or STOP and
the process that stops. `run` stops at once when it gets a signal, beside any other command: whoever sent it has set a time.
While `draining` is there each reply says "Connection: close"; nginx looks for that once a second (open_file_cache_valid).
While nginx replaces its workers (nginx_reload.py) it names the old ones. Whoever removes it waits until
they have gone, for RELOAD_LIMIT at most, also where the command that reloads has been killed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection
from pathlib import Path

from ctl import messages, probe, processes
from ctl import place as places
from ctl.messages import FAILED
from ctl.place import Place
from ctl.pool import Pool
from ctl.processes import Process

DRAIN, STOP = "drain", "stop"
DRAINED = "drained (\"appcorectl undrain\" ends that)"  # what `status` says, and `fleet upgrade` looks for
LIMIT = 5.0  # seconds for /ready to answer as it should
RELOAD_LIMIT = 10.0  # seconds for nginx to replace its workers
STEP = 0.05


def begin(place: Place, command: str) -> None:
    this = processes.describe(os.getpid()) if command == STOP else None
    for flag in (place.drained, place.draining):
        places.clear_way(flag)
    places.write_file(place.drained, (_stop_of(this) if this else command) + "\n")
    touch(place.draining)


def touch(path: Path) -> None:
    with places.named("write", path):
        path.touch()


def _stop_of(process: Process) -> str:
    return f"{STOP} {process.pid} {process.start}"


def end(place: Place) -> None:
    places.remove(place.drained)
    _wait_for_old_workers(place)
    places.remove(place.draining)


def until_gone(place: Place, workers: Collection[Process]) -> None:
    """Keeps `draining` until these processes of nginx serve no longer, whoever wants to remove it."""
    places.write_file(place.draining, "".join(f"{worker.pid} {worker.start}\n" for worker in workers))


def _wait_for_old_workers(place: Place) -> None:
    said = re.findall("^([0-9]+) ([0-9]+)$", _said(place.draining), re.MULTILINE)
    old = {(int(pid), int(start)) for pid, start in said}
    give_up = time.monotonic() + RELOAD_LIMIT
    while any(_serves(pid, start) for pid, start in old) and time.monotonic() < give_up:
        time.sleep(STEP)


def _serves(pid: int, start: int) -> bool:
    process = processes.describe(pid)
    return process is not None and process.start == start and process.is_serving_worker


def is_drained(place: Place) -> bool:
    """Whether an operator has drained it. A stop that was killed does not count."""
    return _said(place.drained) == DRAIN


def _said(flag: Path) -> str:
    """What the file says; nothing if it is none."""
    try:
        return (places.read_file(flag) or "").strip()
    except places.FileError:
        return ""


def _is_stopping(place: Place) -> bool:
    """Whether another process, which lives, has begun to stop it."""
    said = _said(place.drained)
    found = re.fullmatch(f"{STOP} ([0-9]+) [0-9]+", said)
    process = processes.describe(int(found[1])) if found else None
    return process is not None and process.pid != os.getpid() and said == _stop_of(process)


def problem(place: Place) -> list[str]:
    """What a stop that was killed has left behind, if it has."""
    if not place.drained.exists() or is_drained(place) or _is_stopping(place):
        return []
    return ["a stop that was killed has left it drained: /ready answers 503"]


def settle(place: Place) -> None:
    """What an operator has drained stays so, and so does what is being stopped; what a stop that was killed or a reload has
    left behind goes."""
    if is_drained(place) or _is_stopping(place):
        touch(place.draining)
    else:
        end(place)


def before_stop(place: Place, seconds: float) -> None:
    """Serves on for so long, so that balancers and clients look elsewhere. Where that is interrupted, nothing has
    changed; who has been drained before need not wait."""
    if is_drained(place):
        return
    try:
        _begin_stop(place)
        time.sleep(seconds)
    except places.FileError as error:
        messages.note(f"stops without draining, so load balancers learn of it late: {error}")
    except BaseException:
        settle(place)
        raise


def _begin_stop(place: Place) -> None:
    """On a full disk an empty file may still find room, which is enough for nginx."""
    try:
        begin(place, STOP)
    except places.FileError:
        touch(place.drained)
        touch(place.draining)


# --- the commands; their callers hold the lock ------------------------------------------------------


def drain(place: Place, pool: Pool) -> int:
    """Returns when /ready answers 503."""
    begin(place, DRAIN)
    if (status := _wait_for(pool, 503)) != 503:
        messages.complain(f"/ready must answer 503 now, got {status or 'no answer'}")
        return FAILED
    messages.say("drained: /ready answers 503; the pool serves on, and every reply closes its connection")
    return 0


def undrain(place: Place, pool: Pool) -> int:
    """Returns when /ready answers 200."""
    end(place)
    if (status := _wait_for(pool, 200)) != 200:
        messages.complain(f"/ready must answer 200 now, got {status or 'no answer'}")
        return FAILED
    messages.say("takes requests: /ready answers 200")
    return 0


def note(place: Place) -> str:
    """What a report says besides, of a service that is drained."""
    return f", {DRAINED}" if is_drained(place) else ""


def _wait_for(pool: Pool, wanted: int) -> int | None:
    give_up = time.monotonic() + LIMIT
    while (status := probe.status_of(pool, "/ready", LIMIT)) != wanted:
        if time.monotonic() > give_up:
            break
        time.sleep(STEP)
    return status
