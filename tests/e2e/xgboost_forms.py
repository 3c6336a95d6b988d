"""The document of an XGBoost model in the form that other versions write it in, by what their sources do.

Read in gbtree.cc, gbtree_model.cc, learner.cc, tree_model.cc and objective/ of 1.7.4, 2.1.4, 3.0.0, 3.1.0 and 3.4.1.
"""

import copy
import json
import struct

FLOATS = {"base_weights", "loss_changes", "split_conditions", "sum_hessian", "weights"}
BYTES = {"default_left", "split_type"}
LONGS = {"categories_segments", "categories_sizes"}
INTEGERS = {"categories", "categories_nodes", "left_children", "parents", "right_children", "split_indices"}


def forms(document):
    """(what it is called, the document)"""
    for version in ((2, 1, 4), (3, 0, 0), (3, 1, 0), (3, 4, 1)):
        yield ".".join(map(str, version)), written_by(document, version)


def written_by(document, version):
    document = copy.deepcopy(document)
    document["version"] = list(version)
    learner = document["learner"]
    booster, objective, parameters = learner["gradient_booster"], learner["objective"], learner["learner_model_param"]
    if "lambda_rank_param" in objective:  # since 2.0; what an unbiased one has learnt of positions since then, too
        del objective["lambda_rank_param"]
        objective["lambdarank_param"] = {"lambdarank_num_pair_per_sample": "4294967295", "lambdarank_unbiased": "1", "ndcg_exp_gain": "1"}
        objective["ti+"] = objective["tj-"] = [1.0, 0.75, 0.5]
    if version >= (3, 0, 0) and objective["name"] == "reg:gamma":
        objective["reg_loss_param"] = {"scale_pos_weight": "1"}
    if version >= (3, 1, 0):
        outputs = max(int(parameters["num_class"]), 1)
        parameters["base_score"] = "[" + ",".join([parameters["base_score"]] * outputs) + "]"
    if version >= (3, 3, 0) and objective["name"] == "reg:squaredlogerror":
        objective.pop("reg_loss_param", None)
    if booster["name"] == "gblinear":
        return document
    model = booster.get("gbtree", booster)["model"]
    model["iteration_indptr"] = ends_of_iterations(model, max(int(parameters["num_class"]), 1))
    del model["gbtree_model_param"]["size_leaf_vector"]
    for tree in model["trees"]:
        tree["tree_param"]["size_leaf_vector"] = "1"
    if version >= (3, 1, 0):
        model["cats"] = {"enc": [], "feature_segments": [], "sorted_idx": []}
    if version >= (3, 4, 0):
        if booster["name"] == "dart":
            model["weight_drop"] = booster["weight_drop"]
        learner["gradient_booster"] = {"model": model, "name": "gbtree"}
    return document


def ends_of_iterations(model, groups):
    step = groups * int(model["gbtree_model_param"]["num_parallel_tree"])
    return list(range(0, len(model["trees"]) + 1, step))


def as_json(document):
    return json.dumps(document, separators=(",", ":")).encode()


def as_ubjson(value, name=""):
    """Since 1.6: a list of a tree has the type of its numbers once, in front."""
    if isinstance(value, dict):
        return b"{" + b"".join(as_ubjson(key)[1:] + as_ubjson(member, key) for key, member in value.items()) + b"}"
    if isinstance(value, str):
        encoded = value.encode()
        return b"SL" + struct.pack(">q", len(encoded)) + encoded
    for names, code, packed in ((FLOATS, b"d", "f"), (BYTES, b"U", "B"), (LONGS, b"L", "q"), (INTEGERS, b"l", "i")):
        if isinstance(value, list) and name in names:
            return b"[$" + code + b"#L" + struct.pack(f">q{len(value)}{packed}", len(value), *value)
    if isinstance(value, list):
        return b"[#L" + struct.pack(">q", len(value)) + b"".join(as_ubjson(item) for item in value)
    return b"d" + struct.pack(">f", value) if isinstance(value, float) else b"L" + struct.pack(">q", value)
