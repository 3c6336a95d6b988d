#!/usr/bin/python3
"""make bench-models: appcore's evaluator beside the libraries that train, one row, one thread, in turns; and a request with a model.

Writes models.json and models.md into the folder BENCH_OUT. `make bench` puts the same table into its report.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from drive import saturate  # noqa: E402
from report import table  # noqa: E402
from rounds import Progress, in_turns, median, ratio  # noqa: E402
from memory import private_kib  # noqa: E402
from stack import ROOT, Stack  # noqa: E402

BUILD = os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release")))
OUT = os.environ.get("BENCH_OUT", os.path.join(ROOT, "build", "bench"))
TRAINED = os.path.join(OUT, "models")
ONNX = os.path.join(ROOT, "build", "npm", "bench", "node_modules", "onnxruntime-node", "bin", "napi-v6", "linux", "x64", "libonnxruntime.so.1")
FEATURES = 30
SIZES = {"100-trees": "100 trees of depth 6", "1000-trees": "1,000 trees of depth 8"}
# In Python, one row a call, with the model loaded from a pickle; the best of some rounds' medians, as the others.
SKLEARN = """
import json, pickle, statistics, sys, time
import numpy as np
model = pickle.load(open(sys.argv[1], "rb"))
rows = np.fromfile(sys.argv[2], dtype=np.float32).reshape(-1, int(sys.argv[3]))
medians = []
for _ in range(5):
    times, end = [], time.perf_counter() + float(sys.argv[4]) / 5
    while time.perf_counter() < end:
        row = rows[len(times) % len(rows)].reshape(1, -1)
        begin = time.perf_counter_ns()
        model.predict(row)
        times.append(time.perf_counter_ns() - begin)
    medians.append(statistics.median(times))
resident = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:")) / 1024
print(json.dumps({"ns": min(medians), "resident_mib": resident}))
"""


def trained(name):
    return os.path.join(TRAINED, name)


def run(*command, **variables):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, env={**os.environ, "OMP_NUM_THREADS": "1", **variables})
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-2000:]}")
    return done.stdout


def ours(name, seconds):
    figures = json.loads(run(os.path.join(BUILD, "appcore-model"), "bench", trained(name), "--rows", trained("rows.csv"), "--seconds", str(seconds), "--json"))
    return {"ns": figures["ns_per_prediction"]}


def evaluators(progress, seconds, rounds):
    cells = {}
    numbers = (trained("rows.f32"), str(FEATURES), str(seconds))
    for size in SIZES:
        cells[f"appcore, {size}"] = lambda s=size: ours(f"{s}.acm", seconds)
        cells[f"XGBoost, {size}"] = lambda s=size: json.loads(run(os.path.join(BUILD, "bench", "xgboost-model"), trained(f"{s}.ubj"), *numbers))
        cells[f"ONNX Runtime, {size}"] = lambda s=size: json.loads(run(os.path.join(BUILD, "bench", "onnx-model"), ONNX, trained(f"{s}.onnx"), *numbers))
    cells["appcore, forest"] = lambda: ours("forest.acm", seconds)
    cells["scikit-learn, forest"] = lambda: json.loads(run("/usr/bin/python3", "-c", SKLEARN, trained("forest.pickle"), *numbers))
    return in_turns(progress, "models", {name: lambda m=measure: {k: v for k, v in m().items() if k != "first"} for name, measure in cells.items()}, rounds)


def same_bits(size):
    """How many of the first rows' predictions are not XGBoost's."""
    theirs = json.loads(run(os.path.join(BUILD, "bench", "xgboost-model"), trained(f"{size}.ubj"), trained("rows.f32"), str(FEATURES), "0.1"))["first"]
    mine = [float(line) for line in run(os.path.join(BUILD, "appcore-model"), "predict", trained(f"{size}.acm"), "--rows", trained("rows.csv")).split()]
    return sum(f"{a:.9g}" != f"{b:.9g}" for a, b in zip(theirs, mine))


def requests(progress, seconds, rounds):
    """POST /predict with 30 features, one connection: the mean, then 1,000 trees."""
    body = os.path.join(TRAINED, "body.json")
    with open(trained("rows.csv"), encoding="ascii") as rows, open(body, "w", encoding="ascii") as file:
        file.write('{"features":[' + rows.readline().strip() + "]}")
    # Two workers each: what only one process has mapped counts as private, even the pages of a file.
    stacks = {"mean": Stack(WORKERS=2), "1000-trees": Stack(WORKERS=2, MODEL=trained("1000-trees.acm"))}
    try:
        for name, stack in stacks.items():
            version = stack.up().get("/version").json()["model_version"]
            if (name == "mean") != (version == "v1.0"):
                raise SystemExit(f"the stack of {name} serves {version}")
        series = in_turns(progress, "POST /predict", {name: lambda p=stack.port: saturate(p, 1, seconds, body) for name, stack in stacks.items()}, rounds)
        if any(sum(figures["failed"]) for figures in series.values()):
            raise SystemExit(f"requests failed: {series}")
        memory = {name: max(map(private_kib, stack.children("appcore-worker"))) for name, stack in stacks.items()}
        return {"series": series, "private_kib": memory}
    finally:
        for stack in stacks.values():
            stack.down()


def measure(progress, quick=False):
    if not os.path.exists(trained("forest.pickle")):
        progress.say("training the models")
        run("/usr/bin/python3", "-B", os.path.join(HERE, "train_models.py"), TRAINED)
    for name, source in (*((size, f"{size}.ubj") for size in SIZES), ("forest", "forest.json")):
        run(os.path.join(BUILD, "appcore-model"), "compile", trained(source), "-o", trained(f"{name}.acm"), "--version", f"bench-{name}")
    seconds, rounds = (0.5, 1) if quick else (2, 5)
    return {"evaluators": evaluators(progress, seconds, rounds), "different": {size: same_bits(size) for size in SIZES},
            "requests": requests(progress, max(1, int(seconds)), rounds)}


def claims(results):
    """(claim, what was measured, whether it holds)"""
    series, answers = results["evaluators"], results["requests"]
    found = []
    for size, title in SIZES.items():
        for other, least in (("XGBoost", 10), ("ONNX Runtime", 5)):
            times = ratio(series[f"{other}, {size}"], series[f"appcore, {size}"], "ns")
            found.append((f"{title}: {least} times as fast as {other}", f"{times:.1f} times", times >= least))
        found.append((f"{title}: XGBoost's bits", f"{results['different'][size]} different", results["different"][size] == 0))
    times = ratio(series["scikit-learn, forest"], series["appcore, forest"], "ns")
    found.append(("a forest of 100 trees: 300 times as fast as scikit-learn in Python", f"{times:,.0f} times", times >= 300))
    slower = ratio(answers["series"]["1000-trees"], answers["series"]["mean"], "p50_ms")
    found.append(("POST /predict, 30 features, 1,000 trees: within 1.5 times the mean's time", f"{slower:.2f} times", slower <= 1.5))
    more = answers["private_kib"]["1000-trees"] - answers["private_kib"]["mean"]
    found.append(("private memory of a worker: at most 1 MiB more than with the mean", f"{more / 1024:.2f} MiB more", more <= 1024))
    return found


def markdown(results):
    series, answers = results["evaluators"], results["requests"]
    rows = [[name, f"{median(figures, 'ns'):,.0f}", f"{median(figures, 'resident_mib'):.0f}" if "resident_mib" in figures else "its file, shared"]
            for name, figures in series.items()]
    held = table(["promised", "measured", "held"], [[claim, seen, "yes" if holds else "**no**"] for claim, seen, holds in claims(results)])
    requests_table = table(["POST /predict, 30 features, one connection", "p50 ms", "private KiB a worker"],
                           [[name, f"{median(figures, 'p50_ms'):.3f}", f"{answers['private_kib'][name]:,}"] for name, figures in answers["series"].items()])
    return f"{held}\n\n{table(['one row, one thread', 'ns', 'MiB of the process'], rows)}\n\n{requests_table}\n"


def main():
    os.makedirs(OUT, exist_ok=True)
    results = measure(Progress(), os.environ.get("BENCH") == "quick")
    text = markdown(results)
    for name, content in (("models.json", json.dumps(results, indent=1)), ("models.md", text)):
        with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
            file.write(content)
    print(text)


if __name__ == "__main__":
    main()
