"""Errors that nginx makes itself look like any other: JSON, an id, a count, a log line."""

import http.client
import itertools
import os
import signal
import socket
import threading

from key_test import locations
from stack import UUID4, StackTest, ask, stop_process, wait_until

COMMON = b"Host: x\r\nConnection: close\r\nX-Request-ID: from-client\r\nOrigin: http://o\r\n"
POOL = os.path.join("current", "pool.sock")
LONG = 70000  # more than the 64 KiB of one line

# Headers by which nginx decides what a reply is, each with what holds, what does not and what makes no sense.
EARLIER, LATER = "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2065 07:28:00 GMT"
CONDITIONS = (*itertools.product(("If-Match", "If-None-Match", "If-Range"), ('"x"', 'W/"x"', '"x", "y"', "*", "x", "", EARLIER)),
              *itertools.product(("If-Modified-Since", "If-Unmodified-Since"), (EARLIER, LATER, "x", "")),
              *itertools.product(("Range",), ("bytes=0-1", "bytes=-5", "bytes=9999999-", "bytes=0-1,3-4", "bytes=x", "x")),
              ("Expect", "100-continue"), ("Expect", "x"), ("Upgrade", "h2c"), ("Accept-Encoding", "gzip"),
              ("Accept", "text/html"), ("Max-Forwards", "0"), ("Destination", "/x"), ("Content-Length", "0"))


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return set(file.read().split())


class Refused(StackTest):
    def refuse(self, status, data, method="GET", in_header=True):
        before = self.stack.count("http_requests_total", status_code=status)
        reply = self.stack.raw(data, method=method)
        self.assertEqual(reply.status, status)
        self.assertEqual(reply.get("Content-Type"), "application/json")
        if method != "HEAD":
            self.assertEqual(list(reply.json()), ["detail"])
        request_id = reply.get("X-Request-ID")
        if in_header:  # nginx has read the headers
            self.assertEqual(request_id, "from-client")
            self.assertEqual(reply.get("Access-Control-Allow-Origin"), "*")
        else:
            self.assertRegex(request_id, UUID4)
        after = self.stack.count("http_requests_total", status_code=status)
        self.assertEqual(after - before, 1)
        for log in ("appcore", "access"):
            lines = wait_until(
                lambda n=log: self.stack.logged(n, request_id=request_id, status_code=status))
            self.assertTrue(lines, f"no line in {log}.log")
        return reply, lines[-1]

    def test_request_lines_that_cannot_be_parsed(self):
        for line in (b"\x16\x03\x01\x00\xff", b"G@T /health HTTP/1.1", b"GET /a b HTTP/1.1",
                     b"get /health HTTP/1.1", b"GET nowhere HTTP/1.1"):
            with self.subTest(line=line):
                self.refuse(400, line + b"\r\n" + COMMON + b"\r\n", in_header=False)

    def test_paths_that_nginx_refuses(self):
        for path in (b"/%00", b"/%zz", b"/%", b"/../x"):
            with self.subTest(path=path):
                self.refuse(400, b"GET " + path + b" HTTP/1.1\r\n" + COMMON + b"\r\n",
                            in_header=False)

    def test_a_missing_or_unusable_host(self):
        for host in (b"", b"Host: a b/\r\n", b"Host: x\r\nHost: y\r\n"):
            with self.subTest(host=host):
                self.refuse(400, b"GET /health HTTP/1.1\r\nConnection: close\r\n" + host + b"\r\n",
                            in_header=False)

    def test_the_original_method_is_kept(self):
        _, line = self.refuse(400, b"DELETE /%zz HTTP/1.1\r\n" + COMMON + b"\r\n", in_header=False)
        self.assertEqual(line["method"], "DELETE")
        before = self.stack.count("http_requests_total", method="PATCH", status_code=400)
        self.stack.raw(b"PATCH /%zz HTTP/1.1\r\n" + COMMON + b"\r\n")
        after = self.stack.count("http_requests_total", method="PATCH", status_code=400)
        self.assertEqual(after - before, 1)

    def test_a_head_request_gets_no_body(self):
        reply, _ = self.refuse(400, b"HEAD /%zz HTTP/1.1\r\n" + COMMON + b"\r\n", "HEAD", False)
        self.assertEqual(reply.body, b"")

    def test_connect_and_trace(self):
        for method in (b"CONNECT", b"TRACE"):
            self.refuse(405, method + b" /health HTTP/1.1\r\n" + COMMON + b"\r\n")

    def test_a_body_above_the_limit(self):
        for method in ("POST", "OPTIONS", "HEAD"):
            with self.subTest(method=method):
                self.refuse(413, method.encode() + b" /predict HTTP/1.1\r\n" + COMMON
                            + b"Content-Length: 33554433\r\n\r\n", method)

    def test_a_line_above_the_limit(self):
        self.refuse(414, b"GET /" + b"a" * LONG + b" HTTP/1.1\r\n" + COMMON + b"\r\n",
                    in_header=False)
        self.refuse(431, b"GET /health HTTP/1.1\r\n" + COMMON + b"X: " + b"a" * LONG
                    + b"\r\n\r\n")

    def test_headers_that_are_too_many_together(self):
        for extra in ((b"X: " + b"a" * 30000 + b"\r\n") * 3, b"A: b\r\n" * 9000):
            for method in (b"GET /health", b"POST /predict"):
                with self.subTest(method=method, size=len(extra)):
                    self.refuse(431, method + b" HTTP/1.1\r\n" + COMMON + b"Content-Length: 0\r\n"
                                + extra + b"\r\n")

    def test_broken_transfer_codings(self):
        post = b"POST /predict HTTP/1.1\r\n" + COMMON
        self.refuse(400, post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")
        self.refuse(501, post + b"Transfer-Encoding: gzip\r\n\r\n")
        self.refuse(400, post + b"Content-Length: x\r\n\r\n")

    def test_an_unknown_http_version(self):
        self.refuse(505, b"GET /health HTTP/3.0\r\n" + COMMON + b"\r\n", in_header=False)

    def test_clients_cannot_use_the_location_of_errors(self):
        reply = self.stack.get("/-/error")
        self.assertEqual((reply.status, reply.json()), (404, {"detail": "Not Found"}))

    def test_a_credentialed_request_gets_its_origin_back(self):
        reply = self.stack.raw(b"TRACE / HTTP/1.1\r\n" + COMMON + b"Cookie: a=b\r\n\r\n")
        self.assertEqual(reply.get("Access-Control-Allow-Origin"), "http://o")
        self.assertEqual(reply.get("Vary"), "Origin")


class Replied(StackTest):
    def test_each_location_replies_whatever_the_headers_ask_for(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=60)
        self.addCleanup(connection.close)
        paths = {"/-/docs/swagger-ui.css", "/predict", "/docs", "/nope", *locations(self.stack.run_dir)}
        for path, method, header in itertools.product(sorted(paths), ("GET", "HEAD", "POST"), CONDITIONS):
            with self.subTest(path=path, method=method, header=header):
                reply = ask(connection, method, path, [header])
                self.assertLess(reply.status, 500)
                if not path.startswith("/metrics"):
                    self.assertRegex(reply.get("X-Request-ID"), UUID4)
                    if reply.status >= 400 and method != "HEAD":
                        self.assertEqual(list(reply.json()), ["detail"])


class Away(StackTest):
    """What is answered while programs are away."""

    variables = {"WORKERS": 1}

    def without(self, *names):
        """Renames the sockets, so that nobody answers on them, and replaces nginx's processes, which keep connections."""
        for name in names:
            path = os.path.join(self.stack.run_dir, name)
            os.rename(path, path + ".away")
            self.addCleanup(os.rename, path + ".away", path)
        with open(os.path.join(self.stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            master = int(file.read())
        before = children_of(master)
        os.kill(master, signal.SIGHUP)
        self.assertTrue(wait_until(lambda: children_of(master) and not before & children_of(master)))

    def test_a_pool_that_is_away_is_a_counted_503(self):
        self.without(POOL)
        before = self.stack.count("http_requests_total", status_code=503)
        reply = self.stack.predict({"features": [1]})
        self.assertEqual((reply.status, list(reply.json())), (503, ["detail"]))
        self.assertTrue(reply.get("Retry-After"))
        self.assertRegex(reply.get("X-Request-ID"), UUID4)
        self.assertEqual(self.stack.count("http_requests_total", status_code=503) - before, 1)
        entry = wait_until(
            lambda: self.stack.logged("access", request_id=reply.get("X-Request-ID")))[0]
        # No worker has seen it, so it was not tried again; the metrics program made the reply.
        self.assertEqual(entry["upstream_status"], "502 : 503")
        self.assertEqual(entry["method"], "POST")

    def test_a_worker_answers_errors_while_the_metrics_program_is_away(self):
        self.without("metrics.sock")
        reply = self.stack.get("/metrics")
        self.assertEqual((reply.status, list(reply.json())), (503, ["detail"]))
        reply = self.stack.raw(b"TRACE / HTTP/1.1\r\n" + COMMON + b"\r\n")
        self.assertEqual((reply.status, list(reply.json())), (405, ["detail"]))
        self.assertTrue(self.stack.logged("appcore", request_id="from-client", status_code=405))

    def test_nginx_answers_alone_when_both_are_away(self):
        self.without("metrics.sock", POOL)
        reply = self.stack.predict({"features": [1]})
        self.assertEqual((reply.status, reply.json()), (503, {"detail": "Service Unavailable"}))
        self.assertTrue(reply.get("Retry-After"))
        self.assertEqual(reply.get("Content-Type"), "application/json")
        self.assertRegex(reply.get("X-Request-ID"), UUID4)
        reply = self.stack.raw(b"TRACE / HTTP/1.1\r\n" + COMMON + b"\r\n")
        self.assertEqual((reply.status, reply.get("X-Request-ID")), (405, "from-client"))
        self.assertEqual(reply.get("Access-Control-Allow-Origin"), "*")
        reply = self.stack.raw(b"POST /predict HTTP/1.1\r\n" + COMMON
                               + b"Content-Length: 33554433\r\n\r\n")
        self.assertEqual((reply.status, reply.json()), (413, {"detail": "Content Too Large"}))
        reply = self.stack.raw(b"GET /%zz HTTP/1.1\r\n" + COMMON + b"\r\n")
        self.assertEqual((reply.status, reply.json()), (400, {"detail": "Bad Request"}))

    def test_an_error_waits_for_who_can_count_it(self):
        """For as long as a busy machine may need: nginx answers alone only where nobody listens."""
        before = self.stack.count("http_requests_total", status_code=405)
        stopped = self.stack.children("appcore-worker") + self.stack.children("appcore-metrics")
        for pid in stopped:
            stop_process(pid)
            self.addCleanup(os.kill, pid, signal.SIGCONT)
        continued = threading.Timer(10, lambda: [os.kill(pid, signal.SIGCONT) for pid in stopped])
        continued.start()
        self.addCleanup(continued.join)
        reply = self.stack.raw(b"TRACE / HTTP/1.1\r\n" + COMMON.replace(b"from-client", b"patient") + b"\r\n", 60)
        self.assertEqual((reply.status, list(reply.json())), (405, ["detail"]))
        self.assertEqual(self.stack.count("http_requests_total", status_code=405) - before, 1)
        self.assertEqual(len(self.stack.logged("appcore", request_id="patient", status_code=405)), 1)

    def test_an_error_outlives_processes_that_are_killed_with_it(self):
        self.without("metrics.sock")
        path = os.path.join(self.stack.run_dir, POOL)
        os.rename(path, path + ".away")
        self.addCleanup(lambda: os.path.exists(path + ".away") and os.rename(path + ".away", path))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.settimeout(60)
            died = []

            def die_twice():
                for last in (False, True):
                    connection, _ = listener.accept()
                    died.append(connection.fileno())
                    connection.recv(1)
                    if last:
                        os.rename(path + ".away", path)
                    connection.close()

            dying = threading.Thread(target=die_twice)
            dying.start()
            reply = self.stack.raw(b"TRACE / HTTP/1.1\r\n" + COMMON.replace(b"from-client", b"outlives") + b"\r\n", 60)
            dying.join()
        self.assertEqual(len(died), 2)
        self.assertEqual((reply.status, list(reply.json())), (405, ["detail"]))
        self.assertEqual(len(self.stack.logged("appcore", request_id="outlives", status_code=405)), 1)

    def test_requests_wait_while_every_worker_restarts(self):
        for _ in range(5):
            for pid in self.stack.worker_pids():
                os.kill(pid, signal.SIGKILL)
            self.assertEqual(self.stack.predict({"features": [1]}).status, 201)
            self.assertTrue(wait_until(self.stack.worker_pids))


class Access(StackTest):
    variables = {"APPCORE_METRICS_ALLOW": "10.0.0.0/8"}

    def test_metrics_are_for_the_configured_networks_only(self):
        for path in ("/metrics", "/metrics/", "/status"):
            reply = self.stack.get(path)
            self.assertEqual((reply.status, list(reply.json())), (403, ["detail"]))
        self.assertEqual(self.stack.get("/health").status, 200)
