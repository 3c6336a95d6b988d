"""Requests that hang, crash or are slow, with a model that does what it is told."""

import errno
import os
import select
import shutil
import signal
import subprocess
import threading
import time

import fastcgi
from load import Case, Load
from stack import UUID4, StackTest, wait_until

PROGRAMS = os.path.join(os.environ.get("APPCORE_BIN_DIR", "build/release"), "obedient")
TIMEOUT = 2  # seconds
# What the model does at these numbers: tests/e2e/programs/obedient_worker.cpp.
CRASH, BAD_ALLOC, CALCULATE, EXECUTE, SOCKET, OPEN_TO_WRITE, FORK = -1, -2, -3, -4, -5, -6, -7


class GuardTest(StackTest):
    variables = {"WORKERS": 3, "APPCORE_BIN_DIR": PROGRAMS, "APPCORE_REQUEST_TIMEOUT": TIMEOUT}

    def ask(self, what, request_id=None):
        headers = [("Content-Type", "application/json")]
        if request_id:
            headers.append(("X-Request-ID", request_id))
        return self.stack.predict({"features": [what]}, headers)

    def last_words(self, request_id):
        """The one line of a process that names this request."""
        found = wait_until(lambda: self.stack.logged("system", request_id=request_id))
        self.assertTrue(found, request_id)
        return found


class Hanging(GuardTest):
    def test_a_request_that_hangs_gets_a_504_and_ends_its_worker_only(self):
        for i, what in enumerate((30, CALCULATE)):
            request_id = f"hang-{i}"
            timeouts = self.stack.count("appcore_request_timeouts_total")
            counted = self.stack.count("http_requests_total", status_code="504")
            # Another test's worker may still be on its way back.
            self.assertTrue(wait_until(lambda: len(self.stack.worker_pids()) == self.variables["WORKERS"]))
            before = set(self.stack.worker_pids())
            begun = time.monotonic()
            reply = self.ask(what, request_id)
            self.assertGreaterEqual(time.monotonic() - begun, TIMEOUT)
            self.assertEqual((reply.status, reply.json()), (504, {"detail": "Gateway Timeout"}))
            self.assertEqual(reply.get("X-Request-ID"), request_id)
            line, = self.last_words(request_id)  # one: it was not tried again
            self.assertEqual((line["level"], line["method"], line["path"], line["phase"]),
                             ("CRITICAL", "POST", "/predict", "handling"))
            self.assertIn("hangs", line["message"])
            self.assertGreaterEqual(line["duration_ms"], TIMEOUT * 1000)
            self.assertEqual(self.stack.count("appcore_request_timeouts_total") - timeouts, 1)
            self.assertEqual(self.stack.count("http_requests_total", status_code="504") - counted, 1)
            # Counted and logged with the time that it hung, not with that of its reply.
            counted_line, = wait_until(lambda i=request_id: self.stack.logged("appcore", request_id=i))
            self.assertEqual((counted_line["status_code"], counted_line["duration_ms"]), (504, TIMEOUT * 1000))
            self.assertTrue(wait_until(lambda b=before: len(set(self.stack.worker_pids()) - b) == 1))

    def test_a_reply_of_nginx_has_the_id_of_the_last_words(self):
        reply = self.ask(30)
        self.assertEqual(reply.status, 504)
        self.assertRegex(reply.get("X-Request-ID"), UUID4)
        self.assertEqual(len(self.last_words(reply.get("X-Request-ID"))), 1)
        self.assertEqual(len(wait_until(
            lambda: self.stack.logged("access", request_id=reply.get("X-Request-ID")))), 1)

    def test_others_are_served_meanwhile(self):
        self.assertTrue(wait_until(lambda: len(self.stack.worker_pids()) == 3))
        # Long bodies come on connections of their own, which only a worker that is free accepts.
        body = b'{"features":[30' + b" " * 100_000 + b"]}"
        hanging = [threading.Thread(target=self.stack.predict, args=(body,)) for _ in range(2)]
        for thread in hanging:
            thread.start()
        self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 2))
        self.assertEqual(self.stack.get("/health").status, 200)
        for thread in hanging:
            thread.join()

    def test_clients_cannot_use_the_path_for_timeouts(self):
        self.assertEqual(self.stack.get("/-/timeout").status, 404)


class Crashing(GuardTest):
    def test_a_request_that_kills_every_worker_is_tried_twice_and_named(self):
        before = set(self.stack.worker_pids())
        reply = self.ask(CRASH, "poison")
        self.assertEqual((reply.status, reply.json()), (502, {"detail": "Bad Gateway"}))
        self.assertEqual(reply.get("X-Request-ID"), "poison")
        lines = wait_until(lambda: len(self.last_words("poison")) == 2 and self.last_words("poison"))
        for line in lines:
            self.assertIn("SIGSEGV", line["message"])
            self.assertIn("POST /predict", line["message"])
        entry, = wait_until(lambda: self.stack.logged("access", request_id="poison"))
        self.assertEqual(entry["upstream_status"].split(" : ")[:2], ["502", "502"])
        self.assertTrue(wait_until(lambda: len(self.stack.worker_pids()) == 3))
        # The second try may have met the successor of the first one's worker.
        self.assertIn(len(before & set(self.stack.worker_pids())), (1, 2))

    def test_other_requests_are_answered(self):
        load = Load(self.stack, (Case("POST", "/predict", 201, b'{"features":[0]}'),
                                 Case("GET", "/health", 200)), 2)
        try:
            for _ in range(6):
                self.assertEqual(self.ask(CRASH).status, 502)
                # Two at once would leave nobody to repeat what shared a worker's fate.
                self.assertTrue(wait_until(lambda: len(self.stack.worker_pids()) == 3))
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.replies(), 2)

    def busy_pid(self, killed):
        """Of the worker that has a request in hand, once there is another than those killed."""
        def pids():
            workers = self.stack.get("/status").json()["workers"]
            return {worker["pid"] for worker in workers if worker["state"] == "busy"} - set(killed)
        return wait_until(pids).pop()

    def killed(self, times):
        """The reply to a request whose worker is killed so many times."""
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.ask(1, f"killed-{times}")))
        thread.start()
        killed = []
        for _ in range(times):
            killed.append(self.busy_pid(killed))
            os.kill(killed[-1], signal.SIGKILL)
        thread.join()
        self.assertTrue(wait_until(lambda: len(self.stack.worker_pids()) == 3))
        return replies[0]

    def test_two_kills_are_not_the_request_s_fault(self):
        for times, status in ((1, 201), (2, 201), (3, 502)):
            # Counted just before: the repeated request must not be taken for one of them.
            for _ in range(6):
                self.assertEqual(self.ask(0).status, 201)
            counted = self.stack.count("http_requests_total", status_code=str(status))
            self.assertEqual(self.killed(times).status, status, times)
            self.assertEqual(self.stack.count("http_requests_total", status_code=str(status)) - counted, 1, times)
        entry, = wait_until(lambda: self.stack.logged("access", request_id="killed-3"))
        self.assertEqual(entry["upstream_status"].split(" : ")[:3], ["502"] * 3)

    def test_a_lack_of_memory_is_a_503_and_no_crash(self):
        before = set(self.stack.worker_pids())
        reply = self.ask(BAD_ALLOC)
        self.assertEqual((reply.status, list(reply.json())), (503, ["detail"]))
        self.assertTrue(reply.get("Retry-After"))
        self.assertEqual(set(self.stack.worker_pids()), before)


class Slow(GuardTest):
    variables = {**GuardTest.variables, "APPCORE_SLOW_REQUEST": "0.1"}

    def test_a_slow_request_is_a_warning_besides_its_line(self):
        self.assertEqual(self.ask(0.2, "slow-1").status, 201)
        self.assertEqual(self.ask(0, "fast-1").status, 201)
        lines = self.stack.logged("appcore", request_id="slow-1")
        self.assertEqual([line["level"] for line in lines], ["INFO", "WARNING"])
        self.assertIn("POST /predict is slow", lines[1]["message"])
        self.assertGreaterEqual(lines[1]["duration_ms"], 200)
        self.assertEqual(set(lines[0]), set(lines[1]))
        self.assertEqual(len(self.stack.logged("appcore", request_id="fast-1")), 1)


class Stopping(GuardTest):
    def test_a_worker_that_is_told_to_end_finishes_its_request(self):
        results = []
        thread = threading.Thread(target=lambda: results.append(self.ask(1)))
        thread.start()
        self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 1))
        for pid in self.stack.worker_pids():
            os.kill(pid, signal.SIGTERM)
        thread.join()
        self.assertEqual(results[0].status, 201)

    def test_a_restart_waits_for_requests_that_take_long(self):
        results = []
        thread = threading.Thread(target=lambda: results.append(self.ask(1.5)))
        thread.start()
        self.assertTrue(wait_until(lambda: self.stack.count("appcore_requests_in_flight") == 1))
        self.assertEqual(self.stack.ctl("restart").returncode, 0)
        thread.join()
        self.assertEqual(results[0].status, 201)


class Sandboxed(GuardTest):
    variables = {**GuardTest.variables, "APPCORE_SANDBOX": "on"}  # also under `make coverage`

    def test_forbidden_calls_are_refused(self):
        for what in (EXECUTE, SOCKET, OPEN_TO_WRITE, FORK):
            reply = self.ask(what)
            self.assertEqual(reply.status, 201)
            self.assertIn(reply.json().get("result"), (errno.EPERM, errno.EACCES), what)

    def test_the_kernel_says_so_of_every_worker(self):
        def is_sandboxed(pid):
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                return {"NoNewPrivs:\t1\n", "Seccomp:\t2\n"} <= set(file)

        # Another test's worker may still be on its way back.
        self.assertTrue(wait_until(lambda: all(is_sandboxed(pid) for pid in self.stack.worker_pids())))

    def test_logs_are_reopened_and_slots_taken_again_within(self):
        log = os.path.join(self.stack.run_dir, "log", "appcore.log")
        os.rename(log, log + ".1")
        self.assertEqual(self.stack.ctl("reopen").returncode, 0)
        for _ in range(8):
            self.assertEqual(self.ask(0).status, 201)
        self.assertTrue(self.stack.logged("appcore", path="/predict"))
        # Without its folder a worker counts for itself, and adds that to its slot at its end.
        before = self.stack.count("predictions_total")
        state = self.stack.state_dir
        os.rename(state, state + ".away")
        self.addCleanup(shutil.rmtree, state + ".away")
        os.mkdir(state, 0o750)
        self.assertEqual(self.ask(0).status, 201)
        workers = self.stack.worker_pids()
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        self.assertTrue(wait_until(lambda: not set(self.stack.worker_pids()) & set(workers)))
        self.assertEqual(self.stack.logged("appcore", level="ERROR"), [])
        self.assertEqual(self.stack.count("predictions_total"), before + 1)


class Traced(GuardTest):
    """The sandbox refuses without a word: what serving asks of the kernel has to be on its list."""

    variables = {**Sandboxed.variables, "WORKERS": 2, "APPCORE_REQUEST_TIMEOUT": 20}

    def test_serving_makes_no_call_that_is_refused(self):
        with open(os.path.join(self.stack.run_dir, "supervisord.pid"), encoding="ascii") as file:
            traced = [int(file.read()), *self.stack.worker_pids()]  # supervisord for workers that are yet to come
        trace = os.path.join(self.stack.run_dir, "trace")
        command = ["strace", "-f", "-q", "-Z", "-o", trace, *(f"--attach={pid}" for pid in traced)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
            self.addCleanup(tracer.kill)
            self.assertTrue(wait_until(lambda: all(self.tracer_of(pid) == tracer.pid for pid in traced)))
            for happening in (self.usual_requests, self.lost_reply, self.refused_body, self.lack_of_memory,
                              self.reopened_log, self.lost_state, self.stop_between_requests):
                with self.subTest(happening.__name__):
                    happening()
            self.assertTrue(wait_until(lambda: self.ask(EXECUTE).json().get("result") == errno.EPERM))
            tracer.terminate()
        with open(trace, encoding="utf-8", errors="replace") as file:
            refused = {line.split()[1].partition("(")[0] for line in file if "EPERM" in line}
        self.assertEqual(refused, {"execve"})  # the one that has to be, so that the trace is known to show them

    def tracer_of(self, pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("TracerPid:"))

    # --- what may happen to a worker ------------------------------------------------------------

    def usual_requests(self):
        for body in (b'{"features":[0]}', b'{"features":[0' + b",1" * 100_000 + b"]}", b'{"features":["x"]}', b"{"):
            self.assertIn(self.stack.predict(body).status, (201, 400, 422))
        for path in ("/health", "/metrics", "/openapi.json", "/docs", "/none"):
            self.stack.get(path)

    def lost_reply(self):
        """Its peer closes the connection without reading it."""
        before = self.stack.count("predictions_total")
        with fastcgi.Connection(self.stack.worker_socket) as connection:
            connection.send(fastcgi.request(b'{"features":[0]}', keep=True))
            self.assertTrue(select.select([connection.socket], [], [], 30)[0])
        # A count that somebody has seen already is not shown lower: predictions make up for it.
        asked = 0

        def is_made_up():
            nonlocal asked
            asked += 1
            self.assertEqual(self.ask(0).status, 201)
            return self.stack.count("predictions_total") == before + asked

        self.assertTrue(wait_until(is_made_up))

    def refused_body(self):
        """It comes whole although it is too large: the worker lingers, so that the peer reads why."""
        body = b" " * ((32 << 20) + 1)
        self.assertEqual(fastcgi.ask(self.stack.worker_socket, fastcgi.request(body), timeout=30).status, 413)

    def lack_of_memory(self):
        self.assertEqual(self.ask(BAD_ALLOC).status, 503)

    def reopened_log(self):
        log = os.path.join(self.stack.run_dir, "log", "appcore.log")
        os.rename(log, log + ".1")
        self.assertEqual(self.stack.ctl("reopen").returncode, 0)
        self.usual_requests()

    def lost_state(self):
        """Workers make new slots in a directory that was replaced, and take those of others."""
        os.rename(self.stack.state_dir, self.stack.state_dir + ".away")
        self.addCleanup(shutil.rmtree, self.stack.state_dir + ".away")
        os.mkdir(self.stack.state_dir, 0o750)
        self.usual_requests()

    def stop_between_requests(self):
        asking = [threading.Thread(target=self.ask, args=(0.1,)) for _ in range(20)]
        for thread in asking:
            thread.start()
        before = set(self.stack.worker_pids())
        for pid in before:
            os.kill(pid, signal.SIGTERM)
        for thread in asking:
            thread.join()
        self.assertTrue(wait_until(lambda: not before & set(self.stack.worker_pids()), 30))


class Unsandboxed(GuardTest):
    variables = {**GuardTest.variables, "APPCORE_SANDBOX": "off"}

    def test_the_switch_turns_it_off(self):
        self.assertEqual(self.ask(FORK).json()["result"], 0)


class Recycling(StackTest):
    LIMIT = 200
    variables = {"WORKERS": 2, "APPCORE_MAX_REQUESTS": LIMIT}

    def test_workers_are_recycled_and_lose_no_request(self):
        load = Load(self.stack, (Case("POST", "/predict", 201, b'{"features":[1]}'),
                                 Case("GET", "/health", 200)), 8, 20 * self.LIMIT)
        load.wait()
        self.assertEqual(load.wrong, [])
        starts = self.stack.count("appcore_worker_starts_total")
        # Two of them are those at the beginning, one is the metrics program's; the limit varies by a tenth.
        self.assertGreaterEqual(starts - 3, load.replies() / (1.1 * self.LIMIT) - 2)
        self.assertLessEqual(starts - 3, load.replies() / (0.9 * self.LIMIT))
        self.assertEqual(self.stack.ctl("status").returncode, 0)
        ends = [o["message"] for o in self.stack.logged("system", logger="supervisord")
                if o["message"].startswith("exited: blue-")]
        self.assertTrue(ends)
        self.assertEqual([m for m in ends if "exit status 0" not in m], [])
