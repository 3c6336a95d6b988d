"""Whether the service of the package serves: what its supervisor says of the programs, nginx, and an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ctl import draining, messages, probe
from ctl.machine import SITE, MachineHost
from ctl.messages import FAILED
from ctl.pool import Pool
from ctl.status import HEALTH, SETTLE


@dataclass(frozen=True)
class Programs:
    """One look at them."""

    lines: list[str]  # one for each, as its supervisor shows it
    problems: list[str]


def report(host: MachineHost, pool: Pool, title: str, look: Callable[[Pool], Programs]) -> int:
    """Prints it; the exit code says whether all is well."""
    end = time.monotonic() + SETTLE
    while (found := look(pool)).problems and time.monotonic() < end:
        time.sleep(0.1)
    problems = (found.problems or _without_answer(host, pool)) + draining.problem(host.place)
    messages.say(title)
    for line in found.lines:
        messages.show(line)
    for problem in problems:
        messages.say(f"problem: {problem}")
    return FAILED if problems else 0


def _without_answer(host: MachineHost, pool: Pool) -> list[str]:
    if not host.serves_by_nginx():
        return [f"nginx is not running, or {SITE} does not exist"]
    return [] if probe.is_healthy(pool, HEALTH) else ["/health does not answer 200"]
