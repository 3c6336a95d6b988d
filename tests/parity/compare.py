#!/usr/bin/env python3
"""Compares appcore-model with the predictions that train.py wrote: compare.py PROGRAM FOLDER [NAME ...]

One process a model and option. Prints a table; the exit code is 0 if no prediction differs.
"""

import glob
import json
import os
import struct
import subprocess
import sys

LONGEST = 120  # seconds for one process


def bits(number):
    return struct.pack("<d", number)


def predict(program, folder, file, options):
    done = subprocess.run([program, "predict", os.path.join(folder, file), "--rows", os.path.join(folder, "rows.csv"), *options],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONGEST, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
    return [float(line) for line in done.stdout.splitlines()]


class Count:
    """Of one kind: predictions, those that differ, the worst difference in bounds."""

    def __init__(self):
        self.all = self.different = 0
        self.worst = None
        self.first = None

    def add(self, where, found, wanted, bounds):
        if len(found) != len(wanted):
            raise RuntimeError(f"{len(found)} predictions for {len(wanted)} rows")
        self.all += len(wanted)
        for i, (ours, theirs) in enumerate(zip(found, wanted)):
            same = bits(ours) == bits(theirs)
            if bounds is not None and not same:
                share = abs(ours - theirs) / bounds[i] if bounds[i] else float("inf")
                self.worst = max(self.worst or 0.0, share)
                same = share <= 1
            if not same:
                self.different += 1
                self.first = self.first or f"{where}, row {i}: {ours!r}, the library {theirs!r}"


def compare(program, folder):
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        document = json.load(file)
    exact, bounded = Count(), Count()
    for case in document["cases"]:
        wanted, bounds = case["predictions"], case.get("bounds")
        for file in case["files"]:
            where = " ".join([file, *case["options"]])
            count = exact if bounds is None else bounded
            try:
                count.add(where, predict(program, folder, file, case["options"]), wanted, bounds)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                count.all += len(wanted)
                count.different += len(wanted)
                count.first = count.first or f"{where}: {error}"
    return document, exact, bounded


def main(arguments):
    program, folder, names = arguments[0], arguments[1], arguments[2:]
    folders = [os.path.dirname(path) for path in sorted(glob.glob(os.path.join(folder, "*", "cases.json")))]
    rows, bad, total = [], 0, 0
    for one in folders:
        if names and not any(name in os.path.basename(one) for name in names):
            continue
        document, exact, bounded = compare(program, one)
        bad += exact.different + bounded.different
        total += exact.all + bounded.all
        within = "" if not bounded.all else f"{bounded.all:>9} {bounded.different:>9} {bounded.worst or 0:8.2f}"
        rows.append(f"{document['kind']:<75} {exact.all:>9} {exact.different:>9} {within}")
        print(rows[-1], flush=True)
        for count in (exact, bounded):
            if count.first:
                print(f"    {count.first}", flush=True)
    print(f"{'kind':<75} {'bit by bit':>9} {'different':>9} {'bounded':>9} {'beyond':>9} {'worst':>8}")
    print(f"{len(rows)} kinds, {total} predictions, {bad} different")
    return 0 if rows and not bad else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
