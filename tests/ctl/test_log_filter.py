"""Lines become objects, and nothing that happens to a file is felt by whoever writes into the pipe."""

import errno
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
sys.path.insert(0, DEPLOY)

from ctl import log_filter, log_lines  # noqa: E402

PATIENCE = 60  # seconds for what takes milliseconds
EVERY_LINE = {"timestamp", "level", "logger", "message"}


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


class Lines(unittest.TestCase):
    def check(self, raw, level, logger, message, timestamp=None):
        found = json.loads(log_lines.to_json(raw))
        self.assertEqual((found["level"], found["logger"], found["message"]), (level, logger, message))
        if timestamp:
            self.assertEqual(found["timestamp"], timestamp)

    def test_each_source_has_its_logger_and_level(self):
        self.check(b"2025/01/31 12:00:00 [error] 123#123: *7 oh", "ERROR", "nginx", "123#123: *7 oh",
                   "2025-01-31T12:00:00.000000Z")
        self.check(b"nginx: [emerg] bad", "CRITICAL", "nginx", "bad")
        self.check(b"2025-01-31 12:00:00,123 WARN x", "WARNING", "supervisord", "x", "2025-01-31T12:00:00.123000Z")
        self.check(b"appcore: error: no", "ERROR", "appcorectl", "no")
        self.check(b"appcore: yes", "INFO", "appcorectl", "yes")
        self.check(b"appcore-worker: APPCORE_QUEUE must", "ERROR", "appcore-worker", "APPCORE_QUEUE must")
        self.check(b"Segmentation fault", "WARNING", "output", "Segmentation fault")

    def test_a_program_s_own_line_stays_and_a_torn_one_is_wrapped(self):
        own = b'{"timestamp":"t","level":"INFO","logger":"appcore","message":"m"}'
        self.assertEqual(log_lines.to_json(own), own)
        self.check(own[:-3], "WARNING", "output", own[:-3].decode())
        self.check(own + b"x}", "WARNING", "output", (own + b"x}").decode())

    def test_any_bytes_make_one_valid_line(self):
        for raw in (bytes([byte]) * 3 for byte in range(256)):
            line = log_lines.to_json(raw)
            self.assertNotIn(b"\n", line)
            self.assertEqual(set(json.loads(line)), EVERY_LINE)


class Filter(unittest.TestCase):
    def start(self, destination, **options):
        process = subprocess.Popen([os.path.join(DEPLOY, "appcorectl"), "log-filter", destination], stdin=subprocess.PIPE,
                                   **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        return process

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    @staticmethod
    def lines(path):
        try:
            with open(path, "rb") as file:
                return file.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return []

    def test_requests_go_to_one_file_and_all_else_to_the_other(self):
        folder = self.folder()
        process = self.start(folder)
        request = b'{"timestamp":"t","level":"INFO","logger":"nginx.access","message":"GET / 200"}'
        process.communicate(request + b"\n\nnginx: [warn] w\nno end of line")
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.lines(f"{folder}/access.log"), [request])
        self.assertEqual([json.loads(line)["message"] for line in self.lines(f"{folder}/system.log")], ["w", "no end of line"])

    def test_a_line_without_an_end_takes_no_more_memory_than_its_pieces(self):
        folder = self.folder()
        self.start(folder).communicate(b"x" * 300_000 + b"\n")
        self.assertEqual(sum(len(json.loads(line)["message"]) for line in self.lines(f"{folder}/system.log")), 300_000)
        self.assertGreater(len(self.lines(f"{folder}/system.log")), 1)

    def test_files_are_reopened_after_sighup(self):
        folder = self.folder()
        process = self.start(folder)
        process.stdin.write(b"one\n")
        process.stdin.flush()
        self.assertTrue(wait_until(lambda: self.lines(f"{folder}/system.log")))
        os.rename(f"{folder}/system.log", f"{folder}/system.log.1")
        process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_until(lambda: os.path.exists(f"{folder}/system.log")))
        process.communicate(b"two\n")
        self.assertEqual([len(self.lines(f"{folder}/{name}")) for name in ("system.log.1", "system.log")], [1, 1])

    def test_a_reader_that_hangs_blocks_nobody_and_what_was_dropped_is_said(self):
        """Standard output is a pipe that nobody reads, as a terminal after Ctrl-S is."""
        reading, writing = os.pipe()
        process = self.start("-", stdout=writing)
        os.close(writing)
        self.addCleanup(os.close, reading)
        os.set_blocking(process.stdin.fileno(), False)
        line = b"x" * 1000 + b"\n"
        sent = 0
        end = time.monotonic() + PATIENCE
        while sent < 30_000:  # 30 MB: more than all buffers
            if not select.select([], [process.stdin], [], max(end - time.monotonic(), 0))[1]:
                self.fail(f"it takes no more after {sent} lines")
            try:
                os.write(process.stdin.fileno(), line)  # whole or not at all: it is shorter than PIPE_BUF
                sent += 1
            except BlockingIOError:
                time.sleep(0.001)
        process.stdin.close()
        messages = []
        with open(reading, "rb", closefd=False) as output:
            messages += [json.loads(text)["message"] for text in output]
        dropped = [int(m.split()[0]) for m in messages if "log lines dropped" in m]
        self.assertTrue(dropped)
        self.assertGreater(len(messages), 1000)
        self.assertEqual(sum(dropped) + len(messages) - len(dropped), sent)

    def test_a_full_disk_costs_lines_and_tears_none(self):
        process = self.start("-", stdout=os.open("/dev/full", os.O_WRONLY))
        process.communicate(b"lost\n" * 100)
        self.assertEqual(process.returncode, 0)


class NoRoom:
    """Stands for os.write(): while `room` is set, the file takes that many bytes more, and none when another program has
    appended its line."""

    def __init__(self, other=b""):
        self.room, self._other, self._write = None, other, os.write

    def __call__(self, file, data):
        if self.room is None:
            return self._write(file, data)
        if self.room == 0:
            if self._other:
                self._write(file, self._other)
                self._other = b""
            raise OSError(errno.ENOSPC, "no room")
        data = data[:self.room]
        self.room -= len(data)
        return self._write(file, data)


class Outputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file")
        with open(self.path, "xb"):
            pass

    def content(self):
        with open(self.path, "rb") as file:
            return file.read()

    def written(self, path, disk):
        """What is in the file when five bytes of two lines have found room, and then a third line came when there was more."""
        def opened(_):
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

        with mock.patch.object(log_filter.Output, "_open", opened), mock.patch.object(log_filter.os, "write", disk):
            output = log_filter.Output(path)
            disk.room = 5
            output.push([b"one\n", b"two\n"])
            self.assertTrue(wait_until(lambda: output._dropped))
            disk.room = None
            output.push([b"three\n"])
            output.finish()
        return self.content()

    def test_a_line_for_which_there_is_no_room_is_taken_back_whole(self):
        lines = self.written(self.path, NoRoom()).split(b"\n")
        self.assertEqual((lines[0], lines[2:]), (b"one", [b"three", b""]))
        self.assertTrue(json.loads(lines[1])["message"].startswith("1 log lines dropped"))

    def test_a_file_to_which_others_append_is_not_shortened_and_the_torn_line_is_ended(self):
        lines = self.written(log_filter.STANDARD_OUTPUT, NoRoom(b"\na worker's\n")).split(b"\n")
        self.assertEqual((lines[:4], lines[5:]), ([b"one", b"t", b"a worker's", b""], [b"three", b""]))
        self.assertTrue(json.loads(lines[4])["message"].startswith("1 log lines dropped"))

    def test_the_room_of_what_has_been_written_is_free_again(self):
        with mock.patch.object(log_filter, "ROOM", 200):
            output = log_filter.Output(self.path)
            for count in range(1, 10):
                output.push([b"x" * 59 + b"\n"])
                self.assertTrue(wait_until(lambda: len(self.content()) == 60 * count), self.content())
            output.finish()


if __name__ == "__main__":
    unittest.main()
