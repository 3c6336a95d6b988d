"""Every kind of scikit-learn model that appcore_export.py writes, with the library's own predictions."""

import json
import os
import warnings

import numpy as np
import sklearn
from sklearn import ensemble, linear_model, tree
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import appcore_export
from case import Case, Trained

FEATURES = 7
CATEGORIES = {5: 9, 6: 50}
BOUND = 1e-12  # of the sum of the terms' magnitudes: linear models, and what numpy's own exp decides
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def kinds(small):
    """{name: (estimator, target, needs in the training rows: "missing", "categories", "mirrored" or "")}"""
    count = {"n_estimators": 3 if small else 50}
    rounds = {"max_iter": 4 if small else 60}
    depth = {"max_depth": 3} if small else {}
    some = {"random_state": 5}
    found = {}
    for target in ("number", "binary", "class"):
        kind = "Regressor" if target == "number" else "Classifier"
        for name, module, settings in (("DecisionTree", tree, depth), ("ExtraTree", tree, depth), ("RandomForest", ensemble, {**count, **depth}),
                                       ("ExtraTrees", ensemble, {**count, **depth}), ("GradientBoosting", ensemble, count),
                                       ("HistGradientBoosting", ensemble, rounds)):
            make = getattr(module, name + kind)
            found[f"{name}{kind} {target}"] = (make(**settings, **some), target, "")
            if name == "HistGradientBoosting" or (VERSION >= (1, 3) and name == "DecisionTree") or (VERSION >= (1, 4) and name == "RandomForest"):
                found[f"{name}{kind} {target}, missing values"] = (make(**settings, **some), target, "missing")
        make = getattr(ensemble, "HistGradientBoosting" + kind)
        found[f"HistGradientBoosting{kind} {target}, categories"] = (make(**rounds, **some, categorical_features=list(CATEGORIES)), target, "categories")
    found["RandomForestRegressor, best first"] = (ensemble.RandomForestRegressor(max_leaf_nodes=12, **count, **some), "number", "")
    found["RandomForestClassifier, weighted classes"] = (ensemble.RandomForestClassifier(class_weight="balanced", **count, **depth, **some), "class", "")
    found["ExtraTreesRegressor, bootstrap"] = (ensemble.ExtraTreesRegressor(bootstrap=True, **count, **depth, **some), "number", "")
    for make, settings in ((ensemble.GradientBoostingClassifier, count), (ensemble.HistGradientBoostingClassifier, rounds)):
        found[f"{make.__name__} class, mirrored"] = (make(**settings, **some), "class", "mirrored")
    for loss in ("absolute_error", "huber", "quantile"):
        found[f"GradientBoostingRegressor {loss}"] = (ensemble.GradientBoostingRegressor(loss=loss, **count, **some), "number", "")
    found["GradientBoostingRegressor from zero, subsampled"] = (ensemble.GradientBoostingRegressor(init="zero", subsample=0.6, **count, **some), "number", "")
    found["GradientBoostingClassifier exponential"] = (ensemble.GradientBoostingClassifier(loss="exponential", **count, **some), "binary", "")
    found["GradientBoostingClassifier stopped early"] = (ensemble.GradientBoostingClassifier(n_iter_no_change=3, **count, **some), "binary", "")
    for loss, target in [("absolute_error", "number"), ("poisson", "count")] + ([("gamma", "positive")] if VERSION >= (1, 3) else []):
        found[f"HistGradientBoostingRegressor {loss}"] = (ensemble.HistGradientBoostingRegressor(loss=loss, **rounds, **some), target, "")
    found["HistGradientBoostingRegressor quantile"] = (ensemble.HistGradientBoostingRegressor(loss="quantile", quantile=0.8, **rounds, **some), "number", "")
    for estimator in (linear_model.LinearRegression(), linear_model.Ridge(), linear_model.Lasso(alpha=0.01), linear_model.ElasticNet(alpha=0.01)):
        found[type(estimator).__name__] = (estimator, "number", "")
    found["LogisticRegression binary"] = (linear_model.LogisticRegression(), "binary", "")
    found["LogisticRegression class"] = (linear_model.LogisticRegression(), "class", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["LogisticRegression one against the rest"] = (linear_model.LogisticRegression(multi_class="ovr"), "class", "")
        found["LogisticRegression binary, softmax"] = (linear_model.LogisticRegression(multi_class="multinomial"), "binary", "")
    for scaler in (StandardScaler, MinMaxScaler):
        before = make_pipeline(SimpleImputer(strategy="median"), scaler())
        for model, target in ((ensemble.RandomForestRegressor(**count, **depth, **some), "number"), (ensemble.HistGradientBoostingClassifier(**rounds, **some), "binary"),
                              (ensemble.GradientBoostingClassifier(**count, **some), "binary"), (linear_model.LogisticRegression(), "binary"),
                              (linear_model.Ridge(), "number")):
            found[f"SimpleImputer, {scaler.__name__}, {type(model).__name__}"] = (make_pipeline(*[step for _, step in before.steps], model), target, "missing")
    found["MinMaxScaler clipped, Ridge"] = (make_pipeline(MinMaxScaler((-1, 2), clip=True), linear_model.Ridge()), "number", "")
    found["StandardScaler without mean, DecisionTreeRegressor"] = (make_pipeline(StandardScaler(with_mean=False), tree.DecisionTreeRegressor(**depth, **some)), "number", "")
    return {f"scikit-learn {name}": value for name, value in found.items()}


def mirrored(random, count):
    """Nothing changes when two features and two classes change places: where these features are equal, the classes' raw scores differ at most in
    the last bits, and which class is the largest depends on how it is chosen."""
    rows, targets = random.randint(0, 4, (count // 2, FEATURES)).astype(float), random.randint(0, 3, count // 2)
    places = [1, 0, *range(2, FEATURES)]
    return np.concatenate([rows, rows[:, places]]), np.concatenate([targets, np.where(targets == 2, 2, 1 - targets)])


def data(random, count, target, need):
    if need == "mirrored":
        return mirrored(random, count)
    rows = random.standard_normal((count, FEATURES))
    for column, number in CATEGORIES.items() if need == "categories" else ():
        rows[:, column] = random.randint(0, number, count)
    signal = rows[:, 0] * 2 + rows[:, 1] * rows[:, 2] + np.sin(rows[:, 5] * 1.7) + 0.3 * random.standard_normal(count)
    if need:
        rows[random.random_sample(rows.shape) < 0.1] = np.nan
    return rows, {"number": signal, "positive": np.exp(signal / 3), "count": np.floor(np.exp(signal / 3)), "binary": (signal > 0).astype(int),
                  "class": np.digitize(signal, [-2, 0, 2])}[target]


def train(name, folder, random, small):
    estimator, target, need = kinds(small)[name]
    rows, targets = data(random, 200 if small else 1500, target, need)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of newer versions, about settings that they will drop
        estimator.fit(rows, targets)
    # Half of the golden rows are of the training's kind, half are made up by the script itself.
    appcore_export.export(estimator, os.path.join(folder, "model.json"), rows[:10] if random.randint(2) or need else None)
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        document = json.load(file)
    found = {column: set() for column in range(FEATURES)}
    for one in document["model"].get("trees", []) if not document["steps"] else ():
        for left, column, value in zip(one["left"], one["feature"], one["threshold"]):
            if left != -1 and abs(value) < 1e30:
                found[column].add(value)
    integers = {"categories": dict(CATEGORIES), "mirrored": dict.fromkeys(range(FEATURES), 4)}.get(need, {})
    return Trained(FEATURES, {column: sorted(values) for column, values in found.items()}, integers,
                   _takes_missing(estimator), lambda made: cases(estimator, document, made))


def _takes_missing(estimator):
    try:
        estimator.predict(np.full((1, FEATURES), np.nan))
    except ValueError:
        return False
    return True


def cases(estimator, document, made):
    model, outputs = document["model"], document["outputs"]
    bound = None
    if model["kind"] == "linear":
        bound = np.zeros(len(made))
        before = estimator[:-1].transform(made) if document["steps"] else made
        for row in model["coefficients"]:
            bound = np.maximum(bound, BOUND * (np.abs(before) @ np.abs(row) + np.max(np.abs(model["intercept"]))))
    elif model["link"] in ("softmax", "softmax_by_log", "exp"):
        bound = "relative"
    raw = estimator.decision_function if hasattr(estimator, "decision_function") and model["link"] != "identity" else None
    if not hasattr(estimator, "classes_"):
        predictions = estimator.predict(made)
        yield Case("model.json", [], predictions, BOUND * np.abs(predictions) if isinstance(bound, str) else bound)
        if model["link"] == "exp":
            yield Case("model.json", ["--output", "margin"], estimator._raw_predict(made)[:, 0])
        return
    predictions = estimator.predict_proba(made)
    if outputs == 1:
        yield Case("model.json", [], predictions[:, 1], bound if model["kind"] == "linear" else None)
        if raw:
            yield Case("model.json", ["--output", "margin"], raw(made), bound)
        return
    for k in range(outputs):
        yield Case("model.json", ["--output", f"probability:{k}"], predictions[:, k],
                   BOUND * np.abs(predictions[:, k]) if isinstance(bound, str) else bound)
        if raw:
            yield Case("model.json", ["--output", f"margin:{k}"], raw(made)[:, k], None if isinstance(bound, str) else bound)
    if model["kind"] == "trees":
        yield Case("model.json", ["--output", "class"], np.searchsorted(estimator.classes_, estimator.predict(made)))
