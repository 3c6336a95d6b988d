"""Includes go one way: between the rooms of src/appcore only as the table in docs/development.md says, and without a circle. A file is
a topic: one that is smaller has its reason in the page's other table."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pages

SOURCES = pages.ROOT / "src/appcore"
MAP = pages.ROOT / "docs/development.md"
FOR_ALL = {"system", "json", "result.hpp"}
A_ROW = re.compile(r"^\| `([a-z_]+)` \| [^|]* \|([^|]*)\|$", re.MULTILINE)
SMALLEST_TOPIC = 35  # lines, of a header and its source together
A_SMALL_TOPIC = re.compile(r"^\| `([a-z0-9_/]+)` \| [^|]+ \|$", re.MULTILINE)
AN_INCLUDE = re.compile(r'^#include "appcore/([a-z_]+|[a-z_]+\.hpp)[/"]', re.MULTILINE)


def _section(title: str) -> str:
    return MAP.read_text(encoding="utf-8").partition(f"\n{title}\n")[2].partition("\n#")[0]


def _allowed() -> dict[str, set[str]]:
    section = _section("## Map of the source")
    return {room: set(re.findall(r"`([a-z_]+)`", uses)) for room, uses in A_ROW.findall(section) if (SOURCES / room).is_dir()}


def _used(room: str) -> set[str]:
    files = [path for path in (SOURCES / room).rglob("*") if path.suffix in (".cpp", ".hpp")]
    return {name for path in files for name in AN_INCLUDE.findall(path.read_text(encoding="utf-8"))} - {room}


def _small_topics() -> set[str]:
    lines: collections.Counter[str] = collections.Counter()
    for path in SOURCES.rglob("*"):
        if path.suffix in (".cpp", ".hpp"):
            lines[str(path.relative_to(SOURCES).with_suffix(""))] += len(path.read_text(encoding="utf-8").splitlines())
    return {topic for topic, count in lines.items() if count < SMALLEST_TOPIC}


def _problems_of_small_topics() -> Iterator[str]:
    found, explained = _small_topics(), set(A_SMALL_TOPIC.findall(_section("### Small files")))
    for topic in sorted(found - explained):
        yield f"src/appcore/{topic} has less than {SMALLEST_TOPIC} lines: merge it, or say under \"Small files\" in {MAP.name} why it stands alone"
    for topic in sorted(explained - found):
        yield f"{MAP.name}: \"Small files\" names {topic}, which is not one"


def problems() -> Iterator[str]:
    yield from _problems_of_small_topics()
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
