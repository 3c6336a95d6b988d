"""What the door costs a request that does not use it: no system call of nginx's."""

import collections
import http.client
import os
import re
import signal
import subprocess
import unittest

from stack import JSON, Stack, wait_until

REQUESTS = 50
# The request in and on to the worker, the reply back and out, and a look at the connection to the worker before it is kept.
PER_REQUEST = {"recvfrom": 2, "writev": 2, "getsockopt": 1}
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
# Once a second, whatever is asked: whether the machine drains (open_file_cache_valid), and timers.
NOT_PER_REQUEST = {"newfstatat", "stat", "fstat", "openat", "close", "epoll_wait", "epoll_pwait", "getpid"}


def calls_per_request(**variables):
    """How often nginx makes each system call for a prediction on a kept connection, by its processes together."""
    stack = Stack(WORKERS=1, **variables).up()
    try:
        with open(os.path.join(stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            master = file.read().strip()
        with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as file:
            processes = file.read().split()
        trace = os.path.join(stack.base, "trace")
        connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=60)

        def predict():
            connection.request("POST", "/predict", b'{"features":[1,2]}', dict(JSON))
            assert connection.getresponse().read()

        predict()  # both connections are there
        tracer = subprocess.Popen(["strace", "-f", "-q", "-o", trace, *(f"--attach={pid}" for pid in processes)],
                                  stderr=subprocess.DEVNULL)
        assert wait_until(lambda: all(is_traced(pid) for pid in processes))
        for _ in range(REQUESTS):
            predict()
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        connection.close()
        with open(trace, encoding="utf-8", errors="replace") as file:
            counted = collections.Counter(CALL.findall(file.read()))
    finally:
        stack.down()
    return {name: count / REQUESTS for name, count in counted.items() if name not in NOT_PER_REQUEST}


def is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return "TracerPid:\t0\n" not in file.read()


class Costs(unittest.TestCase):
    maxDiff = None

    def test_a_request_takes_the_calls_that_it_took_before_there_was_a_door(self):
        off = calls_per_request()
        self.assertEqual({name: round(count) for name, count in off.items() if round(count)},
                         PER_REQUEST)

    def test_trusted_proxies_cost_no_call_either(self):
        on = calls_per_request(APPCORE_TRUSTED_PROXIES="127.0.0.1", APPCORE_METRICS_ALLOW="none")
        self.assertEqual({name: round(count) for name, count in on.items() if round(count)}, PER_REQUEST)


if __name__ == "__main__":
    unittest.main()
