"""Fills in the ${NAMES} of the files in deploy/: nginx.conf, supervisord.conf, pool.conf."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ctl import place
from ctl.messages import CtlError

NAME = re.compile(r"\$\{(APPCORE_[A-Z_]+)\}")


def read(name: str) -> str:
    return (place.DEPLOY_DIR / name).read_text(encoding="utf-8")


def fill_in(template: str, texts: Mapping[str, str]) -> str:
    """Every name must be known: one that is not is a mistake in the template."""

    def text_of(found: re.Match[str]) -> str:
        if found[1] not in texts:
            raise CtlError(f"{found[0]} in a template has no value")
        return texts[found[1]]

    return NAME.sub(text_of, template)
