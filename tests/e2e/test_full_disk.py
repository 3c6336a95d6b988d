"""Disks that are full, read-only or gone: predictions go on, and the failure can be seen."""

import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from frozen import FreezableDisk
from load import Case, Load
from stack import CTL, Stack, wait_until


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small file system")
class SmallDisk(unittest.TestCase):
    def disk(self, path, size):
        """A file system of that size, mounted there until the end of the test."""
        os.makedirs(path, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "appcore-test", path],
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no file system can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=True)

    def fill(self, path):
        with open(os.path.join(path, "filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def stack(self, **variables):
        stack = Stack(**variables)
        self.addCleanup(stack.down)
        return stack

    def assert_serves(self, stack):
        for _ in range(10):
            self.assertEqual(stack.predict({"features": [1]}).status, 201)

    def test_logs(self):
        stack = self.stack()
        logs = os.path.join(stack.run_dir, "log")
        self.disk(logs, "256k")
        stack.up()
        self.fill(logs)
        ids = [f"no-room-{i}" for i in range(50)]
        for request_id in ids:
            self.assertEqual(stack.request("GET", "/health", headers=[("X-Request-ID", request_id)]).status, 200)
        os.unlink(os.path.join(logs, "filler"))
        # Each line has waited, and no line is torn.
        self.assertTrue(wait_until(lambda: stack.logged("appcore", request_id=ids[-1])))
        self.assertEqual(sorted(o["request_id"] for o in stack.logged("appcore") if o.get("request_id") in ids),
                         sorted(ids))
        self.assertEqual(stack.count("appcore_log_lines_dropped_total"), 0)

    def test_logs_that_find_no_room_to_wait_either(self):
        stack = self.stack(WORKERS=1)
        logs = os.path.join(stack.run_dir, "log")
        self.disk(logs, "64k")
        stack.up()
        self.fill(logs)
        load = Load(stack, [Case("GET", "/" + "x" * 1300, 404)], 4, 1000)  # 3 KB a line
        load.wait()
        self.assertEqual(load.wrong, [])
        self.assertTrue(wait_until(lambda: stack.count("appcore_log_lines_dropped_total") > 0))

    def test_bodies_that_nginx_cannot_keep(self):
        stack = self.stack()
        temp = os.path.join(stack.run_dir, "temp")
        self.disk(temp, "1m")
        stack.up()
        reply = stack.predict(b"[" + b"1," * 3_000_000 + b"1]")
        self.assertEqual((reply.status, list(reply.json())), (503, ["detail"]))
        self.assertTrue(reply.get("Retry-After"))
        self.assert_serves(stack)

    def test_replies_need_no_disk(self):
        stack = self.stack(WORKERS=1)
        temp = os.path.join(stack.run_dir, "temp")
        self.disk(temp, "1m")
        stack.up()
        self.fill(temp)
        body = b'{"features":[' + b'"x",' * 100_000 + b"1]}"  # of less than what nginx keeps in memory
        head = (f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # nginx has to keep nearly all of it
            client.settimeout(60)
            client.connect((stack.address, stack.port))
            client.sendall(head + body)
            reply = client.makefile("rb")
            self.assertIn(b" 422 ", reply.readline())
            self.assert_serves(stack)  # the one worker does not wait for this client
            headers = dict(line.rstrip().lower().split(b": ", 1) for line in iter(reply.readline, b"\r\n"))
            length = int(headers[b"content-length"])
            self.assertGreater(length, 10_000_000)
            text = reply.read(length)
        self.assertEqual(len(text), length)
        self.assertEqual(len(json.loads(text)["detail"]), 100_000)

    def test_the_state(self):
        state = os.path.join(self.stack_base(), "state")
        self.disk(state, "64k")  # a slot takes about 36 KiB
        stack = self.stack(WORKERS=3, APPCORE_STATE_DIR=state).up()
        self.assert_serves(stack)
        # Whoever starts last says it, perhaps after the first one has answered.
        self.assertTrue(wait_until(
            lambda: [o for o in stack.logged("appcore", level="ERROR") if "metrics are kept in memory" in o["message"]]))
        # Nobody is hidden by that: the pool predicts, and says what is wrong.
        metrics = stack.metrics()
        self.assertEqual(metrics["app_health_status"], 1)
        self.assertGreater(metrics["appcore_workers_unattached"], 0)
        self.assertEqual(stack.count("appcore_worker_up"), 4)  # the metrics program among them
        self.assertTrue([p for p in stack.get("/status").json()["pool"]["problems"] if "has no slot" in p])
        subprocess.run(["mount", "-o", "remount,size=32m", state], check=True)
        before = stack.count("predictions_total")
        self.assertEqual(stack.ctl("restart").returncode, 0)  # whoever leaves finds room now
        self.assertGreaterEqual(stack.count("predictions_total"), before)
        self.assertEqual(stack.count("predictions_total"), 10)

    def test_a_state_that_cannot_be_written_at_all(self):
        state = os.path.join(self.stack_base(), "state")
        self.disk(state, "4m")
        subprocess.run(["mount", "-o", "remount,ro", state], check=True)
        stack = self.stack(WORKERS=2, APPCORE_STATE_DIR=state).up()
        self.assert_serves(stack)
        metrics = stack.metrics()
        self.assertEqual(metrics["app_health_status"], 1)
        self.assertEqual(metrics["appcore_workers_unattached"], 3)  # the metrics program, too
        self.assertEqual(stack.count("appcore_worker_up"), 3)
        subprocess.run(["mount", "-o", "remount,rw", state], check=True)
        self.assertEqual(stack.ctl("restart").returncode, 0)
        self.assertTrue(wait_until(lambda: stack.count("appcore_workers_unattached") == 0))
        self.assertEqual(stack.count("predictions_total"), 10)

    def test_a_run_dir_without_room_for_another_pool(self):
        """What needs none works: above all, the service can be stopped."""
        stack = self.stack()
        self.disk(stack.run_dir, "70m")  # a pool's programs take 46 MB
        stack.up()
        for command in ("restart", "check"):
            done = stack.ctl(command)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, r"cannot copy .* to .*/pools/\S+: No space left on device")
            self.assertEqual(os.listdir(os.path.join(stack.run_dir, "pools")), ["blue-1"])
        self.fill(stack.run_dir)
        for command, code in (("status", 0), ("up", 0), ("drain", 1), ("undrain", 0), ("scale", 1), ("status", 0)):
            done = stack.ctl(command)
            self.assertEqual(done.returncode, code, (command, done.stdout))
            if code:
                self.assertIn(stack.run_dir, done.stdout)
        self.assert_serves(stack)
        done = stack.ctl("down")
        self.assertEqual((done.returncode, stack.ctl("status").returncode), (0, 3), done.stdout)
        done = stack.ctl("up")  # only the counts are too large for it now
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("No space left on device", done.stdout)
        os.unlink(os.path.join(stack.run_dir, "filler"))
        stack.up()
        self.assertEqual(stack.count("predictions_total"), 10)

    def test_a_run_in_the_foreground_whose_run_dir_is_full_answers_what_it_has_and_ends_with_0(self):
        stack = self.stack()
        self.disk(stack.run_dir, "70m")
        process = subprocess.Popen([CTL, "run"], env=stack.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertTrue(wait_until(stack.is_healthy))
        self.fill(stack.run_dir)
        head = (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n")
        with socket.create_connection((stack.address, stack.port), 60) as client:
            client.sendall(head + b'{"feat')
            self.assertEqual(stack.get("/ready").status, 200)  # so the other one has been accepted before
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not stack.is_healthy())
            client.sendall(b'ures":[1]}')
            self.assertIn(b" 201 ", client.makefile("rb").readline())
        self.assertEqual(process.wait(60), 0, process.stdout.read())

    def test_a_run_dir_that_has_become_read_only_keeps_nobody_from_stopping(self):
        stack = self.stack()
        disk = FreezableDisk(self, stack.base, "run", 128)
        stack.up()
        self.assert_serves(stack)
        disk.fail()
        self.assert_serves(stack)
        done = stack.ctl("down")
        self.assertEqual((done.returncode, stack.ctl("status").returncode), (0, 3), done.stdout)
        self.assertRegex(done.stdout, "stops without draining.*Read-only file system")
        self.assertRegex(done.stdout, "left to the next command: cannot remove .*: Read-only file system")
        disk.mount_again()
        stack.up()
        self.assertEqual(stack.count("predictions_total"), 20)

    def stack_base(self):
        base = Stack().base
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        return base

    def test_counts_that_memory_has_no_room_for(self):
        stack = self.stack().up()
        self.assert_serves(stack)
        self.assertEqual(stack.ctl("down").returncode, 0)
        done = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no mounts of one's own here: {done.stderr.strip()}")
        stack.enter = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k appcore-test /dev/shm && exec "$@"', "sh")
        done = stack.ctl("up")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"the counts stay on the disk, in \S+/state: .*No space left on device")
        self.assertLess(max(map(len, done.stdout.splitlines())), 600)
        self.assert_serves(stack)
        stack.enter = ()  # memory has room again, but the stack has been started without it
        self.assertEqual(stack.ctl("restart").returncode, 0)
        self.assert_serves(stack)
        self.assertEqual((stack.count("predictions_total"), stack.count("appcore_workers_unattached")), (30, 0))

    def test_a_textfile_that_cannot_be_written(self):
        stack = self.stack()
        folder = os.path.join(stack.run_dir, "textfile")
        self.disk(folder, "4m")
        stack.up()
        self.assertTrue(wait_until(lambda: os.path.exists(os.path.join(folder, "appcore.prom"))))
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        self.assert_serves(stack)
        self.assertTrue(wait_until(
            lambda: [o for o in stack.logged("appcore", level="ERROR") if "no textfile" in o["message"]]))
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        self.assert_serves(stack)

        def published():
            with open(os.path.join(folder, "appcore.prom"), encoding="utf-8") as file:
                return 'predictions_total{model_version="v1.0",status="success"} 20.0' in file.read()

        self.assertTrue(wait_until(published, 70))  # a failure is tried again within a minute


class Vanished(unittest.TestCase):
    def test_folders_that_are_removed_while_it_runs(self):
        stack = Stack().up()
        self.addCleanup(stack.down)
        state = stack.state_dir
        for name in (os.path.join(stack.run_dir, "textfile"), state, os.path.join(stack.run_dir, "log")):
            shutil.rmtree(name)
            for _ in range(5):
                self.assertEqual(stack.predict({"features": [1]}).status, 201, name)
        self.assertTrue([p for p in stack.get("/status").json()["pool"]["problems"] if "state" in p])
        os.mkdir(state)
        # Whoever counted without a slot looks for one once a minute, between two requests.
        served = 15

        def all_are_counted():
            nonlocal served
            for _ in range(8):
                self.assertEqual(stack.predict({"features": [1]}).status, 201)
                served += 1
            return stack.count("predictions_total") == served

        self.assertTrue(wait_until(all_are_counted, 90, 1))

    def test_programs_that_start_without_a_place_for_their_log(self):
        stack = Stack().up()
        self.addCleanup(stack.down)
        self.assertEqual(stack.predict({"features": [1]}).status, 201)
        log = os.path.join(stack.run_dir, "log")
        shutil.rmtree(log)
        with open(log, "w", encoding="utf-8"):
            pass  # in the way of any attempt to make the folder again
        before = [*stack.worker_pids(), *stack.pids("metrics:metrics-01").values()]
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        def are_back():
            now = [*stack.worker_pids(), *stack.pids("metrics:metrics-01").values()]
            return len(now) == len(before) and not set(now) & set(before)

        self.assertTrue(wait_until(are_back, 20))
        for _ in range(8):
            self.assertEqual(stack.predict({"features": [1]}).status, 201)
        self.assertEqual(stack.count("predictions_total"), 9)
        os.unlink(log)
        os.mkdir(log)
        stack.ctl("reopen")
        self.assertEqual(stack.request("GET", "/health", headers=[("X-Request-ID", "room-again")]).status, 200)
        self.assertTrue(wait_until(lambda: stack.logged("appcore", request_id="room-again")))
