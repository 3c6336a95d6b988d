"""/status: the pool at a glance, whatever state the pool is in; test_status_page.py has it in a browser."""

import contextlib
import os
import signal
import threading

from stack import StackTest, stop_process, wait_until

WORKERS = 3
HTML = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
# Strings take longer than numbers: about a second of a worker's time.
SLOW = b'{"features": [' + b",".join([b'"1.5"'] * 2_000_000) + b"]}"


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

    def problems_of(self, report):
        """Those of the workers: that callers wait is told for a minute after the load of another test."""
        return [problem for problem in report["pool"]["problems"] if not problem.startswith("callers wait: ")]

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
            self.assertEqual(len(self.problems_of(report)), WORKERS)
            self.assertIn(b">The pool cannot predict</h1>", self.page().body)
        waiting.join()
        self.assertTrue(wait_until(lambda: self.report()["pool"]["healthy"] and not self.problems_of(self.report())))
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
            self.assertEqual(self.problems_of(report), ["2 of 3 workers are alive"])
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
