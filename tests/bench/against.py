#!/usr/bin/python3
"""make bench-against BEFORE=<commit>: this tree in turns with an earlier commit, so that what a change costs or gains is seen.

The commit is cloned and built in BENCH_OUT/before. Both serve with the same settings, and are asked through nginx, at saturation
and at half of the earlier one's rate, and without nginx, one worker alone: there a worker's own work is not a quarter of what the
machine does but nearly all. Prints a table and writes it to against.md. BENCH=quick is for development.
"""

import contextlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import fastcgi  # noqa: E402  (needs the path above)
from drive import Bodies, offer, one_worker, saturate  # noqa: E402
from report import number, table  # noqa: E402
from resources import children, cpu_microseconds  # noqa: E402
from rounds import Progress, in_turns, median, ratio  # noqa: E402
from stack import ROOT, Stack  # noqa: E402

OUT = os.environ.get("BENCH_OUT", os.path.join(ROOT, "build", "bench"))
CONNECTIONS = 16
BEFORE, AFTER = "before", "after"


class Tree:
    """A checkout with its programs built."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, *arguments, env=None):
        done = subprocess.run(["make", "--no-print-directory", "-C", self.folder, *arguments], env=env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise SystemExit(f"make {' '.join(arguments)} in {self.folder} failed: {done.stdout}")
        return done


def clone(commit):
    """The commit's tree below BENCH_OUT; one that is there is used again."""
    name = subprocess.run(["git", "-C", ROOT, "rev-parse", "--verify", "--quiet", commit + "^{commit}"], text=True, check=False,
                          stdout=subprocess.PIPE).stdout.strip()
    if not name:
        raise SystemExit(f"BEFORE must name a commit: {commit!r} is none")
    folder = os.path.join(OUT, "before", name[:12])
    if not os.path.exists(folder):
        subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, folder], check=True)
    subprocess.run(["git", "-C", folder, "checkout", "--quiet", "--detach", name], check=True)
    tree = Tree(folder)
    tree.make(f"-j{os.cpu_count()}", "programs", env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    return tree


class Service(Stack):
    """A stack of a tree, started by that tree's own command."""

    def __init__(self, tree, workers):
        super().__init__(WORKERS=workers)
        self._tree = tree
        self._nginx = []

    def ctl(self, *command, **_):
        return self._tree.make(*command, env={k: v for k, v in self.environment().items() if k != "APPCORE_BIN_DIR"})

    def up(self):
        super().up()
        with open(os.path.join(self.run_dir, "nginx.pid"), encoding="ascii") as file:
            self._nginx = children(int(file.read()))
        return self

    @property
    def worker_socket(self):
        """Where its nginx asks the pool: commits differ in it."""
        with open(os.path.join(self.run_dir, "nginx.conf"), encoding="utf-8") as file:
            return re.search(r'upstream appcore_pool \{\s*server "unix:([^"]+)"', file.read())[1]

    def measure(self, load):
        """The figures of `load`, and what a request cost nginx and the workers."""
        workers = self.children("appcore-worker")
        before = cpu_microseconds(self._nginx), cpu_microseconds(workers)
        figures = load(self)
        if figures["failed"]:
            raise SystemExit(f"{figures['failed']} requests failed")
        figures["nginx_us"] = (cpu_microseconds(self._nginx) - before[0]) / figures["requests"]
        figures["worker_us"] = (cpu_microseconds(workers) - before[1]) / figures["requests"]
        return figures


def in_both(progress, title, services, load, rounds):
    return in_turns(progress, title, {name: lambda s=service: s.measure(load) for name, service in services.items()}, rounds)


def row(title, series, figure, digits=0):
    before, after = series[BEFORE], series[AFTER]
    of_before = ratio(after, before, figure)
    each = [a / b for a, b in zip(after[figure], before[figure])]
    shown = [f"{median(one, figure):.{digits}f}" if digits else number(median(one, figure)) for one in (before, after)]
    return [title, *shown, f"{of_before:.3f}", f"{min(each):.3f} to {max(each):.3f}"]


def measure(pools, alone, programs, quick):
    """The rows of the table. `pools` and `alone`: a service each of both commits, with a worker a processor and with one."""
    progress, bodies = Progress(), Bodies()
    seconds, rounds = (1, 1) if quick else (4, 15)
    body = bodies.of(3)
    request = os.path.join(OUT, "request.fcgi")
    with open(body, "rb") as text, open(request, "wb") as file:
        file.write(fastcgi.request(text.read(), keep=True, CONTENT_TYPE="application/json", APPCORE_REQUEST_KEY="1-2-3"))
    try:
        full = in_both(progress, "saturation", pools, lambda s: saturate(s.port, CONNECTIONS, seconds, body), rounds)
        rate = median(full[BEFORE], "rate") / 2
        half = in_both(progress, "half load", pools, lambda s: offer(programs, s.port, 64, rate, seconds, body), rounds)
        one = in_both(progress, "one worker", alone,
                      lambda s: one_worker(programs, s.worker_socket, CONNECTIONS, seconds, request), rounds)
    finally:
        bodies.close()
    return [row("one worker alone, predictions/s", one, "rate"),
            row("one worker alone, µs of CPU a prediction", one, "worker_us", 1),
            row("through nginx, predictions/s", full, "rate"),
            row("through nginx, µs of CPU: workers", full, "worker_us", 1),
            row("through nginx, µs of CPU: nginx", full, "nginx_us", 1),
            row("through nginx at half load, p50 in ms", half, "p50_ms", 3),
            row("through nginx at half load, p99 in ms", half, "p99_ms", 3)]


def main():
    os.makedirs(OUT, exist_ok=True)
    commit = os.environ.get("BEFORE") or sys.exit("say which commit this tree is measured against: make bench-against BEFORE=<commit>")
    trees = {BEFORE: clone(commit), AFTER: Tree(ROOT)}
    programs = os.path.join(os.environ["APPCORE_BIN_DIR"], "bench")
    with contextlib.ExitStack() as running:
        def start(workers):
            services = {}
            for name, tree in trees.items():
                services[name] = Service(tree, workers)
                running.callback(services[name].down)
                services[name].up()
            return services

        rows = measure(start(os.cpu_count()), start(1), programs, os.environ.get("BENCH") == "quick")
    text = table([f"3 features, {CONNECTIONS} connections", commit, "this tree", "ratio", "of the rounds"], rows)
    with open(os.path.join(OUT, "against.md"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
