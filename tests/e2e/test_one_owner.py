"""Each request has one owner: whoever answers it counts it, and who cannot be answered is not counted, one thing at a time.

test_exactness.py does the same at random.
"""

import collections
import json
import os
import resource
import signal
import socket
import threading
import time
import unittest

from stack import JSON, Stack, StackTest, stop_process, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
TIMEOUT = 2  # seconds
GRACE = 5  # seconds that nginx waits longer than a worker


class OneWorker(StackTest):
    variables = {"WORKERS": 1, "APPCORE_BIN_DIR": PROGRAMS, "APPCORE_REQUEST_TIMEOUT": TIMEOUT, "APPCORE_SLOW_REQUEST": 0}

    def counts(self):
        """Replies by status, and predictions."""
        counts = collections.Counter()
        for name, value in self.stack.metrics().items():
            if name.startswith("http_requests_total{"):
                counts[int(name.partition('status_code="')[2].partition('"')[0])] += int(value)
            elif name.startswith("predictions_total{"):
                counts["predictions"] += int(value)
        return counts

    def ask_at_once(self, number, seconds, pause=0.0):
        """Threads, and the list of (status, id) that they fill, of requests that each take so long."""
        got = []

        def ask(i):
            reply = self.stack.request("POST", "/predict", json.dumps({"features": [seconds]}).encode(), JSON, timeout=120)
            got.append((reply.status, reply.get("X-Request-ID"), i))

        threads = []
        for i in range(number):
            threads.append(threading.Thread(target=ask, args=(i,)))
            threads[-1].start()
            time.sleep(pause)
        return threads, got

    def assert_counted(self, before, got, logged=True):
        """`got` is what clients got, (status, id, ...) each."""
        expected = collections.Counter(status for status, *_ in got)
        expected["predictions"] = expected[201]
        counted = self.counts()
        counted.subtract(before)
        self.assertEqual({k: v for k, v in counted.items() if v}, {k: v for k, v in expected.items() if v})
        for status, request_id, *_ in got if logged else ():
            lines = wait_until(lambda i=request_id: self.stack.logged("appcore", request_id=i))
            self.assertEqual([line["status_code"] for line in lines], [status])


class Overload(OneWorker):
    def test_more_work_than_a_worker_can_do_in_time_is_counted_as_clients_got_it(self):
        before = self.counts()
        threads, got = self.ask_at_once(24, 1, pause=0.5)
        for thread in threads:
            thread.join()
        self.assertEqual(len(got), 24)
        self.assertLessEqual({status for status, *_ in got}, {201, 504})
        self.assert_counted(before, got)

    def test_a_worker_that_goes_on_after_its_timeout_counts_nothing(self):
        for seconds in (TIMEOUT + 1, TIMEOUT + GRACE + 1):
            with self.subTest(stopped_for=seconds):
                worker, = wait_until(lambda: self.stack.children("appcore-worker"))
                before = self.counts()
                threads, got = self.ask_at_once(1, 0.5)
                self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 1))
                stop_process(worker)
                time.sleep(seconds)
                os.kill(worker, signal.SIGCONT)
                threads[0].join()
                self.assertIn(got[0][0], (201, 504))
                self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 0))
                self.assert_counted(before, got)


class Leaving(OneWorker):
    def ask_and_close_half(self, seconds, request_id):
        """What a client gets that says that it has nothing to add: status and body, or None."""
        body = json.dumps({"features": [seconds]}).encode()
        with socket.create_connection(("127.0.0.1", self.stack.port), 30) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                           b"X-Request-ID: %s\r\nContent-Length: %d\r\n\r\n" % (request_id.encode(), len(body)) + body)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while part := client.recv(65536):
                answer += part
        return int(answer.split()[1]) if answer else None

    def test_a_client_that_closes_its_half_is_answered_and_counted_or_neither(self):
        for seconds in (0, 0.3):
            for i in range(10):
                before = self.counts()
                request_id = f"half-{seconds}-{i}"
                status = self.ask_and_close_half(seconds, request_id)
                wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 0)
                self.assert_counted(before, [(status, request_id)] if status else [])

    def test_a_client_that_has_gone_before_its_reply_is_not_counted(self):
        before = self.counts()
        body = b'{"features":[0.5]}'
        with socket.create_connection(("127.0.0.1", self.stack.port), 30) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"X-Request-ID: gone\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 1))
        self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 0))
        self.assertEqual(self.stack.predict({"features": [0]}).status, 201)  # later in the log than the other
        self.assert_counted(before, [(201, "")], logged=False)
        self.assertEqual(self.stack.logged("appcore", request_id="gone"), [])


class Stopping(OneWorker):
    variables = {**OneWorker.variables, "APPCORE_REQUEST_TIMEOUT": 30}

    def test_a_worker_that_is_told_to_end_does_not_first_serve_all_that_wait(self):
        number = 40
        threads, got = self.ask_at_once(number, 0.2)
        self.assertTrue(wait_until(lambda: got))
        worker, = self.stack.children("appcore-worker")
        os.kill(worker, signal.SIGTERM)
        self.assertTrue(wait_until(lambda: worker not in self.stack.children("appcore-worker"), 60))
        answered = len(got)
        for thread in threads:
            thread.join()
        self.assertEqual([status for status, *_ in got], [201] * number)
        self.assertLess(answered, number / 2)


class ShortOfMemory(OneWorker):
    variables = {**OneWorker.variables, "APPCORE_REQUEST_TIMEOUT": 30}

    def limit(self, pid, spare):
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (size + spare, resource.RLIM_INFINITY))

    def test_a_body_for_which_there_is_no_memory_is_a_503_and_no_crash(self):
        worker, = self.stack.children("appcore-worker")
        before, body = self.counts(), b'{"features":[0' + b" " * 30_000_000 + b"]}"
        for i, spare in enumerate((1 << 20, 8 << 20, 16 << 20)):
            self.limit(worker, spare)
            reply = self.stack.predict(body, [*JSON, ("X-Request-ID", f"huge-{i}")])
            self.assertEqual((reply.status, reply.json(), reply.get("X-Request-ID")),
                             (503, {"detail": "Service Unavailable"}, f"huge-{i}"))
            self.assertTrue(reply.get("Retry-After"))
        self.assertEqual(self.stack.predict({"features": [0]}).status, 201)
        self.assertEqual(self.stack.children("appcore-worker"), [worker])
        self.assert_counted(before, [(503, f"huge-{i}") for i in range(3)] + [(201, "")], logged=False)
        for i in range(3):
            self.assertEqual(len(wait_until(lambda n=i: self.stack.logged("appcore", request_id=f"huge-{n}", status_code=503))), 1)

    def test_workers_are_offered_to_the_kernel_before_those_on_whom_all_depends(self):
        def score(pid):
            with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
                return int(file.read())

        with open(os.path.join(self.stack.run_dir, "supervisord.pid"), encoding="ascii") as file:
            supervisord = int(file.read())
        for worker in self.stack.children("appcore-worker"):
            self.assertGreater(score(worker), score(supervisord))


if __name__ == "__main__":
    unittest.main()
