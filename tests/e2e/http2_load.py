"""A client over HTTP/2 that does what RFC 9113 asks for when a server goes away, and nothing else."""

import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from load import PREDICT


class Lost(Exception):
    """A request that the server may have begun has no reply."""


class Http2Load:
    """One connection, kept as long as the server keeps it; one request after the other, each with these headers.

    A request that a GOAWAY says has not been looked at is sent again on another connection (RFC 9113, 6.8), as every client may; one
    that is lost in any other way is not.
    """

    def __init__(self, stack, headers=()):
        self.statuses, self.wrong, self.connections = 0, [], 0
        self._stack, self._headers = stack, [(name.lower(), value) for name, value in headers]
        self._context = stack.tls
        self._context.set_alpn_protocols(["h2"])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _ask(self):
        pending = False
        while pending or not self._ended.is_set():
            try:
                pending = self._use_one_connection()
            except (OSError, Lost, h2.exceptions.ProtocolError) as error:
                self.wrong.append(repr(error))
                pending = False

    def _use_one_connection(self):
        """Until the server says goodbye; True if it has not looked at the last request."""
        self.connections += 1
        with socket.create_connection((self._stack.address, self._stack.port), 60) as plain, \
                self._context.wrap_socket(plain, server_hostname=self._stack.address) as tls:
            session = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            session.initiate_connection()
            while not self._ended.is_set():
                stream = session.get_next_available_stream_id()
                session.send_headers(stream, [(":method", PREDICT.method), (":path", PREDICT.path), (":scheme", "https"),
                                              (":authority", "x"), ("content-type", "application/json"), *self._headers])
                session.send_data(stream, PREDICT.body, end_stream=True)
                problem = None
                try:
                    tls.sendall(session.data_to_send())
                except OSError as error:
                    problem = error  # what the server has said before counts
                goodbye = self._await_reply(session, tls, stream, problem)
                if goodbye is not None:
                    return goodbye < stream
        return False

    def _await_reply(self, session, tls, stream, problem):
        """None once the reply is there, or the last stream that the server has looked at if it goes away."""
        goodbye, status, is_whole = None, None, False
        while not is_whole and (goodbye is None or goodbye >= stream):
            try:
                data = tls.recv(65536)
            except OSError as error:
                data, problem = b"", error
            if not data:
                raise Lost(f"stream {stream}: the connection ends without a reply, goodbye {goodbye}, {problem}")
            for event in session.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.StreamEnded):
                    is_whole = True
                elif isinstance(event, h2.events.StreamReset):
                    raise Lost(f"stream {stream}: reset with {event.error_code}")
                elif isinstance(event, h2.events.ConnectionTerminated):
                    goodbye = event.last_stream_id
            if goodbye is None:
                tls.sendall(session.data_to_send())
        if is_whole:
            self.statuses += 1
            if int(status) != PREDICT.status:
                self.wrong.append(f"stream {stream}: {status}")
        return goodbye
