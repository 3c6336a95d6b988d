"""Workers that are stopped or killed under load: no request fails because of it.

`python3 tests/e2e/test_restarts.py 1000` sends as many SIGTERMs and demands that each worker is gone
within two seconds; in `make test` it is a short run.
"""

import os
import random
import re
import signal
import sys
import time
import unittest

from load import Case, Load
from stack import StackTest, wait_until

SIGTERMS = 40
KILLS = 25
CLIENTS = 8
CASES = (Case("POST", "/predict", 201, b'{"features":[1,2]}'),
         Case("POST", "/predict", 201, b'{"features":[' + b"1.5," * 20000 + b"2]}"),
         Case("POST", "/predict", 422, b"{"))
SECONDS = 2 if len(sys.argv) > 1 and sys.argv[1].isdigit() else 30  # a busy machine may be late


class PoolTest(StackTest):
    variables = {"WORKERS": 3}

    def workers(self):
        return self.stack.children("appcore-worker")


class Terminated(PoolTest):
    def test_a_sigterm_ends_a_worker_and_costs_no_request(self):
        chance = random.Random(1)
        load = Load(self.stack, CASES, CLIENTS)
        try:
            for _ in range(SIGTERMS):
                pid = chance.choice(wait_until(self.workers))
                os.kill(pid, signal.SIGTERM)
                self.assertTrue(wait_until(lambda p=pid: p not in self.workers(), SECONDS, 0.005))
                time.sleep(chance.random() * 0.05)
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.replies(), SIGTERMS)

        def ended():
            return [o["message"] for o in self.stack.logged("system", logger="supervisord")
                    if re.match(r"exited: blue-", o["message"])]

        wait_until(lambda: len(ended()) >= SIGTERMS)
        self.assertEqual(len(ended()), SIGTERMS)
        self.assertEqual([m for m in ended() if "exit status 0" not in m], [])


class Killed(PoolTest):
    def test_a_request_at_a_worker_that_is_killed_is_repeated_at_another(self):
        load = Load(self.stack, CASES, CLIENTS)
        try:
            for _ in range(KILLS):
                os.kill(wait_until(self.workers)[0], signal.SIGKILL)
                # A second death of the same request would be one too many.
                self.assertTrue(load.settle())
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
        repeated = [o for o in self.stack.logged("access") if o["upstream_status"].startswith("502 : ")]
        self.assertTrue(repeated, "no kill hit a request")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SIGTERMS = int(sys.argv.pop(1))
    unittest.main()
