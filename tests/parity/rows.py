"""Rows to predict: random ones, a quarter of them with missing values, and ones on thresholds and one step beside them."""

import numpy as np

RANDOM = 10_000
ON_THRESHOLDS = 9_000


def random_rows(random, count, features, categories, missing):
    """(count, features). categories: {column: how many}; there are unknown ones, negative ones and fractions among them."""
    rows = random.standard_normal((count, features)) * np.exp(random.standard_normal((count, features)))
    for column, number in categories.items():
        rows[:, column] = random.randint(-1, number + 3, count)
        rows[(random.random_sample(count) < 0.1) & (rows[:, column] >= 0), column] += 0.5
    if missing:
        holes = random.random_sample((count, features)) < 0.3
        holes[random.random_sample(count) >= 0.25] = False
        rows[holes] = np.nan
    return rows


def threshold_rows(random, rows, thresholds, categories):
    """Puts thresholds, or the numbers next to them in float32 and in double, into `rows`."""
    count = len(rows)
    for column, values in thresholds.items():
        if column in categories or len(values) == 0:
            continue
        chosen = random.choice(np.asarray(values, dtype=np.float64), count)
        single = chosen.astype(np.float32)
        ways = np.stack([chosen, single, np.nextafter(single, np.float32(-np.inf)), np.nextafter(single, np.float32(np.inf)),
                         np.nextafter(chosen, -np.inf), np.nextafter(chosen, np.inf)])
        rows[:, column] = ways[random.randint(0, len(ways), count), np.arange(count)]
    return rows


def make(random, features, thresholds, categories, missing, scale):
    """All rows of a kind; `scale` 1.0 for the full number."""
    parts = [random_rows(random, max(int(RANDOM * scale), 4), features, categories, missing)]
    if any(len(values) for values in thresholds.values()):
        rows = random_rows(random, max(int(ON_THRESHOLDS * scale), 4), features, categories, False)
        parts.append(threshold_rows(random, rows, thresholds, categories))
    return np.concatenate(parts)


def write(path, rows):
    with open(path, "w", encoding="ascii") as file:
        for row in rows.tolist():
            file.write(",".join("" if x != x else repr(x) for x in row) + "\n")
