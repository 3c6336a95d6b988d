"""Models from files: served by a stack, changed under load, rolled back, and refused when they are unfit."""

import json
import math
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import stack

KILLS = 4
# A LightGBM model of one feature: up to 0.5 e, above exp(800), which is infinite.
ENDLESS = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=poisson
feature_names=x
feature_infos=[0:1]

Tree=0
num_leaves=2
num_cat=0
split_feature=0
threshold=0.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=1 800
is_linear=0
shrinkage=1

end of trees
"""
MODELS = os.path.join(stack.ROOT, "tests", "models")


def program(name):
    return os.path.join(os.environ.get("APPCORE_BIN_DIR", os.path.join(stack.ROOT, "build", "release")), name)


def fixture(name, file):
    return os.path.join(MODELS, f"lightgbm-{name}", file)


def first_row(name):
    with open(fixture(name, "rows.csv"), encoding="ascii") as file:
        return [float(field) for field in file.readline().split(",")]


def first_prediction(name):
    with open(fixture(name, "cases.json"), encoding="ascii") as file:
        return json.load(file)["cases"][0]["predictions"][0]


class ModelTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="appcore-models-")
        cls.stack = stack.Stack(WORKERS=2, MODEL=fixture("binary", "model.txt"))
        cls.stack.up()
        cls.compiled = {name: cls.compile(name) for name in ("binary", "poisson")}

    @classmethod
    def tearDownClass(cls):
        cls.stack.down()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def compile(cls, name):
        path = os.path.join(cls.folder, f"{name}.acm")
        subprocess.run([program("appcore-model"), "compile", fixture(name, "model.txt"), "-o", path, "--version", name],
                       check=True, stdout=subprocess.DEVNULL)
        return path

    def predict(self, features):
        return self.stack.request("POST", "/predict", json.dumps({"features": features}).encode(), stack.JSON)

    def version(self):
        return self.predict(first_row("binary")).json()["model_version"]

    def switch(self, what):
        done = self.stack.ctl("model", what)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_prediction_has_the_bits_of_lightgbm(self):
        self.switch(self.compiled["binary"])
        reply = self.predict(first_row("binary"))
        self.assertEqual(reply.status, 201, reply.body)
        self.assertEqual(reply.json()["result"], first_prediction("binary"))
        self.assertEqual(reply.json()["model_version"], "binary")

    def test_a_wrong_number_of_features_is_refused_in_pydantics_words(self):
        self.switch(self.compiled["binary"])
        row = first_row("binary")
        for features, kind, bound, word in ((row + [1.0], "too_long", "max", "most"), (row[:-1], "too_short", "min", "least")):
            reply = self.predict(features)
            self.assertEqual(reply.status, 422)
            self.assertEqual(reply.json()["detail"], [{
                "type": kind, "loc": ["body", "features"],
                "msg": f"List should have at {word} 10 items after validation, not {len(features)}", "input": features,
                "ctx": {"field_type": "List", f"{bound}_length": 10, "actual_length": len(features)}}])

    def test_a_prediction_that_is_not_finite_is_a_422_and_counts_as_an_error(self):
        path = os.path.join(self.folder, "endless.txt")
        with open(path, "w", encoding="ascii") as file:
            file.write(ENDLESS)
        self.switch(path)
        version = self.stack.get("/version").json()["model_version"]
        self.assertEqual(self.predict([0.0]).json()["result"], math.exp(1))
        reply = self.predict([1.0])
        self.assertEqual((reply.status, reply.json()["detail"][0]["type"]), (422, "no_prediction"))
        counted = self.stack.get("/metrics").body.decode()
        for status in ("success", "error"):
            self.assertIn(f'predictions_total{{model_version="{version}",status="{status}"}} 1', counted)

    def test_a_bad_item_is_reported_before_a_short_list(self):
        self.assertEqual([item["type"] for item in self.predict(["x", 2]).json()["detail"]], ["float_parsing"])
        self.assertEqual([item["type"] for item in self.predict(["x"] * 11).json()["detail"]], ["too_long"])
        self.assertEqual([item["type"] for item in self.predict([None] * 10).json()["detail"]], ["float_type"] * 10)

    def test_models_change_and_come_back_under_load_and_each_reply_is_of_one_model(self):
        self.switch(self.compiled["binary"])
        row = first_row("binary")
        results = {}
        for name in ("binary", "poisson"):
            self.switch(self.compiled[name])
            results[name] = self.predict(row).json()["result"]
        wrong, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                reply = self.predict(row)
                body = reply.json()
                if reply.status != 201 or body["result"] != results.get(body["model_version"]):
                    wrong.append((reply.status, reply.body))

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        try:
            for _ in range(3):
                self.switch("--rollback")
                self.assertEqual(self.version(), "binary")
                self.switch("--rollback")
                self.assertEqual(self.version(), "poisson")
        finally:
            stop.set()
            for asker in askers:
                asker.join()
        self.assertEqual(wrong, [])

    def test_an_unfit_file_changes_nothing_and_is_refused_with_the_reason(self):
        self.switch(self.compiled["binary"])
        with open(self.compiled["poisson"], "rb") as file:
            whole = file.read()
        altered = bytearray(whole)
        altered[len(altered) // 2] ^= 1
        swapped = bytearray(whole)
        swapped[12:16] = whole[12:16][::-1]
        for name, content, reason in (("cut", whole[:-100], "the file is damaged"),
                                      ("altered", bytes(altered), "the file is damaged: checksum"),
                                      ("swapped", bytes(swapped), "another byte order"),
                                      ("pickle", b"\x80\x04\x95abc", "pickle")):
            path = os.path.join(self.folder, name + ".acm")
            with open(path, "wb") as file:
                file.write(content)
            done = self.stack.ctl("model", path)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(reason, done.stdout)
            self.assertEqual(self.version(), "binary")
        listed = self.stack.ctl("model").stdout
        self.assertIn("serves  binary", listed)
        kept = [name for name in os.listdir(os.path.join(self.stack.run_dir, "models")) if name.endswith(".acm")]
        self.assertLessEqual(len(kept), 5)

    def models_of(self, one):
        """Names of the compiled files that the stack keeps, and of what commands have left."""
        return sorted(name for name in os.listdir(os.path.join(one.run_dir, "models")) if name != "history")

    def test_a_command_killed_at_any_instant_is_completed_or_undone_by_the_next_one(self):
        other = stack.Stack(WORKERS=1, MODEL=self.compiled["binary"]).up()
        try:
            begun = time.monotonic()
            self.assertEqual(other.ctl("model", self.compiled["poisson"]).returncode, 0)
            whole = time.monotonic() - begun
            for i in range(KILLS):
                wanted = ("binary", "poisson")[i % 2]
                with subprocess.Popen([stack.CTL, "model", self.compiled[wanted]], env=other.environment(), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) as command:
                    time.sleep(random.uniform(0, whole))
                    command.kill()
                serving = other.get("/version").json()["model_version"]
                self.assertIn(serving, ("binary", "poisson"))
                done = other.ctl("model", self.compiled[wanted])
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual(other.get("/version").json()["model_version"], wanted)
                self.assertEqual(len(self.models_of(other)), 2, self.models_of(other))
            done = other.ctl("model", "--rollback")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertNotEqual(other.get("/version").json()["model_version"], wanted)
        finally:
            other.down()

    def test_the_model_that_serves_is_kept_whatever_a_command_leaves(self):
        """A command that was killed when its model had taken over, before it wrote that down."""
        other = stack.Stack(WORKERS=1, MODEL=self.compiled["binary"]).up()
        try:
            folder = os.path.join(other.run_dir, "models")
            with open(os.path.join(folder, "new-1"), "wb") as file:
                file.write(b"half a copy")
            os.unlink(os.path.join(folder, "history"))
            refused = os.path.join(self.folder, "refused.acm")
            with open(self.compiled["poisson"], "rb") as whole, open(refused, "wb") as file:
                file.write(whole.read()[:-1])
            self.assertNotEqual(other.ctl("model", refused).returncode, 0)
            self.assertEqual(len(self.models_of(other)), 1)
            self.assertEqual(other.ctl("restart").returncode, 0)
            self.assertEqual(other.ctl("model", self.compiled["poisson"]).returncode, 0)
            self.assertEqual(other.ctl("model", "--rollback").returncode, 0)
            self.assertEqual(other.get("/version").json()["model_version"], "binary")
        finally:
            other.down()
        self.assertTrue(other.ctl("model").stdout.startswith("appcore: does not run"), other.ctl("model").stdout)

    def test_before_the_first_model_was_the_mean(self):
        other = stack.Stack(WORKERS=1).up()
        try:
            versions = []
            for command in (["model", self.compiled["binary"]], ["model", "--rollback"], ["model", "--rollback"]):
                self.assertEqual(other.ctl(*command).returncode, 0)
                versions.append(other.get("/version").json()["model_version"])
            self.assertEqual(versions, ["binary", "v1.0", "binary"])
        finally:
            other.down()

    def test_a_compiled_file_is_served_where_the_environment_names_it(self):
        """As in a container, and as the package's configuration does it."""
        other = stack.Stack(WORKERS=1, APPCORE_MODEL=self.compiled["poisson"]).up()
        try:
            del other.variables["APPCORE_MODEL"]
            self.assertEqual(other.ctl("restart").returncode, 0)
            self.assertEqual(other.get("/version").json()["model_version"], "poisson")
            self.assertIn(f"serves  {self.compiled['poisson']}", other.ctl("model").stdout)
            self.assertEqual(other.ctl("model", self.compiled["binary"]).returncode, 0)
            self.assertEqual(other.get("/version").json()["model_version"], "binary")
        finally:
            other.down()

    def test_a_model_that_cannot_be_read_keeps_a_stack_from_starting(self):
        other = stack.Stack(WORKERS=1, APPCORE_MODEL="/nowhere.acm")
        try:
            done = other.ctl("up")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("/nowhere.acm", done.stdout)
        finally:
            other.down()

    def test_only_appcore_model_holds_what_reads_foreign_formats(self):
        for name, holds in (("appcore-worker", False), ("appcore-metrics", False), ("appcore-model", True)):
            symbols = subprocess.run(["nm", "-C", program(name)], check=True, capture_output=True, text=True).stdout
            self.assertEqual("appcore::importers::" in symbols, holds, name)


if __name__ == "__main__":
    unittest.main()
