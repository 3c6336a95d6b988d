#!/usr/bin/python3
"""Trains what the models' benchmark compares with: train_models.py FOLDER

Two XGBoost models of 30 features, 100 trees of depth 6 and 1,000 of depth 8, as UBJSON and ONNX, and a random forest of scikit-learn.
"""

import json
import os
import pickle
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, os.pardir, "deploy"))

import numpy as np  # noqa: E402
import xgboost  # noqa: E402
from sklearn.ensemble import RandomForestRegressor  # noqa: E402

import appcore_export  # noqa: E402
import onnx_file  # noqa: E402

FEATURES = 30
SIZES = {"100-trees": (100, 6), "1000-trees": (1000, 8)}


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random = np.random.RandomState(16)
    rows = random.standard_normal((6000, FEATURES)).astype(np.float32)
    target = rows[:, :10] @ random.standard_normal(10) + rows[:, 10] * rows[:, 11] + np.sin(3 * rows[:, 12]) + random.standard_normal(len(rows))
    made = random.standard_normal((500, FEATURES)).astype(np.float32)
    made.tofile(os.path.join(folder, "rows.f32"))
    with open(os.path.join(folder, "rows.csv"), "w", encoding="ascii") as file:
        file.writelines(",".join(repr(float(value)) for value in row) + "\n" for row in made)
    for name, (trees, depth) in SIZES.items():
        booster = xgboost.train({"max_depth": depth, "eta": 0.05, "tree_method": "hist", "nthread": 1, "seed": 16},
                                xgboost.DMatrix(rows, target), trees)
        booster.save_model(os.path.join(folder, f"{name}.ubj"))
        booster.save_model(os.path.join(folder, f"{name}.json"))
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            document = json.load(file)
        with open(os.path.join(folder, f"{name}.onnx"), "wb") as file:
            file.write(onnx_file.model(document))
    forest = RandomForestRegressor(n_estimators=100, random_state=16).fit(rows[:2000], target[:2000])
    appcore_export.export(forest, os.path.join(folder, "forest.json"), made[:20])
    with open(os.path.join(folder, "forest.pickle"), "wb") as file:
        pickle.dump(forest, file)


if __name__ == "__main__":
    main(sys.argv[1])
