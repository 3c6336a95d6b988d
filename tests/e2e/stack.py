"""Starts a whole stack for a test, by the command that users have, and stops it."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import xmlrpc.client

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 300  # seconds for a command, so that a hang is a failure
CTL = os.path.join(ROOT, "deploy", "appcorectl")
CONTRACT = os.path.join(ROOT, "tests", "contract")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
JSON = [("Content-Type", "application/json")]


def free_port():
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes(run_dir):
    """Pids of all processes that were started for the stack in `run_dir`."""
    found = []
    wanted = b"APPCORE_STACK=" + run_dir.encode() + b"\0"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if wanted in environment.read() + b"\0" and int(pid) != os.getpid():
                    found.append(int(pid))
        except OSError:
            pass  # it has ended, or is another user's
    return found


def wait_until(condition, seconds=60, step=0.05):
    """The first true value of condition(), or its last value when the time is up, which a busy machine must not use up."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)


def stop_process(pid):
    """SIGSTOP; returns when the process has stopped, which a busy machine makes it wait for."""
    def has_stopped():
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"

    os.kill(pid, signal.SIGSTOP)
    if not wait_until(has_stopped, LONGEST):
        raise TimeoutError(f"process {pid} does not stop")


def has_waiting_lines(state_directory):
    """Whether a ring of log lines holds some that count and have not been written (src/appcore/log/ring.hpp)."""
    for name in os.listdir(state_directory):
        if not name.endswith(".log-ring"):
            continue
        with contextlib.suppress(OSError, ValueError, StopIteration):
            with open(os.path.join(state_directory, name), "rb") as ring:
                head = ring.read(192)
            identity, published, written = (struct.unpack_from("=Q", head, at)[0] for at in (24, 64, 128))
            with open(os.path.join(state_directory, name.removesuffix("log-ring") + "slot"), "rb") as slot:
                words = slot.read()
            # The slot's own text says where its words are (src/appcore/store/slot_description.hpp).
            fields = next(line for line in words.split(b"\n") if b"worker " in line).split(b"worker ")[1].split()
            word = {field: struct.unpack_from("=Q", words, 8 * (int(fields[0]) + i))[0]
                    for i, field in enumerate(fields[2:])}
            if max(published, word[b"log_position"] if word[b"log_ring"] == identity else 0) > written:
                return True
    return False


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def get(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


def ask(connection, method, path, headers=(), body=None):
    """One request on a connection that stays open."""
    has_host = any(name.lower() == "host" for name, _ in headers)
    connection.putrequest(method, path, skip_accept_encoding=True, skip_host=has_host)
    for name, value in headers:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    reply = connection.getresponse()
    return Response(reply.status, reply.getheaders(), reply.read())


class Service:
    """What answers at an address and a port, however it was started."""

    tls = None  # an SSLContext, where it speaks TLS

    def __init__(self, port, address="127.0.0.1"):
        self.address = address
        self.port = port

    def connection(self, timeout):
        if self.tls:
            return http.client.HTTPSConnection(self.address, self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(self.address, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=(), timeout=30):
        """One request on a connection of its own."""
        connection = self.connection(timeout)
        try:
            return ask(connection, method, path, headers, body)
        finally:
            connection.close()

    def get(self, path, headers=()):
        return self.request("GET", path, headers=headers)

    def is_healthy(self):
        try:
            return self.request("GET", "/health", timeout=5).status == 200
        except OSError:
            return False

    def predict(self, body, headers=tuple(JSON)):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/predict", data, headers)

    def raw(self, data, timeout=60, method="GET"):
        """Sends bytes, returns one parsed reply, however little the bytes look like HTTP."""
        with socket.create_connection((self.address, self.port), timeout) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # refused before all was read; the reply is there nevertheless
            reply = http.client.HTTPResponse(connection, method=method)
            reply.begin()
            return Response(reply.status, reply.getheaders(), reply.read())

    def metrics(self):
        """All samples: {'name{labels}': value}."""
        samples = {}
        for line in self.get("/metrics").body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def count(self, name, **labels):
        """The sum of a family's samples that have these labels."""
        total = 0.0
        for sample, value in self.metrics().items():
            family, _, rest = sample.partition("{")
            if family == name and all(f'{k}="{v}"' in rest for k, v in labels.items()):
                total += value
        return total


class Stack(Service):
    """One stack in a folder and on a port of its own. Variables are the environment's: WORKERS=1."""

    def __init__(self, **variables):
        self.base = tempfile.mkdtemp(prefix="appcore-e2e-")
        self.run_dir = os.path.join(self.base, "run")
        # Most stops have nobody to drain.
        self.variables = {"WORKERS": "2", "APPCORE_DRAIN_SECONDS": "0", **{k: str(v) for k, v in variables.items()}}
        super().__init__(free_port(), self.variables.get("ADDRESS", "127.0.0.1"))
        self.enter = ()  # a command that runs another one where the stack is, if that is not here

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    @property
    def worker_socket(self):
        return os.path.join(self.run_dir, "current", "pool.sock")

    @property
    def state_dir(self):
        """Where the slots are while it runs: RUN_DIR/state may be a link to memory."""
        return os.path.realpath(os.path.join(self.run_dir, "state"))

    def environment(self):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        return {**inherited, "RUN_DIR": self.run_dir, "PORT": str(self.port), **self.variables}

    def ctl(self, *command, **options):
        """Runs appcorectl and returns the finished process, its output as text."""
        return subprocess.run([*self.enter, CTL, *command], env=self.environment(), text=True, timeout=LONGEST,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

    @contextlib.contextmanager
    def with_variables(self, **variables):
        """For the commands within: variables that the stack does not have otherwise."""
        before = dict(self.variables)
        self.variables.update({name: str(value) for name, value in variables.items()})
        try:
            yield
        finally:
            self.variables = before

    def up(self):
        done = self.ctl("up")
        if done.returncode != 0:
            raise AssertionError(f"up failed: {done.stdout}")
        return self

    def down(self):
        """Stops the stack, removes its folder; complains about processes that stayed."""
        done = self.ctl("down")
        wait_until(lambda: not processes(self.run_dir), 20)
        left = processes(self.run_dir)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.base, ignore_errors=True)
        if done.returncode != 0 or left:
            raise AssertionError(f"down: {done.stdout} processes left: {left}")

    # --- looking --------------------------------------------------------------------------------

    def log_lines(self, name):
        """The lines of log/NAME.log as bytes, without one that is just being written."""
        with open(os.path.join(self.run_dir, "log", name + ".log"), "rb") as log:
            return log.read().split(b"\n")[:-1]

    def settle_log(self, seconds=60):
        """Waits until log/appcore.log has what has been said so far: another thread writes it."""
        directory = self.variables.get("APPCORE_STATE_DIR") or self.state_dir
        return wait_until(lambda: not os.path.isdir(directory) or not has_waiting_lines(directory), seconds, 0.005)

    def logged(self, name, **fields):
        """The objects in log/NAME.log that have these fields."""
        if name == "appcore":
            self.settle_log()
        objects = []
        for line in self.log_lines(name):
            try:
                objects.append(json.loads(line))
            except ValueError as error:
                raise AssertionError(f"{name}.log: no JSON: {line!r}") from error
        return [o for o in objects if all(o.get(k) == v for k, v in fields.items())]

    def unlogged(self):
        """What the access log has of replies that no program has a line for, so that nobody has counted them either. Those without an
        ID are scrapes, which are not logged, and requests whose client had gone."""
        known = {"", *(o.get("request_id") for o in self.logged("appcore"))}
        return [o for o in self.logged("access") if o["request_id"] not in known]

    def pids(self, program):
        """Pids by supervisord's name of the process: blue-01, metrics, nginx. `status` would ask /health, which counts."""
        from supervisor.xmlrpc import SupervisorTransport  # of Debian's python3; benchmarks run under others, too

        transport = SupervisorTransport(None, None, "unix://" + os.path.join(self.run_dir, "ctl.sock"))
        try:
            processes = xmlrpc.client.ServerProxy("http://localhost", transport).supervisor.getAllProcessInfo()
        except OSError:
            return {}
        finally:
            transport.close()
        # STARTING: within its first second.
        return {p["name"]: p["pid"] for p in processes if p["statename"] in ("STARTING", "RUNNING") and p["group"].startswith(program)}

    def children(self, program):
        """Pids of the serving processes of a program, from /proc: asking supervisord takes long."""
        with open(os.path.join(self.run_dir, "supervisord.pid"), encoding="utf-8") as file:
            parent = file.read().strip()
        with open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as file:
            pids = file.read().split()
        found = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    command = file.read().split(b"\0")
            except OSError:
                continue
            # Not yet env(1), and not the process that only holds the socket.
            if command[0].endswith(program.encode()) and command[-2] != b"0":
                found.append(int(pid))
        return found

    def worker_pids(self):
        """Pids of the workers, without the one that only holds the socket."""
        return [pid for pool in ("blue", "green") for name, pid in self.pids(pool).items()
                if not name.endswith("-00")]


class StackTest(unittest.TestCase):
    """Test cases that share one stack a class."""

    variables = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(**cls.variables)
        cls.addClassCleanup(cls.stack.down)
        cls.stack.up()
