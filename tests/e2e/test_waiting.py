"""What callers wait before a worker begins: in the log, in the metrics and on /status, beside what they measure."""

import os
import statistics
import threading
import time

from stack import JSON, StackTest, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
WORKERS, CLIENTS, REQUESTS = 2, 24, 4
SECONDS = 0.1  # that a prediction takes
TIMEOUT = 2


class Waiting(StackTest):
    variables = {"WORKERS": WORKERS, "APPCORE_BIN_DIR": PROGRAMS, "APPCORE_REQUEST_TIMEOUT": TIMEOUT}

    def predict(self, request_id, seconds):
        begun = time.monotonic()
        reply = self.stack.predict({"features": [seconds]}, [*JSON, ("X-Request-ID", request_id)])
        return reply.status, time.monotonic() - begun

    def overload(self, name, measured):
        """Starts clients, each with one request after the other; what each measures goes into `measured`."""
        def ask(client):
            for i in range(REQUESTS):
                measured[f"{name}-{client}-{i}"] = self.predict(f"{name}-{client}-{i}", SECONDS)

        threads = [threading.Thread(target=ask, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def waits(self):
        return (self.stack.count("appcore_request_wait_seconds_count", endpoint="/predict"),
                self.stack.count("appcore_request_wait_seconds_sum", endpoint="/predict"))

    def test_waiting_and_duration_are_what_callers_measure(self):
        measured = {}
        count, seconds = self.waits()
        threads = self.overload("felt", measured)
        try:
            # In the workers' own connections, or before them: all but those that the workers have at hand.
            self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_waiting") >= CLIENTS / 2))
            self.assertTrue(wait_until(
                lambda: self.stack.get("/status").json()["pool"]["requests_waiting"] >= CLIENTS / 2))
        finally:
            for thread in threads:
                thread.join()
        self.assertEqual({status for status, _ in measured.values()}, {201})
        pool = wait_until(lambda: (found := self.stack.get("/status").json()["pool"])["callers_wait"] and found, 60)
        self.assertTrue(pool)
        self.assertRegex("\n".join(pool["problems"]), "callers wait: half of the requests of the last minute waited .* or longer")
        lines = {line["request_id"]: line for line in self.stack.logged("appcore", logger="appcore")
                 if line.get("request_id") in measured}
        self.assertEqual(len(lines), len(measured))
        for request_id, (_, felt) in measured.items():
            line = lines[request_id]
            self.assertGreaterEqual(line["duration_ms"], SECONDS * 1000)
            self.assertGreaterEqual(line["wait_ms"], 0)
            # nginx's clock stands still while it handles what came at once.
            self.assertLessEqual(line["wait_ms"] + line["duration_ms"], felt * 1000 + 100)
        told = statistics.median(line["wait_ms"] + line["duration_ms"] for line in lines.values()) / 1000
        felt = statistics.median(felt for _, felt in measured.values())
        # Two workers need 1.2 s for 24 requests. What a busy machine adds is in both, but for the client's own part.
        self.assertGreater(told, felt / 2)
        self.assertGreater(told, SECONDS * CLIENTS / WORKERS / 2)
        after, sum_after = self.waits()
        self.assertEqual(after - count, len(measured))
        self.assertAlmostEqual(sum_after - seconds, sum(line["wait_ms"] for line in lines.values()) / 1000, delta=0.01)

    def test_a_504_has_the_time_that_it_hung(self):
        status, felt = self.predict("hung", 10 * TIMEOUT)
        self.assertEqual(status, 504)
        line, = wait_until(lambda: self.stack.logged("appcore", request_id="hung"))
        self.assertEqual(line["duration_ms"], TIMEOUT * 1000)
        self.assertLessEqual(line["wait_ms"] + line["duration_ms"], felt * 1000 + 100)
        self.assertGreaterEqual(
            self.stack.count("appcore_request_duration_seconds_sum", endpoint="/predict", method="POST"), TIMEOUT)
