"""The whole chain from Debian's packages: stack, HAProxy, textfile, node-exporter, Prometheus, Pushgateway.

The load happens once, before the tests; they look at what arrived where.
"""

import contextlib
import json
import math
import os
import re
import shutil
import tempfile
import time

import fronts
from chain import (API, DASHBOARD, FRONT, JOB, NODE_EXPORTER, Client, NodeExporter, Prometheus,
                   Pushgateway, promtool, replies_by_status, samples,
                   settings_for_node_exporter_only)
from stack import StackTest, wait_until

ROUNDS = 2  # rates need a second sample of each series
ARRIVES = 20  # seconds until what is scraped and computed several times a second has to be there
RARELY = 80  # seconds until a rule has been computed that configs/rules computes once a minute
PUSHED = 45  # seconds until a push has to be there: they are 15 apart
REPLIES = f'sum by (status_code) (http_requests_total{{job="{JOB}"}})'
HISTOGRAM_OR_COUNTER = re.compile(r".*_(total|count|bucket)\Z")


def folder_of(test):
    """A new folder that is removed with `test`, a class or a case."""
    folder = tempfile.mkdtemp(prefix="appcore-prometheus-")
    add = test.addClassCleanup if isinstance(test, type) else test.addCleanup
    add(shutil.rmtree, folder)
    return folder


class Chain(StackTest):
    @classmethod
    def setUpClass(cls):
        folder = folder_of(cls)
        cls.pushgateway = cls.begin(Pushgateway(folder))
        cls.variables = {"APPCORE_PUSHGATEWAY": cls.pushgateway.address}
        super().setUpClass()
        cls.textfiles = os.path.join(cls.stack.run_dir, "textfile")
        cls.node_exporter = cls.begin(NodeExporter(folder, cls.textfiles))
        front = fronts.haproxy(cls.stack.port, frontend="http-request use-service prometheus-exporter if { path /metrics }")
        cls.addClassCleanup(front.stop)
        cls.prometheus = cls.begin(Prometheus(folder, {
            API: f"127.0.0.1:{cls.stack.port}", NODE_EXPORTER: cls.node_exporter.address, FRONT: f"127.0.0.1:{front.port}"}))
        cls.client = Client(cls.stack, replies_by_status(samples(cls.exposition())))
        cls.counted = cls.client.counted
        for _ in range(ROUNDS):
            cls.client.round()
            assert fronts.ask(front.port, "/version").status == 200
            cls.counted["200"] += 1
            wait_until(lambda: cls.prometheus.by("status_code", REPLIES) == cls.counted, ARRIVES)
        wait_until(lambda: any(cls.prometheus.by("job", "job:http_request_errors:rate5m").values()),
                   ARRIVES)

    @classmethod
    def begin(cls, server):
        cls.addClassCleanup(server.stop)
        return server.start()

    def becomes(self, value, expected, seconds=ARRIVES):
        """Waits until `value()` is `expected`.

        A scrape that takes longer than its interval, as on a busy machine, leaves its target without any series until the next one,
        so what has been there may be away for an instant.
        """
        last = []
        self.assertTrue(wait_until(lambda: last.append(value()) or last[-1] == expected, seconds), f"{last[-1]}, not {expected}")

    @classmethod
    def exposition(cls):
        return cls.stack.get("/metrics").body.decode("utf-8")

    # --- what is published ----------------------------------------------------------------------

    def test_promtool_finds_nothing_wrong_with_what_is_published(self):
        with open(os.path.join(self.textfiles, "appcore.prom"), encoding="utf-8") as file:
            textfile = file.read()
        old_spelling = self.stack.get("/metrics/").body.decode("utf-8")
        for name, text in (("/metrics", self.exposition()), ("/metrics/", old_spelling),
                           ("appcore.prom", textfile)):
            with self.subTest(name):
                code, output = promtool("check", "metrics", text=text)
                self.assertEqual((code, output), (0, ""))
                self.assertTrue(samples(text))

    def test_the_textfile_has_the_same_counts(self):
        def differing():
            with open(os.path.join(self.textfiles, "appcore.prom"), encoding="utf-8") as file:
                there = samples(file.read())
            here = samples(self.exposition())
            return {key: (value, there.get(key)) for key, value in here.items()
                    if HISTOGRAM_OR_COUNTER.match(key[0]) and there.get(key) != value}

        self.assertTrue(wait_until(lambda: differing() == {}), differing())

    # --- node-exporter --------------------------------------------------------------------------

    def read_by_node_exporter(self):
        """What node-exporter says, after checking that it has nothing to complain about itself."""
        found = samples(self.node_exporter.metrics())
        errors = [value for (name, _), value in found.items()
                  if name == "promhttp_metric_handler_errors_total"]
        self.assertEqual(errors, [0, 0])
        self.assertNotIn("error gathering", self.node_exporter.output())
        return found

    def assert_node_exporter_has_all_counts(self):
        """Perhaps not at once: the textfile is rewritten every few seconds."""
        self.assertTrue(wait_until(
            lambda: replies_by_status(self.read_by_node_exporter()) == self.counted))

    def test_node_exporter_reads_the_textfile_without_an_error(self):
        self.assert_node_exporter_has_all_counts()
        found = self.read_by_node_exporter()
        self.assertEqual(found["node_textfile_scrape_error", frozenset()], 0)
        mtimes = [dict(labels)["file"] for name, labels in found
                  if name == "node_textfile_mtime_seconds"]
        self.assertEqual([os.path.basename(path) for path in mtimes], ["appcore.prom"])

    def test_foreign_and_broken_files_of_others_do_no_harm(self):
        files = {"backup.prom": "# TYPE backup_age_seconds gauge\nbackup_age_seconds 7\n",
                 "a-broken.prom": "this is not a metric\n", "cut.prom": "cut_short{label=\"",
                 "appcore.prom.old": "http_requests_total 1\n", ".appcore.prom.xyz": "x\n"}
        with contextlib.ExitStack() as removed:
            for name, text in files.items():
                path = os.path.join(self.textfiles, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                removed.callback(os.remove, path)
            self.becomes(lambda: self.prometheus.by("job", "backup_age_seconds"), {"node": 7})
            self.assert_node_exporter_has_all_counts()
            self.assertEqual(self.read_by_node_exporter()["node_textfile_scrape_error", frozenset()], 1)
        found = self.read_by_node_exporter()
        self.assertEqual(found["node_textfile_scrape_error", frozenset()], 0)

    # --- Prometheus -----------------------------------------------------------------------------

    def test_all_targets_are_up(self):
        def states():
            return {target["labels"]["job"]: (target["health"], target["lastError"])
                    for target in self.prometheus.ask("targets")["activeTargets"]}

        self.becomes(states, {JOB: ("up", ""), "node": ("up", ""), "appcore-front": ("up", "")})

    def test_counters_equal_what_the_client_counted(self):
        self.becomes(lambda: self.prometheus.by("status_code", REPLIES), self.counted)
        for name, value in (("predictions_total", self.counted["201"]),
                            ("prediction_duration_seconds_count", self.counted["201"]),
                            ("http_request_duration_seconds_count", sum(self.counted.values()))):
            self.becomes(lambda name=name: self.prometheus.by("job", f"sum by (job) ({name})"), {JOB: value})

    def test_nothing_is_counted_twice(self):
        published = {name for name, _ in samples(self.exposition())
                     if not name.startswith("process_")}  # node-exporter has its own
        read = {name for name, _ in self.read_by_node_exporter()}
        self.assertLessEqual(published, read)

        def names_of(job):
            return set(self.prometheus.by("__name__", f'count by (__name__) ({{job="{job}"}})'))

        self.becomes(lambda: published & names_of(JOB), published)
        self.assertEqual(published & wait_until(lambda: names_of("node"), ARRIVES), set())

    def test_every_recording_rule_has_a_value(self):
        self.assertTrue(self.are_evaluated("record"))
        rules = self.prometheus.rules("record")
        self.assertTrue(rules)
        for rule in rules:
            labels = ",".join(f'{k}="{v}"' for k, v in rule.get("labels", {}).items())
            with self.subTest(rule=rule["name"], labels=labels):
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""))
                self.has_data(f"{rule['name']}{{{labels}}}")

    def test_no_alert_fires_and_each_says_what_to_do(self):
        self.assertTrue(self.are_evaluated("alert"))
        rules = self.prometheus.rules("alert")
        self.assertTrue(rules)
        for rule in rules:
            with self.subTest(alert=rule["name"]):
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""))
                if not rule["name"].startswith("AppcoreErrorBudget"):  # the load's 503s are all that its windows have
                    self.assertNotEqual(rule["state"], "firing")
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "action"})

        def pending():
            return [a["annotations"]["summary"] for a in self.prometheus.ask("alerts")["alerts"]
                    if a["labels"]["alertname"] == "AppcoreErrors"]

        self.assertTrue(wait_until(pending, ARRIVES))  # for the 503s of the load
        self.assertRegex(pending()[0], r"^[\d.]+% of the replies")

    def are_evaluated(self, kind):
        """Waits for all rules of a kind: each group's first turn comes at an instant of its own within the interval."""
        return wait_until(lambda: all(rule["health"] != "unknown" for rule in self.prometheus.rules(kind)), RARELY)

    def has_data(self, expression):
        """Checks that the answer has series and all of them have numbers; returns it."""
        answer = wait_until(lambda: self.prometheus.query(expression), RARELY)
        self.assertTrue(answer, f"no data: {expression}")
        self.assertTrue(all(math.isfinite(value) for _, value in answer), f"{expression}: {answer}")
        return answer

    def test_prometheus_gets_the_trace_of_a_sampled_request_as_an_exemplar(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        reply = self.stack.request("GET", "/health", headers=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")])
        self.assertEqual(reply.status, 200)
        self.counted["200"] += 1

        def exemplars():
            return self.prometheus.ask("query_exemplars", query='appcore_request_latency_seconds_bucket{endpoint="/health"}',
                                       start=time.time() - 600, end=time.time() + 60)

        series, = wait_until(exemplars, ARRIVES)
        exemplar, = series["exemplars"]
        self.assertEqual(exemplar["labels"], {"trace_id": trace})
        self.assertLessEqual(float(exemplar["value"]), float(series["seriesLabels"]["le"]))

    # --- the dashboard --------------------------------------------------------------------------

    def test_every_query_of_the_dashboard_has_data(self):
        with open(DASHBOARD, encoding="utf-8") as file:
            dashboard = json.load(file)
        values = {}

        def filled(text):
            return re.sub(r"\$(\w+)", lambda match: values[match[1]], text)

        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                               variable["query"]["query"]).groups()
                values[variable["name"]] = self.has_data(filled(selector))[0][0][label]
        self.assertEqual(values["job"], JOB)
        self.assertRegex(values["worker"], r"^blue-0[12]$")
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                with self.subTest(panel=panel["title"], query=target["refId"]):
                    names = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                    for labels, _ in self.has_data(filled(target["expr"])):
                        self.assertLessEqual(names, set(labels))

    # --- other setups ---------------------------------------------------------------------------

    def test_node_exporter_alone_gives_the_same_counts_and_rules(self):
        alone = Prometheus(folder_of(self), {NODE_EXPORTER: self.node_exporter.address},
                           settings_for_node_exporter_only)
        self.addCleanup(alone.stop)
        alone.start()
        self.becomes(lambda: alone.by("status_code", REPLIES), self.counted)
        self.assertTrue(wait_until(lambda: alone.by("job", "job:http_requests:rate5m"), ARRIVES))
        self.becomes(lambda: alone.by("job", "count by (job) (app_health_status)"), {JOB: 1})
        self.becomes(lambda: [rule["name"] for rule in alone.rules("alert") if rule["state"] != "inactive"], [])

    def test_the_pushgateway_gets_the_counts_and_may_be_away(self):
        def pushed():
            return replies_by_status(samples(self.pushgateway.metrics() or ""))

        def pushes(result):
            return self.stack.count("appcore_pushes_total", result=result)

        self.assertTrue(wait_until(lambda: pushed() == self.counted, PUSHED, 0.5))
        self.assertEqual(promtool("check", "metrics", text=self.pushgateway.metrics())[0], 0)
        self.pushgateway.stop()
        failures = pushes("failure")
        self.assertTrue(wait_until(lambda: pushes("failure") > failures, PUSHED, 0.5))
        told = [entry for entry in self.stack.logged("appcore")
                if "Pushgateway" in entry["message"] and entry["level"] in ("WARNING", "ERROR")]
        self.assertTrue(told)
        self.client.ask(1, "POST", "/predict", b'{"features": [4]}', 201)
        self.pushgateway.start()
        successes = pushes("success")
        self.assertTrue(wait_until(lambda: pushes("success") > successes, PUSHED, 0.5))
        self.assertTrue(wait_until(lambda: [entry for entry in self.stack.logged("appcore")
                                            if "takes pushes again" in entry["message"]]))
        self.assertEqual(pushed(), self.counted)
