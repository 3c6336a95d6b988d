"""The file of API keys (APPCORE_API_KEYS): one line for each key, `NAME SHA-256 [REQUESTS PER SECOND]`, and comments.

    # the mobile team; two keys while it changes from one to the other
    mobile  9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  50
    mobile  60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  50
    batch   fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13

A message never shows what a line says: somebody may have put a key there instead of its hash.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ctl import input_file, values
from ctl.messages import CtlError

MOST_KEYS = 1000  # nginx holds them all in memory
HIGHEST_RATE = 999_999  # as for APPCORE_CLIENT_RATE
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")  # at most 31 bytes: what a slot has room for (store/slot_layout.hpp)
NAME_RULE = "1 to 31 letters, digits and ._-, beginning with a letter or digit, and not 'other'"
RESERVED = "other"  # the label of all that have no series of their own
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Key:
    name: str
    hash: str  # SHA-256, lower-case hexadecimal
    rate: int  # requests per second of all keys of this name; 0: no limit
    line: int  # in the file, from 1
    comment: str


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def check_name(text: str) -> str:
    if NAME.fullmatch(text) and text != RESERVED:
        return text
    raise values.refuse("NAME", NAME_RULE, text)


def parse(text: str, source: str) -> list[Key]:
    found: list[Key] = []
    by_hash: dict[str, Key] = {}
    by_name: dict[str, Key] = {}
    for number, line in enumerate(text.splitlines(), 1):
        said, _, comment = line.partition("#")
        if not (words := said.split()):
            continue
        try:
            key = _parse_line(words, number, comment.strip())
            _check_others(key, by_hash.get(key.hash), by_name.setdefault(key.name, key))
        except ValueError as error:
            raise CtlError(f"{source}, line {number}: {error}") from None
        by_hash[key.hash] = key
        found.append(key)
    if len(found) > MOST_KEYS:
        raise CtlError(f"{source} must have at most {MOST_KEYS} keys, got {len(found)}")
    return found


def _parse_line(words: list[str], number: int, comment: str) -> Key:
    if len(words) not in (2, 3):
        raise ValueError(f"must be NAME SHA-256 [REQUESTS PER SECOND], got {len(words)} words")
    if not NAME.fullmatch(words[0]) or words[0] == RESERVED:
        raise ValueError(f"the name must be {NAME_RULE}")
    if not HASH.fullmatch(words[1].lower()):
        raise ValueError("the second word must be the SHA-256 of a key, 64 hexadecimal digits")
    rate = 0
    if len(words) == 3:
        if not re.fullmatch("[0-9]{1,6}", words[2]) or int(words[2]) == 0:
            raise ValueError(f"the third word must be requests per second, an integer from 1 to {HIGHEST_RATE}")
        rate = int(words[2])
    return Key(words[0], words[1].lower(), rate, number, comment)


def _check_others(key: Key, same_hash: Key | None, same_name: Key) -> None:
    if same_hash is not None:
        raise ValueError(f"the key must not be that of line {same_hash.line}")
    if same_name.rate != key.rate:
        raise ValueError(f"all keys of a name share one rate, so it must be that of line {same_name.line}")


def read(path: str) -> list[Key]:
    return parse(read_text(path), path)


def read_text(path: str) -> str:
    try:
        return input_file.read("APPCORE_API_KEYS", path, is_secret=True).decode("utf-8")
    except UnicodeDecodeError:
        raise CtlError(f"APPCORE_API_KEYS must be text in UTF-8, got {path!r}") from None
