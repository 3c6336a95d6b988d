#!/usr/bin/python3
"""Trains the example's model, as a notebook would: needs python3-xgboost and python3-sklearn.

The data set is "Breast cancer Wisconsin (diagnostic)", which scikit-learn ships (sklearn.datasets.load_breast_cancer): 569 biopsies with
30 measurements each. The model answers with the probability that a tumour is benign.
"""

import csv

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

GOLDEN_ROWS = 40

data = load_breast_cancer()
names = [name.replace(" ", "_") for name in data.feature_names]
rows, unseen_rows, target, unseen_target = train_test_split(data.data, data.target, test_size=0.25, random_state=16, stratify=data.target)

model = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "eta": 0.15, "seed": 16, "nthread": 1},
                      xgboost.DMatrix(rows, target, feature_names=names), num_boost_round=60)
score = roc_auc_score(unseen_target, model.predict(xgboost.DMatrix(unseen_rows, feature_names=names)))
print(f"area under the ROC curve: {score:.4f}, on {len(unseen_rows)} rows that the model has not seen")
model.save_model("breast-cancer.ubj")

# Golden rows: what the library itself predicts, for every machine that is to serve the model. XGBoost takes missing values.
golden = unseen_rows[:GOLDEN_ROWS].copy()
golden[::4, 3] = np.nan
with open("rows.csv", "w", encoding="ascii", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if np.isnan(value) else value for value in row] for row in golden.tolist()])
with open("predictions.csv", "w", encoding="ascii") as file:
    file.writelines(f"{float(prediction)!r}\n" for prediction in model.predict(xgboost.DMatrix(golden, feature_names=names)))
