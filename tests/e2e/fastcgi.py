"""A FastCGI client small enough to send what a web server never would (FastCGI specification, 3)."""

import contextlib
import socket
import struct

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RESPONDER = 1
KEEP_CONN = 1
MAX_CONTENT = 65535


def record(kind, content=b"", padding=0, request_id=1):
    """One record: header, content, padding."""
    header = struct.pack(">BBHHBx", 1, kind, request_id, len(content), padding)
    return header + content + b"\xaa" * padding


def records(kind, data, padding=0, size=MAX_CONTENT):
    """A stream as records of at most `size` bytes each, and the empty one that ends it.

    That one is not padded: libfcgi takes padding after PARAMS' end for the next record.
    """
    parts = [record(kind, data[i:i + size], padding) for i in range(0, len(data), size)]
    return b"".join(parts) + record(kind, b"")


def begin(keep=False):
    return record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, KEEP_CONN if keep else 0))


def pairs(parameters):
    """Name-value pairs, lengths of up to 127 in one byte and longer ones in four."""
    out = b""
    for name, value in parameters.items():
        name, value = name.encode(), value if isinstance(value, bytes) else str(value).encode()
        for text in (name, value):
            out += bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)
        out += name + value
    return out


def parameters(method="POST", uri="/predict", length=None, **others):
    """What nginx would send; `length` None leaves CONTENT_LENGTH out."""
    values = {"REQUEST_METHOD": method, "REQUEST_URI": uri, "REMOTE_ADDR": "127.0.0.1",
              "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": "8000", "HTTP_HOST": "localhost"}
    if length is not None:
        values["CONTENT_LENGTH"] = length
    values.update(others)
    return values


def request(body=b"", keep=False, padding=0, size=MAX_CONTENT, **others):
    """A whole request as bytes; without `length` CONTENT_LENGTH is right."""
    others.setdefault("length", len(body))
    return (begin(keep) + records(PARAMS, pairs(parameters(**others)), padding, size)
            + records(STDIN, body, padding, size))


class Reply:
    """A CGI response: status, headers in lower case, body; `ended` if END_REQUEST came."""

    def __init__(self, output, ended):
        head, _, self.body = output.partition(b"\r\n\r\n")
        self.headers = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.status = int(self.headers.get("status", "200 OK").split()[0]) if head else None
        self.ended = ended


class Connection:
    """A connection to a worker's socket."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                return None
            data += part
        return data

    def reply(self):
        """Reads records up to END_REQUEST or the end of the connection."""
        output = b""
        while True:
            header = self._read(8)
            if header is None:
                return Reply(output, False)
            _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", header)
            content = self._read(length + padding) if length + padding else b""
            if content is None or kind == END_REQUEST:
                return Reply(output, content is not None)
            if kind == STDOUT:
                output += content[:length]


def ask(path, data, timeout=60):
    """Sends `data` on a connection of its own and reads the reply."""
    with Connection(path, timeout) as connection:
        with contextlib.suppress(BrokenPipeError):  # refused before all was read; the reply is there nevertheless
            connection.send(data)
        return connection.reply()
