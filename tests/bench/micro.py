#!/usr/bin/python3
"""make bench-micro: instructions in user space of the hot path's operations, counted by callgrind. They are
the same on a busy machine; what the kernel does for a read or write is not in them."""

import os
import re
import subprocess
import sys

from report import table

MEANING = {
    "parse": "read a body of 3 features", "parse-1000": "read a body of 1,000 features of 17 digits",
    "validate-bad": "refuse a body: the exact reader and its error", "predict": "the mean of 3 features",
    "record": "count a request in the slot", "log": "a request's log line, formatted and written",
    "transport": "read a request and write a constant reply (libfcgi and ours)",
    "request": "POST /predict from the first byte to the last: all of it"}
ONCE, TWICE = 200, 400


def instructions(program, stage, count):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, stage, str(count)],
                          text=True, check=False, capture_output=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{stage}: {done.stdout}{done.stderr}")
    return int(found[1])


def main():
    program = os.path.join(os.environ["APPCORE_BIN_DIR"], "bench", "micro")
    rows = []
    for stage, meaning in MEANING.items():
        each = (instructions(program, stage, TWICE) - instructions(program, stage, ONCE)) / (TWICE - ONCE)
        rows.append([meaning, f"{each:,.0f}"])
        print(f"{stage}: {each:,.0f}", file=sys.stderr, flush=True)
    print(table(["operation", "instructions"], rows))


if __name__ == "__main__":
    main()
