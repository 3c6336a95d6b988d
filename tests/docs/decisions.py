"""DECISIONS.md: its list and its entries are the same, and no entry is longer than half a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pages

LONGEST = 2000  # characters of an entry: half a page


def problems() -> Iterator[str]:
    text = pages.page("DECISIONS.md").path.read_text(encoding="utf-8")
    before, _, rest = text.partition("\n## List\n")
    listed_text, _, entries_text = rest.partition("\n## ")
    if not before or not entries_text:
        yield "DECISIONS.md: no section List"
    listed = re.findall(r"^- \[(.*)\]\(#", listed_text, re.MULTILINE)
    entries = re.findall(r"^### (.*)\n((?:(?!#{2,3} ).*\n)*)", entries_text, re.MULTILINE)
    titles = [title for title, _ in entries]
    sections = re.findall(r"^## (.*)$", f"## {entries_text}", re.MULTILINE)
    for title in titles:
        if title not in listed:
            yield f"DECISIONS.md: the list lacks {title!r}"
    if sorted(listed_entries := [title for title in listed if title in titles]) == sorted(titles) and listed_entries != titles:
        yield "DECISIONS.md: the list and the entries are in different orders"
    for title in listed:
        if title not in titles and title not in sections:
            yield f"DECISIONS.md: no entry for {title!r}"
    for title, entry in entries:
        if len(entry) > LONGEST:
            yield f"DECISIONS.md: {title!r} is longer than half a page ({len(entry)} characters of {LONGEST})"
        if not re.search(r"\*\*(Why|Alternatives|Alternatives, measured|Price):\*\*", entry) and len(entry) > 400:
            yield f"DECISIONS.md: {title!r} says neither why nor at which price"
