"""Whether nginx and supervisord may listen where a new pool wants them to, and that nobody else begins to meanwhile.

nginx lets another nginx of the same user share its ports (reuseport), so two stacks at one port would share their callers.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Collection, Iterable, Iterator

from ctl.messages import CtlError
from ctl.values import Endpoint

ANY = ("0.0.0.0", "::")
STEP = 0.02  # seconds between two attempts


@contextlib.contextmanager
def claimed(wanted: Iterable[Endpoint], held: Collection[Endpoint], seconds: float) -> Iterator[None]:
    """Fails with the reason if nobody may listen there now. `held` is where the nginx that is to listen does so already.
    Within the block no other command of this user begins to listen at these ports; it waits so many seconds."""
    new = [endpoint for endpoint in wanted if endpoint not in held]
    with contextlib.ExitStack() as claims:
        for port in sorted({endpoint.port for endpoint in new}):  # in one order, so that no two wait for each other
            claims.enter_context(_claim(port, seconds))
        for endpoint in new:
            _check(endpoint, is_shared=any(_overlap(endpoint, other) for other in held))
        yield


def _overlap(one: Endpoint, other: Endpoint) -> bool:
    """Whether both are one port, and one of them is at all addresses, which include the other's. nginx's IPv6 sockets take no
    IPv4."""
    return (one.port == other.port and (":" in one.address) == (":" in other.address)
            and (one.address in ANY or other.address in ANY))


def _check(endpoint: Endpoint, *, is_shared: bool) -> None:
    """Without SO_REUSEPORT, so that another nginx of the same user is noticed, too. Where nginx itself has the port at
    overlapping addresses, the port would always seem taken: there SO_REUSEPORT lets this socket pass nginx's own and no
    other program's. It does not listen then, so it takes no caller from nginx."""
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as nginx does
        try:
            listener.bind((endpoint.address, endpoint.port))
            if not is_shared:
                listener.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CtlError(f"port {endpoint.port} of {endpoint.address} is taken by another program") from None
            raise CtlError(f"cannot listen on port {endpoint.port} of {endpoint.address}: {error.strerror}") from None


def check_peer(wanted: str, held: str, of_nginx: Collection[Endpoint]) -> None:
    """Fails with the reason if supervisord cannot listen at APPCORE_PEER_LISTEN, which it does by IPv4 only. It lets go of
    `held`, where it listens for the pool before, and of all other addresses of that port, before it listens again."""
    host, _, port = wanted.rpartition(":")
    if not wanted or port == held.rpartition(":")[2]:
        return
    if int(port) in {endpoint.port for endpoint in of_nginx}:
        raise CtlError(f"APPCORE_PEER_LISTEN must have a port that nginx does not listen on, got '{wanted}'")
    with socket.socket(socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, int(port)))
            listener.listen(1)
        except OSError as error:
            raise CtlError(f"APPCORE_PEER_LISTEN: cannot listen at {wanted}: {error.strerror}") from None


@contextlib.contextmanager
def _claim(port: int, seconds: float) -> Iterator[None]:
    """An abstract Unix socket: it belongs to the network namespace as the port does, leaves no file, and ends with its
    process."""
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as claim:
        while True:
            try:
                claim.bind(f"\0appcore-{os.geteuid()}-port-{port}")
                break
            except OSError:
                if time.monotonic() > end:
                    raise CtlError(f"port {port} is claimed by another command; gave up after {seconds:.0f} s") from None
                time.sleep(STEP)
        yield
