"""Upgrades the machines of a fleet, one after the other: `appcorectl fleet upgrade LIST`.

Each is drained, given its command, has to answer, and is taken back in before the next one's turn. The first that does not
ends the upgrade: it stays drained, and the others serve. An upgrade begins only when all machines take requests, and
begins with the first one.
"""

from __future__ import annotations

import fcntl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ctl import draining, fleet_list, messages
from ctl.fleet_list import Fleet, Member
from ctl.messages import CtlError

NOTICE = 2.5  # seconds until both HAProxys have seen that a machine drains: their interval, and as long for an answer
RETURN = 5.0  # seconds until both send requests to one that is back: two good answers, and some of its slow start
BACK = 60.0  # seconds for a machine to answer after its upgrade
STEP = 1.0
LONGEST = 1800.0  # seconds for one command on a machine: a package may take its time


@dataclass(frozen=True)
class Done:
    """A command on a machine that has ended."""

    code: int
    output: str

    @property
    def reason(self) -> str:
        """Its last line, which says why it has failed."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


def run(list_file: str) -> int:
    fleet = fleet_list.read(Path(list_file))
    with open(list_file, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CtlError(f"another upgrade with {list_file} is running") from None
        return _upgrade_all(fleet)


def _upgrade_all(fleet: Fleet) -> int:
    for machine in fleet.machines:
        _need_serving(fleet, machine)
    for number, machine in enumerate(fleet.machines, 1):
        try:
            _upgrade(fleet, machine)
        except CtlError as error:
            left = ", ".join(other.name for other in fleet.machines[number:]) or "none"
            raise CtlError(f"{machine.name}: {error}; not upgraded yet: {left}") from None
        messages.say(f"{machine.name}: upgraded, {number} of {len(fleet.machines)}")
    return 0


def _need_serving(fleet: Fleet, machine: Member) -> None:
    """With one machine out and another one dead or drained there might be none."""
    done = _do(fleet, machine, f"{fleet.appcorectl} status")
    if done.code != 0:
        raise CtlError(f"all machines must serve before an upgrade, but {machine.name} does not: {done.reason}")
    if draining.DRAINED in done.output:
        raise CtlError(f"all machines must take requests before an upgrade, but {machine.name} is drained: "
                       f"\"appcorectl undrain\" there ends that")


def _upgrade(fleet: Fleet, machine: Member) -> None:
    _must(fleet, machine, f"{fleet.appcorectl} drain")
    time.sleep(NOTICE)
    _must(fleet, machine, fleet.upgrade)
    _wait_for_health(fleet, machine)
    _must(fleet, machine, f"{fleet.appcorectl} undrain")
    time.sleep(RETURN)


def _wait_for_health(fleet: Fleet, machine: Member) -> None:
    end = time.monotonic() + BACK
    while True:
        done = _do(fleet, machine, f"{fleet.appcorectl} health")
        if done.code == 0:
            return
        if time.monotonic() > end:
            raise CtlError(f"does not answer after its upgrade and stays drained: {done.reason}")
        time.sleep(STEP)


def _must(fleet: Fleet, machine: Member, command: str) -> None:
    done = _do(fleet, machine, command)
    if done.code != 0:
        raise CtlError(f"{command!r} failed: {done.reason}")


def _do(fleet: Fleet, machine: Member, command: str) -> Done:
    try:
        done = subprocess.run([*fleet.ssh, str(machine.address), command], text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return Done(1, f"took more than {LONGEST:.0f} s")
    except OSError as error:
        raise CtlError(f"cannot run {fleet.ssh[0]}: {error.strerror}") from None
    return Done(done.returncode, done.stdout)
