"""Plain English: the spelling of everything (codespell), and turns of phrase that a reader stumbles over.

Code, comments, messages, titles of tests and pages are all read by people, so all of them are looked at.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pages

VOCABULARY = pages.ROOT / "tests/docs/vocabulary.txt"
IDIOMS = pages.ROOT / "tests/docs/idioms.txt"
# Recorded, generated or other people's text, and the list of idioms itself.
NOT_READ = re.compile(r"\.jsonl$|\.json$|\.lock$|^LICENSE$|^tests/fuzz/seeds/|^tests/models/.*/|^tests/contract/|\.ubj$|\.csv$"
                      r"|^tests/docs/(idioms\.txt|test_checks\.py)$|^configs/grafana/")


def _files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=pages.ROOT, text=True,
                            capture_output=True, check=True).stdout
    return [name for name in listed.split("\0") if name and not NOT_READ.search(name) and (pages.ROOT / name).is_file()]


def idioms() -> list[tuple[re.Pattern[str], str]]:
    """Lines of idioms.txt: a regular expression, " -> ", what to write instead."""
    found = []
    for line in IDIOMS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, _, better = line.partition(" -> ")
            found.append((re.compile(pattern), better))
    return found


def problems() -> Iterator[str]:
    files = _files()
    spelled = subprocess.run(["codespell", "--ignore-words", VOCABULARY, *files], cwd=pages.ROOT, text=True,
                             capture_output=True, check=False)
    yield from spelled.stdout.splitlines()
    if spelled.returncode and not spelled.stdout:
        yield f"codespell: {spelled.stderr.strip()}"
    rules = idioms()
    for name in files:
        for number, line in enumerate((pages.ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            for pattern, better in rules:
                if match := pattern.search(line):
                    yield f"{name}:{number}: {match[0]!r}: write {better}"
