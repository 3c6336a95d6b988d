#!/usr/bin/python3
"""make bench: appcore beside its alternatives, measured in turns on one machine.

Writes results.json, report.md and plot.svg into the folder BENCH_OUT. BENCH=quick is for development: the
same tables from single short rounds. `bench.py --docs` puts the last report into docs/performance.md instead.
"""

import json
import os
import sys
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import measures  # noqa: E402  (needs the path above)
import models  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402
from drive import Bodies  # noqa: E402
from resources import children, machine  # noqa: E402
from rivals import Rivals  # noqa: E402
from rounds import Progress  # noqa: E402
from stack import ROOT, Stack  # noqa: E402

OUT = os.environ.get("BENCH_OUT", os.path.join(ROOT, "build", "bench"))


class Target(typing.NamedTuple):
    port: int
    nginx_pids: typing.Callable  # whose CPU time is nginx's
    pids: typing.Callable        # and that of what is behind it


class Bench:
    """The targets, all of them running, and how long to measure."""

    def __init__(self, stack, rivals, programs, quick):
        self.stack = stack
        self.programs = programs
        self.cores = os.cpu_count()
        self.bodies = Bodies()
        self.progress = Progress()
        self.seconds, self.short_seconds = (1, 1) if quick else (5, 2)
        self.rounds, self.short_rounds = (1, 1) if quick else (5, 3)
        self.many_requests = 20_000 if quick else 1_000_000
        self.targets = {name: Target(port, rivals.nginx_pids, lambda n=name: rivals.pids(n))
                        for name, port in rivals.ports.items()}
        self.targets["appcore"] = Target(stack.port, self._nginx_pids,
                                         lambda: stack.children("appcore-worker"))

    def _nginx_pids(self):
        with open(os.path.join(self.stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            return children(int(file.read()))


def measure(bench):
    results = {"machine": machine(), "workers": bench.cores}
    results["saturation"] = measures.saturation(bench)
    results["half"], results["pauses"] = measures.half_load(bench, results["saturation"])
    for name in ("connections", "features", "workers", "memory", "start_up", "scrape"):
        results["pools" if name == "workers" else name] = getattr(measures, name)(bench)
    results["models"] = models.measure(bench.progress, bench.rounds == 1)
    return results


def write(name, text):
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    if sys.argv[1:] == ["--docs"]:
        return report.into_page(os.path.join(OUT, "report.md"), os.path.join(ROOT, "docs", "performance.md"))
    os.makedirs(OUT, exist_ok=True)
    programs = os.path.join(os.environ["APPCORE_BIN_DIR"], "bench")
    stack = Stack(WORKERS=os.cpu_count())
    try:
        stack.up()
        with open(os.path.join(stack.run_dir, "nginx.conf"), encoding="utf-8") as file:
            settings = file.read()
        with Rivals(settings, programs, os.cpu_count()) as rivals:
            bench = Bench(stack, rivals, programs, os.environ.get("BENCH") == "quick")
            try:
                results = measure(bench)
            finally:
                bench.bodies.close()
    finally:
        stack.down()
    write("results.json", json.dumps(results, indent=1))
    text = f"{report.markdown(results)}\n{models.markdown(results['models'])}"
    write("report.md", text)
    write("plot.svg", plot.svg(results))
    print(text)
    print(f"written to {OUT}: results.json, report.md, plot.svg", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
