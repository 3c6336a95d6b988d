"""Asks whether somebody answers: a pool by FastCGI past nginx, the service by HTTP."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

from ctl import values
from ctl.pool import Pool

BEGIN_REQUEST, PARAMS, STDIN, STDOUT = 1, 4, 5, 6  # FastCGI specification, 8
RESPONDER = 1
PARAMETERS = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/health", "REMOTE_ADDR": "127.0.0.1",
              "HTTP_X_REQUEST_ID": "probe"}
STEP = 0.02  # seconds between two questions


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def _request() -> bytes:
    pairs = b"".join(bytes([len(name), len(value)]) + name.encode() + value.encode()
                     for name, value in PARAMETERS.items())
    return (_record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, 0)) + _record(PARAMS, pairs)
            + _record(PARAMS) + _record(STDIN))


def _first_line(path: Path, seconds: float) -> str:
    """The first line of a pool's answer. Raises OSError, or ValueError if it is not an answer."""
    with socket.socket(socket.AF_UNIX) as pool:
        pool.settimeout(seconds)
        pool.connect(str(path))
        pool.sendall(_request())
        answer = b""
        while data := pool.recv(65536):
            answer += data
    if len(answer) < 8 or answer[1] != STDOUT:
        raise ValueError("it closed the connection without an answer")
    return answer[8:].split(b"\r\n")[0].decode("ascii", "replace")


def pool_problem(path: Path, seconds: float, is_hopeless: Callable[[], bool] = lambda: False) -> str | None:
    """None as soon as the pool at the socket `path` is healthy, otherwise the reason when the time is up.

    A socket's queue is first in, first out: an answer also means that whatever had waited there before has
    been taken.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            line = _first_line(path, max(end - time.monotonic(), 0.1))
            if line.startswith("Status: 200"):
                return None
            problem = line
        except (OSError, ValueError) as error:
            problem = str(error)
        if time.monotonic() > end or is_hopeless():
            return problem
        time.sleep(STEP)


def has_listener(path: Path) -> bool:
    """Whether a process has the Unix socket `path` open for requests, however busy it is."""
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except BlockingIOError:
            return True  # its queue is full
        except OSError:
            return False
        return True


def status_of(pool: Pool, path: str, seconds: float) -> int | None:
    """The status with which GET of the path is answered in this time; None if it is not."""
    connection = _connection(pool, seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _connection(pool: Pool, seconds: float) -> http.client.HTTPConnection:
    """Over TLS, too, this asks a port of this machine, whose certificate is another name's."""
    host = values.for_clients(pool.address)
    if not pool.is_tls:
        return http.client.HTTPConnection(host, pool.port, timeout=seconds)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, pool.port, timeout=seconds, context=context)


def is_healthy(pool: Pool, seconds: float) -> bool:
    """Whether GET /health is answered with 200 in this time."""
    return status_of(pool, "/health", seconds) == 200


def is_healthy_within(pool: Pool, seconds: float) -> bool:
    """Whether it becomes healthy in this time."""
    end = time.monotonic() + seconds
    while not is_healthy(pool, max(end - time.monotonic(), 0.1)):
        if time.monotonic() > end:
            return False
        time.sleep(STEP)
    return True
