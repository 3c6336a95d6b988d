"""Seeds of the targets that read models: one small document for each thing that an importer knows."""

import json
import struct


def stump(number, **more):
    """One tree of XGBoost."""
    return {"default_left": [1, 0, 0], "id": number, "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_conditions": [0.5, -1.0, 1.0],
            "split_indices": [0, 0, 0], "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "3", "size_leaf_vector": "0"}, **more}


CATEGORIES = {"split_type": [1, 0, 0], "categories": [1, 3], "categories_nodes": [0], "categories_segments": [0], "categories_sizes": [2]}


def xgboost(objective, groups=(0,), booster=None, attributes=None, version=(1, 7, 4), tree=None, beside=None, **parameters):
    trees = len(groups)
    model = {"gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(trees), "size_leaf_vector": "0"}, "tree_info": list(groups),
             "trees": [stump(i, **(tree or {})) for i in range(trees)], **(beside or {})}
    return {"learner": {"attributes": attributes or {}, "feature_names": ["a", "b"], "feature_types": ["float", "int"],
                        "gradient_booster": booster(model) if callable(booster) else {"model": model, "name": "gbtree"},
                        "learner_model_param": {"base_score": "5E-1", "boost_from_average": "1", "num_class": "0", "num_feature": "2", "num_target": "1", **parameters},
                        "objective": {"name": objective}}, "version": list(version)}


def dart(model):
    return {"gbtree": {"model": model, "name": "gbtree"}, "name": "dart", "weight_drop": [0.5]}


def linear(outputs):
    return lambda _: {"model": {"weights": [0.5, 0.25, 1.0] * outputs, "boosted_rounds": 3}, "name": "gblinear"}


XGBOOST = {
    "logistic": xgboost("binary:logistic"),
    "softmax": xgboost("multi:softprob", groups=(0, 1), num_class="2"),
    "base-scores": xgboost("multi:softmax", groups=(0, 1), num_class="2", base_score="[5E-1,2.5E-1]", version=(3, 1, 0)),
    "categories": xgboost("reg:squarederror", tree=CATEGORIES),
    "dart": xgboost("count:poisson", booster=dart),
    "dart-among-the-trees": xgboost("reg:gamma", beside={"weight_drop": [0.25]}, version=(3, 4, 0)),
    "linear": xgboost("survival:cox", booster=linear(1)),
    "linear-classes": xgboost("multi:softprob", booster=linear(2), num_class="2"),
    "early-stopping": xgboost("binary:hinge", groups=(0, 0), attributes={"best_iteration": "0"}, beside={"iteration_indptr": [0, 1, 2]}, version=(2, 1, 0)),
    "no-recoder": xgboost("reg:quantileerror", beside={"cats": {"enc": [], "feature_segments": [], "sorted_idx": []}}, version=(3, 1, 0)),
}

FOREST = {"kind": "trees", "input": "float32", "base": [0.0, 0.0], "average": True, "link": "identity",
          "trees": [{"output": -1, "left": [1, -1, -1], "right": [2, -1, -1], "feature": [1, 0, 0], "threshold": [0.7, 0, 0], "value": [0, 0, 0.25, 0.75, 1.0, 0.0]}]}
HISTOGRAM = {"kind": "trees", "input": "float64", "base": [0.125], "average": False, "link": "sigmoid", "sigmoid_scale": 2.0,
             "trees": [{"output": 0, "left": [1, -1, -1], "right": [2, -1, -1], "feature": [1, 0, 0], "threshold": [0.7, 0, 0], "value": [0, 0.25, -0.5],
                        "missing_left": [1, 0, 0], "categories": {"0": [1, 4]}}]}
STEPS = [{"kind": "impute", "values": [0.5, 1.5]}, {"kind": "standard", "mean": [0.5, 0.25], "scale": [2.0, 4.0]},
         {"kind": "min_max", "scale": [1.0, 2.0], "min": [0.0, 1.0], "low": 0.0, "high": 1.0}]
NO_GOLDEN = {"rows": [], "predictions": []}


def export(outputs, model, steps=(), golden=None):
    return {"format": "appcore-export", "format_version": 1, "library": "scikit-learn 1.2.1", "estimator": "E", "features": {"count": 2, "names": ["a", "b"]},
            "outputs": outputs, "steps": list(steps), "model": model, "golden": golden or NO_GOLDEN}


EXPORT = {
    "forest": export(2, FOREST, STEPS, {"rows": [[0.5, None]], "predictions": [[1.0, 0.0]]}),
    "histogram": export(1, HISTOGRAM),
    "linear": export(1, {"kind": "linear", "coefficients": [[0.5, 0.25]], "intercept": [1.0], "link": "sigmoid"}, STEPS[1:]),
    "linear-classes": export(2, {"kind": "linear", "coefficients": [[0.5, 0.25], [1, 0]], "intercept": [1.0, 0], "link": "sigmoid_normalized"}),
}

HEAD = "tree\nversion={}\nnum_class={}\nnum_tree_per_iteration={}\nlabel_index=0\nmax_feature_idx=1\n{}feature_names=a b\nfeature_infos=[0:1] -1:0:1\n\n"
SETS = ("num_leaves=3\nnum_cat=1\nsplit_feature=0 1\nthreshold=0.5 0\ndecision_type=10 1\nleft_child=-1 -2\nright_child=1 -3\n"
        "leaf_value=0.5 -0.25 1\ncat_boundaries=0 1\ncat_threshold=3\nis_linear=0\nshrinkage=1\n\n\n")
STUMP = "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=1.5\ndecision_type={}\nleft_child=-1\nright_child=-2\nleaf_value=1 2\nis_linear={}\n{}shrinkage=1\n\n\n"
LINES = "leaf_const=0.5 0\nnum_features=1 0\nleaf_features=1  \nleaf_coeff=0.125  \n"


def lightgbm(objective, *trees, classes=1, version="v4", end="end of trees\n\npandas_categorical:null\n"):
    return HEAD.format(version, classes, classes, objective) + "".join(f"Tree={i}\n{tree}" for i, tree in enumerate(trees)) + end


LIGHTGBM = {
    "binary": lightgbm("objective=binary sigmoid:1.3\n", STUMP.format(2, 0, "")),
    "linear-and-categories": lightgbm("objective=regression sqrt\n", SETS, STUMP.format(4, 1, LINES)),
    "classes": lightgbm("objective=multiclassova num_class:2 sigmoid:1e-05\n", STUMP.format(8, 0, ""), SETS, classes=2),
    "average": lightgbm("objective=poisson\naverage_output\n", SETS, SETS),
    "second-version": lightgbm("", STUMP.format(6, 0, ""), version="v2", end="\nfeature importances:\na=1\n"),
}


def ubjson(value):
    """As XGBoost writes it: lists of numbers have their type once, in front."""
    if isinstance(value, dict):
        return b"{" + b"".join(ubjson(key)[1:] + ubjson(member) for key, member in value.items()) + b"}"
    if isinstance(value, str):
        return b"SL" + struct.pack(">q", len(value)) + value.encode()
    if isinstance(value, int):
        return b"L" + struct.pack(">q", value)
    if value and all(isinstance(item, float) for item in value):
        return b"[$d#L" + struct.pack(">q", len(value)) + b"".join(struct.pack(">f", item) for item in value)
    if value and all(isinstance(item, int) for item in value):
        return b"[$l#L" + struct.pack(">q", len(value)) + b"".join(struct.pack(">i", item) for item in value)
    return b"[" + b"".join(ubjson(item) for item in value) + b"]"


def seeds():
    """(target, name, bytes)"""
    compact = {"separators": (",", ":")}
    found = {"import_xgboost_json": {name: json.dumps(document, **compact).encode() for name, document in XGBOOST.items()},
             "import_xgboost_ubjson": {name: ubjson(document) for name, document in XGBOOST.items()},
             "import_export": {name: json.dumps(document, **compact).encode() for name, document in EXPORT.items()},
             "import_lightgbm": {name: text.encode() for name, text in LIGHTGBM.items()}}
    for target, documents in found.items():
        for name, data in documents.items():
            yield target, name, data
            yield "model_source", f"{target}-{name}", data
