"""What the operator says about the door: who is believed about callers, where else nginx listens, and who may ask.

Only nginx needs these settings, so they are read here and not by the programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctl import values
from ctl.values import Endpoint

# The old service believed this peer without being told, about the scheme only.
SCHEME_ALWAYS = ["127.0.0.1"]


PATHS = ("APPCORE_TLS_CERT", "APPCORE_TLS_KEY", "APPCORE_TLS_CLIENT_CA")
TLS_SETTINGS = (*PATHS, "APPCORE_TLS_LISTEN", "APPCORE_TLS_REDIRECT_LISTEN", "APPCORE_TLS_HSTS")
KEY_SETTINGS = ("APPCORE_API_KEYS", "APPCORE_API_KEYS_DOCS")
SETTINGS = ("APPCORE_TRUSTED_PROXIES", "APPCORE_PROXY_LISTEN", *TLS_SETTINGS, *KEY_SETTINGS)  # all that are read here
LONGEST_HSTS = 63_072_000  # seconds: two years, what preload lists ask for


@dataclass(frozen=True)
class Tls:
    certificate: str  # paths
    key: str
    client_ca: str = ""  # empty: no client needs a certificate
    listen: Endpoint | None = None  # None: the listener at ADDRESS and PORT speaks TLS, and nothing else
    redirect_listen: Endpoint | None = None  # redirects to https
    hsts: int = 0  # seconds; 0: the header is not sent


@dataclass(frozen=True)
class Front:
    """The checked settings; `Front()` is what is said by default."""

    trusted_proxies: tuple[str, ...] = ()
    proxy_listen: Endpoint | None = None
    tls: Tls | None = None
    api_keys: str = ""  # the path of their file; empty: nobody needs a key
    has_open_docs: bool = False  # whether the pages that describe the API are shown without one

    @property
    def main_is_tls(self) -> bool:
        """Whether the listener at ADDRESS and PORT, and that for the PROXY protocol, speak TLS."""
        return self.tls is not None and self.tls.listen is None

    @property
    def believed_about_scheme(self) -> list[str]:
        return list(self.trusted_proxies) or SCHEME_ALWAYS

    def listeners(self) -> list[Endpoint]:
        """Where nginx listens besides ADDRESS and PORT."""
        of_tls = (self.tls.listen, self.tls.redirect_listen) if self.tls else ()
        return [endpoint for endpoint in (self.proxy_listen, *of_tls) if endpoint]


def read(chosen: Mapping[str, str]) -> Front:
    trusted = tuple(values.trusted_networks("APPCORE_TRUSTED_PROXIES", chosen.get("APPCORE_TRUSTED_PROXIES", "")))
    proxy_listen = _endpoint(chosen, "APPCORE_PROXY_LISTEN")
    if proxy_listen and not trusted:
        raise values.refuse("APPCORE_TRUSTED_PROXIES", "set with APPCORE_PROXY_LISTEN, which only they may use", "")
    return Front(trusted, proxy_listen, _tls(chosen), keys_path(chosen.get("APPCORE_API_KEYS", "")),
                 values.one_of("APPCORE_API_KEYS_DOCS", chosen.get("APPCORE_API_KEYS_DOCS") or "key", ("key", "open")) == "open")


def keys_path(text: str) -> str:
    if text and text[0] != "/":
        raise values.refuse("APPCORE_API_KEYS", "an absolute path", text)
    return text


def _tls(chosen: Mapping[str, str]) -> Tls | None:
    said = {name: chosen[name] for name in TLS_SETTINGS if chosen.get(name)}
    if not said:
        return None
    for name in ("APPCORE_TLS_CERT", "APPCORE_TLS_KEY"):
        if name not in said:
            raise values.refuse(name, f"set with {next(iter(said))}", "")
    for name in PATHS:
        if said.get(name, "/")[0] != "/":
            raise values.refuse(name, "an absolute path", said[name])
    return Tls(said["APPCORE_TLS_CERT"], said["APPCORE_TLS_KEY"], said.get("APPCORE_TLS_CLIENT_CA", ""),
               _endpoint(chosen, "APPCORE_TLS_LISTEN"), _endpoint(chosen, "APPCORE_TLS_REDIRECT_LISTEN"),
               values.integer("APPCORE_TLS_HSTS", said.get("APPCORE_TLS_HSTS", "0"), 0, LONGEST_HSTS))


def _endpoint(chosen: Mapping[str, str], name: str) -> Endpoint | None:
    return values.endpoint(name, chosen[name]) if chosen.get(name) else None
