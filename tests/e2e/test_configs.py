"""Prometheus' configuration, rules and dashboard, as far as they can be checked by themselves."""

import glob
import itertools
import json
import os
import re
import tempfile
import unittest

from chain import CONFIG, DASHBOARD, RULES, promtool, settings_for_node_exporter_only
from stack import ROOT

RULE_TESTS = os.path.join(ROOT, "tests", "configs")
ALERT = re.compile(r"^ *- alert: (\w+)$", re.MULTILINE)
# A question about an alert's series, and whether an answer is expected.
ABOUT_ALERT = re.compile(r'- expr: .*alertname="(\w+)".*\n *eval_time: .*\n *exp_samples:( \[\])?')
# The series that the programs and node-exporter deliver, in an expression; those of no alert.
EXPRESSION = re.compile(r"^ *expr: (.*(?:\n {10,}\S.*)*)$", re.MULTILINE)
SERIES = re.compile(r"(?<![:\w])(?:up|(?:app|appcore|http|node|prediction|predictions)_[a-z_]+)(?![:\w])")
FOR_DASHBOARDS = {"predictions_total", "prediction_duration_seconds_bucket", "appcore_request_duration_seconds_bucket",
                  "appcore_prediction_duration_seconds_bucket"}
GRID_WIDTH = 24


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Rules(unittest.TestCase):
    def check(self, *arguments):
        code, output = promtool(*arguments)
        self.assertEqual(code, 0, output)
        return output

    def test_promtool_accepts_configuration_and_rules(self):
        output = self.check("check", "config", CONFIG)
        self.assertIn("4 rule files found", output)
        self.check("check", "rules", *glob.glob(f"{RULES}/*.yml"))

    def test_the_configuration_for_node_exporter_alone_is_valid_too(self):
        text = settings_for_node_exporter_only(read(CONFIG))
        self.assertEqual(re.findall(r"job_name: (\S+)", text), ["appcore-front", "node"])
        self.assertRegex(text, r"\n +target_label: job\n")
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(RULES, os.path.join(folder, "rules"))
            config = os.path.join(folder, "prometheus.yml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(text)
            self.check("check", "config", config)

    def test_rules_and_alerts_do_what_their_tests_say(self):
        tests = sorted(glob.glob(f"{RULE_TESTS}/*.test.yml"))
        self.assertEqual(len(tests), 6)
        self.check("test", "rules", *tests)

    def test_the_machine_whose_samples_have_gaps_has_every_series_that_rules_ask_for(self):
        rules = "".join(read(path) for path in glob.glob(f"{RULES}/*.yml"))
        asked = set(SERIES.findall("".join(EXPRESSION.findall(rules))))
        self.assertIn("app_health_status", asked)
        for name in ("gaps", "windows"):
            text = read(os.path.join(RULE_TESTS, f"{name}.test.yml"))
            _, _, machine = text.partition("nothing fires after a gap")
            machine, _, _ = machine.partition("promql_expr_test")
            self.assertLessEqual(asked - FOR_DASHBOARDS, set(SERIES.findall(machine)))

    def test_status_calls_a_problem_what_the_alerts_call_one(self):
        alerts = read(os.path.join(RULES, "appcore.alerts.yml"))
        sources = read(os.path.join(ROOT, "src", "appcore", "status", "status_report.cpp")) \
            + read(os.path.join(ROOT, "src", "appcore", "status", "status_page.cpp"))
        for alert, metric, constant in (("AppcoreQueue", r'quantile="0.5"}', "kLongWait"),
                                        ("AppcoreQueue", r"avg_over_time\(appcore_requests_waiting\[1m\]\)", "kManyWaiting"),
                                        ("AppcoreErrors", "ratio_rate5m", "kManyErrors")):
            bound, = re.findall(rf"{constant} = ([\d.]+);", sources)
            _, _, rule = alerts.partition(f"- alert: {alert}\n")
            self.assertRegex(rule.partition("- alert: ")[0], rf"{metric}\)* > {re.escape(bound)}\b")

    def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(self):
        asked = [found for name in ("alerts", "objectives")
                 for found in ABOUT_ALERT.findall(read(os.path.join(RULE_TESTS, f"{name}.test.yml")))]
        fires = {name for name, nothing in asked if not nothing}
        is_quiet = {name for name, nothing in asked if nothing}
        alerts = set(ALERT.findall(read(os.path.join(RULES, "appcore.alerts.yml"))))
        self.assertTrue(alerts)
        self.assertEqual(fires, alerts)
        self.assertEqual(is_quiet, alerts)


class Dashboard(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(read(DASHBOARD))
        self.panels = self.dashboard["panels"]
        self.graphs = [panel for panel in self.panels if panel["type"] != "row"]

    def test_it_can_be_imported(self):
        # 37 is Grafana 9.2's; newer ones migrate it. An id would be that of one installation.
        self.assertEqual(self.dashboard["schemaVersion"], 37)
        self.assertNotIn("id", self.dashboard)
        self.assertTrue(self.dashboard["uid"])
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))

    def test_every_query_goes_to_the_data_source_that_is_chosen(self):
        variables = {v["name"]: v for v in self.dashboard["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        chosen = {"type": "prometheus", "uid": "${datasource}"}
        asking = [v for v in variables.values() if v["type"] == "query"] + self.graphs
        asking += [target for panel in self.graphs for target in panel["targets"]]
        for one in asking:
            self.assertEqual(one["datasource"], chosen)

    def test_every_panel_says_what_it_answers_and_in_which_unit(self):
        for panel in self.graphs:
            with self.subTest(panel=panel["title"]):
                self.assertTrue(panel["title"])
                self.assertIn("?", panel["description"])
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(all(target["legendFormat"] for target in panel["targets"]))

    def test_there_is_a_row_for_each_worker(self):
        rows = [panel for panel in self.panels if panel["type"] == "row"]
        self.assertEqual([row.get("repeat") for row in rows], [None, None, None, "worker"])

    def test_panels_fill_the_grid_and_do_not_overlap(self):
        taken = set()
        for panel in self.panels:
            at = panel["gridPos"]
            cells = set(itertools.product(range(at["x"], at["x"] + at["w"]),
                                          range(at["y"], at["y"] + at["h"])))
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
        height = max(y for _, y in taken) + 1
        self.assertEqual(len(taken), GRID_WIDTH * height)


if __name__ == "__main__":
    unittest.main()
