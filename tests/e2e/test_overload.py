"""More requests than the pool can serve, and clients that hold connections: a bounded queue, clear errors.

`python3 tests/e2e/test_overload.py long` prints how much is served at ten times the capacity, and how long the
refusals and the served ones take; in `make test` nothing is timed. The model sleeps for as many seconds
as it is told, so the capacity is known and the machine is not what is short.
"""

import contextlib
import os
import resource
import socket
import statistics
import sys
import threading
import time
import unittest

from stack import JSON, StackTest, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
LONG = sys.argv[1:2] == ["long"]
WORKERS, QUEUE = 2, 10
SECONDS = 0.05  # that a prediction takes
IDLE = 10_000  # connections


class OverloadTest(StackTest):
    variables = {"WORKERS": WORKERS, "APPCORE_BIN_DIR": PROGRAMS, "APPCORE_QUEUE": QUEUE}

    def predict(self, seconds):
        begun = time.monotonic()
        reply = self.stack.predict({"features": [seconds]})
        return reply, time.monotonic() - begun

    def together(self, number, seconds):
        """Replies and durations of that many requests at the same moment."""
        results = []
        barrier = threading.Barrier(number)

        def ask():
            barrier.wait()
            results.append(self.predict(seconds))

        threads = [threading.Thread(target=ask) for _ in range(number)]
        for thread in threads:
            thread.start()
        return threads, results


class Overload(OverloadTest):
    def test_what_is_over_the_queue_is_refused_and_counted_and_the_rest_is_served(self):
        before = {status: self.stack.count("http_requests_total", status_code=status) for status in (201, 503)}
        threads, results = self.together(150, SECONDS)
        for thread in threads:
            thread.join()
        statuses = [reply.status for reply, _ in results]
        self.assertEqual(set(statuses), {201, 503})
        self.assertGreaterEqual(statuses.count(201), QUEUE)
        for reply, _ in results:
            self.assertRegex(reply.get("X-Request-ID"), ".")
            if reply.status == 503:
                self.assertEqual(reply.json(), {"detail": "Service Unavailable"})
                self.assertEqual(reply.get("Retry-After"), "1")
        for status, count in before.items():
            self.assertEqual(self.stack.count("http_requests_total", status_code=status) - count,
                             statuses.count(status))

    def test_each_process_of_nginx_has_a_queue_of_its_own(self):
        with open("/proc/net/tcp", encoding="ascii") as file:
            sockets = [line.split() for line in file]
        queues = [s for s in sockets if s[1].endswith(f":{self.stack.port:04X}") and s[3] == "0A"]
        with open(os.path.join(self.stack.run_dir, "nginx.conf"), encoding="utf-8") as file:
            self.assertIn(f"worker_processes {len(queues)};", file.read())

    def test_health_and_metrics_are_right_under_overload(self):
        threads, results = self.together(60, 0.3)
        try:
            self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == WORKERS))
            self.assertTrue(wait_until(
                lambda: self.stack.get("/status").json()["pool"]["workers_busy"] == WORKERS))
            # It waits for a worker like all others, but an overloaded pool is not a dead one.
            self.assertEqual(self.stack.get("/health").status, 200)
        finally:
            for thread in threads:
                thread.join()
        self.assertIn(503, [reply.status for reply, _ in results])

    def test_clients_that_trickle_their_bodies_take_no_place_in_the_queue(self):
        with contextlib.ExitStack() as held:
            for _ in range(5 * QUEUE):
                client = held.enter_context(socket.create_connection(("127.0.0.1", self.stack.port)))
                client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n[")
            for _ in range(20):
                self.assertEqual(self.predict(0)[0].status, 201)


class Idle(StackTest):
    def test_ten_thousand_connections_that_say_nothing_or_half_a_header(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < IDLE + 1000:
            self.skipTest(f"the hard limit of open files is {hard}")
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (IDLE + 1000, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, soft)
        with contextlib.ExitStack() as held:
            for i in range(IDLE):
                client = held.enter_context(socket.create_connection(("127.0.0.1", self.stack.port), 30))
                if i % 2:
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Half: ")
            for _ in range(20):
                self.assertEqual(self.stack.predict({"features": [1]}, JSON).status, 201)
                self.assertEqual(self.stack.get("/metrics").status, 200)


class ClientLimits(OverloadTest):
    variables = {"WORKERS": 1, "APPCORE_CLIENT_RATE": 1, "APPCORE_METRICS_ALLOW": "all"}

    def test_a_rate_above_the_limit_is_a_429(self):
        replies = [self.stack.get("/version") for _ in range(10)]
        refused = [r for r in replies if r.status == 429]
        self.assertTrue(refused)
        self.assertEqual(refused[0].json(), {"detail": "Too Many Requests"})
        self.assertTrue(refused[0].get("Retry-After"))


class ConnectionLimits(OverloadTest):
    variables = {"WORKERS": 1, "APPCORE_CLIENT_CONNECTIONS": 1}

    def test_a_request_beside_one_that_is_not_answered_yet_is_a_429(self):
        with socket.create_connection(("127.0.0.1", self.stack.port), 30) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n")
            self.assertTrue(wait_until(lambda: self.stack.get("/version").status != 200))
            refused = self.stack.get("/version")
        self.assertEqual((refused.status, refused.json()), (429, {"detail": "Too Many Requests"}))
        self.assertTrue(wait_until(lambda: self.stack.get("/version").status == 200))


@unittest.skipUnless(LONG, "by hand")
class Goodput(OverloadTest):
    def offer(self, clients, seconds):
        """Clients that come again at once after a 201, and as told after a 503."""
        served, refused = [], []
        end = time.monotonic() + seconds

        def ask():
            while time.monotonic() < end:
                reply, took = self.predict(SECONDS)
                (served if reply.status == 201 else refused).append(took)
                if reply.status == 503:
                    time.sleep(float(reply.get("Retry-After")))

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return served, refused

    def test_goodput(self):
        best, _ = self.offer(WORKERS * 2, 10)
        served, refused = self.offer(WORKERS * 200, 10)
        print(f"served at capacity {len(best) / 10:.1f}/s, far above it {len(served) / 10:.1f}/s: "
              f"{len(served) / len(best):.2f}; {len(refused) / 10:.0f} refusals/s, median "
              f"{statistics.median(refused) * 1000:.1f} ms, p99 "
              f"{statistics.quantiles(refused, n=100)[98] * 1000:.1f} ms; the longest wait of a served one "
              f"{max(served) * 1000:.0f} ms", flush=True)


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
