"""Writes a fitted scikit-learn model as plain numbers that `appcore-model compile` reads.

    from appcore_export import export
    export(model, "model.json", rows=X_test)

Call it where the model was trained. It needs numpy and scikit-learn 1.2.1 or newer and nothing else. `rows` are rows to
predict here and again in every worker before it serves ("golden rows"); without them some are made from the model's thresholds.
Supported are decision trees, random forests, extra trees, gradient boosting, histogram gradient boosting, linear models and logistic
regression, regressors and classifiers with one target, alone or as the last step of a Pipeline behind StandardScaler, MinMaxScaler and
SimpleImputer. Anything else raises ExportError, whose text says what to do. The format is described in docs/models.md.
"""

import copy
import json
import os
import warnings

import numpy as np
import sklearn

__all__ = ["ExportError", "export"]

FORMAT_VERSION = 1
MOST_GOLDEN_ROWS = 1000
ALL_FINITE = 1.7976931348623157e308  # the largest double: "x <= inf" without an infinity

TREES = ("DecisionTreeRegressor", "DecisionTreeClassifier", "ExtraTreeRegressor", "ExtraTreeClassifier")
FORESTS = ("RandomForestRegressor", "RandomForestClassifier", "ExtraTreesRegressor", "ExtraTreesClassifier")
BOOSTING = ("GradientBoostingRegressor", "GradientBoostingClassifier")
HIST_BOOSTING = ("HistGradientBoostingRegressor", "HistGradientBoostingClassifier")
LINEAR = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
LOGISTIC = ("LogisticRegression", "LogisticRegressionCV")
LINKS = {"IdentityLink": "identity", "LogLink": "exp", "LogitLink": "sigmoid", "MultinomialLogit": "softmax"}


class ExportError(ValueError):
    """The model cannot be exported; the text says why and what to do."""


def export(estimator, path, rows=None, feature_names=None):
    """Writes the fitted `estimator` to the file `path`, whole or not at all.

    rows: golden rows, anything that numpy makes a matrix of doubles of; NaN is a missing value. Of more than 1,000, 1,000 are taken.
    feature_names: for an estimator that was fitted without names.
    """
    steps, model = _take_apart(estimator)
    count = int(getattr(estimator, "n_features_in_", 0) or getattr(model, "n_features_in_", 0))
    if count == 0:
        raise ExportError(f"{_name(estimator)} is not fitted; call fit() first")
    names = feature_names if feature_names is not None else getattr(estimator, "feature_names_in_", [])
    names = [str(name) for name in names]
    if names and len(names) != count:
        raise ExportError(f"feature_names has {len(names)} names, but the model has {count} features")
    outputs = _outputs(model)
    written_steps = [_step(step) for step in steps]
    document = {
        "format": "appcore-export", "format_version": FORMAT_VERSION, "library": f"scikit-learn {sklearn.__version__}",
        "estimator": _name(model), "features": {"count": count, "names": names}, "outputs": outputs, "steps": written_steps,
        "model": _model(model, outputs),
    }
    matrix = _golden_rows(rows, document["model"], count, steps)
    document["golden"] = {
        "rows": [[None if np.isnan(x) else float(x) for x in row] for row in matrix],
        **_predict(estimator, model, matrix, outputs),
    }
    try:
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise ExportError(f"{_name(model)} has a coefficient, leaf or prediction that is not finite; it cannot be served") from None
    beside = f"{path}.new"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(beside, path)


def _name(thing):
    return type(thing).__name__


def _is(thing, names):
    """A class of scikit-learn's own, and not one that was derived from it, which may predict in another way."""
    return type(thing).__module__.split(".")[0] == "sklearn" and _name(thing) in names


def _take_apart(estimator):
    """(the steps before the model, the model)"""
    if not _is(estimator, ("Pipeline",)):
        return [], estimator
    steps = [step for _, step in estimator.steps if step is not None and not isinstance(step, str)]
    if not steps:
        raise ExportError("the Pipeline is empty; its last step has to be a model")
    return steps[:-1], steps[-1]


def _outputs(model):
    """1 for a number or the probability of the second class, otherwise the number of classes."""
    if not _is(model, TREES + FORESTS + BOOSTING + HIST_BOOSTING + LINEAR + LOGISTIC):
        raise ExportError(f"{_name(model)} is not supported; supported are decision trees, random forests, extra trees, gradient boosting, "
                          "histogram gradient boosting, linear models, logistic regression, and a Pipeline of StandardScaler, MinMaxScaler "
                          "and SimpleImputer before one of them")
    fitted = ("tree_", "estimators_", "_predictors", "coef_")
    if not any(hasattr(model, attribute) for attribute in fitted):
        raise ExportError(f"{_name(model)} is not fitted; call fit() first")
    if getattr(model, "n_outputs_", 1) != 1 or (_is(model, LINEAR) and np.ndim(model.coef_) != 1 and np.shape(model.coef_)[0] != 1):
        raise ExportError(f"{_name(model)} has several targets; fit and export one model for each target")
    classes = getattr(model, "classes_", None)
    if classes is None:
        return 1
    if len(classes) < 2:
        raise ExportError(f"{_name(model)} knows only one class; fit it with rows of at least two classes")
    return 1 if len(classes) == 2 else len(classes)


# Steps before the model: all of them in double precision.

def _numbers(values):
    return [float(value) for value in np.asarray(values).ravel()]


def _step(step):
    if _is(step, ("StandardScaler",)):
        return {"kind": "standard", "mean": _numbers(step.mean_) if step.with_mean else [],
                "scale": _numbers(step.scale_) if step.with_std else []}
    if _is(step, ("MinMaxScaler",)):
        limits = {"low": float(step.feature_range[0]), "high": float(step.feature_range[1])} if step.clip else {}
        return {"kind": "min_max", "scale": _numbers(step.scale_), "min": _numbers(step.min_), **limits}
    if _is(step, ("SimpleImputer",)):
        if step.add_indicator:
            raise ExportError("SimpleImputer with add_indicator=True is not supported; fit it with add_indicator=False")
        if not (isinstance(step.missing_values, float) and np.isnan(step.missing_values)):
            raise ExportError(f"SimpleImputer replaces {step.missing_values!r}; only missing_values=np.nan is supported")
        values = np.asarray(step.statistics_, dtype=np.float64)
        if np.isnan(values).any():
            raise ExportError("SimpleImputer drops features that had no value when it was fitted; remove these columns before fit()")
        return {"kind": "impute", "values": _numbers(values)}
    raise ExportError(f"{_name(step)} before the model is not supported; supported are StandardScaler, MinMaxScaler and SimpleImputer")


# Models.

def _model(model, outputs):
    if _is(model, TREES + FORESTS):
        return _forest(model, outputs)
    class_of = {"class_of": _class_of(model, outputs)} if outputs > 1 else {}
    if _is(model, LINEAR + LOGISTIC):
        return {**_linear(model, outputs), **class_of}
    return {**class_of, **(_hist_boosting(model) if _is(model, HIST_BOOSTING) else _boosting(model))}


def _class_of(model, outputs):
    """What predict() takes the largest of. Raw scores that differ in their last bits have equal probabilities, of which the first counts.
    Boosting decides this in different ways in different versions, so a copy of the model is asked for the class of such scores."""
    scores = np.array([0.0, 1e-30] + [-1.0] * (outputs - 2))
    asked = copy.copy(model)
    if _is(model, LOGISTIC):
        asked.coef_, asked.intercept_ = np.zeros((outputs, model.n_features_in_)), scores
    else:
        asked._raw_predict = lambda *_, **__: scores[np.newaxis].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = asked.predict(np.zeros((1, model.n_features_in_)))[0]
    if found == model.classes_[0]:
        return "probabilities"
    if found == model.classes_[1]:
        return "raw_scores"
    raise ExportError(f"{_name(model)} of scikit-learn {sklearn.__version__} chooses classes in an unknown way; use another version")


def _linear(model, outputs):
    coefficients = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    intercept = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64).ravel(), (outputs,))
    document = {"kind": "linear", "coefficients": coefficients.tolist(), "intercept": intercept.tolist(), "link": "identity"}
    if _is(model, LOGISTIC):
        one_against_rest = _is_one_against_rest(model, outputs)
        document["link"] = "sigmoid" if outputs == 1 else "sigmoid_normalized" if one_against_rest else "softmax"
        if outputs == 1 and not one_against_rest:
            document["sigmoid_scale"] = 2.0  # a softmax over -x and x
    return document


def _is_one_against_rest(model, outputs):
    """Whether each class has a sigmoid of its own, otherwise there is a softmax over all. Versions decide this in different ways, from the solver
    and a parameter that the newest ones do not have, so a copy of the model is asked what becomes of raw scores that are known."""
    asked = copy.copy(model)
    asked.coef_ = np.zeros((outputs, model.n_features_in_))
    asked.intercept_ = np.zeros(outputs)
    asked.intercept_[-1] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probabilities = asked.predict_proba(np.zeros((1, model.n_features_in_)))[0]
    sigmoid = [1 / (1 + np.exp(-score)) for score in (0.0, 1.0)]
    # Of two classes, whose only raw score is 1, the first one's sigmoid is that of -1.
    rest = 1 - sigmoid[1] if outputs == 1 else sigmoid[0]
    found, softmax = probabilities[-1] / probabilities[0], np.exp(2.0 if outputs == 1 else 1.0)
    if np.isclose(found, sigmoid[1] / rest):
        return True
    if np.isclose(found, softmax):
        return False
    raise ExportError(f"{_name(model)} of scikit-learn {sklearn.__version__} makes probabilities in an unknown way; use another version")


def _forest(model, outputs):
    """Trees whose leaves are averaged: also a single one."""
    estimators = [model] if _is(model, TREES) else model.estimators_
    missing = _takes_missing_values(model)
    trees = [_tree(one.tree_, _leaf_values(one, outputs), -1 if outputs > 1 else 0, missing) for one in estimators]
    return {"kind": "trees", "input": "float32", "base": [0.0] * outputs, "average": not _is(model, TREES), "link": "identity", "trees": trees}


def _leaf_values(one, outputs):
    """What predict() or predict_proba() of one tree answers at each node, (nodes, outputs)."""
    values = one.tree_.value[:, 0, :]
    if not hasattr(one, "classes_"):
        return values[:, :1]
    if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 3):  # weighted counts; later ones keep fractions
        total = values.sum(axis=1)[:, np.newaxis]
        total[total == 0.0] = 1.0
        values = values / total
    return values[:, 1:2] if outputs == 1 else values


def _boosting(model):
    if not (isinstance(model.init_, str) or _is(model.init_, ("DummyRegressor", "DummyClassifier"))):
        raise ExportError(f"{_name(model)} starts from a {_name(model.init_)}; only init=None and init='zero' are supported")
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))[0]
    trees = [_tree(one.tree_, model.learning_rate * one.tree_.value[:, 0, :1], k, False)
             for stage in model.estimators_ for k, one in enumerate(stage)]
    document = {"kind": "trees", "input": "float32", "base": _numbers(base), "average": False, "link": "identity", "trees": trees}
    if hasattr(model, "classes_"):
        # Up to 1.3 a softmax of its own, whose probabilities are equal where those of the usual one differ.
        by_log = hasattr(model._loss, "_raw_prediction_to_proba")
        document["link"] = "sigmoid" if len(base) == 1 else "softmax_by_log" if by_log else "softmax"
        if model.loss == "exponential":
            document["sigmoid_scale"] = 2.0
    return document


def _tree(tree, values, output, missing):
    """A tree of scikit-learn's `Tree`, whose nodes are in an order with parents first."""
    leaf = tree.children_left == -1
    document = {"output": output, "left": tree.children_left.tolist(), "right": tree.children_right.tolist(),
                "feature": np.where(leaf, 0, tree.feature).tolist(), "threshold": np.where(leaf, 0.0, np.minimum(tree.threshold, ALL_FINITE)).tolist(),
                "value": _numbers(np.where(leaf[:, np.newaxis], values, 0.0))}
    if missing:
        document["missing_left"] = np.where(leaf, 0, tree.__getstate__()["nodes"]["missing_go_to_left"]).astype(int).tolist()
    return document


def _hist_boosting(model):
    link = LINKS.get(_name(model._loss.link))
    if link is None:
        raise ExportError(f"{_name(model)} with loss={model.loss!r} is not supported; fit it with another loss")
    columns, known = _hist_columns(model)
    trees = [_hist_tree(tree, k, columns, known) for stage in model._predictors for k, tree in enumerate(stage)]
    exact = {"categories": "exact"} if known and getattr(model, "_preprocessor", None) is not None else {}
    return {"kind": "trees", "input": "float64", **exact, "base": _numbers(model._baseline_prediction), "average": False, "link": link, "trees": trees}


def _hist_columns(model):
    """(the feature of each column that the trees see, {column: what category each of its codes stands for})"""
    encoder = getattr(model, "_preprocessor", None)
    if encoder is None:
        bitsets, position = model._bin_mapper.make_known_categories_bitsets()
        categorical = model.is_categorical_ if model.is_categorical_ is not None else []
        return list(range(model.n_features_in_)), {i: {code: code for code in _members(bitsets[position[i]])}
                                                   for i, is_one in enumerate(categorical) if is_one}
    # Since 1.4 the categorical features come first, as indices into the sorted categories of the encoder, which knows no number between these;
    # before, the trees took the integer part.
    first = np.flatnonzero(model.is_categorical_).tolist()
    known = {}
    for column, categories in enumerate(encoder.named_transformers_["encoder"].categories_):
        try:
            values = np.asarray(categories, dtype=np.float64)
        except (TypeError, ValueError):
            raise ExportError(f"the categories of feature {first[column]} are not numbers; encode them as integers before fit()") from None
        values = values[~np.isnan(values)]
        if (values < 0).any() or (values != np.floor(values)).any() or (values >= 2**24).any():
            raise ExportError(f"the categories of feature {first[column]} are not integers from 0 to 16777215; encode them so before fit()")
        known[column] = {code: int(value) for code, value in enumerate(values)}
    return first + np.flatnonzero(~model.is_categorical_).tolist(), known


def _members(bitset):
    return [i for i in range(32 * len(bitset)) if int(bitset[i // 32]) >> (i % 32) & 1]


def _hist_tree(tree, output, columns, known):
    nodes = tree.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)).tolist() for side in ("left", "right"))
    missing = np.where(leaf, 0, nodes["missing_go_to_left"]).astype(int).tolist()
    split = np.where(leaf | nodes["is_categorical"].astype(bool), 0.0, nodes["num_threshold"])
    categories = {}
    for i in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist():
        codes = known[int(nodes["feature_idx"][i])]
        chosen = {codes[code] for code in _members(tree.raw_left_cat_bitsets[nodes["bitset_idx"][i]]) if code in codes}
        if missing[i]:  # unknown categories go where missing values go; what is not listed goes right
            chosen = set(codes.values()) - chosen
            left[i], right[i], missing[i] = right[i], left[i], 0
        categories[str(i)] = sorted(chosen)
    features = [columns[i] for i in np.where(leaf, 0, nodes["feature_idx"]).tolist()]
    document = {"output": output, "left": left, "right": right, "feature": features,
                "threshold": np.minimum(split, ALL_FINITE).tolist(), "value": np.where(leaf, nodes["value"], 0.0).tolist(),
                "missing_left": missing}
    return {**document, "categories": categories} if categories else document


# Golden rows and what the library predicts for them.

def _takes_missing_values(model):
    return _is(model, HIST_BOOSTING) or _accepts(model, np.full((1, model.n_features_in_), np.nan))


def _accepts(model, row):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.predict(row)
    except ValueError:
        return False
    return True


def _golden_rows(rows, model, count, steps):
    if rows is None:
        return _made_up_rows(model, count, steps)
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != count:
        raise ExportError(f"rows has the shape {matrix.shape}; it needs {count} columns, one for each feature")
    if len(matrix) > MOST_GOLDEN_ROWS:
        matrix = matrix[np.linspace(0, len(matrix) - 1, MOST_GOLDEN_ROWS).astype(int)]
    return matrix


def _made_up_rows(model, count, steps):
    """64 rows of thresholds of the model, or of ordinary numbers where it has none."""
    random = np.random.RandomState(16)
    matrix = random.standard_normal((64, count))
    choices = [[] for _ in range(count)]
    for tree in model.get("trees", []):
        for left, feature, threshold in zip(tree["left"], tree["feature"], tree["threshold"]):
            if left != -1 and abs(threshold) < 1e30:
                choices[feature].append(threshold)
    for feature, values in enumerate(choices):
        if values and not steps:
            matrix[:, feature] = random.choice(values, 64)
    return matrix


def _predict(estimator, model, matrix, outputs):
    """As the library itself predicts; forests in one thread, since several add up in any order."""
    jobs = getattr(model, "n_jobs", None)
    if jobs is not None:
        model.n_jobs = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # rows are without names here
            if not hasattr(model, "classes_"):
                return {"predictions": _numbers(estimator.predict(matrix))}
            predictions = estimator.predict_proba(matrix)
            if outputs == 1:
                return {"predictions": predictions[:, 1].tolist()}
            classes = np.searchsorted(model.classes_, estimator.predict(matrix))
            return {"predictions": predictions.tolist(), "classes": classes.tolist()}
    finally:
        if jobs is not None:
            model.n_jobs = jobs
