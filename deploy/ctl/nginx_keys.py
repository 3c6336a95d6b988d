r"""nginx's directives for API keys: which key a request brings, who is refused, and how often each may ask.

A key is looked up once a request, by api-keys.js, in the variable $appcore_key_found: "NAME RATE", or "NAME RATE other"
for a name without metrics of its own. Everything else is made of that by maps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ctl import templates
from ctl.front import Front
from ctl.key_file import RESERVED, Key

# $status in the first of the passes that a request makes through server {}: an error page is a further one. It is 009
# in HTTP/0.9.
FIRST_PASS = "~^00"
OPEN = r"/(health|ready)(\?.*)?$"  # that balancers and appcorectl ask, exactly so
SCRIPT, LIMITS_HTTP, LIMITS_SERVER = "api-keys.js", "api-keys-http.conf", "api-keys-server.conf"
MOST_SERIES = 31  # names with metrics of their own, the first ones of the file; slots have as many places (store/slot_layout.hpp)
DOCS = r"/(docs|docs/oauth2-redirect|redoc|openapi\.json|-/docs/[A-Za-z0-9_-][A-Za-z0-9._-]*)(\?.*)?$"
NOBODY = {"APPCORE_API_KEYS": "", "APPCORE_KEY_REFUSAL": "", "APPCORE_KEY_LIMITS": "", "APPCORE_KEY_PARAMETERS": "",
          "APPCORE_LOGGED_KEY": ""}
# The programs see the name only. A header that is given as a parameter is not passed on.
PARAMETERS = ('fastcgi_param APPCORE_API_KEY $appcore_key if_not_empty; '
              'fastcgi_param APPCORE_API_KEY_SERIES $appcore_key_series if_not_empty; '
              'fastcgi_param HTTP_AUTHORIZATION "" if_not_empty; fastcgi_param HTTP_X_API_KEY "" if_not_empty;')


def files(keys: Sequence[Key]) -> dict[str, bytes]:
    """What depends on the keys: the script that knows them, and the limits of those that have one."""
    rates = sorted({key.rate for key in keys if key.rate})
    texts = {SCRIPT: f"const KEYS = {json.dumps(_table(keys), indent=1)};\n" + templates.read(SCRIPT),
             LIMITS_HTTP: "".join(_zone(rate) for rate in rates), LIMITS_SERVER: "".join(_limit(rate) for rate in rates)}
    return {name: text.encode() for name, text in texts.items()}


def _table(keys: Iterable[Key]) -> dict[str, str]:
    places: dict[str, int] = {}
    table = {}
    for key in keys:
        has_series = places.setdefault(key.name, len(places)) < MOST_SERIES
        table[key.hash] = f"{key.name} {key.rate}" + ("" if has_series else f" {RESERVED}")
    return table


def _zone(rate: int) -> str:
    return (f'map $appcore_key_found $appcore_key_of_{rate} {{ "~^([^ ]+) {rate}( |$)" $1; default ""; }}\n'
            f'map $request_uri $appcore_key_limited_to_{rate} {{ "~^{OPEN}" ""; default $appcore_key_of_{rate}; }}\n'
            f"limit_req_zone $appcore_key_limited_to_{rate} zone=appcore_keys_{rate}:256k rate={rate}r/s;\n")


def _limit(rate: int) -> str:
    """A second's worth may come at once."""
    return f"limit_req zone=appcore_keys_{rate} burst={rate} nodelay;\n"


def directives(front: Front, folder: Path | None) -> dict[str, str]:
    """The template's names. Without keys they are empty, and nothing is looked up."""
    if folder is None:
        return NOBODY
    return {"APPCORE_API_KEYS": "\n    ".join(_maps(front, folder)),
            "APPCORE_KEY_REFUSAL": "if ($appcore_lacks_key) { return 401; }",
            "APPCORE_KEY_LIMITS": f'include "{folder}/{LIMITS_SERVER}";', "APPCORE_KEY_PARAMETERS": PARAMETERS,
            "APPCORE_LOGGED_KEY": """'"key":"$appcore_key",'"""}


def _maps(front: Front, folder: Path) -> list[str]:
    docs = f'"~^{DOCS}" ""; ' if front.has_open_docs else ""
    return [
        f'js_import appcore_keys from "{folder}/{SCRIPT}"; js_set $appcore_key_found appcore_keys.found;',
        'map $appcore_key_found $appcore_key { "~^([^ ]+) " $1; default ""; }',
        f'map $appcore_key_found $appcore_key_series {{ "~ ({RESERVED})$" $1; default ""; }}',
        # One check for all: what is not in this list needs a key.
        'map $appcore_key_found $appcore_has_no_key { "" 1; default ""; }',
        f'map $request_uri $appcore_needs_key {{ "~^{OPEN}" ""; {docs}default $appcore_has_no_key; }}',
        f'map $status $appcore_lacks_key {{ volatile; "{FIRST_PASS}" $appcore_needs_key; default ""; }}',
        f'include "{folder}/{LIMITS_HTTP}";',
    ]
