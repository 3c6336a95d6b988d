"""Connections between nginx and the workers are kept, and that starves, loses and delays nothing."""

import os
import signal
import threading
import time

import fastcgi
from load import Case, Load
from stack import StackTest, stop_process, wait_until

GOOD = b'{"features":[1,2,3]}'
LARGE = b'{"features":[' + b"1.5," * 400_000 + b"2.5]}"
CASES = (Case("POST", "/predict", 201, GOOD), Case("GET", "/health", 200))


class KeepAlive(StackTest):
    variables = {"WORKERS": 2}

    def connected(self):
        """How many connections the pool has at the moment."""
        with open("/proc/net/unix", encoding="utf-8") as file:
            sockets = [line.split() for line in file]
        return sum(len(s) == 8 and s[5] == "03" and s[7].startswith(self.stack.run_dir)
                   and os.path.basename(s[7]) == "pool.sock" for s in sockets)

    def ask(self, connection):
        connection.send(fastcgi.request(GOOD, keep=True, HTTP_CONTENT_TYPE="application/json"))
        return connection.reply()

    def test_more_kept_connections_than_workers_starve_nobody(self):
        kept = [fastcgi.Connection(self.stack.worker_socket) for _ in range(16)]
        try:
            for _ in range(3):
                for connection in kept:
                    reply = self.ask(connection)
                    self.assertEqual((reply.status, reply.ended), (201, True))
                self.assertEqual(self.stack.predict(GOOD).status, 201)
        finally:
            for connection in kept:
                connection.socket.close()

    def test_nginx_keeps_its_connections_and_sends_large_bodies_on_others(self):
        for _ in range(10):
            self.assertEqual(self.stack.predict(GOOD).status, 201)
        self.assertGreater(self.connected(), 0)
        # Each worker that reads a large body gives its silent connections up; nginx keeps none of these.
        self.assertTrue(wait_until(lambda: self.stack.predict(LARGE).status == 201 and self.connected() == 0))

    def test_small_and_large_bodies_together_are_all_answered(self):
        load = Load(self.stack, (*CASES, Case("POST", "/predict", 201, LARGE)), 8)
        wait_until(lambda: load.replies() > 200, 30)
        load.stop()
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.replies(), 200)

    def test_a_stopped_worker_holds_up_only_what_waits_on_its_own_connections(self):
        load = Load(self.stack, CASES, 8)
        try:
            wait_until(lambda: load.replies() > 100)
            stopped = self.stack.children("appcore-worker")[0]
            stop_process(stopped)
            continued = threading.Timer(3, os.kill, (stopped, signal.SIGCONT))
            continued.start()
            self.addCleanup(continued.join)  # maybe no client is held up, and the test ends first
            time.sleep(1)
            before = load.replies()
            # Each of its connections holds one client, and there is the other worker for the rest.
            self.assertEqual(self.stack.predict(GOOD).status, 201)
            wait_until(lambda: load.replies() > before + 50, 30)
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
