"""Measuring in turns: A B C, A B C, ... so that whatever else the machine does meets all alike."""

import statistics
import sys
import time


class Progress:
    """One line on standard error that says how far it is."""

    def __init__(self):
        self._begin = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self._begin:4.0f} s] {text}", file=sys.stderr, flush=True)


def in_turns(progress, title, cells, rounds):
    """`cells` are name: function() -> {figure: number}. Returns name: {figure: [a number a round]}."""
    series = {name: {} for name in cells}
    for turn in range(rounds):
        for name, measure in cells.items():
            progress.say(f"{title}, round {turn + 1} of {rounds}: {name}")
            for figure, value in measure().items():
                series[name].setdefault(figure, []).append(value)
    return series


def median(series, figure):
    return statistics.median(series[figure])


def spread(series, figure):
    """How far the rounds are apart: (highest - lowest) / median."""
    values = series[figure]
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def ratio(one, other, figure):
    """The median of the rounds' own ratios: what both met in the same round cancels out."""
    return statistics.median(a / b for a, b in zip(one[figure], other[figure]) if b)
