"""Links and paths in the pages lead somewhere."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path

import pages

# A path in the prose, as `src/appcore/config.cpp` or `tests/fuzz`; NAME and * stand for any text.
A_PATH = re.compile(r"(?:src|tests|deploy|configs|docs|\.github|\.ci)/[\w./*+-]+|(?:[a-z_]+/)+[\w.-]+\.(?:[ch]pp|py)")
BUILT = ("docs/oauth2-redirect",)  # paths of HTTP that look like ours


def problems() -> Iterator[str]:
    all_pages = pages.all_pages()
    anchors = {page.path: page.anchors() for page in all_pages}
    for page in all_pages:
        for line, target in page.links():
            if "://" in target or target.startswith("mailto:"):
                continue
            file, _, anchor = target.partition("#")
            path = (page.path.parent / file).resolve() if file else page.path
            if not path.exists():
                yield f"{page.name}:{line}: no file {target}"
            elif anchor and anchor not in anchors.get(path, set()):
                yield f"{page.name}:{line}: no heading for {target}"
        for line, span in page.code_spans():
            if A_PATH.fullmatch(span) and span not in BUILT and not _exists(span):
                yield f"{page.name}:{line}: no file {span}"


def _exists(span: str) -> bool:
    pattern = re.sub(r"NAME|FILE", "*", span).rstrip("/")
    # `fcgi/server.hpp` is below src/appcore, `ctl/status.py` below deploy.
    return any(glob.glob(str(base / pattern)) for base in (pages.ROOT, pages.ROOT / "src/appcore", pages.ROOT / "deploy", Path("/nowhere")))
