"""Includes go one way: between the rooms of src/appcore only as the table in docs/development.md says, and without a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pages

SOURCES = pages.ROOT / "src/appcore"
MAP = pages.ROOT / "docs/development.md"
FOR_ALL = {"system", "json", "result.hpp"}
A_ROW = re.compile(r"^\| `([a-z_]+)` \| [^|]* \|([^|]*)\|$", re.MULTILINE)
AN_INCLUDE = re.compile(r'^#include "appcore/([a-z_]+|[a-z_]+\.hpp)[/"]', re.MULTILINE)


def _allowed() -> dict[str, set[str]]:
    section = MAP.read_text(encoding="utf-8").partition("\n## Map of the source\n")[2].partition("\n## ")[0]
    return {room: set(re.findall(r"`([a-z_]+)`", uses)) for room, uses in A_ROW.findall(section) if (SOURCES / room).is_dir()}


def _used(room: str) -> set[str]:
    files = [path for path in (SOURCES / room).rglob("*") if path.suffix in (".cpp", ".hpp")]
    return {name for path in files for name in AN_INCLUDE.findall(path.read_text(encoding="utf-8"))} - {room}


def problems() -> Iterator[str]:
    allowed = _allowed()
    rooms = {path.name for path in SOURCES.iterdir() if path.is_dir()}
    for room in sorted(rooms - set(allowed)):
        yield f"{MAP.name}: the map must have a row for src/appcore/{room}"
    for room, uses in allowed.items():
        used = _used(room)
        for other in sorted(used - uses - FOR_ALL):
            yield f"src/appcore/{room} includes {other}, which its row in {MAP.name} does not allow"
        for other in sorted(uses - used):
            yield f"{MAP.name}: the row of {room} allows {other}, which it does not include"
    try:
        TopologicalSorter(allowed).prepare()
    except CycleError as error:
        yield f"{MAP.name}: rooms include each other in a circle: {' -> '.join(error.args[1])}"
