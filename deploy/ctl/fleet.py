"""`appcorectl fleet`: what concerns several machines. It runs where the operator sits and needs no stack there."""

from __future__ import annotations

from ctl import fleet_list, fleet_render, fleet_upgrade, messages
from ctl.messages import USAGE, CtlError

FORMS = "\"fleet example\", \"fleet render LIST OUT\" or \"fleet upgrade LIST\""


def run(arguments: list[str]) -> int:
    match arguments:
        case ["example"]:
            messages.show(fleet_list.EXAMPLE.rstrip())
            return 0
        case ["render", list_file, out]:
            return fleet_render.run(list_file, out)
        case ["upgrade", list_file]:
            return fleet_upgrade.run(list_file)
    raise CtlError(f"the command must be {FORMS}, got \"{' '.join(['fleet', *arguments])}\"", USAGE)
