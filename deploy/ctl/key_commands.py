"""appcorectl key: makes, lists and revokes API keys, and lets a service that runs use what it has made."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ctl import front, key_changes, key_file, messages, renewal, values
from ctl.host import Host
from ctl.messages import USAGE, CtlError
from ctl.pool import Pool

USAGE_TEXT = "usage: appcorectl key new NAME [REQUESTS PER SECOND] | list | revoke NAME [BEGINNING OF SHA-256]"


@dataclass(frozen=True)
class KeyCommands:
    """`path` is what APPCORE_API_KEYS says to the command. `lock` begins a change; it returns the pool that serves, of a
    service that runs and on which everything agrees, or None."""

    path: str
    host: Host
    lock: Callable[[], Pool | None]

    def run(self, action: str = "", *words: str) -> int:
        most = {"new": 2, "list": 0, "revoke": 2}
        if action not in most or len(words) > most[action] or (most[action] and not words):
            raise CtlError(USAGE_TEXT, USAGE)
        if not front.keys_path(self.path):
            raise CtlError("APPCORE_API_KEYS must be the file of keys, got ''")
        if action == "list":
            return self._list()
        name = key_file.check_name(words[0])
        return self._new(name, *words[1:]) if action == "new" else self._revoke(name, *words[1:])

    def _list(self) -> int:
        for key in key_file.read(self.path):
            rate = f"{key.rate}/s" if key.rate else "-"
            messages.show(f"{key.name:<31} {rate:>9}  {key.hash[:12]}  {key.comment}".rstrip())
        return 0

    def _new(self, name: str, rate: str = "") -> int:
        number = values.integer("RATE", rate, 1, key_file.HIGHEST_RATE) if rate else None
        pool = self.lock()
        with key_changes.locked(self.path):
            key = key_changes.add(self.path, name, number)
            if not messages.show(key):  # nobody would ever know it
                key_changes.remove(self.path, name, key_file.hash_of(key))
                raise CtlError("cannot print the key, so it has been removed again")
        messages.note(f"a new key of {name!r}, shown this once; {self.path} has its hash only")
        return self._take_into_use(pool)

    def _revoke(self, name: str, beginning: str = "") -> int:
        if not re.fullmatch("[0-9a-f]{0,64}", beginning):
            raise values.refuse("the beginning of the SHA-256", "hexadecimal digits, as \"appcorectl key list\" shows", beginning)
        pool = self.lock()
        with key_changes.locked(self.path):
            gone = key_changes.remove(self.path, name, beginning)
        if not gone:
            raise CtlError(f"{self.path} has no such key of {name!r}")
        messages.note(f"revoked: {gone} of the keys in {self.path}")
        return self._take_into_use(pool)

    def _take_into_use(self, pool: Pool | None) -> int:
        if pool is None:
            messages.note("the service is not running; its next start reads the file")
        elif front.read(pool.said).api_keys != self.path:
            messages.note(f"not in use: the service runs with {front.read(pool.said).api_keys or 'no keys'}; "
                          "\"appcorectl restart\" takes the file into use")
        else:
            renewal.use_keys(self.host, pool)
            messages.note("in use now")
        return 0
