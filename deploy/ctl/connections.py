"""Which clients are connected to nginx, and what they have sent so far: asked of the kernel (sock_diag(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator

NETLINK_SOCK_DIAG = 4  # linux/netlink.h
SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 0x1, 0x300, 2, 3  # linux/netlink.h
ESTABLISHED = 1  # net/tcp_states.h
INET_DIAG_INFO = 2  # linux/inet_diag.h: struct tcp_info
HEADER, MESSAGE, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBB"), struct.Struct("=HH")
PORTS_AT, ID_AT, ID_SIZE, ATTRIBUTES_AT = 4, 4, 48, 72  # in struct inet_diag_msg
BYTES_RECEIVED_AT = 128  # in struct tcp_info
LIMIT = 5.0  # seconds for the kernel to answer


def received(ports: Collection[int]) -> dict[bytes, int]:
    """The bytes that have come so far on each established connection to one of these ports. Empty where the kernel does not tell."""
    try:
        return {identity: count for family in (socket.AF_INET, socket.AF_INET6)
                for port, identity, count in _connections(family) if port in ports}
    except OSError:
        return {}


def _connections(family: int) -> Iterator[tuple[int, bytes, int]]:
    request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, 1 << ESTABLISHED)
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
                (port,) = struct.unpack_from(">H", message, PORTS_AT)
                yield port, message[ID_AT:ID_AT + ID_SIZE], _bytes_received(message)


def _bytes_received(message: bytes) -> int:
    at = ATTRIBUTES_AT
    while at + ATTRIBUTE.size <= len(message):
        size, kind = ATTRIBUTE.unpack_from(message, at)
        if kind == INET_DIAG_INFO and size >= ATTRIBUTE.size + BYTES_RECEIVED_AT + 8:
            return int(struct.unpack_from("=Q", message, at + ATTRIBUTE.size + BYTES_RECEIVED_AT)[0])
        at += max((size + 3) & ~3, ATTRIBUTE.size)
    return 0
