"""Each request has one owner: whoever answers it counts it, and who cannot be answered is not counted, one thing at a time.

test_exactness.py does the same at random; half-closed connections, lack of memory and overload are in test_exact_counts.py.
"""

import collections
import json
import os
import signal
import socket
import threading
import time
import unittest

from stack import JSON, StackTest, stop_process, wait_until

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

    def ask_at_once(self, number, seconds):
        """Threads, and the list of (status, id) that they fill, of requests that each take so long."""
        got = []

        def ask(i):
            reply = self.stack.request("POST", "/predict", json.dumps({"features": [seconds]}).encode(), JSON, timeout=120)
            got.append((reply.status, reply.get("X-Request-ID"), i))

        threads = []
        for i in range(number):
            threads.append(threading.Thread(target=ask, args=(i,)))
            threads[-1].start()
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


class Stopped(OneWorker):
    def test_a_worker_that_continues_after_its_timeout_counts_nothing(self):
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
    def test_the_kernel_kills_workers_before_supervisord_and_nginx(self):
        def score(pid):
            with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
                return int(file.read())

        with open(os.path.join(self.stack.run_dir, "supervisord.pid"), encoding="ascii") as file:
            supervisord = int(file.read())
        for worker in self.stack.children("appcore-worker"):
            self.assertGreater(score(worker), score(supervisord))


if __name__ == "__main__":
    unittest.main()
