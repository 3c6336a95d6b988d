"""API keys at every listener, in every state of the machine: TLS, HTTP/2, the PROXY protocol; drained, and while a reload drains."""

import http.client
import os
import socket
import unittest

from authority import Authority
from fronts import PROXY_ADDRESS
from http2 import Connection
from key_test import BODY, OPEN, KeyTest
from stack import JSON, ask, free_port, wait_until

LINE = b"PROXY TCP4 127.0.0.5 127.0.0.1 1000 80\r\n"


class ProxyConnection(http.client.HTTPConnection):
    """Through the listener for the PROXY protocol, from this address."""

    def __init__(self, port, source):
        super().__init__("127.0.0.1", port, 60)
        self._source = source

    def connect(self):
        self.sock = socket.create_connection((self.host, self.port), self.timeout, (self._source, 0))
        self.sock.sendall(LINE)


class Http2:
    """Requests over HTTP/2, on another connection whenever nginx has said goodbye."""

    def __init__(self, port, context):
        self._port, self._context, self._connection = port, context, None

    def ask(self, method, path, headers=(), body=None):
        while True:
            if self._connection is None or self._connection.goodbye is not None:
                self.close()
                self._connection = Connection(self._port, self._context)
            if reply := self._connection.ask(method, path, headers, body):
                return reply

    def close(self):
        if self._connection:
            self._connection.__exit__()


class Listeners(KeyTest):
    TLS, PROXY = free_port(), free_port()
    variables = {"APPCORE_TLS_LISTEN": f"127.0.0.1:{TLS}", "APPCORE_PROXY_LISTEN": f"127.0.0.1:{PROXY}",
                 "APPCORE_TRUSTED_PROXIES": PROXY_ADDRESS}

    @classmethod
    def prepare(cls):
        cls.authority = Authority(cls.stack.base)
        certificate, key = cls.authority.issue("one")
        cls.stack.variables |= {"APPCORE_TLS_CERT": certificate, "APPCORE_TLS_KEY": key}

    def ways(self):
        """Name and function of each way to ask but the plain listener, which test_keys.py asks."""
        context = self.authority.context()
        for name, connection in (("TLS", http.client.HTTPSConnection("127.0.0.1", self.TLS, timeout=60, context=context)),
                                 ("the PROXY protocol", ProxyConnection(self.PROXY, PROXY_ADDRESS))):
            self.addCleanup(connection.close)
            yield name, lambda *request, c=connection: ask(c, *request)
        over_http_2 = Http2(self.TLS, self.authority.context())
        self.addCleanup(over_http_2.close)
        yield "HTTP/2", over_http_2.ask

    def plain(self):
        connection = self.stack.connection(60)
        self.addCleanup(connection.close)
        return "plain", lambda *request: ask(connection, *request)

    def sayable(self, name):
        """Paths, and callers, that can be told this way: a path of HTTP/2 is not a URL, and a frame has 16 KiB."""
        is_http_2 = name == "HTTP/2"
        return ([path for path in self.paths() if path.startswith("/") or not is_http_2],
                {caller: headers for caller, headers in self.callers().items() if caller != "huge" or not is_http_2})

    def check_open(self, once):
        """With a key everything is as before, and /health and /ready are for all."""
        for headers in ([("X-API-Key", self.key)], [("Authorization", f"Bearer {self.key}")]):
            self.assertEqual(once("POST", "/predict", [*JSON, *headers], BODY).status, 201)
        for path in OPEN:
            self.assertIn(once("GET", path, []).status, (200, 503), path)

    def test_every_listener_asks_for_a_key_by_every_path_and_method(self):
        for name, once in self.ways():
            with self.subTest(name):
                paths, callers = self.sayable(name)
                self.check_all_refused(once, paths, {caller: callers[caller] for caller in ("a wrong one", "a revoked bearer", "two that differ")})
                for path in ("/version", "/-/error", "/nope"):
                    self.check_all_refused(once, [path], callers)
                self.check_open(once)

    def check_state(self):
        """The machine's state changes nothing, at no listener. Each request takes a connection, so fewer of them."""
        for name, once in (self.plain(), *self.ways()):
            with self.subTest(name):
                self.check_all_refused(once, self.sayable(name)[0], {"a revoked one": [("X-API-Key", self.gone)]}, methods=())
                self.check_open(once)

    def test_a_drained_machine_asks_too(self):
        self.assertEqual(self.stack.ctl("drain").returncode, 0)
        try:
            self.assertEqual([self.stack.get(path).status for path in ("/ready", "/health")], [503, 200])
            self.check_state()
        finally:
            self.assertEqual(self.stack.ctl("undrain").returncode, 0)

    def test_so_does_one_that_drains_for_a_reload(self):
        path = os.path.join(self.stack.run_dir, "draining")  # as nginx_reload.py makes it
        with open(path, "w", encoding="ascii"):
            pass
        try:
            self.assertTrue(wait_until(lambda: self.stack.get("/health").get("Connection") == "close", 60))
            self.check_state()
        finally:
            os.unlink(path)

    def test_what_http_2_cannot_say_is_refused_and_gets_nothing(self):
        over_http_2 = Http2(self.TLS, self.authority.context())
        self.addCleanup(over_http_2.close)
        for method, path, status in (("TRACE", "/", 405), ("CONNECT", "/", 405), ("GET", "http://x/version", 400), ("GET", "version", 400),
                                     ("get", "/version", 400)):
            reply = over_http_2.ask(method, path)
            self.assertEqual((reply.status, list(reply.json())), (status, ["detail"]), (method, path))

    def test_a_key_does_not_make_a_stranger_a_trusted_proxy(self):
        connection = ProxyConnection(self.PROXY, "127.0.0.7")
        self.addCleanup(connection.close)
        for path in ("/version", "/health", "/ready", "/nope"):
            self.assertEqual(ask(connection, "GET", path, [("X-API-Key", self.key)]).status, 403, path)


if __name__ == "__main__":
    unittest.main()
