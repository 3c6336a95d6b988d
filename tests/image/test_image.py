"""The container image, by a real engine: `make image-test`.

Containers use the host's network on ports of their own, as every engine can. Each is as confined as
docs/deploy.md promises that it may be.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from load import Case, Load  # noqa: E402
from stack import Service, free_port, wait_until  # noqa: E402

ENGINE = os.environ.get("ENGINE", "docker").split()  # perhaps with sudo
IMAGE = os.environ.get("IMAGE", "appcore:latest")
LARGEST = 130_000_000  # bytes, what the project promises
START = 60  # seconds until a container has to answer; it takes about one
STOP = 20  # seconds that a container gets to stop; it takes about one
CONFINED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges")
STATE = "/var/lib/appcore/state"
PREDICTION = b'{"features": [1, 2, 3]}'
CASES = (Case("POST", "/predict", 201, PREDICTION), Case("GET", "/health", 200),
         Case("GET", "/nowhere", 404))

# By its command line, in a container without ps: the worker of slot 1.
KILL_A_WORKER = """for process in /proc/[0-9]*; do
    mapfile -d '' -t words <$process/cmdline
    if [[ ${words[0]-} == /usr/bin/appcore-worker && "${words[*]}" == *"--slot 1" ]]; then
        kill -KILL ${process#/proc/} && exit 0
    fi
done 2>/dev/null
exit 1"""
STOP_NGINX = "supervisorctl -c /tmp/appcore/supervisord.conf stop nginx"


def engine(*arguments, check=True):
    """Runs the engine's client; returns the finished process, its output as text."""
    done = subprocess.run([*ENGINE, *arguments], text=True, timeout=120, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if check and done.returncode != 0:
        raise AssertionError(f"{ENGINE} {arguments}: {done.stdout}{done.stderr}")
    return done


class Container(Service):
    """One container of the image."""

    def __init__(self, *options, command=()):
        super().__init__(free_port())
        self.name = f"appcore-test-{self.port}"
        engine("run", "-d", "--name", self.name, "--network", "host", "-e", f"PORT={self.port}",
               "-e", f"ADDRESS={self.address}", *CONFINED, *options, IMAGE, *command)

    def remove(self):
        engine("rm", "-f", self.name)

    def healthy(self):
        with contextlib.suppress(OSError):
            return self.get("/health").status == 200
        return False

    def state(self, field):
        return engine("inspect", "-f", "{{.State.%s}}" % field, self.name).stdout.strip()

    def start(self):
        if not wait_until(lambda: self.healthy() or self.state("Running") != "true", START):
            raise AssertionError(f"no 200: {engine('logs', self.name).stdout}")
        return self

    def run(self, *command):
        return engine("exec", self.name, *command, check=False)

    def stop(self):
        """The exit code after SIGTERM."""
        engine("stop", "-t", str(STOP), self.name)
        return int(self.state("ExitCode"))

    def wait(self):
        """The exit code of a container that ends by itself."""
        return int(engine("wait", self.name).stdout)

    def log(self):
        """All log lines as objects; a line that is not an object, or anything on standard error, fails."""
        logs = engine("logs", self.name)
        if logs.stderr:
            raise AssertionError(f"on standard error: {logs.stderr}")
        return [json.loads(line) for line in logs.stdout.splitlines()]


class Facts(unittest.TestCase):
    def inspect(self, field):
        return json.loads(engine("image", "inspect", "-f", "{{json .%s}}" % field, IMAGE).stdout)

    def shell(self, script):
        return engine("run", "--rm", "--network", "none", "--entrypoint", "bash", IMAGE, "-c", script,
                      check=False)

    def test_it_is_as_small_as_promised(self):
        self.assertLess(self.inspect("Size"), LARGEST)

    def test_labels_say_what_it_is_made_of(self):
        labels = self.inspect("Config.Labels")
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(os.path.join(root, "VERSION"), encoding="utf-8") as file:
            version = file.read().strip()
        self.assertEqual(labels["org.opencontainers.image.version"], version)
        container = Container()
        self.addCleanup(container.remove)
        self.assertEqual(container.start().count("appcore_build_info", version=version,
                                                 commit=labels["org.opencontainers.image.revision"]), 1)

    def test_nothing_that_builds_or_downloads_is_in_it(self):
        done = self.shell("command -v gcc g++ cc c++ make ld curl wget git; true")
        self.assertEqual((done.stdout, done.returncode), ("", 0))
        done = self.shell("find / -xdev \\( -name __pycache__ -o -name '*.a' -o -name '*.hpp' \\) 2>/dev/null")
        self.assertEqual(done.stdout, "")

    def test_nobody_but_root_can_write_to_what_it_runs(self):
        done = self.shell("find / -xdev -writable -not -type l 2>/dev/null"
                          " | grep -vE '^/(tmp|var/tmp|run/lock|dev|proc|sys|var/lib/appcore)(/|$)'")
        self.assertEqual(done.stdout, "")


# As somebody does who bakes a model into an image.
SERVE_A_MODEL = "appcore-model compile /models/model.txt -o /tmp/baked.acm --version baked >/dev/null && exec appcorectl run"


class Running(unittest.TestCase):
    def container(self, *options, command=()):
        container = Container(*options, command=command)
        self.addCleanup(container.remove)
        return container

    def volume(self):
        name = f"appcore-test-{free_port()}"
        engine("volume", "create", name)
        self.addCleanup(engine, "volume", "rm", "-f", name, check=False)
        return name

    def test_it_serves_the_model_that_a_variable_names(self):
        models = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models", "lightgbm-poisson")
        container = self.container("-v", f"{os.path.realpath(models)}:/models:ro", "-e", "APPCORE_MODEL=/tmp/baked.acm",
                                   command=("sh", "-c", SERVE_A_MODEL)).start()
        with open(os.path.join(models, "rows.csv"), encoding="ascii") as file:
            row = [float(field) for field in file.readline().split(",")]
        with open(os.path.join(models, "cases.json"), encoding="ascii") as file:
            expected = json.load(file)["cases"][0]["predictions"][0]
        reply = container.predict({"features": row})
        self.assertEqual((reply.status, reply.json()["result"], reply.json()["model_version"]), (201, expected, "baked"))

    def test_every_line_from_start_to_stop_is_json_on_standard_output(self):
        container = self.container().start()
        self.assertEqual(container.predict({"features": [1]}).status, 201)
        self.assertEqual(container.get("/%zz").status, 400)
        with socket.create_connection(("127.0.0.1", container.port)) as broken:
            broken.sendall(b"\x00\xff\r\n\r\n")
            broken.recv(1024)
        self.assertEqual(container.run("appcorectl", "restart").returncode, 0)
        self.assertEqual(container.predict({"features": [1]}).status, 201)
        self.assertEqual(container.stop(), 0)
        lines = container.log()
        for line in lines:
            self.assertLessEqual({"timestamp", "level", "logger", "message"}, set(line))
        loggers = {line["logger"] for line in lines}
        self.assertLessEqual({"appcore", "nginx.access", "supervisord", "appcorectl"}, loggers)
        self.assertEqual([line for line in lines if line["level"] in ("ERROR", "CRITICAL")], [])
        # The workers' own lines; nginx has none of what the pool has answered (appcore_is_news in nginx.conf).
        self.assertEqual([line["logger"] for line in lines if line.get("path") == "/predict"], ["appcore"] * 2)
        self.assertIn("metrics.sock", lines[-1]["message"])  # supervisord's last, so nothing was cut off

    def test_a_user_without_a_name_may_run_it(self):
        container = self.container("--user", "12345:12345").start()
        self.assertEqual(container.predict({"features": [1]}).status, 201)
        self.assertEqual(container.stop(), 0)

    def test_configuration_that_makes_no_sense_is_one_line_of_the_log(self):
        for variable in ("APPCORE_MAX_BODY=many", "APPCORE_METRICS_ALLOW=x;y", "APPCORE_WORKERS=0"):
            container = self.container("-e", variable)
            self.assertNotEqual(container.wait(), 0)
            lines = container.log()
            self.assertEqual([line["level"] for line in lines], ["ERROR"], lines)
            self.assertIn(variable.partition("=")[0], lines[0]["message"])

    def test_there_are_as_many_workers_as_the_quota_has_processors_unless_told(self):
        self.assertEqual(self.container("--cpus", "0.5").start().count("appcore_workers"), 1)
        asked = self.container("--cpus", "0.5", "-e", "APPCORE_WORKERS=3").start()
        self.assertEqual(asked.count("appcore_workers"), 3)

    def test_health_is_that_of_the_service(self):
        container = self.container().start()
        self.assertEqual(container.run("appcorectl", "health").returncode, 0)
        self.assertEqual(container.run("bash", "-c", STOP_NGINX).returncode, 0)
        self.assertNotEqual(container.run("appcorectl", "health").returncode, 0)

    def test_counts_outlive_the_container_in_a_volume(self):
        options = ("-v", f"{self.volume()}:{STATE}", "-e", f"APPCORE_STATE_DIR={STATE}")
        first = self.container(*options).start()
        for _ in range(7):
            self.assertEqual(first.predict({"features": [1]}).status, 201)
        self.assertEqual(first.stop(), 0)
        second = self.container(*options).start()
        self.assertEqual(second.count("predictions_total"), 7)
        engine("kill", second.name)
        self.assertEqual(self.container(*options).start().count("predictions_total"), 7)

    def test_kills_restarts_and_resizes_under_load_fail_no_request(self):
        container = self.container("-e", "APPCORE_WORKERS=3").start()
        load = Load(container, CASES, clients=4)
        try:
            for _ in range(5):
                before = load.replies()
                # supervisord may take a second to start the next.
                self.assertTrue(wait_until(
                    lambda: container.run("bash", "-c", KILL_A_WORKER).returncode == 0, 30))
                self.assertTrue(wait_until(lambda n=before: load.replies() > n + 200, 30))
            self.assertEqual(container.run("appcorectl", "restart").returncode, 0)
            self.assertEqual(container.run("appcorectl", "scale", "2").returncode, 0)
        finally:
            load.stop()
        self.assertEqual(load.wrong, [])

    def test_a_stop_answers_what_has_begun(self):
        container = self.container().start()
        head = (f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(PREDICTION)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", container.port), timeout=STOP) as client:
            client.sendall(head + PREDICTION[:5])
            stopping = subprocess.Popen([*ENGINE, "stop", "-t", str(STOP), container.name],
                                        stdout=subprocess.DEVNULL)
            self.addCleanup(stopping.wait)
            self.assertTrue(wait_until(lambda: not container.healthy(), STOP))
            client.sendall(PREDICTION[5:])
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 201 "))
        stopping.wait(STOP + 10)
        self.assertEqual(int(container.state("ExitCode")), 0)


if __name__ == "__main__":
    unittest.main()
