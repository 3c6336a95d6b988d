"""Model files that no library wrote: {what is wrong: the bytes}, made from the fixtures in tests/models."""

import copy
import json
import os
import random
import struct

from stack import ROOT

MODELS = os.path.join(ROOT, "tests", "models")
HUGE = 2**31 - 1


def fixture(kind, file):
    with open(os.path.join(MODELS, kind, file), "rb") as opened:
        return opened.read()


def changed(document, path, value):
    """A copy in which path ("a.b.0.c") has another value, or value(old) of a function; `del` removes it."""
    document = copy.deepcopy(document)
    at = document
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        at = at[part]
    if value is del_:
        del at[last]
    else:
        at[last] = value(at[last]) if callable(value) else value
    return document


def del_():
    """Removes a member, see changed()."""


def at(index, value):
    return lambda values: values[:index] + [value] + values[index + 1:]


TREE = "learner/gradient_booster/model/trees/0/"
PARAMETERS = "learner/learner_model_param/"
XGBOOST = {
    "a child out of range": (TREE + "left_children", at(0, 999_999)),
    "a negative child": (TREE + "left_children", at(0, -7)),
    "a child that is its parent": (TREE + "left_children", at(0, 0)),
    "a cycle": (TREE + "left_children", at(1, 0)),
    "a child of two nodes": (TREE + "left_children", at(1, 1)),
    "right children elsewhere": (TREE + "right_children", at(0, 1)),
    "children shorter than the tree": (TREE + "left_children", lambda values: values[:-1]),
    "no conditions": (TREE + "split_conditions", []),
    "a feature out of range": (TREE + "split_indices", at(0, HUGE)),
    "a negative feature": (TREE + "split_indices", at(0, -1)),
    "a threshold that is text": (TREE + "split_conditions", at(0, "NaN")),
    "a threshold that overflows": (TREE + "split_conditions", at(0, 1e300)),
    "default_left shorter than the tree": (TREE + "default_left", [0]),
    "a tree without nodes": (TREE + "left_children", []),
    "a number of nodes that is not that of the arrays": (TREE + "tree_param/num_nodes", str(HUGE)),
    "vector leaves": (TREE + "tree_param/size_leaf_vector", "3"),
    "trees that are missing": ("learner/gradient_booster/model/trees", []),
    "a number of trees that is not theirs": ("learner/gradient_booster/model/gbtree_model_param/num_trees", str(HUGE)),
    "a group out of range": ("learner/gradient_booster/model/tree_info", at(0, 5)),
    "a negative group": ("learner/gradient_booster/model/tree_info", at(0, -1)),
    "groups for other trees": ("learner/gradient_booster/model/tree_info", [0]),
    "no features": (PARAMETERS + "num_feature", "0"),
    "more features than the limit": (PARAMETERS + "num_feature", "4294967296"),
    "2^31 - 1 classes": (PARAMETERS + "num_class", str(HUGE)),
    "a base score that is not a number": (PARAMETERS + "base_score", "nan"),
    "an infinite base score": (PARAMETERS + "base_score", "1e999"),
    "an unknown objective": ("learner/objective/name", "reg:tomorrow"),
    "an unknown booster": ("learner/gradient_booster/name", "gbforest"),
    "a category set that ends behind the array": (TREE + "categories_nodes", [0]),
    "no learner": ("learner", del_),
    "no trees' parameters": ("learner/gradient_booster/model", del_),
    "a learner that is a list": ("learner", []),
}
EXPORT = {
    "another format version": ("format_version", 2),
    "an unknown key": ("model/interactions", []),
    "an unknown link": ("model/link", "probit"),
    "an unknown step": ("steps", [{"kind": "polynomial"}]),
    "a child out of range": ("model/trees/0/left", at(0, HUGE)),
    "a child that is its parent": ("model/trees/0/left", at(0, 0)),
    "a cycle": ("model/trees/0/right", at(1, 0)),
    "a child of two nodes": ("model/trees/0/right", lambda values: [values[0], *[v if v == -1 else values[0] for v in values[1:]]]),
    "one child only": ("model/trees/0/right", at(0, -1)),
    "arrays of two lengths": ("model/trees/0/value", lambda values: values[:-1]),
    "a feature out of range": ("model/trees/0/feature", at(0, 65_536)),
    "a fractional feature": ("model/trees/0/feature", at(0, 0.5)),
    "an output out of range": ("model/trees/0/output", 4),
    "an infinite leaf": ("model/trees/0/value", lambda values: [1e308 * 10] * len(values)),
    "a base for other outputs": ("model/base", [0.0, 0.0]),
    "2^31 - 1 outputs": ("outputs", HUGE),
    "2^31 - 1 features": ("features/count", HUGE),
    "no trees": ("model/trees", []),
    "golden rows of another width": ("golden/rows", [[1.0]]),
    "golden rows that the model does not answer so": ("golden/predictions", lambda values: [value + 1 for value in values]),
}
LIGHTGBM = {
    "more leaves than the arrays": (b"num_leaves=15", b"num_leaves=2147483647"),
    "no leaves": (b"num_leaves=15", b"num_leaves=0"),
    "a negative number of leaves": (b"num_leaves=15", b"num_leaves=-3"),
    "a child out of range": (b"left_child=1 ", b"left_child=77 "),
    "a child that is its parent": (b"left_child=1 ", b"left_child=0 "),
    "a leaf out of range": (b"left_child=1 -1", b"left_child=1 -99"),
    "a feature out of range": (b"split_feature=0 ", b"split_feature=4000000000 "),
    "a threshold that is not a number": (b"threshold=0", b"threshold=nan"),
    "a leaf that is not a number": (b"leaf_value=-", b"leaf_value=nan "),
    "an infinite leaf": (b"leaf_value=-", b"leaf_value=1e999 "),
    "2^32 features": (b"max_feature_idx=9", b"max_feature_idx=4294967295"),
    "2^31 classes": (b"num_class=1", b"num_class=2147483647"),
    "no trees in an iteration": (b"num_tree_per_iteration=1", b"num_tree_per_iteration=0"),
    "an unknown objective": (b"objective=binary sigmoid:1", b"objective=tomorrow"),
    "a sigmoid of 0": (b"objective=binary sigmoid:1", b"objective=binary sigmoid:0"),
    "categorical splits without sets": (b"num_cat=0", b"num_cat=2147483647"),
    "an unknown version": (b"version=v4", b"version=v9"),
}


def chain(depth):
    """A tree of one long branch, in XGBoost's JSON."""
    document = json.loads(fixture("xgboost-gbtree-reg-squarederror", "model.json"))
    nodes = 2 * depth + 1
    arrays = {"left_children": [i + 1 if i % 2 == 0 and i < nodes - 1 else -1 for i in range(nodes)],
              "right_children": [i + 2 if i % 2 == 0 and i < nodes - 1 else -1 for i in range(nodes)],
              "parents": [HUGE] + [(i - 1) // 2 * 2 for i in range(1, nodes)]}
    # Children at 2i + 1 and 2i + 2; the branch continues at the right one.
    tree = document["learner"]["gradient_booster"]["model"]["trees"][0]
    for key, values in list(tree.items()):
        if isinstance(values, list) and not key.startswith("categories"):
            tree[key] = arrays.get(key, [0] * nodes)
    tree["tree_param"]["num_nodes"] = str(nodes)
    return json.dumps(document).encode()


def sources():
    """{(title, file name): bytes}, each of which has to be refused."""
    found = {}
    for title, (path, value) in XGBOOST.items():
        document = json.loads(fixture("xgboost-gbtree-reg-squarederror", "model.json"))
        found[f"XGBoost JSON: {title}", "model.json"] = json.dumps(changed(document, path, value)).encode()
        # The same document in the other encoding.
        found[f"XGBoost UBJSON: {title}", "model.ubj"] = ubjson(changed(document, path, value))
    dart = json.loads(fixture("xgboost-dart-reg-squarederror", "model.json"))
    found["XGBoost JSON: weights for other trees", "model.json"] = json.dumps(
        changed(dart, "learner/gradient_booster/weight_drop", [1.0])).encode()
    logistic = json.loads(fixture("xgboost-gbtree-binary-logistic", "model.json"))
    found["XGBoost JSON: a base score outside the link's domain", "model.json"] = json.dumps(
        changed(logistic, PARAMETERS + "base_score", "1.5")).encode()
    found["XGBoost JSON: a branch of 5,000 nodes", "model.json"] = chain(5000)
    for title, (path, value) in EXPORT.items():
        document = json.loads(fixture("scikit-learn-gradientboostingregressor-huber", "model.json"))
        found[f"scikit-learn: {title}", "model.json"] = json.dumps(changed(document, path, value)).encode()
    text = fixture("lightgbm-binary", "model.txt")
    for title, (old, new) in LIGHTGBM.items():
        assert old in text, old
        found[f"LightGBM: {title}", "model.txt"] = text.replace(old, new, 1)
    found["JSON nested 100,000 deep", "model.json"] = b"[" * 100_000
    found["JSON nested 100,000 deep in an object", "model.json"] = b'{"learner":' * 100_000
    found["JSON of nothing", "model.json"] = b""
    found["a number of a million digits", "model.json"] = b'{"version":[' + b"9" * 1_000_000 + b"]}"
    found["a pickle", "model.pkl"] = b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05model\x94."
    found["an ONNX file", "model.onnx"] = b"\x08\x08\x12\x07skl2onnx\x1a\x041.14"
    found["UBJSON: 4 GiB of floats announced in 1 KiB", "model.ubj"] = (b"{L" + struct.pack(">q", 7) + b"learner[$d#L" + struct.pack(">q", 2**30)).ljust(1024, b"\0")
    found["UBJSON: a string of 2^62 bytes", "model.ubj"] = b"{L" + struct.pack(">q", 2**62) + b"learner"
    found["UBJSON: a string of a negative length", "model.ubj"] = b"{L" + struct.pack(">q", -1) + b"learner"
    found["UBJSON nested 100,000 deep", "model.ubj"] = b"{" + (b"L" + struct.pack(">q", 1) + b"a[") + b"[" * 100_000
    for kind, file in (("xgboost-gbtree-reg-squarederror", "model.json"), ("xgboost-gbtree-reg-squarederror", "model.ubj"),
                       ("scikit-learn-gradientboostingregressor-huber", "model.json"), ("lightgbm-binary", "model.txt")):
        whole = fixture(kind, file)
        for part in (1, 10, len(whole) // 3, len(whole) // 2, len(whole) - 40):
            found[f"{kind} {file} that ends after {part} bytes", file] = whole[:part]
    return found


class Raw(bytes):
    """Bytes that stand in a document as they are."""


def ubjson(value):
    """XGBoost's dialect: lengths are L, arrays of one kind of number are typed."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        return b"{" + b"".join(ubjson(key)[1:] + ubjson(member) for key, member in value.items()) + b"}"
    if isinstance(value, str):
        encoded = value.encode()
        return b"SL" + struct.pack(">q", len(encoded)) + encoded
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"L" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    return b"[" + b"".join(ubjson(item) for item in value) + b"]"


def mutated(generator: random.Random, data):
    """The bytes with a few of them changed, removed, doubled or moved."""
    data = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 5))):
        where = generator.randrange(len(data))
        length = min(generator.choice((1, 1, 4, 8, 64)), len(data) - where)
        kind = generator.randrange(5)
        if kind == 0:
            data[where] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[where:where + length] = generator.choice((b"\xff", b"\0", b"\x7f", b"9")) * length
        elif kind == 2 and len(data) > length:
            del data[where:where + length]
        elif kind == 3:
            data[where:where] = data[where:where + length]
        else:
            other = generator.randrange(len(data))
            data[where:where + length] = data[other:other + length]
    return bytes(data)
