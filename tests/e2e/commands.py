"""Commands of appcorectl that run at the same time, are killed at any instant, and a light load that is watched meanwhile."""

import dataclasses
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import typing

from stack import ROOT, Stack, stop_process

LONGEST = 120  # seconds that any command may take on a busy machine; a healthy one takes a few
PAUSE = 0.05  # seconds between two requests of a client of the light load
BIN_DIR = os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release")))


@dataclasses.dataclass(frozen=True)
class Kill:
    number: signal.Signals
    after: int  # ms after the command's start
    group: bool  # the terminal's Ctrl-C reaches its children, too


@dataclasses.dataclass(frozen=True)
class Command:
    words: typing.Tuple[str, ...]
    at: int = 0  # ms after the beginning of all that happens at once
    kill: typing.Optional[Kill] = None
    variables: typing.Tuple[typing.Tuple[str, str], ...] = ()


def _take_signals():
    """As under a terminal: what a shell starts in the background ignores SIGINT, and nohup's children SIGHUP."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Running:
    """A command at work, in a session of its own as under a terminal."""

    def __init__(self, stack, command, ctl):
        self.command = command
        self.killed = False
        self._result = None
        self._output = tempfile.TemporaryFile("w+", errors="replace")  # a pipe might be held by whom it starts
        self.process = subprocess.Popen(
            [ctl, *command.words], env={**stack.environment(), **dict(command.variables)}, cwd=stack.base, stdin=subprocess.DEVNULL,
            stdout=self._output, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_take_signals)

    def send(self, number, group):
        if self.process.poll() is None:
            self.killed = True
            (os.killpg if group else os.kill)(self.process.pid, number)

    def finish(self):
        """Its exit code and all that it said. What it has started may go on."""
        if self._result is None:
            try:
                self.process.wait(LONGEST)
                hangs = False
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                hangs = True
            with self._output as output:
                output.seek(0)
                self._result = self.process.returncode, output.read()
            if hangs:
                raise AssertionError(f"{self.command} does not end; it said {self._result[1]!r}")
        return self._result


def at_once(stack, commands, ctl, faults=()):
    """Runs them all as they say, and faults, (ms, function), beside them. Returns those that ran, when all have ended."""
    begun, events, running = time.monotonic(), [], []

    def start(command):
        running.append(Running(stack, command, ctl))
        if command.kill:
            send = running[-1].send
            events.append((command.at + command.kill.after, lambda: send(command.kill.number, command.kill.group)))

    threads = [(at, threading.Thread(target=fault)) for at, fault in faults]
    events.extend((at, thread.start) for at, thread in threads)
    events.extend((command.at, lambda c=command: start(c)) for command in commands)
    while events:
        event = min(events, key=lambda e: e[0])
        events.remove(event)
        time.sleep(max(0.0, begun + event[0] / 1000 - time.monotonic()))
        event[1]()
    for one in running:
        one.finish()
    for _, thread in threads:
        thread.join()
    return running


class Steady:
    """Two clients, one of which keeps its connection, each with a few requests a second. Failures are remembered."""

    def __init__(self, stack, body, headers):
        self._stack = stack
        self._request = "POST", "/predict", body, dict(headers)
        self._failures = []  # (begun, what)
        self._ended = threading.Event()
        self.asked = 0
        self._threads = [threading.Thread(target=self._ask, args=(kept,)) for kept in (True, False)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def failures(self, since):
        """What was not answered by a 201 of that which began then or later."""
        return [what for begun, what in list(self._failures) if begun >= since]

    def _ask(self, kept):
        connection = self._stack.connection(60)
        while not self._ended.wait(PAUSE):
            begun = time.monotonic()
            self.asked += 1
            try:
                connection.request(*self._request)
                reply = connection.getresponse()
                body, status = reply.read(), reply.status
                what = None if status == 201 else (status, body[:100], dict(reply.getheaders()).get("X-Request-ID"))
            except (OSError, http.client.HTTPException) as error:
                what = repr(error)
            if what is not None:
                self._failures.append((begun, f"after {time.monotonic() - begun:.2f} s: {what}"))
            if what is not None or not kept:
                connection.close()
        connection.close()


class Release:
    """A folder with deploy/ and the programs, which can be removed as an operator removes an old version."""

    def __init__(self, base, name):
        self.folder = os.path.join(base, name)
        programs = os.path.join(self.folder, "build", "release")
        os.makedirs(programs)
        shutil.copytree(os.path.join(ROOT, "deploy"), os.path.join(self.folder, "deploy"),
                        ignore=shutil.ignore_patterns("npm", "debian", "packages", "__pycache__"))
        for program in ("appcore-worker", "appcore-metrics", "appcore-model"):
            shutil.copy(os.path.join(BIN_DIR, program), programs)
        self.ctl = os.path.join(self.folder, "deploy", "appcorectl")

    def remove(self):
        shutil.rmtree(self.folder)


class OwnStack(Stack):
    """A stack whose programs are where appcorectl finds them by itself."""

    def environment(self):
        variables = super().environment()
        variables.pop("APPCORE_BIN_DIR", None)
        return variables


def hold(pid, seconds):
    """Stops a process for a while."""
    try:
        stop_process(pid)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    except (ProcessLookupError, FileNotFoundError):
        pass  # it has ended meanwhile
