"""Tables in the pages say what the programs say: settings, metrics, routes, status codes, alerts, targets, commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator

import pages
from commands import BUILD

sys.path.insert(0, str(pages.ROOT / "deploy"))
from ctl import settings  # noqa: E402
from ctl.main import COMMANDS  # noqa: E402


def _header_with(declaration: str) -> str:
    """The one header that declares this, wherever it is."""
    (text,) = (text for path in pages.ROOT.glob("src/appcore/**/*.hpp") if declaration in (text := path.read_text(encoding="utf-8")))
    return text


def _text(name: str) -> str:
    return (pages.ROOT / name).read_text(encoding="utf-8")


def _difference(what: str, told: set[str], true: set[str]) -> Iterator[str]:
    for name in sorted(told - true):
        yield f"{what}: {name} does not exist"
    for name in sorted(true - told):
        yield f"{what}: {name} is missing"


def _configuration() -> Iterator[str]:
    environment = {name: value for name, value in os.environ.items() if not settings.is_setting(name)}
    printed = subprocess.run([BUILD / "appcore-worker", "--print-config"], env=environment, text=True,
                             capture_output=True, check=True).stdout
    defaults = dict(line.split("=", 1) for line in printed.splitlines())
    rows = pages.page("docs/configuration.md").table("variable", "The service")
    told = {pages.codes(row[0])[0]: row[1] for row in rows}
    yield from _difference("docs/configuration.md", set(told), set(defaults) | set(settings.OF_NGINX))
    for name, quoted in defaults.items():
        (default,) = shlex.split(quoted) or [""]
        shown = told.get(name, "").split(";")[0]
        if name in told and shown != (f"`{default}`" if default else "empty"):
            yield f"docs/configuration.md: the default of {name} is {default!r}, the table says {shown}"


def _metrics() -> Iterator[str]:
    true = set(re.findall(r'\bDefinition \w+\{\s*"(\w+)"', _header_with("\nstruct Definition {")))
    told = [pages.codes(row[0])[0] for row in pages.page("docs/metrics.md").table("family")]
    yield from _difference("docs/metrics.md", set(told), true)


def _routes() -> Iterator[str]:
    text = _header_with("\nenum class Endpoint ")
    paths, methods = (re.findall(r'"([^"]*)"', found) for found in re.findall(r"> \w+ = \{([^}]*)\};", text))
    true = {f"{path} {method}" for path, method in zip(paths, methods, strict=True) if path != "other"}
    rows = pages.page("docs/api.md").table("path")
    yield from _difference("docs/api.md, routes", {f"{pages.codes(row[0])[0]} {row[1]}" for row in rows}, true)


def _status_codes() -> Iterator[str]:
    told = {row[0] for row in pages.page("docs/api.md").table("status")}
    known = set(re.findall(r"\{(\d{3}), \"", _header_with("\nstruct StatusCode {")))
    for code in sorted(told - known):
        yield f"docs/api.md: {code} is not a status that is counted (http/status.hpp)"
    sources = "".join(path.read_text(encoding="utf-8") for path in pages.ROOT.glob("src/appcore/**/*.cpp"))
    made = set(re.findall(r"(?:\.set|answer_error|\.status =)\s*\(?([2345]\d\d)\b", sources))
    # Of nginx's own, these are only there in case: nothing that is configured makes them.
    made |= set(re.findall(r"return ([45]\d\d) '\{\"detail\"", _text("deploy/nginx.conf"))) - {"408", "411", "415", "416", "500"}
    for code in sorted(made - told):
        yield f"docs/api.md: status {code} is missing"


def _alerts() -> Iterator[str]:
    rules = re.findall(r"- alert: (\w+)\n(?:.*\n)*?\s+labels: \{severity: (\w+)\}", _text("configs/rules/appcore.alerts.yml"))
    rows = pages.page("docs/operations.md").table("alert")
    yield from _difference("docs/operations.md, alerts", {f"{pages.codes(row[0])[0]} ({row[1]})" for row in rows},
                           {f"{name} ({severity})" for name, severity in rules})


def _targets() -> Iterator[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in [pages.ROOT / "Makefile", *pages.ROOT.glob("**/*.mk")])
    true = {f"make {name}" for name in re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE)}
    told = {code for row in pages.page("docs/development.md").table("target") for code in pages.codes(row[0])}
    yield from _difference("docs/development.md, targets", told, true)


def _ctl_commands() -> Iterator[str]:
    spans = {tuple(span.split()[:2]) for name in ("docs/operations.md", "docs/models.md", "docs/deploy.md")
             for _, span in pages.page(name).code_spans()}
    manual = set(re.findall(r"^\.BI? \"?(\w+)", _text("deploy/debian/appcorectl.8"), re.MULTILINE))
    for command in COMMANDS:
        if not spans & {("appcorectl", command), ("make", command)}:
            yield f"docs/operations.md: appcorectl {command} is missing"
        if command not in manual | {"run"}:  # the machine's supervisord runs it
            yield f"deploy/debian/appcorectl.8: {command} is missing"


def _model_options() -> Iterator[str]:
    usage = subprocess.run([BUILD / "appcore-model", "compile", "--help"], text=True, capture_output=True, check=True).stdout
    told = " ".join(span for _, span in pages.page("docs/models.md").code_spans())
    for option in sorted(set(re.findall(r"^  (--[a-z]+)", usage, re.MULTILINE))):
        if option not in told:
            yield f"docs/models.md: {option} is missing"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    _configuration, _metrics, _routes, _status_codes, _alerts, _targets, _ctl_commands, _model_options)


def problems() -> Iterator[str]:
    for check in CHECKS:
        yield from check()
