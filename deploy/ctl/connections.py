"""Where nginx listens, which clients are connected to it, and what they have sent so far: asked of the kernel (sock_diag(7))."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection, Iterator

from ctl.values import Endpoint

NETLINK_SOCK_DIAG = 4  # linux/netlink.h
SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 0x1, 0x300, 2, 3  # linux/netlink.h
ESTABLISHED, LISTEN = 1, 10  # net/tcp_states.h
INET_DIAG_INFO = 2  # linux/inet_diag.h: struct tcp_info
HEADER, MESSAGE, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBB"), struct.Struct("=HH")
PORTS_AT, ID_AT, ID_SIZE, ADDRESS_AT, INODE_AT, ATTRIBUTES_AT = 4, 4, 48, 8, 68, 72  # in struct inet_diag_msg
BYTES_RECEIVED_AT = 128  # in struct tcp_info
LIMIT = 5.0  # seconds for the kernel to answer


def received(ports: Collection[int]) -> dict[bytes, int]:
    """The bytes that have come so far on each established connection to one of these ports. Empty where the kernel does not tell."""
    try:
        return {message[ID_AT:ID_AT + ID_SIZE]: _bytes_received(message) for family in (socket.AF_INET, socket.AF_INET6)
                for message in _sockets(family, ESTABLISHED) if _port(message) in ports}
    except OSError:
        return {}


def listening(pid: int) -> set[Endpoint]:
    """Where sockets listen that this process has open. Empty where the kernel does not tell."""
    try:
        of_process = set(_files(pid))
        return {_endpoint(family, message) for family in (socket.AF_INET, socket.AF_INET6)
                for message in _sockets(family, LISTEN)
                if f"socket:[{struct.unpack_from('=I', message, INODE_AT)[0]}]" in of_process}
    except OSError:
        return set()


def _files(pid: int) -> Iterator[str]:
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass  # closed meanwhile


def _sockets(family: int, state: int) -> Iterator[bytes]:
    request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, 1 << state)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(LIMIT)
        kernel.send(HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request)
        while True:
            data = kernel.recv(1 << 16)
            while data:
                size, kind = HEADER.unpack_from(data)[:2]
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return
                message, data = data[HEADER.size:size], data[(size + 3) & ~3:]
                yield message


def _port(message: bytes) -> int:
    return int(struct.unpack_from(">H", message, PORTS_AT)[0])


def _endpoint(family: int, message: bytes) -> Endpoint:
    size = 4 if family == socket.AF_INET else 16
    return Endpoint(socket.inet_ntop(family, message[ADDRESS_AT:ADDRESS_AT + size]), _port(message))


def _bytes_received(message: bytes) -> int:
    at = ATTRIBUTES_AT
    while at + ATTRIBUTE.size <= len(message):
        size, kind = ATTRIBUTE.unpack_from(message, at)
        if kind == INET_DIAG_INFO and size >= ATTRIBUTE.size + BYTES_RECEIVED_AT + 8:
            return int(struct.unpack_from("=Q", message, at + ATTRIBUTE.size + BYTES_RECEIVED_AT)[0])
        at += max((size + 3) & ~3, ATTRIBUTE.size)
    return 0
