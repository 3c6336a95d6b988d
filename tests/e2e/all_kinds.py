"""Clients that ask for all kinds of replies, in all manners of leaving, and remember what became of each request."""

import http.client
import os
import random
import socket
import threading
import time
import typing

WHOLE, HALF_CLOSED, VANISHED = "whole", "half-closed", "vanished"  # what the client does after its request


class Kind(typing.NamedTuple):
    weight: int  # how many of a thousand or so
    method: str
    path: str
    statuses: typing.Tuple[int, ...]  # the right ones, if nobody is killed
    body: typing.Optional[bytes] = None


def features(first, padding=0):
    """A body; the obedient worker does what the first feature says (programs/obedient_worker.cpp)."""
    return b'{"features":[%s%s,1]}' % (str(first).encode(), b" " * padding)


# Of the statuses of rare kinds, 503 is a lack of memory. One at a time: a hanging request, a crashing one, a huge one.
KINDS = (
    Kind(500, "POST", "/predict", (201,), features(0)),
    Kind(60, "POST", "/predict", (201,), features(0, 150_000)),  # on a connection of its own
    Kind(80, "POST", "/predict", (422,), b'{"features":["x"]}'),
    Kind(80, "POST", "/predict", (400,), b"\xff"),
    Kind(60, "GET", "/health", (200,)),
    Kind(60, "GET", "/version", (200,)),
    Kind(40, "GET", "/nope", (404,)),
    Kind(40, "DELETE", "/predict", (405,)),
    Kind(20, "GET", "/health/", (307,)),
    Kind(30, "TRACE", "/health", (405,)),  # nginx's own, as the next one
    Kind(30, "GET", "/%zz", (400,)),
    Kind(10, "POST", "/predict", (503,), features(-2)),  # bad_alloc
    Kind(10, "POST", "/predict", (201,), features(0.2)),
)
HUGE = Kind(0, "POST", "/predict", (201,), features(0, 30_000_000))
HANGING = Kind(0, "POST", "/predict", (504,), features(30))
CRASHING = Kind(0, "POST", "/predict", (502,), features(-1))
FAULTS = {502, 503, 504}  # right for any kind when workers are killed, stopped or short of memory


class Outcome(typing.NamedTuple):
    request_id: str  # the reply's, or what was sent
    status: typing.Optional[int]  # None: no reply
    kind: Kind
    manner: str
    error: str

    def __str__(self):
        return f"{self.manner} {self.kind.method} {self.kind.path} {self.kind.statuses}, {self.request_id}: {self.status} {self.error}"


class Clients:
    """Threads that send `limit` requests in all, each with an id of its own."""

    def __init__(self, stack, seed, clients, limit, rare=0, each_once=False):
        """Of a thousand requests `rare` each are HUGE, HANGING and CRASHING. Or each of KINDS once, whole."""
        self._each_once = each_once
        self._stack = stack
        self._kinds = [*KINDS, *(kind._replace(weight=rare) for kind in (HUGE, HANGING, CRASHING))]
        self._limit = limit
        self._lock = threading.Lock()
        self._rare = threading.Lock()
        self._prefix = f"{os.getpid():x}-{seed:x}"
        self.sent = 0
        self.outcomes = []
        self._threads = [threading.Thread(target=self._ask, args=(random.Random(f"{seed}-{i}"),)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def is_running(self):
        return any(thread.is_alive() for thread in self._threads)

    def wait(self):
        for thread in self._threads:
            thread.join()

    def _next(self):
        with self._lock:
            if self.sent == self._limit:
                return None
            self.sent += 1
            return f"{self._prefix}-{self.sent}"

    def _ask(self, chance):
        weights = [kind.weight for kind in self._kinds]
        connection = None
        while request_id := self._next():
            kind, = chance.choices(self._kinds, weights)
            manner, = chance.choices((WHOLE, HALF_CLOSED, VANISHED), (96, 2, 2))
            if self._each_once:
                kind, manner = KINDS[len(self.outcomes)], WHOLE
            if kind in self._kinds[len(KINDS):]:
                if connection:  # while it waits for its turn nginx would close it
                    connection.close()
                with self._rare:
                    outcome, connection = self._one(None, kind, manner, request_id, chance)
            else:
                outcome, connection = self._one(connection, kind, manner, request_id, chance)
            self.outcomes.append(outcome)
        if connection:
            connection.close()

    def _one(self, connection, kind, manner, request_id, chance):
        """The outcome of one request, and the connection if it can be used again."""
        head = f"{kind.method} {kind.path} HTTP/1.1\r\nHost: x\r\nX-Request-ID: {request_id}\r\n"
        if kind.body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(kind.body)}\r\n"
        try:
            connection = connection or socket.create_connection(("127.0.0.1", self._stack.port), 120)
            connection.sendall(head.encode() + b"\r\n" + (kind.body or b""))
            if manner == VANISHED:
                time.sleep(chance.random() * 0.01)
                connection.close()
                return Outcome(request_id, None, kind, manner, ""), None
            if manner == HALF_CLOSED:
                connection.shutdown(socket.SHUT_WR)
            reply = http.client.HTTPResponse(connection, method=kind.method)
            reply.begin()
            reply.read()
        except (OSError, http.client.HTTPException) as error:
            if connection:
                connection.close()
            return Outcome(request_id, None, kind, manner, repr(error)), None
        keeps = manner == WHOLE and not reply.will_close
        if not keeps:
            connection.close()
        return Outcome(reply.headers["X-Request-ID"], reply.status, kind, manner, ""), connection if keeps else None
