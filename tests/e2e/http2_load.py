"""A client over HTTP/2 that does what RFC 9113 asks for when a server goes away, and nothing else.

By frames, because libraries do not: curl 7.88 fails with "Error in the HTTP2 framing layer" now and then where a GOAWAY comes just before
its next request, and python3-h2 refuses the reply to a request that the server has begun before its GOAWAY.
"""

import socket
import threading

import hpack
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

from load import PREDICT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9  # bytes


class Lost(Exception):
    """A request that the server may have begun has no reply."""


class Http2Load:
    """One connection, kept as long as the server keeps it; one request after the other, each with these headers.

    A request of which a GOAWAY says that it has not been looked at is sent again on another connection (RFC 9113, 6.8), as every client may;
    one that is lost in any other way is not.
    """

    def __init__(self, stack, authority, headers=()):
        self.statuses, self.wrong, self.connections = 0, [], 0
        self._context = authority.context()
        self._context.set_alpn_protocols(["h2"])
        self._stack, self._headers = stack, [(name.lower(), value) for name, value in headers]
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
                with Connection(self._stack, self._context) as connection:
                    while not self._ended.is_set():
                        status = connection.predict(self._headers)
                        if status is None:
                            break  # this request is the next connection's first
                        self.statuses += 1
                        if status != PREDICT.status:
                            self.wrong.append(status)
                        if connection.goodbye is not None:
                            break
            except (OSError, Lost) as error:
                self.wrong.append(repr(error))
                self._ended.wait(0.1)


class Connection:
    def __init__(self, stack, context):
        plain = socket.create_connection((stack.address, stack.port), 60)
        self._tls = context.wrap_socket(plain, server_hostname=stack.address)
        self._stream, self._encoder, self._decoder = -1, hpack.Encoder(), hpack.Decoder()
        self.goodbye = None  # the last stream that the server has looked at, once it goes away
        self._tls.sendall(PREFACE + SettingsFrame(0).serialize())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tls.close()

    def predict(self, headers):
        """The status, or None if the server has not looked at the request."""
        self._stream += 2
        block = self._encoder.encode([(":method", PREDICT.method), (":path", PREDICT.path), (":scheme", "https"), (":authority", "x"),
                                      ("content-type", "application/json"), *headers])
        try:
            self._tls.sendall(HeadersFrame(self._stream, block, flags=["END_HEADERS"]).serialize()
                              + DataFrame(self._stream, PREDICT.body, flags=["END_STREAM"]).serialize())
        except OSError:
            pass  # what the server has said before tells whether the request is lost
        status = None
        while self.goodbye is None or self.goodbye >= self._stream:
            frame = self._read()
            if isinstance(frame, GoAwayFrame):
                self.goodbye = frame.last_stream_id
            elif isinstance(frame, RstStreamFrame):
                raise Lost(f"stream {self._stream}: reset with {frame.error_code}")
            elif isinstance(frame, HeadersFrame):
                status = int(dict(self._decoder.decode(frame.data))[":status"])
            elif isinstance(frame, DataFrame):
                self._answer(WindowUpdateFrame(0, window_increment=len(frame.data)) if frame.data else None)
            elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                self._answer(SettingsFrame(0, flags=["ACK"]))
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                return status
        return None

    def _answer(self, frame):
        if frame and self.goodbye is None:
            self._tls.sendall(frame.serialize())

    def _read(self):
        frame, length = Frame.parse_frame_header(memoryview(self._exactly(FRAME_HEAD)))
        frame.parse_body(memoryview(self._exactly(length)))
        return frame

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self._tls.recv(size - len(data))
            except OSError as error:
                raise Lost(f"stream {self._stream}: no reply, {error!r}") from None
            if not more:
                raise Lost(f"stream {self._stream}: the connection ends without a reply")
            data += more
        return data
