"""The project's Markdown pages: anchors, links, code blocks, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^(```+)\s*(.*)$")
HEADING = re.compile(r"^#{1,6} +(.*?)\s*$")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")


@dataclass
class Block:
    """A fenced block: ```LANGUAGE WORD, the line of its first fence, its text."""
    language: str
    word: str
    line: int
    lines: list[str] = field(default_factory=list)


@dataclass
class Page:
    path: Path
    prose: list[tuple[int, str]] = field(default_factory=list)  # lines outside of blocks, with their numbers
    blocks: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def anchors(self) -> set[str]:
        """As GitHub makes them of headings; a repeated one gets a number."""
        found: set[str] = set()
        for _, line in self.prose:
            if heading := HEADING.match(line):
                base = re.sub(r"[^\w\- ]", "", LINK.sub(r"\1", heading[1]).lower()).replace(" ", "-")
                anchor, count = base, 0
                while anchor in found:
                    count += 1
                    anchor = f"{base}-{count}"
                found.add(anchor)
        return found

    def links(self) -> list[tuple[int, str]]:
        return [(number, link[1]) for number, line in self.prose for link in LINK.findall(CODE.sub("", line))]

    def code_spans(self) -> list[tuple[int, str]]:
        return [(number, span) for number, line in self.prose for span in CODE.findall(line)]

    def table(self, first_column: str, section: str = "") -> list[list[str]]:
        """The rows of the table whose first heading is this, below the heading `section` if one is given."""
        rows: list[list[str]] = []
        here, inside = not section, False
        for _, line in self.prose:
            if heading := HEADING.match(line):
                here = not section or heading[1] == section
            if not line.startswith("|"):
                inside = False
                continue
            cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            if here and cells[0] == first_column:
                inside = True
            elif inside and not set("".join(cells)) <= set("-: "):
                rows.append(cells)
        return rows


def read(path: Path) -> Page:
    page, block = Page(path), None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if block is not None:
            if fence and not fence[2]:
                block = None
            else:
                block.lines.append(line)
        elif fence:
            language, _, word = fence[2].partition(" ")
            block = Block(language, word.strip(), number)
            page.blocks.append(block)
        else:
            page.prose.append((number, line))
    return page


def page(name: str) -> Page:
    return read(ROOT / name)


def all_pages() -> list[Page]:
    return [read(path) for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/*/README.md")])]


def codes(cell: str) -> list[str]:
    """The code spans of a cell."""
    return CODE.findall(cell)
