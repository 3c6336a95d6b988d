"""Debian's Prometheus programs around a stack, and a client that counts what it gets."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

from stack import JSON, ROOT, free_port, wait_until

CONFIGS = os.path.join(ROOT, "configs")
CONFIG = os.path.join(CONFIGS, "prometheus.yml")
RULES = os.path.join(CONFIGS, "rules")
DASHBOARD = os.path.join(CONFIGS, "grafana", "appcore-dashboard.json")

JOB = "practical-production-service"
API, NODE_EXPORTER, FRONT = "appcore", "node", "front"  # names of the files in configs/targets
INTERVAL = "500ms"  # of scrapes and rules, instead of the real ones, so that tests are short

SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)\Z")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')


def promtool(*arguments, text=None):
    """Runs promtool; returns its exit code and all that it said."""
    done = subprocess.run(["promtool", *arguments], input=text, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def fetch(url):
    """The body of a GET, or None if nobody answers or not with a 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.read().decode("utf-8")
    except (OSError, urllib.error.URLError):
        return None


def samples(text):
    """{(name, labels): value} of an exposition; no series may be there twice.

    Bounds of buckets are numbers, because node-exporter spells 1.0 as 1.
    """
    found = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, f"not a sample: {line}"
        labels = dict(LABEL.findall(match["labels"] or ""))
        if "le" in labels:
            labels["le"] = float(labels["le"])
        key = match["name"], frozenset(labels.items())
        assert key not in found, f"twice: {line}"
        found[key] = float(match["value"])
    return found


def replies_by_status(found):
    """{status: replies} of an exposition's http_requests_total."""
    counts = {}
    for (name, labels), value in found.items():
        if name == "http_requests_total":
            status = dict(labels)["status_code"]
            counts[status] = counts.get(status, 0) + value
    return counts


def settings_for_node_exporter_only(text):
    """prometheus.yml as its comment says for machines where only node-exporter can be reached."""
    instead = re.findall(r"^  #   (\w+: \S+)$", text, re.MULTILINE)
    text = re.sub(r"(?s)  - job_name: practical-production-service\n.*?\n\n", "", text)
    return re.sub(r"(?m)^( +)action: drop$",
                  lambda match: "\n".join(match[1] + line for line in instead), text)


class Server:
    """A program that listens on a port of its own, and ends with the test in any case."""

    ready = "/metrics"  # what answers 200 as soon as it can be used

    def __init__(self, folder, name, *arguments):
        self.port = free_port()
        self.log = os.path.join(folder, f"{name}-{self.port}.log")
        self.command = ["setpriv", "--pdeathsig", "KILL", name,
                        f"--web.listen-address={self.address}", *arguments]
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        if not wait_until(lambda: self.process.poll() is not None or self.is_ready(), 30) \
                or self.process.poll() is not None:
            self.stop()
            raise AssertionError(f"{self.command} does not answer: {self.output()}")
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def is_ready(self):
        return fetch(self.url + self.ready) is not None

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def metrics(self):
        """The exposition as text, or None if nobody answers."""
        return fetch(f"{self.url}/metrics")


class NodeExporter(Server):
    def __init__(self, folder, textfiles):
        super().__init__(folder, "prometheus-node-exporter", "--collector.disable-defaults",
                         "--collector.textfile", f"--collector.textfile.directory={textfiles}")


class Pushgateway(Server):
    def __init__(self, folder):
        # In memory only: Debian's default is a file of the system's.
        super().__init__(folder, "prometheus-pushgateway", "--persistence.file=")


class Prometheus(Server):
    """Prometheus with configs/prometheus.yml, `targets`, {file: address}, and short intervals.

    `change` is applied to the file's text before.
    """

    ready = "/-/ready"  # /metrics answers before the data are loaded

    def __init__(self, folder, targets, change=lambda text: text):
        os.symlink(RULES, os.path.join(folder, "rules"))
        with open(CONFIG, encoding="utf-8") as file:
            text = change(file.read())
        os.mkdir(os.path.join(folder, "targets"))
        for name, address in targets.items():
            with open(os.path.join(folder, "targets", f"{name}.yml"), "w", encoding="utf-8") as file:
                json.dump([{"targets": [address]}], file)
        text = re.sub(r"(scrape_interval|evaluation_interval): \S+", rf"\1: {INTERVAL}", text)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        super().__init__(folder, "prometheus", f"--config.file={config}",
                         f"--storage.tsdb.path={folder}/data", "--log.level=warn",
                         "--enable-feature=exemplar-storage")

    def ask(self, path, **parameters):
        """The data of an answer of the HTTP API; an error is an exception."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url}: {error.read()}") from error

    def query(self, expression):
        """The current [(labels, value)]."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.ask("query", query=expression)["result"]]

    def by(self, label, expression):
        """The current {value of the label: value}."""
        return {labels.get(label): value for labels, value in self.query(expression)}

    def rules(self, kind):
        """All rules of a kind, "record" or "alert", with their state."""
        return [rule for group in self.ask("rules", type=kind)["groups"] for rule in group["rules"]]


class Client:
    """Asks a stack for all kinds of replies and counts them by status."""

    # Each request of a round: how many times, method, path, body, status.
    REQUESTS = (
        (20, "POST", "/predict", b'{"features": [1, 2, 3]}', 201),
        (5, "POST", "/predict", b"{}", 422),
        (5, "GET", "/health", None, 200),
        (2, "GET", "/version", None, 200),
        (3, "GET", "/nowhere", None, 404),
        (2, "PUT", "/health", None, 405),
        (1, "GET", "/health/", None, 307),
        (2, "GET", "/%zz", None, 400),
    )
    # A body of this length has a connection of its own; kept ones do not notice that the socket is away.
    WHILE_AWAY = (3, "POST", "/predict", b'{"features": [1]}' + b" " * 100_000, 503)

    def __init__(self, stack, counted):
        """`counted` is what the stack has answered before."""
        self.stack = stack
        self.counted = Counter(counted)

    def ask(self, times, method, path, body, status):
        for _ in range(times):
            reply = self.stack.request(method, path, body, JSON if body else ())
            assert reply.status == status, (method, path, reply.status, reply.body)
            self.counted[str(status)] += 1

    def round(self):
        """All kinds of requests, some of them while the pool is away; then a worker is killed."""
        for request in self.REQUESTS:
            self.ask(*request)
        socket = self.stack.worker_socket
        os.rename(socket, socket + ".away")
        try:
            self.ask(*self.WHILE_AWAY)
        finally:
            os.rename(socket + ".away", socket)
        os.kill(self.stack.worker_pids()[0], signal.SIGKILL)
