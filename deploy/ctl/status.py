"""What lives of a stack and whether it serves, from the living processes and not from files."""

from __future__ import annotations

import os
import time

from ctl import draining, messages, probe
from ctl import pool as pools
from ctl.host import Host
from ctl.lock import holder
from ctl.messages import FAILED, NOT_RUNNING, CtlError
from ctl.own_host import OwnHost, find_supervisord
from ctl.place import Place
from ctl.pool import Pool
from ctl.processes import Process
from ctl.rpc import Program
from ctl.supervisor_config import METRICS, NGINX, PEER

SETTLE = 3.0  # seconds: a worker that has just ended is started again within one
HEALTH = 10.0  # seconds for /health


class _Findings:
    """One look."""

    def __init__(self, host: OwnHost) -> None:
        self.processes = host.processes()
        self.programs: list[Program] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.pool = _current(host)
        supervisord = find_supervisord(self.processes)
        if self.pool is None:
            self.problems.append(f"{host.place.run_dir} has been removed, emptied or damaged")
        if supervisord is None:
            self.problems.append("supervisord has ended")
            return
        if supervisord.is_stopped:
            self.problems.append(f"supervisord (process {supervisord.pid}) is stopped")
            return
        try:
            self.programs = host.programs()
        except CtlError as error:
            self.problems.append(str(error))
            return
        if self.pool:
            ended = host.ended_groups(self.pool, self.programs)
            self.notes += [f"{group} has ended; the next command removes it" for group in sorted(ended)]
            self.problems += wrong_programs(
                host, self.pool, [program for program in self.programs if program.group not in ended], NGINX)
        self.problems += _wrong_processes(self.processes, supervisord)


def _current(host: OwnHost) -> Pool | None:
    try:
        return pools.current(host.place)
    except CtlError:
        return None


def wrong_programs(host: Host, pool: Pool, programs: list[Program], *others: str) -> list[str]:
    """Of the programs of the pool, the metrics program and the `others`: those that do not run, are missing or left over."""
    names = {pool.colour, METRICS, *others} | ({PEER} if pool.section(PEER) else set())
    expected, groups = set(map(host.group, names)), {program.group for program in programs}
    return ([f"{program.full_name} is {program.state}" for program in programs if not program.runs]
            + [f"{group} is missing" for group in sorted(expected - groups)]
            + [f"{group} is left over" for group in sorted(groups - expected)])


def _wrong_processes(found: list[Process], supervisord: Process) -> list[str]:
    """Processes of the stack that supervisord has not started, and those that a signal has stopped."""
    family = {supervisord.pid}
    while more := {process.pid for process in found if process.parent in family} - family:
        family |= more
    strangers = [process for process in found if process.pid not in family and not process.is_log_filter]
    has_filter = any(process.is_log_filter for process in found)
    return ([f"process {process.pid} ({process.name}) is left over" for process in strangers]
            + [f"process {process.pid} ({process.name}) is stopped" for process in found if process.is_stopped]
            + ([] if has_filter else ["the log filter has ended"]))


def _check_owner(place: Place) -> None:
    """Whose processes are others' than this user's cannot be told from none."""
    owner = os.stat(place.run_dir).st_uid if place.run_dir.exists() else os.geteuid()
    if os.geteuid() not in (0, owner):
        raise CtlError(f"{place.run_dir} belongs to user {owner}, whose processes only that user and root can see")


def report(host: OwnHost) -> int:
    """Prints it; the exit code says whether all is well."""
    end = time.monotonic() + SETTLE
    while True:
        found = _Findings(host)
        if not found.processes:
            _check_owner(host.place)
            messages.say("not running")
            return NOT_RUNNING
        if not found.problems or time.monotonic() > end or holder(host.place.lock):
            break
        time.sleep(0.1)
    if found.pool and not found.problems and not probe.is_healthy(found.pool, HEALTH):
        found.problems.append("/health does not answer 200")
    found.problems += draining.problem(host.place)
    if found.pool:
        messages.say(f"at {found.pool.local_url}, the pool {found.pool.colour}{draining.note(host.place)}")
    width = max((len(program.full_name) for program in found.programs), default=0)
    for program in found.programs:
        messages.show(f"{program.full_name:<{width}}   {program.state:<9} {program.description}")
    if at_work := holder(host.place.lock):
        messages.say(f"running command: {at_work}")
    for note in found.notes:
        messages.say(note)
    for problem in found.problems:
        messages.say(f"problem: {problem}")
    if found.problems:
        messages.say("not serving as it should: \"make up\" starts it again")
    return FAILED if found.problems else 0
