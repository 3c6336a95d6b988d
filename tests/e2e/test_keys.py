"""API keys: nobody gets anything without one but /health and /ready, and nobody ever finds one.

`python3 tests/e2e/test_keys.py long` changes keys 20 times under load; in `make test` it is a short run.
"""

import contextlib
import hashlib
import http.client
import os
import re
import signal
import sys
import unittest

from authority import Authority
from http2_load import Http2Load
from key_test import BODY, OPEN, KeyTest
from load import PREDICT, Fresh, Load
from stack import JSON, ask, processes, wait_until

LONG = sys.argv[1:2] == ["long"]
CHANGES = 20 if LONG else 3
DOCS = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")


class Refused(KeyTest):
    def test_every_path_asks_everybody_for_a_key(self):
        connection, mine, paths = self.stack.connection(60), [("X-API-Key", self.key)], self.paths()
        before = self.counts(connection, mine)
        asked = self.check_all_refused(lambda *request: ask(connection, *request), paths, self.callers())
        for path in paths:  # with a key it is another matter, so the test can tell
            self.assertNotIn(ask(connection, "GET", path, mine).status, (401, 403), path)
        self.assertEqual(self.counts(connection, mine) - before, asked)
        connection.close()

    def counts(self, connection, headers):
        text = ask(connection, "GET", "/metrics", headers).body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines()
                   if line.startswith("http_requests_total") and 'status_code="401"' in line)

    def test_health_and_ready_ask_nobody(self):
        connection = self.stack.connection(60)
        for path in OPEN:
            for caller, headers in self.callers().items():
                self.assertEqual(ask(connection, "GET", path, headers).status, 200, (path, caller))
        connection.close()

    def test_a_key_is_good_in_either_header_or_in_both(self):
        bearer, plain = ("Authorization", f"Bearer {self.key}"), ("X-API-Key", self.key)
        for headers in ([bearer], [plain], [bearer, plain], [("authorization", f"bearer  {self.key}")], [("x-api-key", f"  {self.key}  ")]):
            reply = self.stack.predict({"features": [1, 2]}, [*JSON, *headers])
            self.assertEqual((reply.status, reply.get("WWW-Authenticate")), (201, None), headers)

    def test_what_nginx_cannot_read_it_refuses_as_before(self):
        for line, status in ((b"GET /%zz HTTP/1.1\r\n", 400), (b"GET nowhere HTTP/1.1\r\n", 400), (b"GET / HTTP/3.0\r\n", 505),
                             (b"TRACE / HTTP/1.1\r\n", 405), (b"CONNECT / HTTP/1.1\r\n", 405), (b"CONNECT x:1 HTTP/1.1\r\n", 400),
                             (b"get /version HTTP/1.1\r\n", 400), (b"GET /health HTTP/1.1\r\nAuthorization: a\r\nAuthorization: b\r\n", 400)):
            reply = self.stack.raw(line + b"Host: x\r\nConnection: close\r\n\r\n")
            self.assertEqual((reply.status, list(reply.json())), (status, ["detail"]), line)

    def test_http_of_other_versions_asks_too(self):
        reply = self.stack.raw(b"GET /version HTTP/1.0\r\n\r\n")
        self.check_refused(reply, "1.0")
        with self.assertRaises(http.client.HTTPException):  # HTTP/0.9 has neither headers nor a status
            self.stack.raw(b"GET /version\r\n")

    def test_a_large_body_is_refused_and_the_connection_goes_on(self):
        connection = self.stack.connection(60)
        self.check_refused(ask(connection, "POST", "/predict", JSON, b" " * 3_000_000), "3 MB")
        self.assertEqual(ask(connection, "POST", "/predict", [*JSON, ("X-API-Key", self.key)], BODY).status, 201)
        connection.close()

    def test_the_name_is_in_the_log_of_replies_and_of_refusals(self):
        ids = {}
        for status, request in ((201, lambda h: self.stack.predict({"features": [1]}, [*JSON, *h])), (404, lambda h: self.stack.get("/no", h)),
                                (405, lambda h: self.stack.request("TRACE", "/", None, h))):
            reply = request([("X-API-Key", self.key)])
            self.assertEqual(reply.status, status)
            ids[reply.get("X-Request-ID")] = "team"
        reply = self.stack.get("/version")
        ids[reply.get("X-Request-ID")] = None
        for request_id, name in ids.items():
            (line,) = wait_until(lambda i=request_id: self.stack.logged("appcore", request_id=i))
            self.assertEqual(line.get("key"), name)

    def test_nginx_alone_refuses_too(self):
        paths = [os.path.join(self.stack.run_dir, *name) for name in (("metrics.sock",), ("current", "pool.sock"))]
        for path in paths:
            os.rename(path, path + ".away")
        try:
            for pid in (*self.stack.children("appcore-worker"), *self.stack.children("appcore-metrics")):
                os.kill(pid, signal.SIGTERM)  # and with it nginx's kept connections
            reply = wait_until(self.uncounted, 60)
            for path in self.paths():
                self.check_refused(self.stack.get(path), path)
        finally:
            for path in paths:
                os.rename(path + ".away", path)
        self.check_refused(reply, "alone")
        self.assertTrue(wait_until(lambda: self.stack.predict({"features": [1]}, [*JSON, ("X-API-Key", self.key)]).status == 201, 60))

    def uncounted(self):
        """A reply of nginx's own: no program has logged it."""
        reply = self.stack.get("/version")
        return None if self.stack.logged("appcore", request_id=reply.get("X-Request-ID")) else reply


class OpenDocs(KeyTest):
    variables = {"APPCORE_API_KEYS_DOCS": "open"}

    def test_pages_that_describe_the_api_are_open_and_nothing_else_is(self):
        connection = self.stack.connection(60)
        assets = set(re.findall(r'"(/-/docs/[^"]+)"', ask(connection, "GET", "/docs", []).body.decode()))
        for path in (*DOCS, "/docs?x=1"):
            self.assertEqual(ask(connection, "GET", path, []).status, 200, path)
        for path in assets:
            self.assertNotEqual(ask(connection, "GET", path, []).status, 401, path)
        self.assertTrue(assets)
        for path in ("/version", "/docs/", "/docs/x", "/-/docs/", "/-/docs/../version", "/-/docs/x/../../../version", "/-/error",
                     "/openapi.json/", "/predict"):
            self.check_refused(ask(connection, "GET", path, []), path)
        connection.close()


class Limited(KeyTest):
    variables = {"APPCORE_CLIENT_RATE": 1}

    def test_a_client_that_is_refused_too_often_gets_a_429_like_any_other(self):
        connection = self.stack.connection(60)
        replies = [ask(connection, "GET", "/version", [("X-API-Key", "guess")]) for _ in range(200)]
        self.assertEqual({reply.status for reply in replies}, {401, 429})
        limited = next(reply for reply in replies if reply.status == 429)
        self.assertEqual((limited.json(), limited.get("Retry-After"), limited.get("WWW-Authenticate")),
                         ({"detail": "Too Many Requests"}, "1", None))
        self.assertTrue(wait_until(lambda: self.stack.logged("appcore", request_id=limited.get("X-Request-ID"), status_code=429)))
        connection.close()


class Counted(KeyTest):
    @classmethod
    def prepare(cls):
        cls.slow, cls.fast = cls.new("slow", "1"), cls.new("fast", "999999")
        cls.many = {f"n{number}": f"key-{number}" for number in range(40)}  # an operator's own
        with open(cls.file, "a", encoding="ascii") as file:
            file.writelines(f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n" for name, key in cls.many.items())

    def scrape(self):
        text = self.stack.get("/metrics", [("X-API-Key", self.key)]).body.decode()
        found = re.findall(r'^appcore_key_requests_total\{key="([^"]*)",status_class="([^"]*)"\} (\S+)$', text, re.MULTILINE)
        return {(key, group): float(count) for key, group, count in found}

    def test_replies_are_counted_by_name_and_class_and_names_are_bounded(self):
        connection = self.stack.connection(60)
        for name, key in self.many.items():
            self.assertEqual(ask(connection, "GET", "/version", [("X-API-Key", key)]).status, 200, name)
        for _ in range(3):
            ask(connection, "GET", "/nope", [("X-API-Key", self.many["n0"])])
        ask(connection, "GET", "/nope", [("X-API-Key", self.many["n39"])])
        ask(connection, "GET", "/nope", [])
        connection.close()
        # team, slow and fast are the first of the 31 names with series.
        own = {(f"n{number}", "2xx"): 1 for number in range(28)}
        expected = {**own, ("n0", "4xx"): 3, ("other", "2xx"): 12, ("other", "4xx"): 1}
        found = {series: count for series, count in self.scrape().items() if series[0] not in ("team", "slow", "fast")}
        self.assertEqual(found, expected)
        for line in self.stack.logged("appcore", path="/version", status_code=200):
            self.assertIn(line["key"], {*self.many, "slow", "fast", "team"})

    def test_a_key_with_a_rate_gets_429_beyond_it_and_nobody_else_does(self):
        connection = self.stack.connection(60)
        statuses = [ask(connection, "GET", "/version", [("X-API-Key", self.slow)]).status for _ in range(100)]
        others = [ask(connection, "GET", "/version", [("X-API-Key", self.fast)]).status for _ in range(20)]
        checks = [ask(connection, "GET", "/health", [("X-API-Key", self.slow)]).status for _ in range(20)]
        connection.close()
        self.assertEqual((set(statuses), set(others), set(checks)), ({200, 429}, {200}, {200}))
        found = self.scrape()
        self.assertEqual(found[("slow", "4xx")], statuses.count(429))
        self.assertEqual(found[("slow", "2xx")], statuses.count(200) + 20)
        (line, *_) = self.stack.logged("appcore", path="/version", status_code=429)
        self.assertEqual(line["key"], "slow")


class Secret(KeyTest):
    """Searched for where an intruder would look."""

    def test_a_key_is_nowhere(self):
        wrong = "wrong-" + "Z" * 37
        for key in (self.key, wrong):
            for headers in ([("X-API-Key", key)], [("Authorization", f"Bearer {key}")], [("Authorization", f"Basic {key}")],
                            [("X-API-Key", key), ("X-API-Key", key)], [("X-API-Key", "A" * 60000 + key)]):
                self.stack.get("/version", headers)
                self.stack.get("/ready", headers)
                self.stack.get("/status", headers)
                self.stack.get("/metrics", headers)
                self.stack.get("/nope", headers)
                self.stack.predict({"features": [1]}, [*JSON, *headers])
            for end in (b"Authorization: a\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Bad Header: x\r\n", b"X: " + b"a" * 70000 + b"\r\n"):
                self.stack.raw(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + key.encode() + b"\r\n" + end + b"\r\n")
        self.stack.settle_log()
        for key in (self.key.encode(), wrong.encode()):
            for where, text in self.texts():
                self.assertNotIn(key, text, where)
        if os.geteuid() == 0:  # others may be forbidden to look, by ptrace_scope
            memory = self.memory()
            for key in (self.key.encode(), wrong.encode()):
                self.assertNotIn(key, memory, "a program's memory")

    def texts(self):
        """Every file of the stack, and what the system tells about its processes."""
        for folder in (self.stack.base, self.stack.state_dir):
            for parent, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(parent, name)
                    with contextlib.suppress(FileNotFoundError):  # the metrics file is written aside and renamed
                        if os.path.isfile(path):
                            with open(path, "rb") as file:
                                yield path, file.read()
        for pid in processes(self.stack.run_dir):
            for name in ("cmdline", "environ", "comm"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        yield f"{pid} {name}", file.read()

    def memory(self):
        """What a core of a worker or of the metrics program would hold."""
        text = []
        for pid in (*self.stack.children("appcore-worker"), *self.stack.children("appcore-metrics")):
            with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                for line in maps:
                    begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
                    if rights.startswith("rw"):
                        memory.seek(int(begin, 16))
                        with contextlib.suppress(OSError):  # given back meanwhile
                            text.append(memory.read(int(end, 16) - int(begin, 16)) or b"")
        self.assertGreater(sum(map(len, text)), 1_000_000)
        return b"".join(text)


class Changes(KeyTest):
    """What a key's owner sees of changes to others' keys, and of one that takes over from another: nothing."""

    @classmethod
    def prepare(cls):
        cls.authority = Authority(cls.stack.base)
        certificate, key = cls.authority.issue("one")
        cls.stack.variables |= {"APPCORE_TLS_CERT": certificate, "APPCORE_TLS_KEY": key, "WORKERS": "2"}
        cls.stack.tls = cls.authority.context()

    def status(self, key):
        return self.stack.get("/version", [("X-API-Key", key)]).status

    def command(self, *words):
        done = self.stack.ctl(*words)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_no_request_is_lost_by_changes_of_keys(self):
        header = ("X-API-Key", self.key)
        curl = ["-H", ": ".join(header)]
        clients = [Load(self.stack, (PREDICT,), 8, headers=[header]), Fresh(self.stack, self.authority, *curl),
                   Http2Load(self.stack, self.authority, [header])]
        try:
            for number in range(CHANGES):
                self.change(number)
        finally:
            for one in clients:
                one.stop()
        self.maxDiff = None
        self.assertEqual([one.wrong for one in clients], [[], [], []])
        load, fresh, kept = clients
        for count in (load.replies(), fresh.statuses, kept.statuses):
            self.assertGreater(count, 0)
        print(f"{CHANGES} changes of keys: {load.replies()} requests on kept connections, {fresh.statuses} on fresh ones, "
              f"{kept.statuses} over HTTP/2, 0 failed", file=sys.stderr)

    def change(self, number):
        """By commands, or by hand and a restart."""
        if number % 3 == 2:
            key = f"by-hand-{number}"
            with open(self.file, "a", encoding="ascii") as file:
                file.write(f"by-hand {hashlib.sha256(key.encode()).hexdigest()}\n")
            self.assertEqual(self.status(key), 401)
            self.command("restart")
            self.assertEqual(self.status(key), 200)
        elif number % 3 == 1:
            self.command("key", "revoke", "guest")
            self.assertEqual([self.status(key) for key in self.guests], [401] * len(self.guests))
        else:
            self.guests = [self.new("guest", "50")]
            self.assertEqual(self.status(self.guests[0]), 200)


class Faults(KeyTest):
    """A file that cannot serve changes nothing, and the reason is said."""

    def refused(self, message, **variables):
        with self.stack.with_variables(**variables):
            done = self.stack.ctl("restart")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, message)
        reply = self.stack.predict({"features": [1]}, [*JSON, ("X-API-Key", self.key)])
        self.assertEqual(reply.status, 201)

    def test_files_and_commands_that_make_no_sense(self):
        other = os.path.join(self.stack.base, "other")
        for text, mode, message in (("team x\n", 0o600, "line 1: the second word must be the SHA-256"),
                                    (f"team {'a' * 64}\n", 0o644, "must not be readable by others, got '.*' with mode 0644: chmod 600")):
            with open(other, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(other, mode)
            self.refused(message, APPCORE_API_KEYS=other)
        self.refused("must be a file that can be read", APPCORE_API_KEYS="/nowhere/keys")
        self.refused("must be an absolute path", APPCORE_API_KEYS="keys")
        for words, message in ((["new"], "usage"), (["new", "a", "b", "c"], "usage|Usage"), (["shout"], "usage"), ([], "usage"),
                               (["list", "x"], "usage"), (["new", "other"], "NAME must be"), (["new", "a b"], "NAME must be"),
                               (["new", "a", "0"], "RATE must be an integer from 1"), (["new", "team", "9"], "RATE must be that"),
                               (["revoke", "nobody"], "has no such key"), (["revoke", "team", "zz"], "must be hexadecimal")):
            done = self.stack.ctl("key", *words)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertRegex(done.stdout, message)
        with self.stack.with_variables(APPCORE_API_KEYS=other):
            done = self.stack.ctl("key", "new", "x")
        self.assertIn("must not be readable by others", done.stdout)

    def test_the_list_names_no_key(self):
        done = self.stack.ctl("key", "list")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^team +- +[0-9a-f]{12} +made 20\d\d-\d\d-\d\d\n$")
        self.assertNotIn(self.key, done.stdout)


if __name__ == "__main__":
    if LONG:
        sys.argv[1:2] = ["Changes"]
    unittest.main()
