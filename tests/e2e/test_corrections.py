"""Where the old service is wrong: each line of the contract's table, as this service does it."""

import http.client
import json

from stack import JSON, UUID4, StackTest


class Numbers(StackTest):
    def refuse(self, text, shown):
        reply = self.stack.predict(b'{"features":[%s]}' % text)
        self.assertEqual(reply.status, 422, reply.body)
        self.assertEqual(reply.json()["detail"], [{
            "type": "finite_number", "loc": ["body", "features", 0],
            "msg": "Input should be a finite number", "input": shown}])

    def test_numbers_that_are_not_finite_are_refused(self):
        self.refuse(b"NaN", "NaN")
        self.refuse(b"Infinity", "Infinity")
        self.refuse(b"-Infinity", "-Infinity")
        self.refuse(b"1e309", "1e309")
        self.refuse(b'"nan"', "nan")
        self.refuse(b'"inf"', "inf")

    def test_a_sum_that_overflows_has_its_mean(self):
        reply = self.stack.predict({"features": [1e308, 1e308]})
        self.assertEqual((reply.status, reply.json()["result"]), (201, 1e308))
        largest = 1.7976931348623157e308
        reply = self.stack.predict({"features": [largest] * 3})
        self.assertEqual((reply.status, reply.json()["result"]), (201, largest))


class Echoes(StackTest):
    def test_a_lone_surrogate_becomes_a_replacement_character(self):
        reply = self.stack.predict(b'{"features":["\\ud800"]}')
        self.assertEqual(reply.status, 422)
        self.assertEqual(reply.json()["detail"][0]["input"], "\N{REPLACEMENT CHARACTER}")

    def test_a_deeply_nested_input_is_echoed(self):
        reply = self.stack.predict(b'{"features":[' + b"[" * 1500 + b"]" * 1500 + b"]}")
        self.assertEqual(reply.status, 422)
        self.assertIn(b'"float_type"', reply.body)
        self.assertEqual(reply.body.count(b"[[["), 500)

    def test_bytes_that_are_not_text_are_echoed_under_another_type(self):
        reply = self.stack.predict(b"\xff\xfe\x80abc", [("Content-Type", "text/plain")])
        self.assertEqual(reply.status, 422)
        detail = json.loads(reply.body.decode("utf-8"))["detail"]
        self.assertEqual(detail[0]["type"], "model_attributes_type")
        self.assertIn("abc", detail[0]["input"])

    def test_bad_bytes_in_a_query_do_no_harm(self):
        for query, status in ((b"%ff%fe", 200), (b"q=%c3%28", 200), (b"\xff\xfe", 400)):
            reply = self.stack.raw(b"GET /version?" + query + b" HTTP/1.0\r\nHost: x\r\n\r\n")
            self.assertEqual(reply.status, status, query)


class Health(StackTest):
    def test_health_is_200_and_its_gauge_1_from_the_first_moment(self):
        self.assertEqual(self.stack.metrics()["app_health_status"], 1)
        self.assertEqual(self.stack.get("/health").status, 200)


class Uptime(StackTest):
    # Each worker has an uptime of its own.
    variables = {"WORKERS": 1}

    def test_uptime_never_runs_backwards(self):
        values = [self.stack.get("/health").json()["checks"]["uptime_seconds"] for _ in range(50)]
        self.assertEqual(values, sorted(values))
        self.assertGreaterEqual(values[0], 0)


class Metrics(StackTest):
    def test_metrics_answers_on_both_spellings_to_get_and_head_only(self):
        for path in ("/metrics", "/metrics/"):
            self.assertEqual(self.stack.get(path).status, 200)
            self.assertEqual(self.stack.request("HEAD", path).status, 200)
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                self.assertEqual(self.stack.request(method, path).status, 405, f"{method} {path}")
        self.assertEqual(self.stack.get("/metrics/sub").status, 404)

    def test_ten_thousand_unknown_paths_and_methods_share_their_series(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=30)
        self.addCleanup(connection.close)

        def ask(method, path):
            connection.request(method, path)
            reply = connection.getresponse()
            reply.read()
            return reply.status

        self.assertEqual((ask("GET", "/unknown"), ask("METHOD", "/unknown")), (404, 404))
        before = self.stack.metrics()
        for i in range(5000):
            method = "M" + "".join(chr(ord("A") + int(digit)) for digit in str(i))
            self.assertEqual((ask("GET", f"/unknown-{i}"), ask(method, f"/{i}")), (404, 404))
        after = self.stack.metrics()
        # A worker's own series may begin with its first request; their number is that of the workers.
        new = {name for name in set(after) - set(before) if 'worker="' not in name}
        self.assertEqual(new, set())
        for name, count in (("GET", 5000), ("other", 5000)):
            series = f'http_requests_total{{endpoint="other",method="{name}",status_code="404"}}'
            self.assertEqual(after[series] - before[series], count)

    def test_paths_that_only_look_like_routes_are_404_and_counted(self):
        for path in ("/health%0a", "/metricsfoo"):
            before = self.stack.count("http_requests_total", status_code="404")
            reply = self.stack.get(path)
            self.assertEqual(reply.status, 404)
            self.assertEqual(self.stack.count("http_requests_total", status_code="404") - before, 1)
            self.assertTrue(self.stack.logged("appcore", request_id=reply.get("X-Request-ID")))


class RequestIds(StackTest):
    def test_printable_ids_of_up_to_128_characters_are_echoed(self):
        for value in ("a", "a b", '<b>"\\', "x" * 128):
            reply = self.stack.get("/version", [("X-Request-ID", value)])
            self.assertEqual(reply.get("X-Request-ID"), value)

    def test_any_other_id_is_replaced(self):
        for value in (b"x" * 129, b"x" * 61440, b"caf\xc3\xa9", b"a\tb", b""):
            reply = self.stack.raw(b"GET /version HTTP/1.0\r\nHost: x\r\nX-Request-ID: " + value
                                   + b"\r\n\r\n")
            self.assertEqual(reply.status, 200)
            self.assertRegex(reply.get("X-Request-ID"), UUID4)

    def test_every_reply_has_its_id_its_line_and_its_count(self):
        cases = [("GET", "/health", None), ("POST", "/predict", b"{"), ("PUT", "/predict", b"x"),
                 ("GET", "/nowhere", None), ("GET", "/health/", None), ("GET", "/%zz", None)]
        before = self.stack.count("http_requests_total")
        ids = [self.stack.request(m, p, b, JSON).get("X-Request-ID") for m, p, b in cases]
        self.assertEqual(self.stack.count("http_requests_total") - before, len(cases))
        for request_id in ids:
            self.assertRegex(request_id, UUID4)
            self.assertEqual(len(self.stack.logged("appcore", request_id=request_id)), 1)
