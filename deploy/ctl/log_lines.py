"""Makes one JSON object a line of what supervisord, nginx and crashing programs write as text.

The fields are those of the programs' own log. Any bytes make one valid line.
"""

from __future__ import annotations

import json
import re
import time

LEVELS = {"debug": "DEBUG", "debg": "DEBUG", "trac": "DEBUG", "blat": "DEBUG", "info": "INFO", "notice": "INFO",
          "warn": "WARNING", "error": "ERROR", "erro": "ERROR", "crit": "CRITICAL", "alert": "CRITICAL",
          "emerg": "CRITICAL"}

NGINX = re.compile(r"(\d{4})/(\d\d)/(\d\d) ([0-9:]{8}) \[([a-z]+)\] (.*)", re.DOTALL)
NGINX_EARLY = re.compile(r"nginx: \[([a-z]+)\] (.*)", re.DOTALL)
SUPERVISORD = re.compile(r"(\d{4}-\d\d-\d\d) ([0-9:]{8}),(\d{3}) ([A-Z]+) (.*)", re.DOTALL)
OF_PROGRAM = re.compile(r"(appcore-[a-z]+): (.*)", re.DOTALL)
UNPRINTABLE = re.compile(rb"[^ -~]")
OWN_LINE = b'{"timestamp"'


def is_message_of_program(text: str) -> bool:
    return OF_PROGRAM.match(text) is not None


def _now() -> str:
    nanoseconds = time.time_ns()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9))
    return f"{seconds}.{nanoseconds // 1000 % 10**6:06d}Z"


def line(level: str, logger: str, message: str, timestamp: str | None = None) -> bytes:
    return json.dumps({"timestamp": timestamp or _now(), "level": level, "logger": logger, "message": message},
                      separators=(",", ":")).encode("ascii")


def _level(word: str) -> str:
    return LEVELS.get(word.lower(), "WARNING")


def _is_own(raw: bytes) -> bool:
    """Whether a program has made the object itself. It may have been cut off."""
    if not raw.startswith(OWN_LINE) or not raw.endswith(b"}"):
        return False
    try:
        return isinstance(json.loads(raw), dict)
    except ValueError:
        return False


def to_json(raw: bytes) -> bytes:
    """One line, without its end, as one JSON object."""
    if _is_own(raw):
        return raw
    # Messages repeat what clients sent, byte for byte.
    text = UNPRINTABLE.sub(b"?", raw).decode("ascii")
    if found := NGINX.fullmatch(text):
        year, month, day, clock, level, message = found.groups()
        return line(_level(level), "nginx", message, f"{year}-{month}-{day}T{clock}.000000Z")
    if found := NGINX_EARLY.fullmatch(text):
        return line(_level(found[1]), "nginx", found[2])
    if found := SUPERVISORD.fullmatch(text):
        day, clock, milliseconds, level, message = found.groups()
        return line(_level(level), "supervisord", message, f"{day}T{clock}.{milliseconds}000Z")
    if text.startswith("appcore: error: "):
        return line("ERROR", "appcorectl", text[len("appcore: error: "):])
    if text.startswith("appcore: "):
        return line("INFO", "appcorectl", text[len("appcore: "):])
    if found := OF_PROGRAM.fullmatch(text):
        return line("ERROR", found[1], found[2])
    return line("WARNING", "output", text)
