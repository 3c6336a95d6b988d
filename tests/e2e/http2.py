"""A client over HTTP/2 that does what RFC 9113 asks for when a server goes away, and nothing else.

By frames, because libraries do not: curl 7.88 fails with "Error in the HTTP2 framing layer" now and then where a GOAWAY comes just before
its next request, and python3-h2 refuses the reply to a request that the server has begun before its GOAWAY. Nor do they send what no
client should.
"""

import socket

import hpack
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

from stack import Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9  # bytes
WINDOW = 1 << 30  # bytes of a reply that need no further leave


class Lost(Exception):
    """A request that the server may have begun has no reply."""


class Connection:
    """One request after the other; for those after a GOAWAY there is another connection."""

    def __init__(self, port, context, address="127.0.0.1"):
        plain = socket.create_connection((address, port), 60)
        context.set_alpn_protocols(["h2"])
        self._tls = context.wrap_socket(plain, server_hostname=address)
        self._stream, self._encoder, self._decoder = -1, hpack.Encoder(), hpack.Decoder()
        self.goodbye = None  # the last stream that the server has looked at, once it goes away
        self._tls.sendall(PREFACE + SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: WINDOW}).serialize())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tls.close()

    def ask(self, method, path, headers=(), body=None):
        """The reply, or None if the server has not looked at the request. Raises Lost."""
        self._stream += 2
        fields = [(":method", method), (":path", path), (":scheme", "https"), (":authority", "x"),
                  *((name.lower(), value) for name, value in headers)]
        end = [] if body else ["END_STREAM"]
        request = HeadersFrame(self._stream, self._encoder.encode(fields), flags=["END_HEADERS", *end]).serialize()
        if body:
            request += DataFrame(self._stream, body, flags=["END_STREAM"]).serialize()
        try:
            self._tls.sendall(request)
        except OSError:
            pass  # what the server has said before tells whether the request is lost
        return self._reply()

    def _reply(self):
        found, content = [], b""
        while self.goodbye is None or self.goodbye >= self._stream:
            frame = self._read()
            if isinstance(frame, GoAwayFrame):
                self.goodbye = frame.last_stream_id
            elif frame.stream_id not in (0, self._stream):
                continue  # what has been left to say about an answered request
            elif isinstance(frame, RstStreamFrame):
                raise Lost(f"stream {self._stream}: reset with {frame.error_code}")
            elif isinstance(frame, HeadersFrame):
                found += self._decoder.decode(frame.data)
            elif isinstance(frame, DataFrame):
                content += frame.data
                self._answer(WindowUpdateFrame(0, window_increment=len(frame.data)) if frame.data else None)
            elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                self._answer(SettingsFrame(0, flags=["ACK"]))
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                return Response(int(dict(found)[":status"]), found, content)
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
