"""Workers that are stopped or killed under load: no request fails because of it.

`python3 tests/e2e/test_restarts.py 1000` sends as many; in `make test` it is a short run.
"""

import http.client
import os
import random
import re
import signal
import sys
import threading
import time
import unittest

from stack import JSON, StackTest, wait_until

SIGTERMS = 40
KILLS = 25
CLIENTS = 8
BODIES = (b'{"features":[1,2]}', b'{"features":[' + b"1.5," * 20000 + b"2]}", b"{")
EXPECTED = {201, 422}


class Load:
    """Clients that ask without a pause until stop(); notes every reply that is not expected."""

    def __init__(self, stack):
        self.stack = stack
        self.ended = threading.Event()
        self.replies = 0
        self.wrong = []
        self.threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=30)
        while not self.ended.is_set():
            body = BODIES[(self.replies + number) % len(BODIES)]
            try:
                connection.request("POST", "/predict", body, dict(JSON))
                reply = connection.getresponse()
                content = reply.read()
                if reply.status not in EXPECTED:
                    self.wrong.append((reply.status, content[:200]))
            except OSError as error:
                self.wrong.append(repr(error))
                connection.close()
            self.replies += 1
        connection.close()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


class PoolTest(StackTest):
    variables = {"WORKERS": 3}

    def children(self):
        """Pids of the workers but the holder, from /proc: asking supervisord is too slow here."""
        with open(os.path.join(self.stack.run_dir, "supervisord.pid"), encoding="utf-8") as file:
            parent = file.read().strip()
        with open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as file:
            pids = file.read().split()
        found = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    command = file.read().split(b"\0")
            except OSError:
                continue
            if command[0].endswith(b"appcore-worker") and command[2] != b"0":
                found.append(int(pid))
        return found


class Terminated(PoolTest):
    def test_a_sigterm_ends_a_worker_within_2_s_and_costs_no_request(self):
        chance = random.Random(1)
        load = Load(self.stack)
        try:
            for _ in range(SIGTERMS):
                pid = chance.choice(wait_until(self.children))
                os.kill(pid, signal.SIGTERM)
                begun = time.monotonic()
                self.assertTrue(wait_until(lambda p=pid: p not in self.children(), 5, 0.005))
                self.assertLess(time.monotonic() - begun, 2)
                time.sleep(chance.random() * 0.05)
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.replies, SIGTERMS)

        def ended():
            return [o["message"] for o in self.stack.logged("system", logger="supervisord")
                    if re.match(r"exited: worker-", o["message"])]

        wait_until(lambda: len(ended()) >= SIGTERMS)
        self.assertEqual(len(ended()), SIGTERMS)
        self.assertEqual([m for m in ended() if "exit status 0" not in m], [])


class Killed(PoolTest):
    def test_a_request_at_a_worker_that_is_killed_is_repeated_at_another(self):
        load = Load(self.stack)
        try:
            for _ in range(KILLS):
                os.kill(wait_until(self.children)[0], signal.SIGKILL)
                time.sleep(0.15)
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
        repeated = [o for o in self.stack.logged("access") if o["upstream_status"].startswith("502, ")]
        self.assertTrue(repeated, "no kill hit a request")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SIGTERMS = int(sys.argv.pop(1))
    unittest.main()
