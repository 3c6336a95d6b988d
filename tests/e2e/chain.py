"""Debian's Prometheus programs around a stack: configuration, processes, and questions to them."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from stack import ROOT, free_port, wait_until

CONFIGS = os.path.join(ROOT, "configs")
CONFIG = os.path.join(CONFIGS, "prometheus.yml")
RULES = os.path.join(CONFIGS, "rules")
DASHBOARD = os.path.join(CONFIGS, "grafana", "appcore-dashboard.json")

JOB = "practical-production-service"
API, NODE_EXPORTER = "api:8000", "node-exporter:9100"  # the targets in prometheus.yml
INTERVAL = "500ms"  # of scrapes and rules, instead of the real ones, so that tests are short

SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)\Z")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')


def promtool(*arguments, text=None):
    """Runs promtool; returns its exit code and all that it said."""
    done = subprocess.run(["promtool", *arguments], input=text, text=True, timeout=60, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
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
    """prometheus.yml as its comment says for machines of which only node-exporter can be reached."""
    instead = re.findall(r"^  #   (\w+: \S+)$", text, re.MULTILINE)
    text = re.sub(r"(?s)  - job_name: practical-production-service\n.*?\n\n", "", text)
    return re.sub(r"(?m)^( +)action: drop$", lambda m: "\n".join(m[1] + line for line in instead), text)


class Server:
    """A program that listens on a port of its own, and ends with the test in any case."""

    def __init__(self, folder, name, *arguments):
        self.port = free_port()
        self.log = os.path.join(folder, f"{name}-{self.port}.log")
        self.command = ["setpriv", "--pdeathsig", "KILL", name,
                        f"--web.listen-address=127.0.0.1:{self.port}", *arguments]
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
        wait_until(lambda: self.process.poll() is not None or self.metrics() is not None, 30)
        if self.metrics() is None:
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
        super().__init__(folder, "prometheus-pushgateway")


class Prometheus(Server):
    """Prometheus with configs/prometheus.yml, but for `targets` ({there: here}) and the intervals."""

    def __init__(self, folder, targets, change=lambda text: text):
        os.symlink(RULES, os.path.join(folder, "rules"))
        with open(CONFIG, encoding="utf-8") as file:
            text = change(file.read())
        for there, here in targets.items():
            assert f'"{there}"' in text, f"{CONFIG} has no target {there}"
            text = text.replace(f'"{there}"', f'"{here}"')
        text = re.sub(r"(scrape_interval|evaluation_interval): \S+", rf"\1: {INTERVAL}", text)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        super().__init__(folder, "prometheus", f"--config.file={config}",
                         f"--storage.tsdb.path={folder}/data", "--log.level=warn")

    def ask(self, path, **parameters):
        """The data of an answer of the HTTP API; an error is an exception."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url}: {error.read()}") from error

    def query(self, expression):
        """[(labels, value)] of now."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.ask("query", query=expression)["result"]]

    def by(self, label, expression):
        """{value of the label: value} of now."""
        return {labels.get(label): value for labels, value in self.query(expression)}

    def rules(self, kind):
        """All rules of a kind, "record" or "alert", with their state."""
        return [rule for group in self.ask("rules", type=kind)["groups"] for rule in group["rules"]]
