"""/ready tells load balancers where to send requests; drain, undrain and every stop use it. Real HAProxy in front."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
import unittest

from load import Case, Load
from stack import CTL, ROOT, UUID4, Stack, StackTest, free_port, stop_process, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
PREDICT = Case("POST", "/predict", 201, b'{"features":[1,2]}')


def ready(stack):
    """What /ready answers on every process of nginx: fresh connections are spread over them."""
    answers = {stack.get("/ready").status for _ in range(20)}
    return answers.pop() if len(answers) == 1 else answers


class Ready(StackTest):
    variables = {"WORKERS": 1, "APPCORE_BIN_DIR": PROGRAMS}

    def test_it_is_json_with_an_id_and_for_get_and_head(self):
        reply = self.stack.get("/ready")
        self.assertEqual((reply.status, reply.json()), (200, {"status": "ready"}))
        self.assertEqual((reply.get("Content-Type"), reply.get("Cache-Control")), ("application/json", "no-store"))
        self.assertRegex(reply.get("X-Request-ID"), UUID4)
        self.assertEqual(self.stack.get("/ready", [("X-Request-ID", "mine")]).get("X-Request-ID"), "mine")
        reply = self.stack.request("HEAD", "/ready")
        self.assertEqual((reply.status, reply.body), (200, b""))
        reply = self.stack.request("POST", "/ready", b"")
        self.assertEqual((reply.status, reply.get("Allow")), (405, "GET, HEAD"))

    def test_it_is_neither_counted_nor_logged_since_balancers_ask_all_the_time(self):
        for _ in range(5):
            self.stack.get("/ready", [("X-Request-ID", "polled")])
        self.assertEqual(self.stack.get("/version", [("X-Request-ID", "afterwards")]).status, 200)
        self.assertEqual(self.stack.count("http_requests_total", endpoint="/ready"), 0)
        self.assertTrue(wait_until(lambda: self.stack.logged("appcore", request_id="afterwards")))
        for log in ("appcore", "access"):
            self.assertEqual(self.stack.logged(log, path="/ready"), [])

    def test_an_overloaded_machine_is_ready(self):
        slow = threading.Thread(target=self.stack.predict, args=({"features": [2]},))
        slow.start()
        try:
            self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 1))
            self.assertEqual(ready(self.stack), 200)
            self.assertEqual(self.stack.count("appcore_requests_in_flight"), 1)
        finally:
            slow.join()

    def test_a_pool_that_cannot_predict_is_not_ready(self):
        pid, = self.stack.children("appcore-worker")
        stop_process(pid)
        try:
            reply = self.stack.get("/ready")
            self.assertEqual((reply.status, reply.json()), (503, {"detail": "No worker can predict"}))
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(ready(self.stack), 200)

    def test_a_worker_answers_while_the_metrics_program_is_away(self):
        path = os.path.join(self.stack.run_dir, "metrics.sock")
        os.rename(path, path + ".away")
        try:
            self.assertEqual(ready(self.stack), 200)
        finally:
            os.rename(path + ".away", path)

    def test_a_worker_answers_in_haproxy_s_time_while_the_metrics_program_hangs(self):
        with open(os.path.join(ROOT, "deploy", "haproxy", "haproxy.cfg"), encoding="utf-8") as file:
            patience = int(re.search(r"timeout check (\d+)ms", file.read())[1]) / 1000

        def is_ready():
            with contextlib.suppress(TimeoutError):
                return self.stack.request("GET", "/ready", timeout=patience).status == 200

        pid, = self.stack.children("appcore-metrics")
        stop_process(pid)
        try:
            self.assertTrue(wait_until(is_ready))
        finally:
            os.kill(pid, signal.SIGCONT)


class Drained(StackTest):
    def ctl(self, *command):
        done = self.stack.ctl(*command)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_a_drained_machine_serves_on_until_it_is_undrained(self):
        self.ctl("drain")
        reply = self.stack.get("/ready")
        self.assertEqual((reply.status, reply.json()), (503, {"detail": "Draining"}))
        # Each process of nginx looks for the file once a second.
        self.assertTrue(wait_until(lambda: all(self.stack.get("/health").get("Connection") == "close" for _ in range(20))))
        for reply in (self.stack.get("/health"), self.stack.predict({"features": [1]})):
            self.assertEqual((reply.status // 100, reply.get("Connection")), (2, "close"))
        for command in (("restart",), ("up",), ("scale", "1")):
            self.ctl(*command)
            self.assertEqual(ready(self.stack), 503, command)
        self.assertIn("drained", self.ctl("status"))
        # nginx is reloaded, and then says "Connection: close" no more; but this is another's wish.
        with self.stack.with_variables(APPCORE_QUEUE=77):
            self.ctl("restart")
        self.assertEqual(ready(self.stack), 503)
        self.assertTrue(wait_until(lambda: all(self.stack.get("/health").get("Connection") == "close" for _ in range(20))))
        self.ctl("undrain")
        self.assertEqual(ready(self.stack), 200)
        self.assertNotIn("drained", self.ctl("status"))

    def test_no_process_of_nginx_remembers_what_was_before_the_command(self):
        for _ in range(3):
            self.ctl("drain")
            time.sleep(1.05 - time.time() % 1)  # nginx's caches count in whole seconds
            self.assertEqual(self.stack.get("/ready").status, 503)  # one process only
            self.ctl("undrain")
            self.assertEqual(ready(self.stack), 200)

    def test_a_stop_that_is_killed_while_it_drains_leaves_a_machine_that_the_next_command_puts_right(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.stack.with_variables(APPCORE_DRAIN_SECONDS=60):
                self.ctl("restart")
            down = subprocess.Popen([CTL, "down"], env=self.stack.environment(), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            try:
                self.assertTrue(wait_until(lambda: ready(self.stack) == 503))
            finally:
                down.send_signal(number)
                down.wait()
            self.assertIn("already running", self.ctl("up"))
            self.assertTrue(wait_until(lambda: ready(self.stack) == 200))
        with self.stack.with_variables(APPCORE_DRAIN_SECONDS=0):
            self.ctl("restart")


class Exempt(StackTest):
    variables = {"WORKERS": 1, "APPCORE_CLIENT_RATE": 1, "APPCORE_CLIENT_CONNECTIONS": 1}

    def test_checks_are_exempt_from_a_client_s_limits(self):
        self.assertIn(429, [self.stack.get("/version").status for _ in range(5)])
        for path in ("/health", "/ready", "/ready?from=balancer") * 10:
            self.assertEqual(self.stack.get(path).status, 200)


class Stopped(unittest.TestCase):
    """Two machines behind HAProxy, which checks /ready."""

    @contextlib.contextmanager
    def haproxy(self, stacks):
        port = free_port()
        path = os.path.join(stacks[0].base, "haproxy.cfg")
        servers = "".join(f"    server m{i} 127.0.0.1:{stack.port}\n" for i, stack in enumerate(stacks))
        with open(path, "w", encoding="ascii") as file:
            # Without its own timeout a check must be answered within `inter`, which a busy machine may not.
            file.write("defaults\n    mode http\n    timeout connect 2s\n    timeout client 60s\n    timeout server 60s\n    timeout check 10s\n"
                       f"frontend front\n    bind 127.0.0.1:{port}\n    default_backend machines\n"
                       "backend machines\n    option httpchk GET /ready\n    http-check expect status 200\n"
                       "    http-reuse always\n    default-server check inter 100ms fall 2 rise 2\n" + servers)
        process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            front = Stack()
            front.port = port
            self.addCleanup(lambda: os.rmdir(front.base))
            self.assertTrue(wait_until(lambda: self.answers(front)))
            yield front
        finally:
            process.terminate()
            process.wait()

    def answers(self, front):
        with contextlib.suppress(OSError):
            return front.get("/version").status == 200
        return False

    def test_no_request_is_lost_when_one_machine_is_taken_down(self):
        stacks = [Stack(APPCORE_DRAIN_SECONDS=3).up() for _ in range(2)]
        for stack in stacks:
            self.addCleanup(stack.down)
        with self.haproxy(stacks) as front:
            load = Load(front, (PREDICT,), 8)
            try:
                for stack in stacks:
                    self.assertEqual(stack.ctl("down").returncode, 0)
                    before = load.replies()
                    self.assertTrue(wait_until(lambda: load.replies() > before + 100))
                    stack.up()
                    predicted = stack.count("predictions_total")
                    # Before the other one goes HAProxy has to have seen that this one is back.
                    self.assertTrue(wait_until(lambda s=stack, n=predicted: s.count("predictions_total") > n, 30))
            finally:
                load.stop()
        self.assertEqual(load.wrong, [])

    def test_run_drains_too_when_it_is_told_to_stop(self):
        stack = Stack(WORKERS=1, APPCORE_DRAIN_SECONDS=2)
        self.addCleanup(stack.down)
        process = subprocess.Popen([CTL, "run"], env=stack.environment(), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.assertIn("serves on", process.stderr.readline())
        process.terminate()
        self.assertTrue(wait_until(lambda: ready(stack) == 503))
        self.assertEqual(stack.predict({"features": [1]}).status, 201)
        self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
