"""Every kind of XGBoost model that appcore-model reads, with the library's own predictions."""

import json
import os

import numpy as np
import xgboost

from case import Case, Trained

FEATURES = 8
CATEGORIES = {6: 6, 7: 40}
CLASSES = 4
VERSION = tuple(int(part) for part in xgboost.__version__.split(".")[:2])

# objective: (which target, more parameters)
OBJECTIVES = {
    "reg:squarederror": ("number", {}), "reg:absoluteerror": ("number", {}), "reg:pseudohubererror": ("number", {}),
    "reg:squaredlogerror": ("positive", {}), "reg:logistic": ("unit", {}),
    "binary:logistic": ("binary", {}), "binary:logitraw": ("binary", {}), "binary:hinge": ("binary", {}),
    "count:poisson": ("count", {}), "reg:gamma": ("positive", {}), "reg:tweedie": ("positive", {"tweedie_variance_power": 1.3}),
    "survival:cox": ("survival", {}), "survival:aft": ("interval", {}),
    "multi:softmax": ("class", {"num_class": CLASSES}), "multi:softprob": ("class", {"num_class": CLASSES}),
    "rank:pairwise": ("rank", {}), "rank:ndcg": ("rank", {}), "rank:map": ("rank_binary", {}),
}
if VERSION >= (2, 0):
    OBJECTIVES["reg:quantileerror"] = ("number", {"quantile_alpha": 0.3})

DART = {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2}
LINEAR = {"booster": "gblinear"}


def kinds():
    """{name: (objective, parameters)}; what parameters do not say is the library's default."""
    found = {f"gbtree {name}": (name, {}) for name in OBJECTIVES}
    for name in ("reg:squarederror", "binary:logistic", "multi:softprob", "count:poisson"):
        found[f"dart {name}"] = (name, DART)
        found[f"gblinear {name}"] = (name, LINEAR)
    found["dart forest-normalised, weighted"] = ("reg:squarederror", {**DART, "normalize_type": "forest", "sample_type": "weighted", "one_drop": 1})
    found["gblinear shotgun"] = ("reg:squarederror", {**LINEAR, "updater": "shotgun", "nthread": 1})
    one_hot, partition = ({"tree_method": "hist", "categories": True, "max_cat_to_onehot": most} for most in (100, 1))
    for objective in ("reg:squarederror", "binary:logistic", "multi:softprob"):
        found[f"categories one-hot {objective}"] = (objective, one_hot)
        found[f"categories sets {objective}"] = (objective, partition)
    found["categories dart"] = ("binary:logistic", {**DART, **partition})
    found["categories approx"] = ("reg:squarederror", {**partition, "tree_method": "approx"})
    found["tree method exact, pruned"] = ("reg:squarederror", {"tree_method": "exact", "gamma": 2.0})
    found["tree method approx"] = ("binary:logistic", {"tree_method": "approx"})
    found["loss guided, 60 leaves"] = ("reg:squarederror", {"tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 60, "max_depth": 0})
    found["depth 14"] = ("reg:squarederror", {"max_depth": 14, "min_child_weight": 0})
    found["parallel trees"] = ("multi:softprob", {"num_parallel_tree": 3, "subsample": 0.7})
    if VERSION >= (2, 0):
        found["ranking, unbiased"] = ("rank:ndcg", {"lambdarank_unbiased": 1, "lambdarank_num_pair_per_sample": 8})
    found["trees of one leaf"] = ("reg:squarederror", {"gamma": 1e9})
    found["no missing values in training"] = ("binary:logistic", {"whole": True})
    for score, objective in ((0.1, "binary:logistic"), (0.9, "reg:logistic"), (123.456, "reg:squarederror"), (-7.5, "reg:absoluteerror"),
                             (2.5, "count:poisson"), (0.3, "binary:logitraw"), (0.05, "binary:hinge"), (3.3, "reg:gamma"),
                             (1.7, "multi:softprob"), (4.0, "survival:cox")):
        found[f"base score {score} {objective}"] = (objective, {"base_score": score})
    found["early stopping regression"] = ("reg:squarederror", {"stop": True})
    found["early stopping binary"] = ("binary:logistic", {"stop": True})
    found["early stopping classes"] = ("multi:softprob", {"stop": True})
    return {f"xgboost {name}": value for name, value in found.items()}


def data(random, count, kind, whole, categories):
    rows = random.standard_normal((count, FEATURES))
    for column, number in CATEGORIES.items() if categories else ():
        rows[:, column] = random.randint(0, number, count)
    signal = rows[:, 0] * 2 + rows[:, 1] * rows[:, 2] + np.sin(rows[:, 6] * 1.7) + 0.3 * random.standard_normal(count)
    if not whole:
        rows[random.random_sample(rows.shape) < 0.1] = np.nan
    target = {
        "number": signal, "positive": np.exp(signal / 3), "unit": 1 / (1 + np.exp(-signal)), "binary": signal > 0,
        "count": np.floor(np.exp(signal / 3)), "survival": np.exp(signal / 3) * np.where(random.random_sample(count) < 0.3, -1, 1),
        "interval": np.exp(signal / 3), "class": np.digitize(signal, [-2, 0, 2]), "rank": np.digitize(signal, [-1, 1]), "rank_binary": signal > 0,
    }[kind].astype(np.float64)
    return rows, target


def train(name, folder, random, small):
    objective, parameters = kinds()[name]
    parameters = dict(parameters)
    kind, more = OBJECTIVES[objective]
    categories, whole, stop = (parameters.pop(key, False) for key in ("categories", "whole", "stop"))
    rows, target = data(random, 300 if small else 2000, kind, whole, categories)
    types = ["c" if i in CATEGORIES else "q" for i in range(FEATURES)] if categories else None

    def matrix(part, label=None):
        return xgboost.DMatrix(part, label=label, feature_types=types, enable_categorical=categories)

    training = matrix(rows, None if kind == "interval" else target)
    if kind == "interval":
        training.set_float_info("label_lower_bound", target)
        training.set_float_info("label_upper_bound", np.where(target > 2, np.inf, target))
    if kind.startswith("rank"):
        training.set_group([len(rows) // 10] * 10)
    parameters = {"objective": objective, "max_depth": 3 if small else 6, "seed": 7, "nthread": 1, **more, **parameters}
    if parameters.get("booster") == "gblinear":
        del parameters["max_depth"]
    extra = {}
    if stop:
        valid, valid_target = data(random, 200, kind, whole, categories)
        extra = {"evals": [(matrix(valid, valid_target), "valid")], "early_stopping_rounds": 3, "verbose_eval": False}
    booster = xgboost.train(parameters, training, 300 if stop else 4 if small else 40, **extra)
    files = ["model.json", "model.ubj"]
    for file in files:
        booster.save_model(os.path.join(folder, file))
    with open(os.path.join(folder, files[0]), encoding="utf-8") as file:
        document = json.load(file)
    outputs = CLASSES if kind == "class" else 1
    return Trained(FEATURES, thresholds(document), dict(CATEGORIES) if categories else {}, True,
                   lambda made: cases(booster, matrix(made), objective, outputs, files, stop))


def cases(booster, made, objective, outputs, files, stop):
    """What appcore-model should say with which options, by the library."""
    for trees, last in (("all", 0), ("best", booster.best_iteration + 1)) if stop else (("", 0),):
        options = ["--trees", trees] if trees else []
        margins = booster.predict(made, output_margin=True, iteration_range=(0, last))
        predictions = booster.predict(made, iteration_range=(0, last))
        for file in files:
            if outputs == 1:
                yield Case(file, options, predictions)
                yield Case(file, [*options, "--output", "margin"], margins)
                continue
            yield Case(file, [*options, "--output", "class"],
                       predictions if objective == "multi:softmax" else np.argmax(predictions, axis=1))
            for k in range(outputs):
                yield Case(file, [*options, "--output", f"margin:{k}"], margins[:, k])
                if objective == "multi:softprob":
                    yield Case(file, [*options, "--output", f"probability:{k}"], predictions[:, k])


def thresholds(document):
    """{column: the numbers that the trees compare it with}"""
    booster = document["learner"]["gradient_booster"]
    found = {column: set() for column in range(FEATURES)}
    for tree in booster.get("gbtree", booster).get("model", {}).get("trees", []):
        for left, column, value in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                found[column].add(value)
    return {column: sorted(values) for column, values in found.items()}
