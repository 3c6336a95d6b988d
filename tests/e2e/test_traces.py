"""The header traceparent: whose ids are in the log, for replies of workers and of nginx, and in exemplars, nowhere else."""

import collections
import contextlib
import json
import os
import random
import re
import socket
import unittest

from stack import StackTest, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
REQUESTS, BATCH = 10_000, 50
TIMEOUT = 1
HEX = "0123456789abcdef"
FIELDS = ("trace_id", "span_id", "trace_flags")
FINE = ("appcore_request_duration_seconds", "appcore_request_wait_seconds", "appcore_request_latency_seconds",
        "appcore_prediction_duration_seconds")
NUMBER = r"(?:\d+(?:\.\d+)?(?:e[+-]\d+)?)"
# A bucket with an exemplar, as OpenMetrics 1.0 spells it.
EXEMPLAR = re.compile(rf'(\w+)_bucket\{{(.*)\}} (\d+(?:\.0)?) # \{{trace_id="([0-9a-f]{{32}})"\}} ({NUMBER}) (\d+\.\d{{3}})\Z')


class Headers:
    """Random header lines, each with what it means: (trace id, span id, flags), or None if it is invalid."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)

    def digits(self, count):
        return "".join(self.random.choices(HEX, k=count))

    def ids(self):
        # One digit that is not 0 at least.
        return self.digits(31) + "7", "a" + self.digits(15), self.digits(2)

    def valid(self):
        ids = self.ids()
        version, rest = self.random.choice((("00", ""), ("00", ""), ("00", ""), ("cc", ""), ("01", "-"), ("fe", "-later.parts=x y")))
        space = self.random.choice(("", " ", "  "))
        name = self.random.choice(("traceparent", "Traceparent", "TRACEPARENT"))
        return [f"{name}:{space}{version}-{'-'.join(ids)}{rest}{space}"], ids

    def all_invalid(self):
        """One of each kind."""
        trace, span, flags = self.ids()
        whole = f"00-{trace}-{span}-{flags}"
        return [([f"traceparent: {value}"], None) for value in (
            "", "00", whole[:-1], whole + "0", whole + "-", whole + "-more", "ff" + whole[2:], whole.upper(),
            f"00-{'0' * 32}-{span}-{flags}", f"00-{trace}-{'0' * 16}-{flags}", whole.replace("-", "_"), f"00-{trace}-{span}",
            f"00-{trace[1:]}-{span}-{flags}", f"0-{trace}0-{span}-{flags}", "cc" + whole[2:] + ".x", whole + ",",
            f"cc{whole[2:]}-x, {whole}", f'"{whole}"', f"00-{trace[:-1]}g-{span}-{flags}", whole + '"} 1', "\xff" * 55)]

    def invalid(self):
        return self.random.choice(self.all_invalid())

    def repeated(self):
        first = self.valid()[0]
        return first + self.random.choice((first, self.valid()[0], self.invalid()[0])), None

    def any(self):
        kind = self.random.random()
        if kind < 0.4:
            return self.valid()
        return [] if kind < 0.6 else self.repeated()[0] if kind < 0.7 else self.invalid()[0], None


class Traces(StackTest):
    variables = {"APPCORE_BIN_DIR": PROGRAMS, "APPCORE_REQUEST_TIMEOUT": TIMEOUT}

    def setUp(self):
        self.headers = Headers(random.randrange(1 << 32))

    def lines_of(self, ids, log="appcore"):
        """{request id: its line in the log}, as soon as all are there."""
        def found():
            lines = {line["request_id"]: line for line in self.stack.logged(log) if line.get("request_id") in ids}
            return lines if len(lines) == len(ids) else None

        lines = wait_until(found, 30)
        self.assertIsNotNone(lines, f"{log}.log lacks lines of requests")
        return lines

    def assert_line_has(self, line, ids):
        self.assertEqual(tuple(line.get(field) for field in FIELDS), ids or (None, None, None), line)

    def send(self, connection, batch):
        """Requests at once, [(request, status)]; reads all replies."""
        connection.sendall(b"".join(request for request, _ in batch))
        replies = connection.makefile("rb")
        for request, status in batch:
            self.assertEqual(int(replies.readline().split()[1]), status, request)
            length = 0
            while (line := replies.readline().strip()):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            replies.read(length)

    @staticmethod
    def request(name, lines, method="POST", path="/predict", body='{"features":[0]}'):
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"X-Request-ID: {name}", *lines]
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", body]).encode("latin-1")

    def test_ten_thousand_requests_with_and_without_traceparent(self):
        kinds = (("POST", "/predict", '{"features":[0]}', 201), ("POST", "/predict", "{}", 422), ("GET", "/health", "", 200),
                 ("GET", "/nowhere", "", 404), ("PUT", "/predict", "x", 405))
        expected, batch = {}, []
        with socket.create_connection((self.stack.address, self.stack.port), 60) as connection:
            for i in range(REQUESTS):
                name = f"many-{i}"
                lines, expected[name] = self.headers.any()
                method, path, body, status = self.headers.random.choice(kinds)
                batch.append((self.request(name, lines, method, path, body), status))
                if len(batch) == BATCH:
                    self.send(connection, batch)
                    batch = []
            self.send(connection, batch)
        lines = self.lines_of(expected)
        for name, ids in expected.items():
            with self.subTest(name, seed=self.headers.seed):
                self.assert_line_has(lines[name], ids)
        self.check_expositions()

    def check_expositions(self):
        """No id in a label or outside OpenMetrics; each exemplar is of a request that was logged with a sampled traceparent, and
        belongs into its bucket."""
        for path in ("/metrics", "/metrics/", "/status"):
            self.assertNotRegex(self.stack.get(path).body.decode(), r"trace_id|[0-9a-f]{32}(?![0-9a-f])")
        text = self.stack.get("/metrics", [("Accept", "application/openmetrics-text")]).body.decode()
        # Other tests of this stack have sent requests, too.
        durations = {line["trace_id"]: line["duration_ms"] for line in self.stack.logged("appcore")
                     if "duration_ms" in line and int(line.get("trace_flags", "0"), 16) & 1}
        found, lower = collections.Counter(), {}
        for line in filter(None, text.split("\n")):
            sample, separator, _ = line.partition(" # ")
            self.assertNotRegex(sample, r"trace_id|[0-9a-f]{32}(?![0-9a-f])")
            bucket = re.match(r"(\w+)_bucket\{(.*)\} ", sample)
            bounds = None
            if bucket:
                labels = re.sub(r',?le="[^"]*"', "", bucket[2])
                bound = float(re.search(r'le="([^"]*)"', bucket[2])[1])
                bounds = lower.get((bucket[1], labels), 0), bound
                lower[bucket[1], labels] = bound
            if not separator or line.startswith("#"):
                continue
            match = EXEMPLAR.match(line)
            self.assertTrue(match, line)
            name, _, count, trace, value, _ = match.groups()
            self.assertIn(name, FINE)
            self.assertGreater(float(count), 0)
            self.assertTrue(trace in durations, line)
            self.assertTrue(bounds[0] < float(value) <= bounds[1] or (bounds[0] == 0 and float(value) == 0), line)
            if name == "appcore_request_duration_seconds":
                self.assertAlmostEqual(float(value) * 1000, durations[trace], delta=0.001)
            found[name] += 1
        self.assertEqual(set(found), set(FINE))

    def test_what_nginx_answers_itself_has_the_ids_too(self):
        # TRACE is refused by nginx; a body of this length has a connection of its own, which the pool does not take.
        for method, body, status in (("TRACE", "", 405), ("POST", "x" * 100_000, 503)):
            cases = [([], None), self.headers.valid(), self.headers.valid(), *self.headers.all_invalid()]
            for i, (lines, ids) in enumerate(cases if status == 405 else cases[:4]):
                name = f"refused-{status}-{i}"
                with self.subTest(name, lines=lines), self.pool_away_if(status == 503), \
                        socket.create_connection((self.stack.address, self.stack.port), 60) as connection:
                    self.send(connection, [(self.request(name, lines, method, "/predict", body), status)])
                    self.assert_line_has(self.lines_of({name})[name], ids)
                    line = self.lines_of({name}, "access")[name]
                    self.assertEqual(tuple(line[field] for field in FIELDS), ids or ("", "", ""))

    @contextlib.contextmanager
    def pool_away_if(self, is_away):
        there, away = self.stack.worker_socket, self.stack.worker_socket + ".away"
        if is_away:
            os.rename(there, away)
        try:
            yield
        finally:
            if is_away:
                os.rename(away, there)

    def test_a_request_that_hangs_has_them_in_its_504_and_in_the_last_words_of_its_worker(self):
        lines, ids = self.headers.valid()
        with socket.create_connection((self.stack.address, self.stack.port), 60) as connection:
            self.send(connection, [(self.request("hung", lines, body=json.dumps({"features": [30]})), 504)])
        self.assert_line_has(self.lines_of({"hung"})["hung"], ids)
        self.assert_line_has(self.lines_of({"hung"}, "system")["hung"], ids)


if __name__ == "__main__":
    unittest.main()
