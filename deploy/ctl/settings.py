"""What the service is told: by the caller's environment, by what a running pool was told, by defaults.

The authority on the programs' settings is `appcore-worker --print-config`: it knows names, defaults and rules, so a
new one needs no line here. Only what nginx, supervisord and this program use has a name below.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl import front, limits, place, values
from ctl.front import Front
from ctl.messages import CtlError

GRACE = 5  # seconds by which the outer time limits are longer than the inner ones
LIMIT = 20.0  # seconds for appcore-worker to print its configuration

# Of this program, not of the service: where it works, what it is called with.
CALLING = {"APPCORE_BIN_DIR", "APPCORE_MESSAGES", "APPCORE_SYSTEM", "APPCORE_STACK", "APPCORE_PROGRAMS",
           "APPCORE_POOL_FOLDER", "APPCORE_SUPERVISOR"}
OF_NGINX = ("APPCORE_DOCS_UI", "APPCORE_METRICS_ALLOW", *front.SETTINGS)  # settings that the programs do not know
WITHOUT_PREFIX = {"LOG_LEVEL", "APP_NAME"}
NETWORKS = "127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"

# Those that others than the programs use as numbers. The worker has checked them; here they become canonical.
INTEGERS = ("APPCORE_WORKERS", "APPCORE_REQUEST_TIMEOUT", "APPCORE_MAX_BODY", "APPCORE_QUEUE", "APPCORE_CLIENT_RATE",
            "APPCORE_CLIENT_CONNECTIONS", "APPCORE_DRAIN_SECONDS")


def is_setting(name: str) -> bool:
    return name in WITHOUT_PREFIX or (re.fullmatch(r"APPCORE_[A-Z0-9_]+", name) is not None and name not in CALLING)


def said_by(environment: Mapping[str, str]) -> dict[str, str]:
    """What a caller says. An empty value means the default."""
    said = {name: values.plain_text(name, value) for name, value in environment.items() if is_setting(name)}
    if environment.get("WORKERS"):
        said["APPCORE_WORKERS"] = str(values.integer("WORKERS", environment["WORKERS"], 1, limits.MOST_WORKERS))
    return said


def merge(before: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """What is given now replaces what was given before; an empty value is the default again."""
    return {name: value for name, value in {**before, **said}.items() if value}


@dataclass(frozen=True)
class Settings:
    """A checked configuration."""

    said: dict[str, str]  # by callers, now and before
    programs: Path  # the folder of appcore-worker and appcore-metrics
    values: dict[str, str]  # all that the programs know
    docs_ui: str
    metrics_allow: list[str]
    front: Front = Front()

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def integer(self, name: str) -> int:
        return int(self.values[name])

    @property
    def workers(self) -> int:
        return self.integer("APPCORE_WORKERS")

    @property
    def request_timeout(self) -> int:
        return self.integer("APPCORE_REQUEST_TIMEOUT")

    @property
    def stop_seconds(self) -> int:
        """How long a worker may take to stop: longer than any request."""
        return self.request_timeout + GRACE


def find_programs(environment: Mapping[str, str]) -> Path:
    """Those of the caller, or those that belong to this deploy folder: built or installed beside it."""
    if given := environment.get("APPCORE_BIN_DIR"):
        candidates = [Path(os.path.abspath(given))]
    else:
        candidates = [place.DEPLOY_DIR.parent / "build/release", place.DEPLOY_DIR.parent.parent / "bin"]
    for folder in candidates:
        if os.access(folder / "appcore-worker", os.X_OK):
            return folder
    raise CtlError(f"no {candidates[0]}/appcore-worker: run make")


def _default_docs_ui() -> Path:
    """What `make docs-ui` fetched, beside this program once it is installed. It need not be there."""
    installed = place.DEPLOY_DIR / "docs-ui"
    return installed if installed.is_dir() else place.DEPLOY_DIR.parent / "build/docs-ui"


def resolve(said: Mapping[str, str], defaults: Mapping[str, str], programs: Path) -> Settings:
    """Completes and checks. `defaults` are this place's, where they differ from the programs' own."""
    chosen = {"APPCORE_WORKERS": str(limits.processors()), **defaults, **{k: v for k, v in said.items() if v}}
    printed = _print_config(programs, chosen)
    for name in INTEGERS:
        printed[name] = str(int(printed[name]))
    docs_ui = chosen.get("APPCORE_DOCS_UI") or str(_default_docs_ui())
    return Settings(dict(said), programs, printed,
                    values.path_for_configuration("APPCORE_DOCS_UI", docs_ui),
                    values.networks("APPCORE_METRICS_ALLOW", chosen.get("APPCORE_METRICS_ALLOW") or NETWORKS),
                    front.read(chosen))


def _print_config(programs: Path, chosen: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not is_setting(name)}
    try:
        done = subprocess.run([programs / "appcore-worker", "--print-config"], env={**inherited, **chosen}, text=True,
                              capture_output=True, timeout=LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CtlError(f"cannot run {programs}/appcore-worker: {error}") from None
    if done.returncode != 0:
        raise CtlError(done.stderr.strip() or f"{programs}/appcore-worker --print-config: exit code {done.returncode}")
    return parse_assignments(done.stdout, f"{programs}/appcore-worker --print-config")


def parse_assignments(text: str, source: str) -> dict[str, str]:
    """Lines NAME=value, quoted as for a shell. They are data: nothing in them is expanded or run."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        if "\ufffd" in line:  # what places.read_file() makes of other bytes
            raise CtlError(f"{source}, line {number}: must be UTF-8")
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise CtlError(f"{source}, line {number}: {error}") from None
        if not words:
            continue
        name, equals, value = words[0].partition("=")
        if words[0] == "export" and len(words) == 2:
            name, equals, value = words[1].partition("=")
            words = words[1:]
        if len(words) != 1 or not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise CtlError(f"{source}, line {number}: must be NAME=value, quoted if it has spaces, got {line!r}")
        found[name] = values.plain_text(name, value)
    return found
