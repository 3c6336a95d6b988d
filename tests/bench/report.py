"""The report: Markdown tables that read well as they are, and the claims of the specification."""

from rounds import median, ratio, spread

LABELS = {
    "nginx": "nginx `return 201`", "hello": "libfcgi, plain loop, constant reply",
    "constant": "the same, reads the body", "php": "the API in PHP, php-fpm", "fastapi": "the API in FastAPI, uvicorn",
    "appcore": "**appcore**"}
BEGIN, END = "<!-- make bench-docs writes from here -->", "<!-- to here -->"


def table(head, rows):
    """Aligned columns; all but the first are numbers, so to the right."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row):
        first, *rest = (cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def claims(results):
    """(claim, what was measured, whether it holds) for the table "Numbers" of the specification."""
    saturated, half, features = (results[name] for name in ("saturation", "half", "features"))
    ours = saturated["appcore"]

    def times_slower(other, count):
        return 1 / ratio(features[f"appcore, {count}"], features[f"{other}, {count}"], "rate")

    hello, old = ratio(ours, saturated["hello"], "rate"), ratio(ours, saturated["fastapi"], "rate")
    p99, old_large = median(half["appcore"], "p99_ms"), 1 / times_slower("fastapi", 100_000)
    memory, start = results["memory"], sorted(results["start_up"]["seconds"])[len(results["start_up"]["seconds"]) // 2]
    most = max(memory[name] for name in ("fresh", "after_many", "after_32_mib"))
    return [
        ("at least 2 times the plain libfcgi loop, 16 connections", f"{hello:.2f} times", hello >= 2),
        ("at least 20 times the old service", f"{old:.1f} times", old >= 20),
        ("p99 at half of the maximal rate below 2 ms", f"{p99:.2f} ms", p99 < 2),
        ("100,000 features: at least 25 times the old service", f"{old_large:.1f} times", old_large >= 25),
        ("a worker below 8 MiB, also after many requests and after 32 MiB",
         f"{memory['fresh']:.1f}, {memory['after_many']:.1f}, {memory['after_32_mib']:.1f} MiB", most < 8),
        ("first 200 within 2 s of `make up`", f"{start:.2f} s", start <= 2)]


def _figures(series):
    return [number(median(series, "rate")), f"{spread(series, 'rate'):.0%}",
            *(f"{median(series, p):.2f}" for p in ("p50_ms", "p95_ms", "p99_ms"))]


def _rates(results):
    ours = results["saturation"]["appcore"]
    return table(
        ["16 connections, 3 features", "replies/s", "spread", "p50 ms", "p95 ms", "p99 ms", "appcore is", "µs nginx",
         "µs behind"],
        [[LABELS[name], *_figures(series), f"{ratio(ours, series, 'rate'):.2f}x", f"{median(series, 'nginx_us'):.1f}",
          f"{median(series, 'behind_us'):.1f}"] for name, series in results["saturation"].items()])


def _half(results):
    return table(["at half of that rate", "offered/s", "p50 ms", "p95 ms", "p99 ms", "failed"],
                 [[LABELS[name], number(median(series, "rate")), *_figures(series)[2:], number(sum(series["failed"]))]
                  for name, series in results["half"].items()])


def _grid(results, section, corner, labels, unit="rate"):
    """A table of "row, column" cells: replies a second."""
    names = list(dict.fromkeys(key.split(", ")[0] for key in results[section]))
    columns = list(dict.fromkeys(key.split(", ")[1] for key in results[section]))
    return table([corner, *(f"{int(c):,}" for c in columns)],
                 [[labels.get(name, name), *(number(median(results[section][f"{name}, {c}"], unit)) for c in columns)]
                  for name in names])


def markdown(results):
    machine, scrape = results["machine"], results["scrape"]
    held = table(["promised", "measured", "held"],
                 [[claim, seen, "yes" if holds else "**no**"] for claim, seen, holds in claims(results)])
    return f"""\
{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:.0f} GiB, Linux {machine['kernel']}, \
{results['workers']} processes of everything; client, nginx and workers share the cores. In turns, medians of \
{len(results['saturation']['appcore']['rate'])} rounds; the spread is (highest - lowest) / median. Load before: \
{machine['load_before']:.1f}.

{held}

{_rates(results)}

{_half(results)}

Between these rounds, with nothing to do, the machine itself took {median(results["pauses"], "lost"):.1%} of the processors' \
time away, in pieces of up to {max(results["pauses"]["longest_ms"]):.1f} ms.

{_grid(results, "connections", "replies/s by connections", LABELS)}

{_grid(results, "connections", "p99 ms by connections", LABELS, "p99_ms")}

{_grid(results, "features", "replies/s by features", LABELS)}

{_grid(results, "pools", "replies/s of appcore, workers down, connections across", {})}

A scrape of this pool takes {scrape['milliseconds']:.2f} ms, of which {scrape['cpu_ms']:.2f} ms are CPU time of the \
metrics program. Memory was looked at after {results['memory']['requests']:,} requests.
"""


def into_page(report, page):
    """Replaces what stands between the two marks."""
    with open(report, encoding="utf-8") as file:
        text = file.read()
    with open(page, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
        _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} does not have the marks {BEGIN} and {END}")
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{text}{end}{after}")
    return 0
