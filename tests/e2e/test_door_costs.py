"""What the door costs a request, in system calls of nginx's: nothing where it is not used."""

import collections
import http.client
import os
import re
import signal
import socket
import subprocess
import unittest

from authority import Authority
from stack import CTL, JSON, Stack, wait_until

REQUESTS = 50
BODY = b'{"features":[1,2]}'
# The request in and on to the worker, the reply back and out, and a look at the connection to the worker before it is kept.
PER_REQUEST = {"recvfrom": 2, "writev": 2, "getsockopt": 1}
# OpenSSL reads ahead, and once more in vain; the calls to the worker are the same.
PER_TLS_REQUEST = {"read": 2, "write": 1, "recvfrom": 1, "writev": 1, "getsockopt": 1}
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
# Once a second, whatever is asked: whether the machine drains (open_file_cache_valid), and timers.
NOT_PER_REQUEST = {"newfstatat", "stat", "fstat", "openat", "close", "epoll_wait", "epoll_pwait", "getpid"}


def calls_per_request(stack, headers=()):
    """How often nginx makes each system call for a prediction on a kept connection, by its processes together. Starts the stack, and
    stops it."""
    stack.up()
    try:
        with open(os.path.join(stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            master = file.read().strip()
        with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as file:
            processes = file.read().split()
        trace = os.path.join(stack.base, "trace")
        connection = socket.create_connection((stack.address, stack.port), 60)
        if stack.tls:
            connection = stack.tls.wrap_socket(connection, server_hostname=stack.address)
        lines = ["POST /predict HTTP/1.1", "Host: x", f"Content-Length: {len(BODY)}", *(": ".join(header) for header in (*JSON, *headers))]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode() + BODY

        def predict():
            connection.sendall(request)  # in one piece, or nginx may look for the body before it is there
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert (reply.status, bool(reply.read())) == (201, True), reply.status

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
    found = {name: round(count / REQUESTS) for name, count in counted.items() if name not in NOT_PER_REQUEST}
    return {name: count for name, count in found.items() if count}


def is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return "TracerPid:\t0\n" not in file.read()


class Costs(unittest.TestCase):
    maxDiff = None

    def check(self, stack, headers=(), expected=None):
        self.assertEqual(calls_per_request(stack, headers), expected or PER_REQUEST)

    def test_a_request_takes_the_calls_that_it_took_before_there_was_a_door(self):
        self.check(Stack(WORKERS=1))

    def test_trusted_proxies_cost_no_call_either(self):
        self.check(Stack(WORKERS=1, APPCORE_TRUSTED_PROXIES="127.0.0.1", APPCORE_METRICS_ALLOW="none"))

    def test_nor_do_api_keys(self):
        stack = Stack(WORKERS=1)
        stack.variables["APPCORE_API_KEYS"] = os.path.join(stack.base, "keys")
        made = subprocess.run([CTL, "key", "new", "team", "999999"], env=stack.environment(), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
        self.check(stack, [("X-API-Key", made.stdout.strip())])

    def test_tls_reads_and_writes_in_the_place_of_plain_calls(self):
        stack = Stack(WORKERS=1)
        authority = Authority(stack.base)
        certificate, key = authority.issue("one")
        stack.variables |= {"APPCORE_TLS_CERT": certificate, "APPCORE_TLS_KEY": key}
        stack.tls = authority.context()
        self.check(stack, expected=PER_TLS_REQUEST)


if __name__ == "__main__":
    unittest.main()
