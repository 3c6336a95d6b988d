"""The plot: bars for the main comparison, lines against connections, features and workers. SVG by hand,
without a library, logarithmic where the values differ by powers of ten."""

import math

from rounds import median

COLORS = {"nginx": "#999999", "hello": "#4477aa", "constant": "#66ccee", "php": "#aa3377", "fastapi": "#ccbb44",
          "appcore": "#228833", "16": "#4477aa", "256": "#228833"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 280, 70, 40, 40


def _text(x, y, text, anchor="middle", color="#333333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{text}</text>'


def _scale(values):
    """A logarithmic y axis over these values: function from value to height, and its ticks."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def y(value):
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    return y, [10 ** power for power in range(low, high + 1)]


def _frame(title, y, ticks):
    lines = [_text(WIDTH / 2, 20, title)]
    for tick in ticks:
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#dddddd"/>')
        lines.append(_text(LEFT - 6, y(tick) + 4, f"{tick:,g}", "end"))
    return lines


def _bars(title, values):
    y, ticks = _scale(values.values())
    step = (WIDTH - LEFT - 10) / len(values)
    out = _frame(title, y, ticks)
    for i, (name, value) in enumerate(values.items()):
        x = LEFT + i * step
        out.append(f'<rect x="{x + 6:.1f}" y="{y(value):.1f}" width="{step - 12:.1f}" '
                   f'height="{HEIGHT - BOTTOM - y(value):.1f}" fill="{COLORS[name]}"/>')
        out.append(_text(x + step / 2, y(value) - 4, f"{value:,.0f}"))
        out.append(_text(x + step / 2, HEIGHT - BOTTOM + 16, name))
    return out


def _lines(title, section, by_column):
    """`section` has "row, column" cells; a line a series, `by_column`: a series is a column."""
    cells = {}
    for key, series in section.items():
        name, at = key.split(", ")[::-1] if by_column else key.split(", ")
        cells.setdefault(name, {})[at] = max(median(series, "rate"), 0.01)
    y, ticks = _scale([value for line in cells.values() for value in line.values()])
    places = list(next(iter(cells.values())))
    step = (WIDTH - LEFT - 80) / max(len(places) - 1, 1)
    out = _frame(title, y, ticks)
    for i, place in enumerate(places):
        out.append(_text(LEFT + 10 + i * step, HEIGHT - BOTTOM + 16, f"{int(place):,}"))
    for name, line in cells.items():
        points = [(LEFT + 10 + i * step, y(value)) for i, value in enumerate(line.values())]
        path = " ".join(f"{x:.1f},{h:.1f}" for x, h in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>')
        label = f"{name} connections" if by_column else name
        out.append(_text(points[-1][0] + 6, points[-1][1] + 4, label, "start", COLORS[name]))
    return out


def svg(results):
    saturated = {name: median(series, "rate") for name, series in results["saturation"].items()}
    panels = [_bars("replies/s, 16 connections, 3 features", saturated),
              _lines("replies/s by connections", results["connections"], False),
              _lines("replies/s by features", results["features"], False),
              _lines("replies/s of appcore by workers", results["pools"], True)]
    width, height = 2 * (WIDTH + 60), 2 * HEIGHT
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
           f'font-size="11"><rect width="{width}" height="{height}" fill="white"/>']
    for i, panel in enumerate(panels):
        x, y = i % 2 * (WIDTH + 60), i // 2 * HEIGHT
        out += [f'<g transform="translate({x},{y})">', *panel, "</g>"]
    return "\n".join([*out, "</svg>", ""])
