"""Writes an XGBoost regression model (its JSON document) as an ONNX file with one TreeEnsembleRegressor, without any library for it."""

import struct

FLOAT, INT, STRING, FLOATS, INTS, STRINGS = 1, 2, 3, 6, 7, 8  # kinds of attributes


def varint(number):
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A member of a protobuf message: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, kind, values):
    if kind == INT:
        body = field(3, values)
    elif kind == STRING:
        body = field(4, values)
    elif kind == FLOATS:
        body = b"".join(varint(7 << 3 | 5) + struct.pack("<f", value) for value in values)
    elif kind == INTS:
        body = b"".join(field(8, value) for value in values)
    else:
        body = b"".join(field(9, value) for value in values)
    return field(5, field(1, name) + body + field(20, kind))


def tensor(name, columns):
    dimensions = field(1, field(1, 1)) + field(1, field(1, columns))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))


def model(document):
    learner = document["learner"]
    lists = {name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    leaves = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(learner["gradient_booster"]["model"]["trees"]):
        for node, left in enumerate(tree["left_children"]):
            is_leaf = left == -1
            for name, value in (("treeids", number), ("nodeids", node), ("featureids", 0 if is_leaf else tree["split_indices"][node]),
                                ("values", 0.0 if is_leaf else tree["split_conditions"][node]), ("modes", "LEAF" if is_leaf else "BRANCH_LT"),
                                ("truenodeids", max(left, 0)), ("falsenodeids", max(tree["right_children"][node], 0)),
                                ("missing_value_tracks_true", int(tree["default_left"][node]))):
                lists[name].append(value)
            if is_leaf:
                for name, value in (("treeids", number), ("nodeids", node), ("ids", 0), ("weights", tree["split_conditions"][node])):
                    leaves[name].append(value)
    kinds = {"values": FLOATS, "weights": FLOATS, "modes": STRINGS}
    attributes = b"".join(attribute(f"nodes_{name}", kinds.get(name, INTS), values) for name, values in lists.items())
    attributes += b"".join(attribute(f"target_{name}", kinds.get(name, INTS), values) for name, values in leaves.items())
    attributes += attribute("n_targets", INT, 1) + attribute("post_transform", STRING, "NONE")
    attributes += attribute("base_values", FLOATS, [float(str(learner["learner_model_param"]["base_score"]).strip("[]"))])
    node = field(1, "x") + field(2, "y") + field(4, "TreeEnsembleRegressor") + attributes + field(7, "ai.onnx.ml")
    features = int(learner["learner_model_param"]["num_feature"])
    graph = field(1, node) + field(2, "model") + field(11, tensor("x", features)) + field(12, tensor("y", 1))
    return field(1, 8) + field(7, graph) + field(8, field(1, "ai.onnx.ml") + field(2, 3)) + field(8, field(1, "") + field(2, 15))
