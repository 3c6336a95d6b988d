"""The list of a fleet: which machines, which fronts, which address clients use.

A line is a word and what belongs to it; # begins a comment. `appcorectl fleet example` prints EXAMPLE.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ctl import values
from ctl.messages import CtlError
from ctl.settings import NETWORKS

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_MACHINES = 100  # each front asks each of them once a second
A_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
# What the kernel takes for the name of an interface, less what a configuration cannot hold.
AN_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
TLS_AT = ("none", "front", "machines")

EXAMPLE = f"""\
floating 10.0.0.100/24            # the address that clients use, with its network's prefix
front    lb1 10.0.0.21 eth0       # name, address, interface of the floating address; exactly two
front    lb2 10.0.0.22 eth0
machine  m1 10.0.0.11             # name, address; two to 100
machine  m2 10.0.0.12
# What follows may be left out; the values are the defaults.
port        80                    # of the floating address
proxy-port  8001                  # of the machines: APPCORE_PROXY_LISTEN
tls         none                  # front: HAProxy decrypts; machines: they do, and HAProxy repeats nothing
# certificate /etc/haproxy/appcore.pem                                   # with tls front, and only then: certificate and key
stats-port  8404                  # statistics page of each front, on loopback only
metrics-port 8405                 # metrics of each front, on its own address
metrics-from {NETWORKS}
vrrp-id     60                    # 1 to 255, of one fleet only in a network
ssh         ssh -o BatchMode=yes  # how `fleet upgrade` reaches a machine, by its address
appcorectl  appcorectl            # what it calls there
upgrade     appcorectl restart    # and what makes a machine a new one there
"""


@dataclass(frozen=True)
class Member:
    """A front or a machine."""

    name: str
    address: IPAddress
    interface: str = ""  # of a front

    def at(self, port: int) -> str:
        """The endpoint as HAProxy and a URL write it."""
        return f"[{self.address}]:{port}" if self.address.version == 6 else f"{self.address}:{port}"


@dataclass
class Fleet:
    fronts: list[Member] = field(default_factory=list)
    machines: list[Member] = field(default_factory=list)
    floating: ipaddress.IPv4Interface | ipaddress.IPv6Interface | None = None
    port: int = 80
    proxy_port: int = 8001
    stats_port: int = 8404
    metrics_port: int = 8405
    metrics_from: list[str] = field(default_factory=NETWORKS.split)
    tls: str = "none"
    certificate: str = ""
    vrrp_id: int = 60
    ssh: list[str] = field(default_factory=lambda: ["ssh", "-o", "BatchMode=yes"])
    appcorectl: str = "appcorectl"
    upgrade: str = "appcorectl restart"


def read(path: Path) -> Fleet:
    """The checked list. An error names the file and the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CtlError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, str(path))


def parse(text: str, called: str) -> Fleet:
    fleet = Fleet()
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = re.sub(r"(^|\s)#.*", "", line).strip().partition(" ")
        if not word:
            continue
        try:
            values.plain_text(word, rest)
            _take(fleet, word, rest.strip(), seen)
        except CtlError as error:
            raise CtlError(f"{called}:{number}: {error}") from None
    try:
        _check_whole(fleet)
    except CtlError as error:
        raise CtlError(f"{called}: {error}") from None
    return fleet


def _take(fleet: Fleet, word: str, rest: str, seen: set[str]) -> None:
    if word == "front":
        fleet.fronts.append(_member(fleet, word, rest, ("NAME", "ADDRESS", "INTERFACE")))
        return
    if word == "machine":
        fleet.machines.append(_member(fleet, word, rest, ("NAME", "ADDRESS")))
        return
    if word not in SETTINGS:
        raise values.refuse("the first word", "one of " + ", ".join(["front", "machine", *SETTINGS]), word)
    if word in seen:
        raise CtlError(f"{word} must be given once, got it again: {rest!r}")
    seen.add(word)
    attribute, read_value = SETTINGS[word]
    setattr(fleet, attribute, read_value(word, rest))


def _member(fleet: Fleet, word: str, rest: str, parts: tuple[str, ...]) -> Member:
    given = rest.split()
    if len(given) != len(parts):
        raise values.refuse(word, " ".join(parts), rest)
    name, address, interface = given[0], ipaddress.ip_address(values.address("the address", given[1])), "".join(given[2:])
    if not A_NAME.fullmatch(name):
        raise values.refuse("the name", "letters, digits, dots and dashes", name)
    if interface and not AN_INTERFACE.fullmatch(interface):
        raise values.refuse("the interface", "the name of a network interface", interface)
    if address.is_unspecified or address.is_multicast or address.is_loopback:
        raise values.refuse("the address", "one that the other machines reach", given[1])
    for other in [*fleet.fronts, *fleet.machines]:
        if other.name == name:
            raise CtlError(f"names must differ, got {name!r} twice")
        if other.address == address and other in (fleet.fronts if word == "front" else fleet.machines):
            raise CtlError(f"addresses must differ, got {address} twice")
    return Member(name, address, interface)


def _check_whole(fleet: Fleet) -> None:
    if fleet.floating is None:
        raise CtlError("one line \"floating ADDRESS/PREFIX\" is required")
    if len(fleet.fronts) != 2:
        raise CtlError(f"there must be two fronts, got {len(fleet.fronts)}")
    if not 2 <= len(fleet.machines) <= MOST_MACHINES:
        raise CtlError(f"there must be 2 to {MOST_MACHINES} machines, got {len(fleet.machines)}")
    for member in [*fleet.fronts, *fleet.machines]:
        if member.address == fleet.floating.ip:
            raise CtlError(f"the floating address must be nobody's own, but {fleet.floating.ip} is that of {member.name}")
    for front in fleet.fronts:
        if front.address.version != fleet.floating.version:
            raise CtlError(f"the floating address and that of {front.name} must both be IPv4 or both IPv6, "
                           f"got {fleet.floating.ip} and {front.address}")
    if (fleet.tls == "front") != bool(fleet.certificate):
        raise CtlError(f"certificate must be given with \"tls front\", and only then, got tls {fleet.tls}")
    if len({fleet.port, fleet.stats_port, fleet.metrics_port}) != 3:
        raise CtlError("port, stats-port and metrics-port must differ, "
                       f"got {fleet.port}, {fleet.stats_port} and {fleet.metrics_port}")


# --- values ------------------------------------------------------------------------------------------


def _port(name: str, text: str) -> int:
    return values.integer(name, text, 1, 65535)


def _floating(name: str, text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    rule = "ADDRESS/PREFIX, for instance 10.0.0.100/24"
    if "/" not in text:
        raise values.refuse(name, rule, text)
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        raise values.refuse(name, rule, text) from None


def _networks(name: str, text: str) -> list[str]:
    """Without "all": HAProxy wants networks."""
    found = values.networks(name, text)
    return ["0.0.0.0/0", "::/0"] if found == ["all"] else found


def _words(name: str, text: str) -> list[str]:
    try:
        found = shlex.split(text)
    except ValueError:
        found = []
    if not found:
        raise values.refuse(name, "a command", text)
    return found


def _command(name: str, text: str) -> str:
    """For the shell of a machine: it goes there as it is."""
    _words(name, text)
    return text


def _path(name: str, text: str) -> str:
    path = values.path_for_configuration(name, text)
    if " " in path:
        raise values.refuse(name, "an absolute path without spaces", text)
    return path


SETTINGS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "floating": ("floating", _floating),
    "port": ("port", _port),
    "proxy-port": ("proxy_port", _port),
    "stats-port": ("stats_port", _port),
    "metrics-port": ("metrics_port", _port),
    "metrics-from": ("metrics_from", _networks),
    "tls": ("tls", lambda name, text: values.one_of(name, text, TLS_AT)),
    "certificate": ("certificate", _path),
    "vrrp-id": ("vrrp_id", lambda name, text: values.integer(name, text, 1, 255)),
    "ssh": ("ssh", _words),
    "appcorectl": ("appcorectl", _command),
    "upgrade": ("upgrade", _command),
}
