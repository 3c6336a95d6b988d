"""What attackers send: no request is smuggled past nginx, no reply is split, nothing of ours is overridden.

Each case is a payload, followed by a request that nginx answers only if it agrees with us on where the payload
ends. The statuses of all replies are given, in their order; a connection that nginx closes has no more.
"""

import collections
import json
import re
import socket
import unittest

from stack import ROOT, UUID4, StackTest, wait_until

BODY = b'{"features":[1]}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
INNER = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

# RFC 9112, 6.1 and 6.3: what contradicts itself is refused and the connection closed.
TWO_LENGTHS = {
    "length and coding": POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + CHUNKS + INNER,
    "coding and length": POST + CHUNKED + b"Content-Length: 5\r\n\r\n" + CHUNKS + INNER,
    "the same length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY,
    "two lengths": POST + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
    "a list of lengths": POST + b"Content-Length: 16, 16\r\n\r\n" + BODY,
    "a length with a sign": POST + b"Content-Length: +16\r\n\r\n" + BODY,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + BODY,
    "a length with a space": POST + b"Content-Length: 1 6\r\n\r\n" + BODY,
    "a hexadecimal length": POST + b"Content-Length: 0x10\r\n\r\n" + BODY,
    "a length beyond any": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY,
    "an empty length": POST + b"Content-Length:\r\n\r\n" + BODY,
    "the coding twice": POST + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
    "two codings": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + CHUNKS,
    "a coding in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + CHUNKS,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n" + LENGTH + b"\r\n" + BODY + INNER,
}
OTHER_CODINGS = {
    value: POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKS
    for value in (b"xchunked", b"chunked, identity", b"identity", b"gzip", b"\tchunked", b"\x0bchunked")
}
ODD_LINES = {
    "a folded header": POST + LENGTH + b"X-Fold: a\r\n b\r\n\r\n" + BODY,
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS,
    "a bare CR in a header": GET + b"X: a\r" + CHUNKED + b"\r\n",
    "a bare CR after the request line": b"GET /health HTTP/1.1\rHost: x\r\n\r\n",
    "NUL in a value": GET + b"X: a\0b\r\n\r\n",
    "NUL in a name": GET + b"X\0Y: a\r\n\r\n",
    "NUL in a path": b"GET /he\0alth HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in a request id": GET + b"X-Request-ID: a\0b\r\n\r\n",
    "a CR in a preflight": b"OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: o\r\nAccess-Control-Request-Method: GET\r\n"
                           b"Access-Control-Request-Headers: a\rX-Accel-Redirect: /-/timeout\r\n\r\n",
    "a header without a name": GET + b": v\r\n\r\n",
    "a control character in a query": b"GET /health/?a=\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
}
BAD_CHUNKS = {
    "a size beyond any": POST + CHUNKED + b"\r\nfffffffffffffffff\r\n" + BODY,
    "a negative size": POST + CHUNKED + b"\r\n-1\r\n" + BODY,
    "a size with 0x": POST + CHUNKED + b"\r\n0x10\r\n" + BODY + b"\r\n0\r\n\r\n",
    "more than the size": POST + CHUNKED + b"\r\n10\r\n" + BODY + b"XX\r\n0\r\n\r\n",
    "for /metrics": b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"\r\nzz\r\n",
}
BAD_TARGETS = {
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty authority": b"GET http:///health HTTP/1.1\r\nHost: x\r\n\r\n",
    "an authority with a user": b"GET http://a@b/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute target without a Host": b"GET http://other/health HTTP/1.1\r\n\r\n",
    "a location of nginx": b"GET @retry HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path above the root": b"GET /-/docs/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": b"GET /health HTTP/1.1\r\n\r\n",
    "the same Host twice": b"GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "a Host with a space": b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a Host with an escape": b"GET /health/ HTTP/1.1\r\nHost: a%0d%0aX: y\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
# Well-formed, or harmless: what follows is a request of its own.
ACCEPTED = {
    "a request behind a chunked one": ([201, 404], POST + CHUNKED.upper() + b"\r\n" + CHUNKS + INNER),
    "a request behind a length with zeros": ([201, 404], POST + b"Content-Length: 0016\r\n\r\n" + BODY + INNER),
    "a request behind a trailer": ([201, 404], POST + CHUNKED + b"\r\n" + CHUNKS[:-2]
                                   + b"X-Request-ID: trailer\r\n\r\n" + INNER),
    "a body of a GET": ([200], GET + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER),
    "a coding with an underscore": ([201], POST + b"Transfer_Encoding: chunked\r\n" + LENGTH + b"\r\n" + BODY),
    "bare line feeds": ([200], GET.replace(b"\r\n", b"\n") + b"\n"),
    "a line without a colon": ([200], GET + b"nonsense\r\n\r\n"),
    "a chunk's extension": ([201], POST + CHUNKED + b'\r\n10;a=b;c="d"\r\n' + CHUNKS[4:]),
    "a chunk's long extension": ([201], POST + CHUNKED + b"\r\n10;" + b"a" * 100_000 + b"\r\n" + CHUNKS[4:]),
    "a pipeline with errors": ([201, 200, 404, 422, 200], POST + LENGTH + b"\r\n" + BODY + GET + b"\r\n"
                               + INNER + POST + b"\r\n" + GET + b"\r\n"),
    "an absolute target": ([200], b"GET http://other/health HTTP/1.1\r\nHost: x\r\n\r\n"),
    "an upgrade": ([200], GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "an upgrade to HTTP/2": ([200], GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                             b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"),
    "an expectation": ([100, 201], POST + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY),
    "an unknown expectation": ([201], POST + LENGTH + b"Expect: miracles\r\n\r\n" + BODY),
    "HTTP/1.0 that keeps the connection": ([200], b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    "locations of nginx": ([404, 404], b"GET /-/timeout HTTP/1.1\r\nHost: x\r\n\r\n"
                                       b"GET /-/error?x HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a file outside": ([404], b"GET /-/docs/..%2f..%2fVERSION HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a long method": ([404], b"A" * 40 + b" / HTTP/1.1\r\nHost: x\r\n\r\n"),
}


class Reply:
    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body

    def get(self, name):
        """The values of a header."""
        return [v.decode("latin-1") for v in re.findall(rb"(?im)^%s: ([^\r]*)" % name, self.head)]


def replies(data):
    """All replies in `data`; a ValueError if there is anything else."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.1 (\d\d\d) [^\r\n]*(?:\r\n|\Z)", head)
        if not match:
            raise ValueError(data)
        length = re.search(rb"(?im)^Content-Length: (\d+)\r?$", head)
        size = int(length[1]) if length else 0
        found.append(Reply(int(match[1]), head + b"\r\n", rest[:size]))
        data = rest[size:]
    return found


class Hostile(StackTest):
    def send(self, data):
        """All that comes back until nginx closes the connection."""
        with socket.create_connection(("127.0.0.1", self.stack.port), 20) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # refused before all was read
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except ConnectionError:
                pass  # what had been sent too much
            return received

    def counted(self):
        """http_requests_total by status."""
        counts = collections.Counter()
        for name, value in self.stack.metrics().items():
            if name.startswith("http_requests_total{"):
                counts[int(re.search(r'status_code="(\d+)"', name)[1])] += int(value)
        return counts

    def assert_replies(self, payload, statuses):
        """The replies, each of which must look, be counted and be logged like any other."""
        before = self.counted()
        found = replies(self.send(payload + LAST))
        self.assertEqual([reply.status for reply in found], statuses)
        found = [reply for reply in found if reply.status != 100]
        got = collections.Counter(reply.status for reply in found)
        self.assertEqual(self.counted() - before, got)
        for reply in found:
            request_id, = reply.get(b"X-Request-ID")
            self.assertRegex(request_id, UUID4)
            self.assertEqual(reply.get(b"Server"), ["nginx"])
            if reply.status >= 400:
                self.assertEqual(reply.get(b"Content-Type"), ["application/json"])
                self.assertEqual(list(json.loads(reply.body)), ["detail"])
            lines = wait_until(lambda i=request_id: self.stack.logged("appcore", request_id=i))
            self.assertEqual([line["status_code"] for line in lines], [reply.status])
        return found

    def test_contradictory_lengths_are_refused_and_the_connection_closed(self):
        for name, payload in TWO_LENGTHS.items():
            with self.subTest(name):
                self.assert_replies(payload, [400])

    def test_other_transfer_codings_are_not_implemented(self):
        for name, payload in OTHER_CODINGS.items():
            with self.subTest(name):
                self.assert_replies(payload, [501])

    def test_odd_lines_odd_chunks_and_odd_targets_are_refused(self):
        for cases in (ODD_LINES, BAD_CHUNKS, BAD_TARGETS):
            for name, payload in cases.items():
                with self.subTest(name):
                    self.assert_replies(payload, [400])

    def test_what_is_accepted_ends_where_the_next_request_begins(self):
        for name, (statuses, payload) in ACCEPTED.items():
            with self.subTest(name):
                self.assert_replies(payload, [*statuses, 200])

    def test_a_refused_body_is_not_taken_for_a_request(self):
        for head in (POST, POST + b"Expect: 100-continue\r\n", b"POST /-/docs/x HTTP/1.1\r\nHost: x\r\n",
                     b"POST /metrics HTTP/1.1\r\nHost: x\r\n"):
            with self.subTest(head):
                self.assert_replies(head + b"Content-Length: 33554433\r\n\r\n" + INNER, [413])

    def test_http_0_9_gets_a_body_only(self):
        self.assertIn(b'"healthy"', self.send(b"GET /health\r\n"))
        self.assertEqual(json.loads(self.send(b"POST /predict\r\n")), {"detail": "Bad Request"})

    def test_headers_are_neither_parameters_nor_commands(self):
        reply, _ = self.assert_replies(
            GET + b"APPCORE-ERROR-STATUS: 500\r\nAPPCORE-RETRY: 1\r\nAPPCORE_RETRY: 1\r\nREQUEST_URI: /x\r\n"
            b"APPCORE-Request-Key: 00000000000000000000000000000000\r\nRequest-Method: DELETE\r\n"
            b"Remote-Addr: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\nX_Request_ID: underscores\r\nStatus: 500\r\n"
            b"X-Accel-Redirect: /-/timeout\r\nX-Accel-Limit-Rate: 1\r\nProxy: http://192.0.2.1\r\n\r\n", [200, 200])
        line, = wait_until(lambda: self.stack.logged("appcore", request_id=reply.get(b"X-Request-ID")[0]))
        self.assertEqual([line[k] for k in ("method", "path", "client")], ["GET", "/health", "127.0.0.1"])

    def test_nothing_a_client_sends_becomes_a_header_or_another_host_of_a_reply(self):
        for host, query, location in (
                (b"evil.example:99", b"", "http://evil.example:99/health"),
                (b'a"b', b"", f"http://127.0.0.1:{self.stack.port}/health"),
                (b"user@host", b"", f"http://127.0.0.1:{self.stack.port}/health"),
                (b"x", b"?a=%0d%0aSet-Cookie:x", "http://x/health?a=%0d%0aSet-Cookie:x"),
                (b"x", b"?<>", "http://x/health?%3C%3E"),
                (b"[::1]:80", b"", "http://[::1]:80/health")):
            with self.subTest(host=host, query=query):
                reply, _ = self.assert_replies(b"GET /health/" + query + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n",
                                               [307, 200])
                self.assertEqual(reply.get(b"Location"), [location])
                self.assertEqual(reply.get(b"Set-Cookie"), [])
        reply, _ = self.assert_replies(b"GET http://evil/health/ HTTP/1.1\r\nHost: x\r\n\r\n", [307, 200])
        self.assertEqual(reply.get(b"Location"), ["http://x/health"])
        for origin in (b"a\x7fb", b"http://\xff", b"<script>"):
            reply, _ = self.assert_replies(GET + b"Cookie: a\r\nOrigin: " + origin + b"\r\n\r\n", [200, 200])
            self.assertNotRegex(reply.head, rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")

    def test_a_target_with_bytes_that_no_uri_has_is_refused_and_counted(self):
        for target, endpoint in ((b"/health?\xe9", "/health"), (b"/health/?\xc3\xa9", "other"),
                                 (b"/caf\xc3\xa9", "other"), (b"/metrics?\x80", "/metrics")):
            with self.subTest(target=target):
                before = self.stack.count("http_requests_total", endpoint=endpoint, status_code="400")
                reply, _ = self.assert_replies(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n", [400, 200])
                self.assertEqual(json.loads(reply.body), {"detail": "Bad Request"})
                self.assertTrue(reply.get(b"X-Request-ID"))
                after = self.stack.count("http_requests_total", endpoint=endpoint, status_code="400")
                self.assertEqual(after, before + 1)


class Configuration(unittest.TestCase):
    def test_no_parameter_but_the_headers_can_come_from_a_client(self):
        with open(f"{ROOT}/deploy/nginx.conf", encoding="utf-8") as file:
            parameters = dict(re.findall(r"^ *fastcgi_param (\w+) (\S+?)(?: if_not_empty)?;", file.read(), re.M))
        client_s = {name for name, value in parameters.items() if re.match(r"\$(http|arg|cookie)_", value)}
        self.assertEqual(client_s, set())
        self.assertEqual(parameters["HTTP_PROXY"], '""')
