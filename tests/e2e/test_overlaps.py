"""Commands that meet each other, killed commands, removed folders, dead supervisors: it serves, or it is down and says so."""

import contextlib
import json
import os
import pathlib
import pty
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from load import Case, Load
from stack import CTL, ROOT, Stack, free_port, processes, stop_process, wait_until

BIN_DIR = os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release")))
PROGRAMS = ("appcore-worker", "appcore-metrics")
CASES = (Case("POST", "/predict", 201, b'{"features":[1,2]}'), Case("GET", "/health", 200))
SERVES, DOWN = 0, 3  # exit codes of status


def nginx_workers(master):
    """The pids of those that serve; one that shuts down has another title."""
    found = set()
    for pid in pathlib.Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split():
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0") == b"nginx: worker process":
                found.add(int(pid))
    return found


class Overlaps(unittest.TestCase):
    def stack(self, **variables):
        stack = Stack(**variables)
        self.addCleanup(stack.down)
        return stack

    def start(self, stack, *command, **variables):
        """A command that runs on while the test does something else."""
        process = subprocess.Popen([CTL, *command], env={**stack.environment(), **variables}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        return process

    def assert_serves(self, stack):
        """With the processes of one stack, which status says."""
        done = stack.ctl("status")
        self.assertEqual(done.returncode, SERVES, done.stdout)
        self.assertEqual(stack.predict({"features": [1]}).status, 201)

    def assert_down(self, stack):
        self.assertEqual(stack.ctl("status").returncode, DOWN)
        self.assertEqual(processes(stack.run_dir), [])

    def supervisord(self, stack):
        with open(os.path.join(stack.run_dir, "supervisord.pid"), encoding="ascii") as file:
            return int(file.read())

    def release(self, stack, name):
        """A folder as a release has it: deploy/ and programs."""
        folder = os.path.join(stack.base, name)
        shutil.copytree(os.path.join(ROOT, "deploy"), os.path.join(folder, "deploy"))
        os.makedirs(os.path.join(folder, "build", "release"))
        for program in PROGRAMS:
            shutil.copy(os.path.join(BIN_DIR, program), os.path.join(folder, "build", "release"))
        return folder

    def ctl_of(self, stack, folder, *command):
        environment = {k: v for k, v in stack.environment().items() if k != "APPCORE_BIN_DIR"}
        return subprocess.run([os.path.join(folder, "deploy", "appcorectl"), *command], env=environment, text=True, cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)

    # --- a restart that fails --------------------------------------------------------------------------

    def test_a_worker_that_ends_during_a_trial_that_fails_comes_back_as_it_was(self):
        stack = self.stack(WORKERS=1).up()
        folder = os.path.join(stack.base, "broken")
        os.mkdir(folder)
        for program in PROGRAMS:
            path = os.path.join(folder, program)
            with open(path, "w", encoding="ascii") as file:
                file.write(f'#!/bin/sh\ncase $* in *--slot*) exit 1 ;; esac\nexec "{BIN_DIR}/{program}" "$@"\n')
            os.chmod(path, 0o755)
        restart = self.start(stack, "restart", APPCORE_BIN_DIR=folder, APP_NAME="wrong")
        self.assertTrue(wait_until(lambda: os.path.exists(f"{stack.run_dir}/conf.d/green.conf")))
        before = stack.children("appcore-worker")
        os.kill(before[0], signal.SIGKILL)
        self.assertTrue(wait_until(lambda: stack.children("appcore-worker") not in ([], before)))
        self.assertEqual(restart.wait(), 1)
        worker, = stack.children("appcore-worker")
        with open(f"/proc/{worker}/environ", encoding="utf-8") as file:
            self.assertNotIn("APP_NAME=wrong", file.read())
        self.assert_serves(stack)

    # --- a release that goes away ----------------------------------------------------------------------

    def test_after_a_restart_from_a_new_release_nothing_of_the_old_one_is_needed(self):
        stack = self.stack(WORKERS=1)
        old, new = self.release(stack, "old"), self.release(stack, "new")
        self.assertEqual(self.ctl_of(stack, old, "up").returncode, 0)
        done = self.ctl_of(stack, new, "restart")
        self.assertEqual(done.returncode, 0, done.stdout)
        metrics, = wait_until(lambda: stack.children("appcore-metrics"))  # it has just been started again
        with open(f"/proc/{metrics}/environ", encoding="utf-8") as file:
            self.assertIn(f"APPCORE_POOL_FOLDER={os.path.realpath(stack.run_dir + '/current')}\0", file.read())
        shutil.rmtree(old)
        for pid in [*stack.pids("").values()]:
            if pid != self.supervisord(stack):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: self.ctl_of(stack, new, "status").returncode == SERVES, 60))
        self.assertEqual(stack.predict({"features": [1]}).status, 201)

    def test_a_rebuilt_or_removed_release_changes_nothing_that_runs(self):
        stack = self.stack(WORKERS=1)
        release = self.release(stack, "release")
        self.assertEqual(self.ctl_of(stack, release, "up").returncode, 0)
        shutil.rmtree(release)
        before = stack.children("appcore-worker")
        os.kill(before[0], signal.SIGKILL)
        self.assertTrue(wait_until(lambda: stack.children("appcore-worker") not in ([], before)))
        self.assert_serves(stack)

    # --- several commands at once ----------------------------------------------------------------------

    def test_a_restart_a_down_and_an_up_leave_one_stack_that_serves(self):
        stack = self.stack().up()
        for _ in range(3):
            started = [self.start(stack, command) for command in ("restart", "down", "up")]
            for process in started:
                process.wait()
            if stack.ctl("status").returncode == DOWN:
                self.assert_down(stack)
                stack.up()
            self.assert_serves(stack)

    def test_two_ups_at_once_tell_the_truth(self):
        stack = self.stack()
        done = [process.communicate()[0] for process in (self.start(stack, "up"), self.start(stack, "up"))]
        self.assertEqual(sorted("already running" in text for text in done), [False, True], done)
        self.assert_serves(stack)

    def test_of_two_stacks_that_start_at_one_port_one_serves(self):
        one, two = self.stack(), self.stack()
        two.port = one.port
        self.check_one_starts(one, two)

    def test_of_two_stacks_that_start_with_one_further_listener_one_serves(self):
        variables = {"WORKERS": 1, "APPCORE_TRUSTED_PROXIES": "127.0.0.1", "APPCORE_PROXY_LISTEN": f"127.0.0.1:{free_port()}"}
        self.check_one_starts(self.stack(**variables), self.stack(**variables))

    def check_one_starts(self, one, two):
        codes = {stack: self.start(stack, "up") for stack in (one, two)}
        codes = {stack: process.wait() for stack, process in codes.items()}
        self.assertEqual(sorted(codes.values()), [0, 1])
        for stack, code in codes.items():
            self.assert_serves(stack) if code == 0 else self.assert_down(stack)

    def test_a_listener_for_other_machines_that_is_taken_changes_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            stack = self.stack(WORKERS=1, APPCORE_PEER_LISTEN=taken)
            done = stack.ctl("up")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"APPCORE_PEER_LISTEN: cannot listen at {taken}: Address already in use", done.stdout)
            self.assert_down(stack)
            del stack.variables["APPCORE_PEER_LISTEN"]
            stack.up()
            pool = os.readlink(os.path.join(stack.run_dir, "current"))
            with stack.with_variables(APPCORE_PEER_LISTEN=taken):
                self.assertEqual(stack.ctl("restart").returncode, 1)
            self.assertEqual(os.readlink(os.path.join(stack.run_dir, "current")), pool)
            self.assert_serves(stack)
        with stack.with_variables(APPCORE_PEER_LISTEN=taken):
            self.assertEqual(stack.ctl("restart").returncode, 0)
        for variables in ({}, {"APPCORE_PEER_LISTEN": taken.replace("127.0.0.1", "0.0.0.0")}, {"APPCORE_PEER_LISTEN": ""}):
            with stack.with_variables(**variables):
                done = stack.ctl("restart")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assert_serves(stack)

    def test_an_up_elsewhere_is_an_error_that_says_where_it_runs(self):
        stack = self.stack().up()
        for variables in ({"PORT": str(free_port())}, {"ADDRESS": "127.0.0.2"}):
            with stack.with_variables(**variables):
                process = self.start(stack, "up", **variables)
                text = process.communicate()[0]
            self.assertEqual(process.returncode, 1)
            self.assertIn(f"127.0.0.1:{stack.port}", text)
        self.assert_serves(stack)

    # --- killed commands -------------------------------------------------------------------------------

    def test_commands_that_are_killed_at_any_moment_are_made_good_by_the_next(self):
        chance = random.Random(14)
        stack = self.stack().up()
        load = Load(stack, CASES, 4)
        self.addCleanup(load.stop)
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM) * 2:
            # The limit of a body is nginx's too: it reloads.
            command = self.start(stack, "restart", APPCORE_MAX_BODY=str(chance.randrange(10**6, 2 * 10**6)))
            time.sleep(chance.random() * 4)
            os.killpg(command.pid, number)
            command.wait()
        with stack.with_variables(APPCORE_MAX_BODY=3_000_000):
            done = stack.ctl("restart")
        self.assertEqual(done.returncode, 0, done.stdout)
        load.stop()
        self.assertEqual(load.wrong, [])
        self.assert_serves(stack)
        self.assertFalse(os.path.exists(os.path.join(stack.run_dir, "draining")))
        self.assertEqual(len(os.listdir(os.path.join(stack.run_dir, "pools"))), 1)
        # What nginx really has: the limits before were lower, later ones are not.
        self.assertEqual(stack.predict(b" " * 2_500_000).status, 422)

    def test_replies_close_their_connections_until_nginx_has_reloaded_also_if_the_command_is_interrupted(self):
        """Between nginx's signal and its old workers' end, who would otherwise close what they have just kept."""
        stack = self.stack(APPCORE_MAX_BODY=1000).up()
        draining = os.path.join(stack.run_dir, "draining")
        restart, master = self.start_reload_of_stopped_nginx(stack)
        restart.terminate()
        wait_until(lambda: not os.path.exists(draining), 1)
        self.assertTrue(os.path.exists(draining))
        os.kill(master, signal.SIGCONT)
        self.assertEqual(restart.wait(), 128 + signal.SIGTERM)
        self.assertFalse(os.path.exists(draining))
        self.assertEqual(stack.ctl("up").returncode, 0)  # ends the old pool
        self.assert_serves(stack)

    def test_replies_close_their_connections_until_nginx_has_reloaded_also_if_the_command_is_killed(self):
        """Whatever command comes next. The first thing that it does is to wake nginx."""
        for command in ("up", "restart", "undrain", "reopen"):
            stack = self.stack(APPCORE_MAX_BODY=1000).up()
            draining = os.path.join(stack.run_dir, "draining")
            restart, master = self.start_reload_of_stopped_nginx(stack)
            old = nginx_workers(master)
            restart.kill()
            restart.wait()
            after = self.start(stack, command)
            too_early = False
            while not too_early and old & nginx_workers(master):
                too_early = not os.path.exists(draining) and old & nginx_workers(master)
            text = after.communicate()[0]
            self.assertFalse(too_early, (command, text))
            self.assertEqual(after.returncode, 0, text)
            self.assertFalse(os.path.exists(draining))
            self.assert_serves(stack)

    def start_reload_of_stopped_nginx(self, stack):
        """A restart that has sent nginx, which is stopped, its signal to reload. Returns it and nginx's pid."""
        conf = pathlib.Path(stack.run_dir, "nginx.conf")
        (master,) = stack.pids("nginx").values()
        restart = self.start(stack, "restart", APPCORE_MAX_BODY="2000")
        self.assertTrue(wait_until(lambda: "client_max_body_size 2000;" in conf.read_text(encoding="utf-8"), 60))
        stop_process(master)
        self.assertTrue(wait_until(lambda: self.waits_for(master, signal.SIGHUP), 60))
        return restart, master

    def waits_for(self, pid, number):
        """Whether a signal has been sent to a process that has not got it yet."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        pending = re.search(r"^ShdPnd:\t([0-9a-f]+)$", status, re.MULTILINE)[1]
        return int(pending, 16) & 1 << (number - 1)

    def test_a_reload_that_is_killed_is_done_again_by_the_next_command(self):
        """Between nginx.conf's change and nginx's reload, which begins with a wait for clients."""
        stack = self.stack(APPCORE_MAX_BODY=1000).up()
        conf = os.path.join(stack.run_dir, "nginx.conf")
        restart = self.start(stack, "restart", APPCORE_MAX_BODY="2000")

        def has_changed():
            with open(conf, encoding="utf-8") as file:
                return "client_max_body_size 2000;" in file.read()

        self.assertTrue(wait_until(has_changed, 60))
        restart.kill()
        restart.wait()
        self.assertEqual(stack.predict(b" " * 1500).status, 413)
        self.assertEqual(stack.ctl("up").returncode, 0)
        self.assertEqual(stack.predict(b" " * 1500).status, 422)
        self.assert_serves(stack)

    def test_an_up_that_is_killed_is_finished_or_undone_by_the_next(self):
        chance = random.Random(5)
        stack = self.stack()
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
            up = self.start(stack, "up")
            time.sleep(chance.random())
            os.kill(up.pid, number)
            up.wait()
            self.assertEqual(stack.ctl("up").returncode, 0)
            self.assert_serves(stack)
            down = self.start(stack, "down")
            time.sleep(chance.random() / 2)
            os.kill(down.pid, number)
            down.wait()
            self.assertEqual(stack.ctl("down").returncode, 0)
            self.assert_down(stack)

    # --- folders and processes that are gone -----------------------------------------------------------

    def test_a_run_dir_that_is_removed_is_seen_ended_and_made_again(self):
        for command, after in (("up", self.assert_serves), ("down", self.assert_down)):
            stack = self.stack().up()
            shutil.rmtree(stack.run_dir)
            done = stack.ctl("status")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("removed", done.stdout)
            self.assertEqual(stack.ctl(command).returncode, 0)
            after(stack)

    def test_a_supervisord_that_is_killed_is_missed_and_brought_back(self):
        stack = self.stack().up()
        self.assertEqual(stack.predict({"features": [1]}).status, 201)
        os.kill(self.supervisord(stack), signal.SIGKILL)
        self.assertNotEqual(stack.ctl("status").returncode, SERVES)
        self.assertEqual(stack.ctl("up").returncode, 0)
        self.assert_serves(stack)
        self.assertEqual(stack.count("predictions_total"), 2)

    def test_a_supervisord_that_is_stopped_keeps_no_command_from_ending(self):
        stack = self.stack().up()
        for command in ("restart", "up", "down"):
            stop_process(self.supervisord(stack))
            self.assertEqual(stack.ctl("status").returncode, 1)
            done = stack.ctl(command)
            self.assertEqual(done.returncode, 0, done.stdout)
            (self.assert_down if command == "down" else self.assert_serves)(stack)

    def test_log_filters_that_are_killed_are_started_again(self):
        """One by the other; both by the next command."""
        stack = self.stack().up()
        filters = [pid for pid in processes(stack.run_dir) if "log-filter" in self.command(pid)]
        for number, pids in enumerate(([max(filters)], [min(filters)], filters)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if pids == filters:
                filters = [pid for pid in processes(stack.run_dir) if "log-filter" in self.command(pid)]
                for pid in filters:
                    os.kill(pid, signal.SIGKILL)
                self.assertEqual(stack.ctl("up").returncode, 0)
            self.assert_serves(stack)
            stack.request("TRACE", "/health", headers=[("X-Request-ID", f"filtered-{number}")])
            self.assertTrue(wait_until(lambda n=number: stack.logged("access", request_id=f"filtered-{n}")))

    @staticmethod
    def command(pid):
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")

    def test_the_kernel_ends_workers_before_those_that_would_bring_them_back(self):
        stack = self.stack().up()

        def score(pid):
            with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
                return int(file.read())

        workers = [score(pid) for pid in stack.children("appcore-worker")]
        with open(os.path.join(stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            nginx = int(file.read())
        self.assertGreater(min(workers), max(score(nginx), score(self.supervisord(stack))))

    # --- what an operator types ------------------------------------------------------------------------

    def test_a_leading_zero_does_not_make_an_octal_number(self):
        stack = self.stack(WORKERS="02", APPCORE_REQUEST_TIMEOUT="030").up()
        self.assertEqual(stack.count("appcore_workers"), 2)
        self.assertEqual(stack.ctl("scale", "08").returncode, 0)
        self.assertEqual(stack.count("appcore_workers"), 8)
        self.assertEqual(len(stack.children("appcore-worker")), 8)
        with open(os.path.join(stack.run_dir, "nginx.conf"), encoding="utf-8") as file:
            self.assertIn("fastcgi_read_timeout 35s;", file.read())

    def test_a_peer_s_name_that_does_not_resolve_keeps_nothing_from_starting(self):
        stack = self.stack(APPCORE_PEERS="no-such-host.invalid:9100")
        done = stack.ctl("up")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("no-such-host.invalid", done.stdout)
        self.assert_serves(stack)

    def test_few_descriptors_and_the_caller_s_shell_and_python_options_do_not_matter(self):
        stack = self.stack(SHELLOPTS="nounset:xtrace", PYTHONPATH=tempfile.gettempdir(), PYTHONSTARTUP="/nowhere",
                           PYTHONHOME="/nowhere", BASH_ENV="/nowhere")
        done = stack.ctl("up", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("open files is 512", done.stdout)
        self.assertEqual(stack.ctl("health").returncode, 0)
        self.assert_serves(stack)

    def test_a_umask_hides_the_textfile_from_nobody(self):
        stack = self.stack()
        self.assertEqual(stack.ctl("up", umask=0o077).returncode, 0)
        for folder in (stack.run_dir, os.path.join(stack.run_dir, "textfile")):
            self.assertEqual(os.stat(folder).st_mode & 0o005, 0o005, folder)
        for folder in (os.path.join(stack.run_dir, "log"), stack.state_dir):  # which name clients
            self.assertEqual(os.stat(folder).st_mode & 0o777, 0o750, folder)

    def test_ipv6_addresses_have_brackets(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        stack = self.stack(ADDRESS="::")
        stack.address = "::1"
        done = stack.ctl("up")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"http://[::1]:{stack.port}", done.stdout)
        self.assertEqual(stack.ctl("health").returncode, 0)
        self.assert_serves(stack)

    # --- root ------------------------------------------------------------------------------------------

    @unittest.skipUnless(os.geteuid() == 0, "only root is asked to be careful")
    def test_root_refuses_a_run_dir_that_others_can_change(self):
        other = pwd.getpwnam("nobody")
        for make in (lambda path: os.chown(path, other.pw_uid, other.pw_gid), lambda path: os.chmod(path, 0o777),
                     lambda path: os.chmod(os.path.dirname(path), 0o777)):
            stack = self.stack()
            os.makedirs(os.path.join(stack.run_dir, "pools", "blue-1"))
            made = os.path.join(stack.base, "made")
            for name in ("environment", "pools/blue-1/environment", "pools/blue-1/launch"):
                with open(os.path.join(stack.run_dir, name), "w", encoding="ascii") as file:
                    file.write(f"touch {made}\n")
            make(stack.run_dir)
            for command in ("up", "status", "down"):
                done = stack.ctl(command)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("RUN_DIR must", done.stdout)
            self.assertFalse(os.path.exists(made))
            shutil.rmtree(stack.run_dir)
            os.chmod(stack.base, 0o700)

    # --- where its words go ----------------------------------------------------------------------------

    def test_a_run_whose_output_is_full_serves_and_ends_with_all_of_it(self):
        stack = self.stack()
        with open("/dev/full", "wb") as full:
            process = subprocess.Popen([CTL, "run"], env=stack.environment(), stdout=full, stderr=full,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(process.wait)
        self.assertTrue(wait_until(lambda: stack.ctl("status").returncode == SERVES, 60))
        self.assert_serves(stack)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        self.assert_down(stack)

    def test_a_stopped_terminal_stops_nobody_and_drops_no_line_of_a_worker(self):
        """Ctrl-S, or a terminal that nobody reads: what it takes is much less than what is said."""
        stack = self.stack()
        reader, terminal = pty.openpty()
        self.addCleanup(os.close, reader)
        process = subprocess.Popen([CTL, "run"], env=stack.environment(), stdin=terminal, stdout=terminal, stderr=terminal,
                                   start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        os.close(terminal)
        self.addCleanup(process.wait)
        self.assertTrue(wait_until(lambda: stack.ctl("status").returncode == SERVES, 60))
        for _ in range(300):
            self.assertEqual(stack.predict({"features": [1]}).status, 201)
            self.assertEqual(stack.request("TRACE", "/health").status, 405)
        self.assertEqual(stack.count("appcore_log_lines_dropped_total"), 0)
        self.assertEqual(stack.ctl("restart").returncode, 0)
        self.assert_serves(stack)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        self.assert_down(stack)

    def test_a_run_that_is_killed_takes_all_with_it(self):
        stack = self.stack()
        process = self.start(stack, "run")
        self.assertTrue(wait_until(lambda: stack.ctl("status").returncode == SERVES, 60))
        process.kill()
        self.assertTrue(wait_until(lambda: not processes(stack.run_dir), 60))
        self.assertEqual(stack.ctl("up").returncode, 0)
        self.assert_serves(stack)

    def test_counts_are_in_memory_while_it_runs_and_with_the_stack_when_it_does_not(self):
        stack = self.stack().up()
        self.assertEqual(stack.predict({"features": [1]}).status, 201)
        state = stack.state_dir
        self.assertTrue(state.startswith("/dev/shm/") or not os.path.islink(os.path.join(stack.run_dir, "state")))
        for _ in range(2):
            self.assertEqual(stack.ctl("down").returncode, 0)
            self.assertFalse(os.path.islink(os.path.join(stack.run_dir, "state")))
            self.assertFalse(state.startswith("/dev/shm/") and os.path.exists(state))
            stack.up()
            self.assertEqual(stack.count("predictions_total"), 1)

    @staticmethod
    def files_of(stack):
        return {os.path.join(folder, name) for folder, _, names in os.walk(stack.run_dir) for name in names}

    def test_a_thousandth_restart_leaves_no_more_files_than_the_first(self):
        stack = self.stack(WORKERS=1).up()
        first = None
        for _ in range(4):
            self.assertEqual(stack.ctl("restart").returncode, 0)
            self.assertEqual(stack.predict({"features": [1]}).status, 201)
            # The metrics program writes its file aside first, every few seconds, and may be about to.
            first = first or self.files_of(stack)
            few = wait_until(lambda most=len(first): len(self.files_of(stack)) <= most)
            self.assertTrue(few, self.files_of(stack) - first)
        with open(os.path.join(stack.run_dir, "current", "pool.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["port"], stack.port)


if __name__ == "__main__":
    unittest.main()
