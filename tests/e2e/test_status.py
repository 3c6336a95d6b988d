"""/status: the pool at a glance, whatever state the pool is in, for programs and in a browser."""

import base64
import contextlib
import copy
import hashlib
import json
import os
import re
import signal
import threading

from browser import DESKTOP, PHONE, Browser, OnePage
from stack import StackTest, stop_process, wait_until

WORKERS = 3
HTML = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
# Strings take longer than numbers: about a second of a worker's time.
SLOW = b'{"features": [' + b",".join([b'"1.5"'] * 2_000_000) + b"]}"


def sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Status(StackTest):
    variables = {"WORKERS": WORKERS}

    def report(self):
        reply = self.stack.get("/status")
        self.assertEqual((reply.status, reply.get("Content-Type")), (200, "application/json"))
        return reply.json()

    def page(self):
        reply = self.stack.get("/status", HTML)
        self.assertEqual((reply.status, reply.get("Content-Type")),
                         (200, "text/html; charset=utf-8"))
        return reply

    def states(self):
        return [worker["state"] for worker in self.report()["workers"]]

    @contextlib.contextmanager
    def stopped(self, pids):
        for pid in pids:
            stop_process(pid)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    # --- the report -----------------------------------------------------------------------------

    def test_the_report_describes_the_pool(self):
        for _ in range(5):
            self.assertEqual(self.stack.predict({"features": [1]}).status, 201)
        report = self.report()
        self.assertEqual(list(report), ["service", "generated_at", "pool", "workers", "totals",
                                        "last_minutes", "history"])
        self.assertEqual(report["service"]["model_versions"], ["v1.0"])
        self.assertRegex(report["generated_at"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
        self.assertEqual([w["name"] for w in report["workers"]],
                         ["blue-01", "blue-02", "blue-03"])
        self.assertEqual({w["pid"] for w in report["workers"]}, set(self.stack.worker_pids()))
        for worker in report["workers"]:
            self.assertGreaterEqual(worker["starts"], 1)
            self.assertGreater(worker["memory_bytes"], 1_000_000)
        self.assertEqual(list(report["last_minutes"]), ["1", "5"])
        self.assertGreaterEqual(report["totals"]["predictions"], 5)

    def test_totals_are_those_of_metrics(self):
        report = self.report()  # counted after it was made
        metrics = self.stack.metrics()
        requests = sum(v for k, v in metrics.items() if k.startswith("http_requests_total{"))
        self.assertEqual(report["totals"]["requests"] + 1, requests)
        self.assertEqual(sum(report["totals"]["by_status"].values()), report["totals"]["requests"])

    def test_a_request_for_it_is_counted_like_any(self):
        before = self.stack.count("http_requests_total", endpoint="/status", status_code="200")
        self.report()
        self.page()
        after = self.stack.count("http_requests_total", endpoint="/status", status_code="200")
        self.assertEqual(after - before, 2)

    def test_get_and_head_only(self):
        head = self.stack.request("HEAD", "/status")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.get("Content-Length")), 500)
        refused = self.stack.request("POST", "/status", b"{}")
        self.assertEqual((refused.status, refused.get("Allow")), (405, "GET, HEAD"))

    def test_nothing_keeps_it(self):
        for reply in (self.stack.get("/status"), self.page()):
            self.assertEqual(reply.get("Cache-Control"), "no-store")
            self.assertEqual(reply.get("X-Content-Type-Options"), "nosniff")
            self.assertEqual(reply.get("Vary"), "Accept")

    def test_rates_appear_with_traffic(self):
        def rate():
            self.stack.predict({"features": [1]})
            return self.report()["last_minutes"]["1"]["requests_per_second"]
        self.assertTrue(wait_until(rate))
        self.assertTrue(wait_until(lambda: self.report()["history"]["requests_per_second"], 20))
        latency = self.report()["last_minutes"]["1"]["latency_ms"]
        self.assertLessEqual(latency["p50"], latency["p99"])

    # --- the truth, whatever state the pool is in -----------------------------------------------

    def test_it_answers_while_every_worker_is_busy(self):
        done = threading.Event()

        def load():
            while not done.is_set():
                self.stack.predict(SLOW)

        threads = [threading.Thread(target=load) for _ in range(2 * WORKERS)]
        for thread in threads:
            thread.start()
        try:
            busy = wait_until(lambda: self.states() == ["busy"] * WORKERS and self.report(), 60)
            self.assertTrue(busy, "never saw all workers busy")
            self.assertTrue(wait_until(lambda: any(
                (w["current_request_seconds"] or 0) > 0 for w in self.report()["workers"])))
            self.assertTrue(self.report()["pool"]["healthy"])
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def test_it_tells_that_all_workers_are_stopped(self):
        wait_until(lambda: self.states() == ["idle"] * WORKERS)
        with self.stopped(self.stack.worker_pids()):
            waiting = threading.Thread(target=self.stack.get, args=("/health",))
            waiting.start()
            # Not every kernel tells who waits: then it is null.
            self.assertTrue(wait_until(lambda: self.report()["pool"]["requests_waiting"] != 0))
            report = self.report()
            self.assertEqual([w["state"] for w in report["workers"]], ["stopped"] * WORKERS)
            self.assertFalse(report["pool"]["healthy"])
            self.assertEqual(self.stack.count("app_health_status"), 0)
            self.assertEqual(report["pool"]["workers_alive"], WORKERS)
            self.assertEqual(len(report["pool"]["problems"]), WORKERS)
            self.assertIn(b">The pool cannot predict</h1>", self.page().body)
        waiting.join()
        self.assertTrue(wait_until(lambda: self.report()["pool"]["state"] == "healthy"))
        self.assertEqual(self.stack.count("app_health_status"), 1)
        self.assertLess(self.report()["pool"]["since_seconds"], 60)

    def test_a_killed_worker_is_dead_and_then_back(self):
        with open(os.path.join(self.stack.run_dir, "supervisord.pid"), encoding="ascii") as file:
            supervisord = int(file.read())
        self.assertTrue(wait_until(lambda: self.states() == ["idle"] * WORKERS))  # the last to start, too
        before = self.report()["workers"][1]
        with self.stopped([supervisord]):  # so that it does not start another at once
            os.kill(before["pid"], signal.SIGKILL)
            self.assertTrue(wait_until(lambda: self.states()[1] == "dead"))
            report = self.report()
            dead = report["workers"][1]
            self.assertEqual((dead["pid"], dead["memory_bytes"], dead["age_seconds"]), (None,) * 3)
            self.assertEqual(dead["requests"], before["requests"])
            self.assertEqual(report["pool"]["problems"], ["2 of 3 workers are alive"])
            self.assertEqual(report["pool"]["state"], "impaired")
            self.assertTrue(report["pool"]["healthy"])
        self.assertTrue(wait_until(lambda: self.states()[1] != "dead"))
        back = self.report()["workers"][1]
        self.assertEqual(back["starts"], before["starts"] + 1)
        self.assertNotEqual(back["pid"], before["pid"])

    def test_errors_are_in_the_rates_and_at_their_worker(self):
        def error_ratio():
            os.rename(self.stack.worker_socket, self.stack.worker_socket + ".away")
            try:
                self.assertEqual(self.stack.get("/health").status, 503)
            finally:
                os.rename(self.stack.worker_socket + ".away", self.stack.worker_socket)
            return self.report()["last_minutes"]["1"]["error_ratio"]
        self.assertTrue(wait_until(error_ratio))
        self.assertGreater(self.report()["totals"]["errors"], 0)

    # --- the page -------------------------------------------------------------------------------

    def test_the_policy_allows_just_the_pages_own_style_and_script(self):
        page = self.page()
        policy = page.get("Content-Security-Policy")
        allowed = {}
        for directive in policy.split("; "):
            name, *values = directive.split(" ")
            allowed[name] = values
        self.assertEqual(allowed["default-src"], ["'none'"])
        document = page.body.decode()
        for tag in ("style", "script"):
            content, = re.findall(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)
            self.assertEqual(allowed[f"{tag}-src"], [f"'sha256-{sha256(content)}'"],
                             f"status_{tag}.cpp needs its new hash")

    def test_the_page_lives_in_a_browser(self):
        self.stack.predict({"features": [1]})
        with Browser() as browser:
            for size in (PHONE, DESKTOP):
                with self.subTest(size=size):
                    page, console = browser.open(f"{self.stack.url}/status", size)
                    self.assertEqual(console, [])
                    self.assertIn("refreshed every 2 s", page.texts["note"])
                    self.assertEqual(page.value("/pool/workers_configured"), str(WORKERS))
                    self.assertEqual(page.values["/name"], ["blue-01", "blue-02", "blue-03"])
                    total = int(page.value("/totals/requests").replace(",", ""))
                    self.assertGreater(total, 0)
                    self.assertLessEqual(total, self.report()["totals"]["requests"])
            self.assertTrue(browser.screenshot(f"{self.stack.url}/status").startswith(b"\x89PNG"))

    def show(self, report):
        """The page after its script has got this report."""
        with Browser() as browser, OnePage(self.page(), (200, json.dumps(report).encode())) as site:
            page, console = browser.open(site.url)
            self.assertEqual(console, [])
            return page

    # The same values as in tests/unit/status/status_format_test.cpp: script and program agree.
    def test_the_script_writes_values_as_the_program_does(self):
        report = self.report()
        minute = {"requests_per_second": 1234.4, "error_ratio": 0.00123,
                  "latency_ms": {"p50": 0.417, "p99": 417.2}}
        five = {"requests_per_second": 12.34, "error_ratio": 0.00001,
                "latency_ms": {"p50": 4170, "p99": 37300}}
        report["last_minutes"] = {"1": minute, "5": five}
        report["history"] = {"requests_per_second": [0, 5, 10], "errors_per_second": [0, 0],
                             "p50_ms": [4, None, 4], "p99_ms": []}
        report["totals"] = {"requests": 12345678, "errors": 1000, "predictions": None,
                            "by_status": {"200": 999, "503": 1, "other": 2}}
        report["pool"].update(since_seconds=3 * 3600 + 20 * 60,
                              watched_seconds=4 * 86400 + 2 * 3600,
                              since="2026-11-23T03:12:07.000001Z", problems=["<b>", "&amp;"])
        report["service"]["model_versions"] = ["v1.0", "v1.1"]
        page = self.show(report)
        for pointer, text in {
                "/last_minutes/1/requests_per_second": "1,234/s",
                "/last_minutes/1/error_ratio": "0.12 %",
                "/last_minutes/1/latency_ms/p50": "0.42 ms",
                "/last_minutes/1/latency_ms/p99": "417 ms",
                "/last_minutes/5/requests_per_second": "12.3/s",
                "/last_minutes/5/error_ratio": "< 0.01 %",
                "/last_minutes/5/latency_ms/p50": "4.2 s",
                "/last_minutes/5/latency_ms/p99": "≥ 37 s",
                "/history/requests_per_second": "10.0/s",
                "/history/errors_per_second": "0/s",
                "/history/p99_ms": "–",
                "/totals/requests": "12,345,678",
                "/totals/errors": "1,000",
                "/totals/predictions": "–",
                "/pool/since": "03:12:07 UTC",
                "/pool/since_seconds": "3 h 20 min",
                "/pool/watched_seconds": "4 d 2 h",
                "/service/model_versions": "v1.0, v1.1"}.items():
            with self.subTest(pointer):
                self.assertEqual(page.value(pointer), text)
        self.assertEqual(page.values["/value"], ["<b>", "&amp;", "999", "1", "2"])
        self.assertEqual(page.values["/key"], ["200", "503", "other"])
        plots = {(p["data-value"], p["data-as"]): p["d"] for p in page.attributes["path"]}
        self.assertEqual(plots["/history/requests_per_second", "line"],
                         "M57 19.00h0.5L58 10.00L59 1.00")
        self.assertEqual(plots["/history/p50_ms", "line"], "M57 1.00h0.5M59 1.00h0.5")
        self.assertEqual(plots["/history/p50_ms", "area"], "M57 19V1.00h0.5V19ZM59 19V1.00h0.5V19Z")
        self.assertEqual(plots["/history/p99_ms", "line"], "")

    def test_workers_come_and_go_on_the_page(self):
        report = self.report()
        first = report["workers"][0]
        first.update(state="dead", pid=None, requests=1000, memory_bytes=4404019)
        report["workers"] = [first]
        page = self.show(report)
        self.assertEqual((page.values["/name"], page.values["/state"], page.values["/pid"]),
                         (["blue-01"], ["dead"], ["–"]))
        self.assertEqual((page.values["/requests"], page.values["/memory_bytes"]),
                         (["1,000"], ["4.2 MiB"]))
        report["workers"] = [{**copy.deepcopy(first), "name": f"w{i}"} for i in range(5)]
        self.assertEqual(self.show(report).values["/name"], ["w0", "w1", "w2", "w3", "w4"])

    def test_the_page_says_that_it_cannot_refresh_and_keeps_the_last_numbers(self):
        shown = self.page()
        refused = (503, b'{"detail":"Service Unavailable"}')
        with Browser() as browser, OnePage(shown, refused) as site:
            page, _ = browser.open(site.url)
        self.assertEqual(page.attributes["body"], [{"class": "old"}])
        self.assertIn("cannot refresh (status 503)", page.texts["note"])
        self.assertIn(page.value("/generated_at"), shown.body.decode())
        self.assertEqual(page.value("/pool/workers_configured"), str(WORKERS))
