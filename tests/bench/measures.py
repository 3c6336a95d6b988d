"""What is measured, one function a table of the report."""

from drive import offer, pauses, saturate
from resources import cpu_microseconds, resident_mib, time_scrapes, time_start
from rounds import in_turns, median
from stack import ROOT, Stack, wait_until

SATURATED = 16  # connections of the main comparison
LARGE = 10_000  # features from which on one connection asks: the bodies are megabytes


def _with_cpu(target, measure):
    """The figures of `measure`, and what a request cost nginx and the processes behind it."""
    nginx, behind = target.nginx_pids(), target.pids()
    before = cpu_microseconds(nginx), cpu_microseconds(behind)
    figures = measure()
    requests = max(figures["requests"], 1)
    figures["nginx_us"] = (cpu_microseconds(nginx) - before[0]) / requests
    figures["behind_us"] = (cpu_microseconds(behind) - before[1]) / requests
    return figures


def saturation(bench):
    """As many requests as 16 connections get answered."""
    body = bench.bodies.of(3)
    return in_turns(bench.progress, "saturation", {
        name: lambda t=target: _with_cpu(t, lambda: saturate(t.port, SATURATED, bench.seconds, body))
        for name, target in bench.targets.items()}, bench.rounds)


def half_load(bench, saturated):
    """Half of what each can do at most, offered at random moments; and in turns with them what the machine
    does by itself, which no latency can be better than."""
    body = bench.bodies.of(3)
    series = in_turns(bench.progress, "half of the maximal rate", {
        "machine": lambda: pauses(bench.programs, bench.seconds),
        **{name: lambda t=target, r=median(saturated[name], "rate") / 2:
           offer(bench.programs, t.port, 64, r, bench.seconds, body)
           for name, target in bench.targets.items()}}, bench.rounds)
    return series, series.pop("machine")


def connections(bench):
    body = bench.bodies.of(3)
    names = ("nginx", "hello", "php", "fastapi", "appcore")
    return in_turns(bench.progress, "connections", {
        f"{name}, {count}": lambda p=bench.targets[name].port, c=count: saturate(p, c, bench.short_seconds, body)
        for count in (1, 16, 256, 1000) for name in names}, bench.short_rounds)


def features(bench):
    def cell(name, count):
        body, wide = bench.bodies.of(count), count < LARGE
        seconds = bench.short_seconds if wide else bench.short_seconds + 3
        return lambda: saturate(bench.targets[name].port, SATURATED if wide else 1, seconds, body)

    return in_turns(bench.progress, "features", {
        f"{name}, {count}": cell(name, count)
        for count in (3, 30, 1000, 100_000, 1_000_000)
        for name in ("constant", "php", "fastapi", "appcore")}, bench.short_rounds)


def workers(bench):
    """Pools of other sizes, side by side: an idle one costs nothing."""
    body = bench.bodies.of(3)
    stacks = {size: Stack(WORKERS=size) for size in (1, 2, 4, 8)}
    try:
        for stack in stacks.values():
            stack.up()
        return in_turns(bench.progress, "workers", {
            f"{size}, {count}": lambda p=stack.port, c=count: saturate(p, c, bench.short_seconds, body)
            for size, stack in stacks.items() for count in (16, 256)}, bench.short_rounds)
    finally:
        for stack in stacks.values():
            stack.down()


def memory(bench):
    """Resident MiB of the largest worker: fresh, after many requests, after a body of 32 MiB."""
    stack = Stack(WORKERS=1).up()
    try:
        def largest():
            return max(map(resident_mib, stack.children("appcore-worker")))

        stack.predict({"features": [1, 2, 3]})
        sizes, done = {"fresh": largest()}, 0
        while done < bench.many_requests:
            bench.progress.say(f"memory, {done} of {bench.many_requests} requests")
            done += saturate(stack.port, SATURATED, min(10, bench.seconds), bench.bodies.of(3))["requests"]
        sizes["after_many"] = largest()
        body = b'{"features":[' + b"1.5," * (2 ** 23 - 8) + b"2.5]}"
        if (status := stack.predict(body).status) != 201:
            raise SystemExit(f"a body of {len(body)} bytes got {status}")
        # The memory is given back after the reply has been sent.
        wait_until(lambda: largest() < sizes["after_many"] + 2, 2)
        sizes["after_32_mib"] = largest()
        return {**sizes, "requests": done}
    finally:
        stack.down()


def start_up(bench):
    seconds = []
    for turn in range(bench.short_rounds):
        bench.progress.say(f"start-up, round {turn + 1} of {bench.short_rounds}")
        stack = Stack(WORKERS=bench.cores)
        try:
            seconds.append(time_start(ROOT, stack))
        finally:
            stack.down()
    return {"seconds": seconds}


def scrape(bench):
    """The cost of GET /metrics."""
    bench.progress.say("scrapes")
    stack = bench.stack
    milliseconds, cpu = time_scrapes(stack.port, stack.children("appcore-metrics"), 200)
    return {"milliseconds": milliseconds, "cpu_ms": cpu}
