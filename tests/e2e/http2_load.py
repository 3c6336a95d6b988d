"""A client over HTTP/2 that asks without a pause."""

import threading

from http2 import Connection, Lost
from load import PREDICT
from stack import JSON


class Http2Load:
    """One connection, kept as long as the server keeps it; one request after the other, each with these headers.

    A request of which a GOAWAY says that it has not been looked at is sent again on another connection (RFC 9113, 6.8), as every client may;
    one that is lost in any other way is not.
    """

    def __init__(self, stack, authority, headers=()):
        self.statuses, self.wrong, self.connections = 0, [], 0
        self._context = authority.context()
        self._stack, self._headers = stack, [*JSON, *headers]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _ask(self):
        while not self._ended.is_set():
            try:
                self.connections += 1
                with Connection(self._stack.port, self._context, self._stack.address) as connection:
                    while not self._ended.is_set():
                        reply = connection.ask(PREDICT.method, PREDICT.path, self._headers, PREDICT.body)
                        if reply is None:
                            break  # this request is the next connection's first
                        self.statuses += 1
                        if reply.status != PREDICT.status:
                            self.wrong.append(reply.status)
                        if connection.goodbye is not None:
                            break
            except (OSError, Lost) as error:
                self.wrong.append(repr(error))
                self._ended.wait(0.1)
