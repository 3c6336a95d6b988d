"""What a number, an address, a name and a path are: the one place that reads them from text.

Each function returns the value in its canonical form or raises CtlError with the pattern
"NAME must be ..., got 'text'".
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass

from ctl.messages import CtlError

# A socket's path has at most 107 bytes, and the longest below RUN_DIR is pools/green-999999/pool.sock.
LONGEST_RUN_DIR = 78


def refuse(name: str, rule: str, text: str) -> CtlError:
    return CtlError(f"{name} must be {rule}, got {text!r}")


def integer(name: str, text: str, low: int, high: int) -> int:
    """Decimal digits only: "08" is 8; a sign, a blank or other digits are refused."""
    if re.fullmatch(r"[0-9]{1,18}", text) and low <= int(text) <= high:
        return int(text)
    raise refuse(name, f"an integer from {low} to {high}", text)


def one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text in choices:
        return text
    raise refuse(name, "one of " + ", ".join(choices), text)


def address(name: str, text: str) -> str:
    """An IP address without brackets."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise refuse(name, "an IPv4 or IPv6 address", text) from None


def networks(name: str, text: str) -> list[str]:
    """Networks separated by blanks, ["all"] or ["none"]."""
    rule = "networks separated by spaces, or 'all', or 'none'"
    if text.split() in (["all"], ["none"]):
        return text.split()
    if not (found := _networks(name, rule, text)):
        raise refuse(name, rule, text)
    return [str(network) for network in found]


def trusted_networks(name: str, text: str) -> list[str]:
    """Networks separated by blanks, maybe none, and never the whole Internet."""
    rule = "addresses or networks separated by spaces, but not every address"
    found = _networks(name, rule, text)
    if any(network.prefixlen == 0 for network in found):
        raise refuse(name, rule, text)
    return [str(network) for network in found]


def _networks(name: str, rule: str, text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(word, strict=False) for word in text.split()]
    except ValueError:
        raise refuse(name, rule, text) from None


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens."""

    address: str
    port: int

    def __str__(self) -> str:
        """As nginx and URLs have it."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def endpoint(name: str, text: str) -> Endpoint:
    """ADDRESS:PORT, an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    bracketed = re.fullmatch(r"\[(.*)\]", host)
    try:
        found = ipaddress.ip_address(bracketed[1] if bracketed else host)
        if (found.version == 6) == bool(bracketed):
            return Endpoint(str(found), integer(name, port, 1, 65535))
    except (ValueError, CtlError):
        pass
    raise refuse(name, "ADDRESS:PORT, for instance 0.0.0.0:8443 or [::]:8443", text)


def plain_text(name: str, text: str) -> str:
    """Text that fits on one line of any file."""
    if re.search(r"[\ud800-\udfff]", text):  # how Python hands on bytes that are not UTF-8
        raise CtlError(f"{name} must be UTF-8, got {os.fsencode(text)!r}")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise CtlError(f"{name} must not contain control characters, got {text!r}")
    return text


def path_for_configuration(name: str, text: str) -> str:
    """A path that can stand in the files of nginx and supervisord as it is."""
    if re.fullmatch(r"/[A-Za-z0-9/._+@,=~ -]*", text):
        return text
    raise refuse(name, "an absolute path of letters, digits, spaces and /._+@,=~-", text)


def run_dir(text: str) -> str:
    """RUN_DIR as an absolute path without links, so that two spellings mean one stack."""
    if "\0" in text:
        raise refuse("RUN_DIR", "a path", text)
    path = path_for_configuration("RUN_DIR", os.path.realpath(text))
    if len(path) > LONGEST_RUN_DIR:
        raise CtlError(f"RUN_DIR must have at most {LONGEST_RUN_DIR} characters, since sockets are below it, "
                       f"got {len(path)}: {path!r}; /tmp/appcore would do")
    return path


def host_port(text: str) -> tuple[str, int]:
    """A value that appcore-worker has checked: "host:port"."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def url(host: str, port: int, scheme: str = "http") -> str:
    """The address as a user types it into a client."""
    return f"{scheme}://{Endpoint(host, port)}"


def for_clients(host: str) -> str:
    """The address that a client on this machine uses for a service that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
