"""No disk and no reader of the logs can stop a prediction: the disk stalls, a pipe or a terminal is not read, a file may not grow."""

import collections
import os
import pty
import resource
import signal
import subprocess
import threading
import unittest

import census
from frozen import FreezableDisk
from load import Case, Load
from stack import CTL, JSON, Stack, StackTest, processes, wait_until

TIMEOUT = 3  # seconds: what would wait for the disk gets a 504
CASES = (Case("POST", "/predict", 201, b'{"features":[1]}'), Case("GET", "/health", 200), Case("GET", "/nope", 404),
         Case("TRACE", "/health", 405))  # the last one is nginx's own error


class FrozenDisk(unittest.TestCase):
    def stack_on(self, *path, **variables):
        """A stack of which a folder is on a disk that can be frozen."""
        self.stack = Stack(APPCORE_REQUEST_TIMEOUT=TIMEOUT, **variables)
        self.disk = FreezableDisk(self, self.stack.base, os.path.join(*path))
        self.addCleanup(self.stack.down)
        self.stack.up()
        self.assertEqual(self.stack.predict({"features": [1]}).status, 201)
        self.pids = self.everyone()

    def everyone(self):
        return {name: census.pids(self.stack.run_dir, self.stack.port, name)
                for name in ("supervisord", "master", "nginx", "appcore-worker", "appcore-metrics")}

    def ask(self, request_id, method="POST", path="/predict"):
        body = b'{"features":[1]}' if method == "POST" else None
        return self.stack.request(method, path, body, [*JSON, ("X-Request-ID", request_id)], timeout=2 * TIMEOUT + 10).status

    def freeze_and_ask(self, number):
        """While the disk is frozen everything is answered and counted; afterwards each line is there once."""
        self.disk.freeze()
        try:
            self.assertEqual([self.ask(f"frozen-{i}") for i in range(number)], [201] * number)
            self.assertEqual(self.ask("of-nginx", "TRACE", "/health"), 405)
            self.assertEqual(self.stack.count("predictions_total"), number + 1)
            self.assertEqual(self.stack.count("http_requests_total", status_code="201"), number + 1)
            self.assertEqual(self.stack.count("http_requests_total", status_code="405"), 1)
            self.assertEqual(self.stack.count("http_requests_total", status_code="504"), 0)
            self.assertEqual(self.everyone(), self.pids)
        finally:
            self.disk.thaw()
        for i in range(number):
            lines = wait_until(lambda n=i: self.stack.logged("appcore", request_id=f"frozen-{n}"))
            self.assertEqual([line["status_code"] for line in lines], [201])
        self.assertEqual(len(wait_until(lambda: self.stack.logged("appcore", request_id="of-nginx"))), 1)
        self.assertEqual(self.stack.count("appcore_log_lines_dropped_total"), 0)
        self.assertEqual(self.everyone(), self.pids)

    def test_a_frozen_disk_of_the_logs_stops_no_request(self):
        self.stack_on("run", "log")
        self.freeze_and_ask(50)

    def test_a_frozen_disk_of_everything_that_make_run_writes_stops_no_request(self):
        self.stack_on("run")
        self.freeze_and_ask(10)

    def test_lines_survive_a_worker_that_is_killed_while_the_disk_is_frozen(self):
        """It cannot end before the thaw, as one of its threads waits for the disk. Then another one writes what it has left."""
        self.stack_on("run", "log", WORKERS=1)
        self.disk.freeze()
        try:
            self.assertEqual([self.ask(f"before-{i}") for i in range(20)], [201] * 20)
            for pid in self.pids["appcore-worker"]:
                os.kill(pid, signal.SIGKILL)
        finally:
            self.disk.thaw()
        self.assertTrue(wait_until(lambda: self.everyone()["appcore-worker"] not in ([], self.pids["appcore-worker"]), 60))
        self.assertEqual([self.ask(f"after-{i}") for i in range(20)], [201] * 20)
        for i in range(20):
            for name in (f"before-{i}", f"after-{i}"):
                lines = wait_until(lambda n=name: self.stack.logged("appcore", request_id=n))
                self.assertEqual([line["status_code"] for line in lines], [201], name)


class FullFile(StackTest):
    def test_a_log_file_that_may_not_grow_costs_lines_and_no_worker(self):
        """RLIMIT_FSIZE: what writes beyond it gets SIGXFSZ, which ends a program that has not thought of it."""
        pids = self.stack.children("appcore-worker") + self.stack.children("appcore-metrics")
        size = os.path.getsize(os.path.join(self.stack.run_dir, "log", "appcore.log"))
        for pid in pids:
            # Slots and the textfile are shorter than that.
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(size, 256 << 10), resource.RLIM_INFINITY))
        expected = {}
        for kind, method, path, status in (("worker", "POST", "/predict", 201), ("nginx", "TRACE", "/health", 405)):
            for i in range(1500):
                body = b'{"features":[1]}' if method == "POST" else None
                headers = [*JSON, ("X-Request-ID", f"{kind}-{i}")]
                self.assertEqual(self.stack.request(method, path, body, headers).status, status)
                expected[f"{kind}-{i}"] = status
        self.assertEqual(self.stack.children("appcore-worker") + self.stack.children("appcore-metrics"), pids)
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        # Each line is there once, unless it is among those that are told to be lost.
        self.assertTrue(wait_until(lambda: self.lines_are_accounted_for(expected), 20))

    def lines_are_accounted_for(self, expected):
        self.assertEqual(self.stack.get("/health").status, 200)  # a worker says what it has lost between two requests
        found = collections.Counter(o["request_id"] for o in self.stack.logged("appcore") if o.get("request_id") in expected)
        self.assertEqual([i for i, count in found.items() if count > 1], [])
        return len(expected) - len(found) <= self.stack.count("appcore_log_lines_dropped_total")


class HangingReader(unittest.TestCase):
    """`appcorectl run` writes to its standard output, and whoever reads that may stop to do so."""

    def run_in_foreground(self, output, **variables):
        self.stack = Stack(WORKERS="3", APPCORE_REQUEST_TIMEOUT=TIMEOUT, **variables)
        self.addCleanup(self.stack.down)
        process = subprocess.Popen([CTL, "run"], env=self.stack.environment(), stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.PIPE, start_new_session=True, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn("serves on", process.stderr.readline())
        return process

    def assert_serves(self, requests):
        load = Load(self.stack, CASES, 8, requests)
        wait_until(lambda: load.wrong or not load.is_running(), 300)
        load.stop()
        self.assertEqual(load.wrong[:3], [])
        self.assertEqual(load.replies(), requests)

    def assert_ends(self, process):
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        self.assertTrue(wait_until(lambda: not processes(self.stack.run_dir), 20), processes(self.stack.run_dir))

    def test_writers_on_a_pipe_that_is_read_slower_than_they_write(self):
        """Each time there is room for one line only, several writers see it."""
        reading, writing = os.pipe()
        process = self.run_in_foreground(writing)
        os.close(writing)
        ended = threading.Event()

        def read_slowly():
            while not ended.wait(0.005):
                os.read(reading, 1024)

        reader = threading.Thread(target=read_slowly)
        reader.start()
        try:
            self.assert_serves(4000)
        finally:
            ended.set()
            reader.join()
        self.assert_serves(400)  # now nobody reads at all
        os.close(reading)
        self.assert_ends(process)

    def test_a_terminal_that_is_stopped(self):
        terminal, programs = pty.openpty()
        process = self.run_in_foreground(programs)
        os.close(programs)
        self.assert_serves(2000)
        self.assert_ends(process)
        os.close(terminal)

    def test_a_device_that_is_full(self):
        with open("/dev/full", "wb") as full:
            process = self.run_in_foreground(full)
        self.assert_serves(100)
        self.assert_ends(process)


if __name__ == "__main__":
    unittest.main()
