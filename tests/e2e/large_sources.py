"""Sources of large models, made of one tree again and again: what matters is their size."""

import json
import os
import random

from stack import ROOT

MODELS = os.path.join(ROOT, "tests", "models")


class Shape:
    """A full tree of `leaves` leaves: its splits are numbered from 0 on, level by level, its leaves behind them."""

    def __init__(self, leaves):
        generator = random.Random(5)
        self.splits = leaves - 1
        self.left = [2 * i + 1 for i in range(self.splits)]
        self.features = [generator.randrange(10) for _ in range(self.splits)]
        self.thresholds = [round(generator.uniform(-2, 2), 6) for _ in range(self.splits)]
        self.values = [round(generator.uniform(-1, 1), 6) for _ in range(leaves)]


def write_lightgbm(path, trees, leaves):
    """A LightGBM model of ten features."""
    shape = Shape(leaves)

    def child(index):
        return index if index < shape.splits else -(index - shape.splits) - 1

    def line(name, values):
        return f"{name}=" + " ".join(map(str, values))

    body = "\n".join((
        f"num_leaves={leaves}", "num_cat=0", line("split_feature", shape.features), line("split_gain", [1] * shape.splits),
        line("threshold", (f"{value:.6f}" for value in shape.thresholds)), line("decision_type", [2] * shape.splits),
        line("left_child", map(child, shape.left)), line("right_child", (child(left + 1) for left in shape.left)),
        line("leaf_value", (f"{value:.6f}" for value in shape.values)), line("leaf_weight", [1] * leaves), line("leaf_count", [1] * leaves),
        line("internal_value", [0] * shape.splits), line("internal_weight", [0] * shape.splits),
        line("internal_count", [2] * shape.splits), "is_linear=0", "shrinkage=1"))
    with open(os.path.join(MODELS, "lightgbm-poisson", "model.txt"), encoding="utf-8") as file:
        head = [line for line in file.read().partition("\nTree=0")[0].splitlines() if not line.startswith(("tree_sizes", "objective"))]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*head, "objective=regression"]) + "\n\n")
        for i in range(trees):
            file.write(f"Tree={i}\n{body}\n\n\n")
        file.write("end of trees\n")


def write_xgboost(path, size, leaves):
    """An XGBoost JSON document of about `size` bytes."""
    shape = Shape(leaves)
    nodes = shape.splits + leaves
    tree = {"base_weights": [0.5] * nodes, "categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": [],
            "default_left": [1] * nodes, "id": "ID", "left_children": shape.left + [-1] * leaves, "loss_changes": [0.125] * nodes,
            "parents": [2147483647] + [(i - 1) // 2 for i in range(1, nodes)],
            "right_children": [left + 1 for left in shape.left] + [-1] * leaves, "split_conditions": shape.thresholds + shape.values,
            "split_indices": shape.features + [0] * leaves, "split_type": [0] * nodes, "sum_hessian": [2.0] * nodes,
            "tree_param": {"num_deleted": "0", "num_feature": "10", "num_nodes": str(nodes), "size_leaf_vector": "1"}}
    text = json.dumps(tree, separators=(",", ":"))
    trees = max(size // len(text), 1)
    model = {"gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(trees)}, "tree_info": [0] * trees, "trees": ["TREES"]}
    document = {"learner": {"attributes": {}, "feature_names": [], "feature_types": [],
                            "gradient_booster": {"model": model, "name": "gbtree"},
                            "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "10", "num_target": "1"},
                            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}},
                "version": [3, 0, 0]}
    before, _, behind = json.dumps(document, separators=(",", ":")).partition('"TREES"')
    with open(path, "w", encoding="ascii") as file:
        file.write(before)
        for i in range(trees):
            file.write(("," if i else "") + text.replace('"ID"', str(i)))
        file.write(behind)
