"""up, down, status and run: idempotent, side by side, and nothing stays behind."""

import os
import signal
import socket
import subprocess
import unittest

from stack import CTL, Stack, free_port, processes, stop_process, wait_until


class Lifecycle(unittest.TestCase):
    def stack(self, **variables):
        stack = Stack(**variables)
        self.addCleanup(stack.down)
        return stack

    def leftovers(self, stack):
        """Sockets and pid files below the stack's folder."""
        return [name for name in os.listdir(stack.run_dir)
                if name.endswith((".sock", ".pid")) or ".sock." in name]

    def test_up_twice_starts_once_and_down_twice_is_fine(self):
        stack = self.stack().up()
        before = stack.pids("")
        again = stack.ctl("up")
        self.assertEqual(again.returncode, 0)
        self.assertIn("already running", again.stdout)
        self.assertEqual(stack.ctl("status").returncode, 0)
        self.assertLessEqual(set(before.items()), set(stack.pids("").items()))
        self.assertEqual(stack.ctl("down").returncode, 0)
        self.assertEqual(processes(stack.run_dir), [])
        self.assertEqual(self.leftovers(stack), [])
        again = stack.ctl("down")
        self.assertEqual(again.returncode, 0)
        self.assertIn("not running", again.stdout)
        self.assertEqual(stack.ctl("status").returncode, 3)

    def test_two_stacks_live_side_by_side(self):
        one, two = self.stack().up(), self.stack().up()
        one.predict({"features": [1]})
        self.assertEqual(one.count("predictions_total"), 1)
        self.assertEqual(two.count("predictions_total"), 0)
        self.assertEqual(one.ctl("down").returncode, 0)
        self.assertEqual(two.get("/health").status, 200)

    def test_a_taken_port_is_named(self):
        with socket.socket() as other:
            stack = self.stack()
            other.bind(("127.0.0.1", stack.port))
            other.listen()
            done = stack.ctl("up")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {stack.port}", done.stdout)

    def test_a_port_that_another_stack_has_is_named(self):
        """Both are one user's, and nginx would let them share it."""
        one, two = self.stack().up(), self.stack()
        two.port = one.port
        done = two.ctl("up")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"port {one.port}", done.stdout)

    def test_a_further_listener_that_another_stack_has_is_named(self):
        variables = {"WORKERS": 1, "APPCORE_TRUSTED_PROXIES": "127.0.0.1", "APPCORE_PROXY_LISTEN": f"127.0.0.1:{free_port()}"}
        self.stack(**variables).up()
        done = self.stack(**variables).ctl("up")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"{variables['APPCORE_PROXY_LISTEN'].rpartition(':')[2]} of 127.0.0.1 is taken", done.stdout)

    def test_a_listener_moves_between_one_address_and_all_at_its_port(self):
        port = free_port()
        stack = self.stack(WORKERS=1, APPCORE_TRUSTED_PROXIES="127.0.0.1", APPCORE_PROXY_LISTEN=f"0.0.0.0:{port}").up()
        for address, is_everywhere in (("127.0.0.1", False), ("0.0.0.0", True)):
            with stack.with_variables(APPCORE_PROXY_LISTEN=f"{address}:{port}"):
                done = stack.ctl("restart")
            self.assertEqual(done.returncode, 0, done.stdout)
            with socket.socket() as client:
                self.assertEqual(client.connect_ex(("127.0.0.2", port)) == 0, is_everywhere)

    def test_a_pool_that_nginx_cannot_take_can_be_replaced(self):
        stack = self.stack(WORKERS=1).up()
        with socket.create_server(("127.0.0.1", 0)) as other:
            with open(os.path.join(stack.run_dir, "current", "nginx.conf"), "r+", encoding="ascii") as config:
                text = config.read().replace(f"listen 127.0.0.1:{stack.port} ", f"listen 127.0.0.1:{other.getsockname()[1]} ")
                config.seek(0)
                config.write(text)
                config.truncate()
            self.assertEqual(stack.ctl("drain").returncode, 1)  # which would do again what a killed restart had begun
            done = stack.ctl("restart")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(stack.get("/health").status, 200)

    def test_a_value_that_makes_no_sense_is_named(self):
        for name, value in (("APPCORE_MAX_BODY", "many"), ("PORT", "0"), ("WORKERS", "-1"),
                            ("APPCORE_REQUEST_TIMEOUT", "soon"), ("APPCORE_METRICS_ALLOW", "a;b"),
                            ("RUN_DIR", "/tmp/" + "x" * 100), ("RUN_DIR", "/tmp/a\nb")):
            stack = self.stack()
            stack.variables[name] = value
            done = subprocess.run([CTL, "up"], env={**stack.environment(), name: value}, text=True,
                                  timeout=30, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn(name, done.stdout)
            del stack.variables[name]

    def test_a_killed_supervisord_leaves_nothing_and_up_works_again(self):
        stack = self.stack().up()
        with open(os.path.join(stack.run_dir, "supervisord.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        stack.up()
        self.assertEqual(stack.predict({"features": [1]}).status, 201)
        self.assertEqual(stack.count("predictions_total"), 1)
        with open(os.path.join(stack.run_dir, "supervisord.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        self.assertEqual(stack.ctl("down").returncode, 0)
        self.assertEqual(self.leftovers(stack), [])

    def nginx_workers(self, master):
        """Pids of the processes in the group of `master` (proc(5): the fifth field of stat)."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    if file.read().split()[4] == str(master) and int(pid) != master:
                        found.append(int(pid))
            except OSError:
                pass  # it has ended
        return found

    def test_files_that_a_caller_has_left_open_are_in_nobody_s_way(self):
        for number in (1, 2, 4):
            stack = self.stack()
            redirections = " ".join(f"{3 + i}</dev/null" for i in range(number))
            stack.enter = ("bash", "-c", f'exec "$@" {redirections}', "bash")
            stack.up()
            self.assertEqual(stack.ctl("up").returncode, 0)  # the lock is free again
            self.assertEqual(stack.predict({"features": [1]}).status, 201)

    def test_a_killed_nginx_comes_back_although_its_workers_hold_the_port(self):
        stack = self.stack().up()
        master = stack.pids("nginx")["nginx"]
        workers = self.nginx_workers(master)
        self.assertTrue(workers)
        os.kill(master, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: stack.pids("nginx").get("nginx", master) != master, 30))
        self.assertTrue(wait_until(lambda: not self.nginx_workers(master)))
        self.assertTrue(wait_until(stack.is_healthy, 30))  # its successor has a process before it listens
        self.assertEqual(stack.predict({"features": [1]}).status, 201)

    def test_down_ends_the_workers_of_an_nginx_that_was_killed(self):
        stack = self.stack().up()
        master = stack.pids("nginx")["nginx"]
        with open(os.path.join(stack.run_dir, "supervisord.pid"), encoding="utf-8") as file:
            supervisord = int(file.read())
        stop_process(supervisord)  # so that it does not start another one
        os.kill(master, signal.SIGKILL)
        os.kill(supervisord, signal.SIGKILL)
        self.assertEqual(stack.ctl("down").returncode, 0)
        self.assertTrue(wait_until(lambda: not self.nginx_workers(master)))

    def run_in_foreground(self, stack):
        """`appcorectl run`, when it serves."""
        # What runs in the background ignores SIGINT, and a shell cannot undo that; a terminal's does not.
        process = subprocess.Popen([CTL, "run"], env=stack.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn("serves on", process.stderr.readline())
        return process

    def test_run_ends_on_sigint_and_sigterm_and_takes_all_with_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            stack = self.stack()
            process = self.run_in_foreground(stack)
            self.assertEqual(stack.predict({"features": [1]}).status, 201)
            process.send_signal(number)
            output, _ = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 0)
            self.assertTrue(wait_until(lambda s=stack: not processes(s.run_dir), 2))
            self.assertEqual(self.leftovers(stack), [])
            self.assertIn('"status_code":201', output.replace(" ", ""))

    def test_run_does_not_start_beside_a_running_stack(self):
        stack = self.stack().up()
        done = stack.ctl("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("already running", done.stdout)
        self.assertEqual(stack.get("/health").status, 200)

    def test_workers_that_die_fast_are_replaced_for_ever(self):
        stack = self.stack(WORKERS=1).up()
        for _ in range(8):
            pids = wait_until(stack.worker_pids)
            self.assertTrue(pids)
            os.kill(pids[0], signal.SIGKILL)
            self.assertEqual(stack.predict({"features": [1]}).status, 201)
