"""Models of a running pool are changed under load: no request is lost, each reply's version is that of the model that made it, and a
file that cannot serve changes nothing.

`python3 tests/e2e/test_model_switch.py long` takes a model of 500 MB where it takes a large one otherwise, and times the change to it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import acm_file
import large_sources
from memory import page_faults, private_kib
from model_load import ModelLoad
from stack import ROOT, Stack, StackTest, wait_until

LONG = sys.argv[1:2] == ["long"]
PROGRAM = os.path.join(os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))), "appcore-model")
MODELS = os.path.join(ROOT, "tests", "models")
SWITCHES = 20
LATEST = 0.1         # seconds that a reply may take because of a change to a model of 500 MB
ROUNDS = 3 if LONG else 1
FAULTS_MORE = 1000   # of 8,000 in each worker if the pages of 500 MB came with the requests, 16 at once
PRIVATE_MORE = 1024  # KiB that a worker with a model may have for itself beyond one with the mean
WORKERS = 8
LEAVES = 1024        # of each tree of a large model
SOURCE = 2**30 if LONG else 2**25  # bytes of a source whose compiling may not take much more
TREES = 15_500 if LONG else 600


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout


def compiled(folder, kind, version):
    """(path of the compiled fixture with all of its rows as golden rows, features of one row, the library's result for it)"""
    source = os.path.join(MODELS, kind)
    with open(os.path.join(source, "cases.json"), encoding="utf-8") as file:
        predictions = json.load(file)["cases"][0]["predictions"]
    golden = os.path.join(folder, f"{version}.predictions.csv")
    with open(golden, "w", encoding="ascii") as file:
        file.writelines(f"{prediction!r}\n" for prediction in predictions)
    path = os.path.join(folder, f"{version}.acm")
    rows = os.path.join(source, "rows.csv")
    run("compile", os.path.join(source, "model.json"), "-o", path, "--version", version, "--golden", f"{rows},{golden}")
    with open(rows, encoding="ascii") as file:
        lines = [line.strip().split(",") for line in file]
    whole = next(i for i, line in enumerate(lines) if "" not in line)
    return path, [float(field) for field in lines[whole]], predictions[whole]


class Switching(StackTest):
    variables = {"WORKERS": 2}

    def setUp(self):
        self.paths, expected = {}, {}
        for version, kind in (("old-1", "xgboost-gbtree-reg-logistic"), ("new-2", "xgboost-gbtree-reg-squarederror")):
            self.paths[version], row, _ = compiled(self.stack.base, kind, version)
            if version == "old-1":
                self.row = row
        with open(os.path.join(self.stack.base, "row.csv"), "w", encoding="ascii") as file:
            file.write(",".join(map(repr, self.row)) + "\n")
        # Both answer the same row. What they answer is the libraries' own by test_model_fixtures.
        for version, path in self.paths.items():
            expected[version] = float(run("predict", path, "--rows", file.name))
        self.assertEqual(len(set(expected.values())), 2)
        self.ctl("model", self.paths["old-1"])
        self.load = ModelLoad(self.stack, json.dumps({"features": self.row}).encode(), expected)
        self.addCleanup(self.load.stop)

    def ctl(self, *command):
        done = self.stack.ctl(*command)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def serving(self):
        return self.stack.get("/version").json()["model_version"]

    def all_was_right(self):
        self.load.stop()
        self.assertEqual(self.load.wrong[:5], [], f"{len(self.load.wrong)} of {self.load.replies()} replies")
        self.assertGreater(self.load.replies(), 100)

    def kill_a_worker(self):
        pids = self.stack.children("appcore-worker")
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)

    def test_a_model_is_changed_back_and_forth_under_load(self):
        versions = list(self.paths)
        for i in range(SWITCHES):
            wanted = versions[(i + 1) % 2]
            if i % 4 == 2:
                self.kill_a_worker()
            self.ctl("model", "--rollback" if i % 3 == 1 else self.paths[wanted])
            self.assertEqual(self.serving(), wanted)
        self.all_was_right()
        wait_until(lambda: self.stack.count("appcore_model_workers") == self.stack.count("appcore_model_workers", model_version=wanted) == 2, 60)
        self.assertTrue(all(self.load.seen.values()), self.load.seen)

    def refused_files(self):
        """{why: bytes}"""
        with open(self.paths["new-2"], "rb") as file:
            whole = file.read()
        found = {"truncated": whole[:len(whole) // 2], "of another byte order": acm_file.other_byte_order(whole), "empty": b"", "no model": b"GIF89a" * 20}
        changed = bytearray(whole)
        changed[max(acm_file.sections(whole), key=lambda entry: entry[2])[1] + 5] ^= 4
        found["with one node changed"] = bytes(changed)
        # With right checksums nobody can tell but the golden rows.
        for _, offset, size in acm_file.sections(whole):
            for where in range(offset + 1, offset + size, 4):
                changed = bytearray(whole)
                changed[where] ^= 0x10
                path = os.path.join(self.stack.base, "try.acm")
                with open(path, "wb") as file:
                    file.write(acm_file.sealed(changed))
                done = subprocess.run([PROGRAM, "check", path], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                if "golden" in done.stderr:
                    found["that fails its golden rows"] = acm_file.sealed(changed)
                    return found
        raise AssertionError("no change of a byte is noticed by the golden rows alone")

    def test_a_file_that_cannot_serve_is_refused_and_changes_nothing(self):
        before = self.ctl("model")
        for why, data in self.refused_files().items():
            with self.subTest(why):
                path = os.path.join(self.stack.base, "refused.acm")
                with open(path, "wb") as file:
                    file.write(data)
                done = self.stack.ctl("model", path)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"\Aappcore: error: [^\n]{15,400}\n\Z")
                self.assertEqual(self.serving(), "old-1")
        self.assertEqual(self.ctl("model"), before)
        self.all_was_right()
        self.assertEqual(self.load.seen["new-2"], 0)


class Memory(unittest.TestCase):
    """One file in memory, whatever the number of workers."""

    def large(self, folder):
        """A LightGBM model of TREES trees with LEAVES leaves each, all of one shape, compiled."""
        source = os.path.join(folder, "large.txt")
        large_sources.write_lightgbm(source, TREES, LEAVES)
        path = os.path.join(folder, "large.acm")
        run("compile", source, "-o", path, "--version", "large")
        os.unlink(source)
        return path

    def test_compiling_takes_little_more_memory_than_the_source_and_what_it_makes_of_it(self):
        """The pages of the source are mapped and may go; what is made of it is there twice while it is written."""
        with tempfile.TemporaryDirectory() as folder:
            for name, write in (("model.json", large_sources.write_xgboost),
                                ("model.txt", lambda path, size, leaves: large_sources.write_lightgbm(path, size // (75 * leaves), leaves))):
                source, made = os.path.join(folder, name), os.path.join(folder, "made.acm")
                write(source, SOURCE, LEAVES)
                process = subprocess.Popen([PROGRAM, "compile", source, "-o", made], stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertEqual(process.returncode, 0)
                size, peak = os.path.getsize(source), usage.ru_maxrss * 1024
                print(f"{name}: {size:,} bytes of source, {os.path.getsize(made):,} compiled, {peak:,} of memory at most, "
                      f"{usage.ru_utime + usage.ru_stime:.1f} s of a processor", file=sys.stderr)
                self.assertLess(peak - size, 2.5 * os.path.getsize(made) + 64_000_000)
                os.unlink(source)

    def workers(self, **variables):
        """(KiB that a worker has for itself at most, page faults of all workers in 200 predictions, the model's version)"""
        stack = Stack(WORKERS=WORKERS, **variables)
        try:
            stack.up()
            self.assertEqual(stack.predict({"features": [1.0] * 10}).status, 201)
            # Only then each of them has checked the file.
            wait_until(lambda: stack.count("appcore_model_workers") == WORKERS, 120)
            pids = stack.children("appcore-worker")
            private, before = max(map(private_kib, pids)), sum(map(page_faults, pids))
            for _ in range(200):
                self.assertEqual(stack.predict({"features": [random.gauss(0, 1) for _ in range(10)]}).status, 201)
            return private, sum(map(page_faults, pids)) - before, stack.get("/version").json()["model_version"]
        finally:
            stack.down()

    def test_a_worker_has_no_more_memory_for_itself_than_with_the_mean(self):
        holder = Stack()
        self.addCleanup(holder.down)
        path = self.large(holder.base)
        self.assertGreater(os.path.getsize(path), 480_000_000 if LONG else 8_000_000)
        mean, faults_of_mean, _ = self.workers()
        with_model, faults, version = self.workers(MODEL=path)
        self.assertEqual(version, "large")
        print(f"{os.path.getsize(path):,} bytes of model, {WORKERS} workers: {with_model} KiB private at most, {mean} with the mean; "
              f"{faults} and {faults_of_mean} page faults in 200 predictions", file=sys.stderr)
        self.assertLess(with_model - mean, PRIVATE_MORE)
        if LONG:  # the check before a worker serves has brought all pages in: no request waits for one
            self.assertLess(faults - faults_of_mean, FAULTS_MORE)

    def test_no_request_is_lost_or_late_because_of_a_change_to_a_large_model(self):
        """The change before it is to a small model: what that takes is not the large one's."""
        stack = Stack(WORKERS=2)
        self.addCleanup(stack.down)
        paths = {version: os.path.join(stack.base, f"{version}.acm") for version in ("first", "small")}
        for version, path in paths.items():
            run("compile", os.path.join(MODELS, "lightgbm-dart", "model.txt"), "-o", path, "--version", version)
        paths["large"] = self.large(stack.base)
        with open(os.path.join(stack.base, "row.csv"), "w", encoding="ascii") as file:
            file.write(",".join(["1.0"] * 10) + "\n")
        with stack.with_variables(MODEL=paths["first"]):
            stack.up()
        expected = {version: float(run("predict", path, "--rows", file.name)) for version, path in paths.items()}
        load = ModelLoad(stack, json.dumps({"features": [1.0] * 10}).encode(), expected, clients=4)
        late = []  # in each round, what the large model's change adds to the longest reply
        try:
            for _ in range(ROUNDS):
                longest = {}
                for version in ("small", "large"):
                    load.window()
                    begun, seen = time.monotonic(), load.seen[version]
                    done = stack.ctl("model", paths[version])
                    self.assertEqual(done.returncode, 0, done.stdout)
                    wait_until(lambda: load.seen[version] > seen + 100, 60)
                    longest[version], lateness = load.longest, load.lateness
                # What the large model takes when nothing changes, for as long: a prediction is milliseconds of a processor there.
                took = time.monotonic() - begun
                load.window()
                wait_until(lambda: time.monotonic() > begun + 2 * took, 120)
                late.append(longest["large"] - max(longest["small"], lateness, load.longest, load.lateness))
                print(f"longest reply {longest['small']:.3f} s while a small model takes over, {longest['large']:.3f} s while a large one does, "
                      f"{load.longest:.3f} s after it; the machine itself came late by {lateness:.3f} s and {load.lateness:.3f} s", file=sys.stderr)
        finally:
            load.stop()
        self.assertEqual(load.wrong[:5], [])
        self.assertTrue(load.seen["small"] and load.seen["large"], load.seen)
        if LONG:  # a busy machine cannot fail `make test`; what else it does can only add to what the change does
            self.assertLess(min(late), LATEST)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
