"""Each line of each log is one JSON object, whatever clients send."""

import http.client
import json
import os
import re

from stack import StackTest, wait_until

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
EVERY_LINE = {"timestamp", "level", "logger", "message"}
REQUEST_LINE = EVERY_LINE | {"request_id", "method", "path", "status_code", "duration_ms", "worker",
                             "client"}
ACCESS_LINE = EVERY_LINE | {"request_id", "method", "path", "status_code", "duration_ms", "client"}
PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


class Logs(StackTest):
    def objects(self, name):
        found = []
        for line in self.stack.log_lines(name):
            entry = json.loads(line.decode("utf-8"))
            self.assertIsInstance(entry, dict)
            self.assertLessEqual(EVERY_LINE, set(entry), line)
            self.assertRegex(entry["timestamp"], TIMESTAMP)
            self.assertIn(entry["level"], LEVELS)
            found.append(entry)
        return found

    def test_a_request_has_all_fields(self):
        self.assertEqual(self.stack.get("/health", [("X-Request-ID", "fields-1")]).status, 200)
        self.assertEqual(self.stack.request("TRACE", "/health", headers=[("X-Request-ID", "fields-2")]).status, 405)
        for log, fields, request_id, method, status in (
                ("appcore", REQUEST_LINE, "fields-1", "GET", 200), ("access", ACCESS_LINE, "fields-2", "TRACE", 405)):
            lines = wait_until(lambda n=log, i=request_id: [o for o in self.objects(n) if o.get("request_id") == i])
            self.assertEqual(len(lines), 1)
            self.assertLessEqual(fields, set(lines[0]))
            self.assertEqual(
                [lines[0][k] for k in ("method", "path", "status_code", "client")],
                [method, "/health", status, "127.0.0.1"])
            self.assertGreaterEqual(lines[0]["duration_ms"], 0)

    def test_what_a_worker_has_logged_is_not_logged_again(self):
        self.assertEqual(self.stack.get("/health", [("X-Request-ID", "once-1")]).status, 200)
        self.assertEqual(self.stack.get("/nope", [("X-Request-ID", "once-2")]).status, 404)
        self.assertEqual(self.stack.get("/metrics", [("X-Request-ID", "other")]).status, 200)
        self.assertTrue(wait_until(lambda: [o for o in self.objects("access") if o["path"] == "/metrics"]))
        for request_id in ("once-1", "once-2"):
            self.assertEqual([len([o for o in self.objects(name) if o.get("request_id") == request_id])
                              for name in ("appcore", "access")], [1, 0])

    def test_starting_is_logged(self):
        self.assertTrue([o for o in self.objects("appcore") if "start" in o["message"]])
        messages = [o["message"] for o in self.objects("system") if o["logger"] == "supervisord"]
        # Some of supervisord's have quotes in them.
        self.assertTrue([m for m in messages if "spawned" in m])
        self.assertTrue([m for m in messages if '/conf.d/blue.conf"' in m])

    def test_any_byte_in_a_path_a_query_or_a_header_makes_valid_lines(self):
        sent = 0
        for byte in range(256):
            one = bytes([byte])
            for line, header in ((b"/b" + one + b"x", b""), (b"/x?" + one, b""),
                                 (b"/%" + b"%02x" % byte, b""), (b"/x", one)):
                for method in (b"GET ", b"TRACE "):  # a worker logs the one; nginx refuses the other
                    try:
                        self.stack.raw(method + line + b" HTTP/1.0\r\nHost: x\r\nX-Request-ID: i"
                                       + header + b"d\r\nUser-Agent: " + header + b"\r\n\r\n")
                    except (OSError, http.client.HTTPException):
                        pass  # a line end in the wrong place makes it HTTP/0.9, or too short
                    sent += 1
        self.assertGreater(len(self.objects("access")), sent * 0.45)
        self.assertGreater(len(self.objects("appcore")), sent * 0.9)

    def test_nginx_s_own_messages_are_objects_too(self):
        # Each of these makes nginx write to its error log, with the client's bytes in it.
        for query in (b'"quoted"\\', b"\xff\xfe\x80", b"{}"):
            self.stack.raw(b"POST /metrics?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           b"Content-Length: 99999999\r\n\r\n")

        def messages():
            return [o for o in self.objects("system")
                    if o["logger"] == "nginx" and "too large body" in o["message"]]

        wait_until(lambda: len(messages()) >= 3)
        self.assertEqual([o["level"] for o in messages()], ["ERROR"] * 3)

    def test_a_very_long_path_keeps_the_access_line_below_a_pipe_s_buffer(self):
        self.stack.request("TRACE", "/" + '"' * 60000)
        self.assertTrue(wait_until(lambda: [o for o in self.objects("access") if o["path"].startswith('/""')]))
        self.assertLess(max(map(len, self.stack.log_lines("access"))), 4096)


class Slow(StackTest):
    variables = {"WORKERS": 1, "APPCORE_BIN_DIR": PROGRAMS}

    def test_a_request_that_takes_a_second_is_in_the_access_log(self):
        for seconds, request_id in ((0, "quick"), (1.1, "slow")):
            reply = self.stack.predict({"features": [seconds]}, [("Content-Type", "application/json"), ("X-Request-ID", request_id)])
            self.assertEqual(reply.status, 201)
        self.assertTrue(wait_until(lambda: self.stack.logged("access", request_id="slow", status_code=201)))
        self.assertEqual(self.stack.logged("access", request_id="quick"), [])
