"""A real cluster of three nodes: what clients notice of rolling updates, a broken version, a drained node, one that is cut off, a new model.

Arguments are names of tests. Ten connections, half of them kept, send requests to the Service's address. The commands are those of
docs/fleet.md. Run by apart.py, which removes all of it.
"""

import os
import re
import shutil
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fleet"))

import images  # noqa: E402
import manifests  # noqa: E402
import programs  # noqa: E402
from client import Load  # noqa: E402
from cluster import GRACE, Cluster  # noqa: E402
from network import wait_until  # noqa: E402

ROOT = HERE.parent.parent
CACHE = ROOT / "build/kubernetes"
FOLDER = CACHE / "run"
BUILD = Path(os.environ.get("APPCORE_BIN_DIR", ROOT / "build/release"))
MODEL = ROOT / "tests/models/lightgbm-poisson"
BLOCKS = ("serve", "upgrade", "undo", "drain", "model")
NUMBERS = len((MODEL / "rows.csv").read_text(encoding="ascii").splitlines()[0].split(","))  # features of a request
REPLICAS = 3
REQUESTS, UPDATE_REQUESTS = 5000, 40000
BEFORE = 1000  # replies before anything happens
LONGEST = 600  # seconds for a load
RECOVERY = GRACE + 10  # seconds until requests reach no pod of a lost node
AFTERWARDS = 10  # seconds more of load

CLUSTER = Cluster(FOLDER, CACHE / "bin")


def setUpModule():
    programs.build(CACHE)
    CLUSTER.up(images.build(CACHE, FOLDER, BUILD, MODEL / "model.txt"))
    manifests.convert_example(FOLDER / "tour")
    print(follow("serve"), file=sys.stderr)
    wait_until_whole()


def keep_logs():
    """For whoever wants to know why a run has failed."""
    logs = CACHE / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    for log in FOLDER.glob("*/*.log"):
        target = logs / log.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, target)


def commands(block):
    """Those of the page."""
    found = re.findall(r"^```sh run-kubernetes\n(.*?)^```$", (ROOT / "docs/fleet.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if len(found) != len(BLOCKS):
        raise AssertionError(f"docs/fleet.md has {len(found)} blocks of commands for a cluster, not {BLOCKS}")
    return found[BLOCKS.index(block)]


def follow(block, **changed):
    """Runs the page's commands, with other words where a test needs them; returns what they print."""
    text = commands(block)
    for word, other in changed.items():
        text = text.replace(word, other)
    done = CLUSTER.shell(text, FOLDER / "tour")
    if done.returncode != 0:
        raise AssertionError(f"{text}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def serving():
    """Addresses of pods that get requests."""
    return CLUSTER.field("endpoints/appcore", "{.subsets[*].addresses[*].ip}")


def wait_until_whole():
    CLUSTER.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s")
    CLUSTER.kubectl("rollout", "status", "deployment/appcore", "--timeout=240s")
    wait_until(lambda: len(serving()) == REPLICAS, f"{REPLICAS} pods get requests")


def service():
    (address,) = CLUSTER.field("service/appcore", "{.spec.clusterIP}")
    return f"{address}:80"


def node_that_serves():
    return CLUSTER.field("endpoints/appcore", "{.subsets[0].addresses[0].nodeName}")[0]


def images_of_pods():
    return set(CLUSTER.field("pods", "{.items[*].spec.containers[*].image}", "-l", "app.kubernetes.io/name=appcore"))


def model_version():
    text = CLUSTER.machines["client"].run("curl", "-sf", "-m", "10", f"http://{service()}/version")
    return re.search(r'"model_version": ?"([^"]*)"', text)[1]


class Kubernetes(unittest.TestCase):
    def tearDown(self):
        wait_until_whole()

    def under_load(self, action, requests=REQUESTS):
        """The client's result; `action` happens on its way."""
        load = Load(CLUSTER.enter("client"), service(), requests, size=4 * NUMBERS, longest=LONGEST)
        try:
            load.wait_for(BEFORE)
            action()
        finally:
            result = load.result()
        print(f"    {self._testMethodName}: {result}", file=sys.stderr, flush=True)
        self.assertGreaterEqual(result["replies"], requests)
        return result

    def test_no_request_fails_in_three_rolling_updates(self):
        def update():
            follow("upgrade")
            self.assertIn(f"{images.APPCORE}:1.1", images_of_pods())
            follow("undo")
            follow("upgrade")

        self.assertEqual(self.under_load(update, UPDATE_REQUESTS)["failed"], 0)

    def test_no_request_fails_when_a_version_does_not_start_and_is_undone(self):
        before = images_of_pods()

        def update():
            with self.assertRaisesRegex(AssertionError, "exceeded its progress deadline"):
                follow("upgrade", **{"appcore:1.1": "appcore:1.2"})
            self.assertEqual(len(serving()), REPLICAS)
            follow("undo")

        self.assertEqual(self.under_load(update)["failed"], 0)
        wait_until(lambda: images_of_pods() == before, "the pods are of the version before")

    def test_no_request_fails_when_a_node_is_drained(self):
        node = node_that_serves()
        printed = []
        self.assertEqual(self.under_load(lambda: printed.append(follow("drain", m1=node)))["failed"], 0)
        self.assertIn("evicted", printed[0])

    def test_requests_reach_no_pod_of_a_node_that_is_cut_off_after_its_grace_period(self):
        node, cut = node_that_serves(), []

        def cut_off():
            cut.append(time.monotonic())
            CLUSTER.cable(node, "down")
            try:
                time.sleep(RECOVERY + AFTERWARDS)
                self.assertLess(len(serving()), REPLICAS)
            finally:
                CLUSTER.cable(node, "up")

        result = self.under_load(cut_off)
        last = result["last_failure"] - cut[0]
        print(f"    {result['failed']} of {result['failed'] + result['replies']} failed, the last one sent after {last:.1f} s", file=sys.stderr)
        self.assertLess(last, RECOVERY + result["stall"])

    def test_no_request_fails_when_a_new_model_is_rolled_out(self):
        own = FOLDER / "with-model"
        manifests.convert_with_model(images.MODEL, "1", own)
        versions = []

        def roll_out():
            self.assertEqual(CLUSTER.shell("kubectl apply -k .", own).returncode, 0)
            CLUSTER.kubectl("rollout", "status", "deployment/appcore")
            versions.append(model_version())
            follow("model")
            versions.append(model_version())

        self.assertEqual(self.under_load(roll_out)["failed"], 0)
        self.assertEqual(versions, ["one", "two"])


if __name__ == "__main__":
    if os.getpid() != 1:
        sys.exit("this test is run by apart.py: make kubernetes-test")
    try:
        unittest.main(verbosity=2, warnings="ignore")  # of programs that still run: the kernel ends them
    finally:
        keep_logs()
