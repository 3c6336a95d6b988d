#!/usr/bin/python3
"""Trains a model of each kind and writes it with rows and the library's predictions: train.py FOLDER [--small] [--scale S] [--seed N] [NAME ...]

NAME: only kinds whose name contains it. --small makes models and rows of a size for the repository. A folder a kind:
the model's files, rows.csv, and cases.json, which has the predictions (and bounds of their difference) that belong to
each file and options of appcore-model. Runs where the libraries are; appcore itself is not needed.
"""

import argparse
import json
import os
import re
import sys
import time
import warnings
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, os.pardir, "deploy"))
# Threads only get into each other's way here, and forests add up in any order with several.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# numpy's own vectors for exp are not the same on all processors; the C library's exp is.
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL")
warnings.filterwarnings("ignore", "During parsing environment variable", RuntimeWarning)  # for those that are not there

import numpy as np  # noqa: E402

import kinds_sklearn  # noqa: E402
import kinds_xgboost  # noqa: E402
import rows as row_maker  # noqa: E402


def one(maker, name, folder, seed, small, scale):
    os.makedirs(folder, exist_ok=True)
    random = np.random.RandomState((seed + zlib.crc32(name.encode())) % 2**32)
    trained = maker.train(name, folder, random, small)
    made = row_maker.make(random, trained.features, trained.thresholds, trained.categories, trained.missing, scale)
    row_maker.write(os.path.join(folder, "rows.csv"), made)
    listed = []
    for case in trained.cases(made):
        files = next((known for known in listed if known["options"] == case.options), None)
        if files:  # the same predictions for another file
            files["files"].append(case.file)
            continue
        entry = {"files": [case.file], "options": case.options, "predictions": case.predictions.astype(np.float64).tolist()}
        if case.bound is not None:
            entry["bounds"] = case.bound.tolist()
        listed.append(entry)
    head = {"kind": name, "library": f"{name.split()[0]} {library_version(maker)}", "seed": seed}
    with open(os.path.join(folder, "cases.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps({**head, "cases": listed}).replace('{"files"', '\n{"files"') + "\n")
    return len(made), len(listed)


def library_version(maker):
    return (maker.xgboost if maker is kinds_xgboost else maker.sklearn).__version__


def folder_of(name):
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    parser.add_argument("--seed", type=int, default=16)
    arguments = parser.parse_intermixed_args()
    begun = time.monotonic()
    names = {name: kinds_xgboost for name in kinds_xgboost.kinds()}
    names.update({name: kinds_sklearn for name in kinds_sklearn.kinds(arguments.small)})
    for name, maker in names.items():
        if arguments.names and not any(part in name for part in arguments.names):
            continue
        made, cases = one(maker, name, os.path.join(arguments.folder, folder_of(name)), arguments.seed, arguments.small, arguments.scale)
        print(f"{time.monotonic() - begun:6.1f} s  {name}: {made} rows, {cases} predictions each", flush=True)


if __name__ == "__main__":
    main()
