"""Families of model files that no library wrote, made by a random generator from the fixtures in tests/models: documents() have one value that
makes no sense, trees() one node that does not.
"""

import copy
import json
import random
import struct

from hostile_models import HUGE, Raw, fixture, ubjson

# What may stand in place of any value. Some are not JSON, or of a size that only the file announces.
JSON_VALUES = (b"1e999", b"-1e999", b"-0", b"-0.0", b"0x10", b"0x1p3", b"1e-400", b"9" * 400, b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b"[[[[]]]]",
               b'""', b'"\\u0000"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\x00"', b'"\x1b[31m"', b'"' + b"a" * 100_000 + b'"', b"[" * 70 + b"]" * 70,
               b"[" + b"0," * 100_000 + b"0]", b'{"a":1,"a":2}', b"-1", b"2147483648", b"4294967296", b"18446744073709551616", b"0.5", b"\x00", b"\xff")
COUNTS = (-1, 0, 1, 2**31, 2**40, 2**61, 2**63 - 1)
UBJSON_VALUES = (*(b"[$" + kind + b"#L" + struct.pack(">q", count) for kind in (b"d", b"T", b"Z", b"N", b"U", b"L", b"[", b"S", b"C", b"H") for count in COUNTS),
                 *(opened + b"#L" + struct.pack(">q", count) for opened in (b"[", b"{") for count in COUNTS),
                 *(b"SL" + struct.pack(">q", count) + b"abc" for count in COUNTS), b"[" * 70 + b"]" * 70, b"SL" + struct.pack(">q", 2) + b"\xff\xfe",
                 b"SL" + struct.pack(">q", 2) + b"\x1b\0", b"HL" + struct.pack(">q", 3) + b"1e9", b"d\x7f\xc0\0\0", b"D\x7f\xf0" + bytes(6), b"Z", b"T", b"N", b"[]", b"{}", b"")
WORDS = (b"1e999", b"-0", b"0x1p3", b"nan", b"-inf", b"1e-400", b"4294967296", b"-1", b"2147483648", b"9" * 400, b"\xff\xfe", b"a\0b", b"\x1b[31m", b"", b"1.5.2", b"0 " * 100_000)


def places(value):
    """(list or dict, index) of everything in a document."""
    for key, member in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(member, (dict, list)):
            yield from places(member)


def grown(generator: random.Random, document, encode, values):
    """The document with one value replaced by one of `values`. A list in it is as likely as all of its elements."""
    document = copy.deepcopy(document)
    found = list(places(document))
    holders = [place for place in found if isinstance(place[0], dict)]
    owner, key = generator.choice(holders if generator.random() < 0.5 else found)
    owner[key] = Raw(generator.choice(values))
    return encode(document)


def json_text(value):
    """JSON with the Raw parts as they are."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        return b"{" + b",".join(json_text(key) + b":" + json_text(member) for key, member in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(json_text, value)) + b"]"
    return json.dumps(value).encode()


def grown_lines(generator: random.Random, text):
    """A LightGBM file with one word of one line replaced, or a line there twice, or not at all."""
    lines = text.split(b"\n")
    at = generator.choice([i for i, line in enumerate(lines) if b"=" in line])
    kind = generator.randrange(6)
    if kind == 0:
        lines.insert(generator.randrange(len(lines)), lines[at])
    elif kind == 1:
        del lines[at]
    else:
        name, _, value = lines[at].partition(b"=")
        words = value.split(b" ")
        words[generator.randrange(len(words))] = generator.choice(WORDS)
        lines[at] = name + b"=" + b" ".join(words)
    return b"\n".join(lines)


def documents(generator: random.Random):
    """(title, file name, bytes), one of each kind of file. What a prediction does not need may be accepted."""
    for kind in ("xgboost-categories-dart", "xgboost-gblinear-binary-logistic"):
        document = json.loads(fixture(kind, "model.json"))
        yield kind, "model.json", grown(generator, document, json_text, JSON_VALUES)
        yield kind, "model.ubj", grown(generator, document, ubjson, UBJSON_VALUES)
    for kind in ("lightgbm-linear-trees", "lightgbm-binary-sigmoid-categorical"):
        yield kind, "model.txt", grown_lines(generator, fixture(kind, "model.txt"))
    for kind in ("scikit-learn-histgradientboostingclassifier-class-categories", "scikit-learn-simpleimputer-minmaxscaler-ridge"):
        yield kind, "model.json", grown(generator, json.loads(fixture(kind, "model.json")), json_text, JSON_VALUES)


def reached(left, right, node=0):
    """The nodes that a node leads to, itself included."""
    found, waiting = [], [node]
    while waiting:
        at = waiting.pop()
        found.append(at)
        if left[at] >= 0:
            waiting += (left[at], right[at])
    return found


def wrong_child(generator, left, right):
    """(a node that has children, what may not be one of them): it leads back, to another's child, or nowhere."""
    nodes = reached(left, right)
    node = generator.choice([at for at in nodes if left[at] >= 0])
    inside = reached(left, right, node)
    back = [at for at in nodes if node in reached(left, right, at)]
    others = [at for at in nodes if at not in inside and at not in back]
    nowhere = (len(left), len(left) + 1, HUGE - 1, -2, -HUGE)
    return node, generator.choice(generator.choice((back, others or back, nowhere)))


def xgboost_tree(generator, kind, is_text):
    document = json.loads(fixture(kind, "model.json"))
    booster = document["learner"]["gradient_booster"]
    tree = generator.choice([tree for tree in booster.get("gbtree", booster)["model"]["trees"] if len(tree["left_children"]) > 1])
    left, right = tree["left_children"], tree["right_children"]
    node, wrong = wrong_child(generator, left, right)
    what = generator.choice(("child", "feature", "number"))
    if what == "child":  # the right one is the next node in every file, so it does not give the other away
        left[node], right[node] = wrong, wrong + 1
    elif what == "feature":
        tree["split_indices"][node] = generator.choice((8, 65_535, HUGE, -1, -HUGE))
    else:
        numbers = (b"1e39", b"-1e39", b"NaN", b"Infinity", b"null", b'"0.5"', b"[]") if is_text else (
            b"D\x7f\xf8" + bytes(6), b"d\x7f\xc0\0\0", b"d\xff\x80\0\0", b"D\x7f\xef" + bytes(6), b"Z", b"[]")
        tree["split_conditions"][generator.choice(reached(left, right))] = Raw(generator.choice(numbers))
    return what, (json_text if is_text else ubjson)(document)


def export_tree(generator, kind):
    document = json.loads(fixture(kind, "model.json"))
    tree = generator.choice([tree for tree in document["model"]["trees"] if len(tree["left"]) > 1])
    left, right = tree["left"], tree["right"]
    node, wrong = wrong_child(generator, left, right)
    what = generator.choice(("child", "feature", "number"))
    if what == "child":
        tree[generator.choice(("left", "right"))][node] = wrong
    elif what == "feature":
        tree["feature"][node] = generator.choice((document["features"]["count"], 65_535, HUGE, -1, Raw(b"0.5")))
    else:
        inner = left[node] >= 0 and generator.random() < 0.5
        place = node if inner else generator.choice([at for at in reached(left, right) if left[at] < 0])
        tree["threshold" if inner else "value"][place] = Raw(generator.choice((b"1e999", b"NaN", b"-Infinity", b"null", b'"1"', b"[]")))
    return what, json_text(document)


def lightgbm_tree(generator, kind):
    """Leaf i is the child ~i here."""
    head, *trees = fixture(kind, "model.txt").split(b"\nTree=")
    which = generator.randrange(len(trees))
    lines = trees[which].split(b"\n")
    at = {line.partition(b"=")[0]: i for i, line in enumerate(lines)}

    def put(name, index, word):
        words = lines[at[name]].partition(b"=")[2].split(b" ")
        words[index] = word
        lines[at[name]] = name + b"=" + b" ".join(words)

    leaves = int(lines[at[b"num_leaves"]].partition(b"=")[2])
    node = generator.randrange(leaves - 1)
    what = generator.choice(("child", "feature", "number"))
    if what == "child":
        put(generator.choice((b"left_child", b"right_child")), node, b"%d" % generator.choice((0, node, leaves - 1, leaves, HUGE, -leaves - 1, -HUGE)))
    elif what == "feature":
        put(b"split_feature", node, generator.choice((b"4000000000", b"65535", b"-1", b"0.5", b"nan")))
    else:
        name = generator.choice((b"leaf_value", b"threshold"))
        put(name, generator.randrange(leaves - (name == b"threshold")), generator.choice((b"nan", b"inf", b"-inf", b"1e999", b"0x1p3", b"", b"1.0.0")))
    trees[which] = b"\n".join(lines)
    return what, b"\nTree=".join((head, *trees))


def trees(generator: random.Random):
    """(title, file name, bytes), one of each kind of file, each of which has to be refused."""
    kind = generator.choice(("xgboost-gbtree-multi-softprob", "xgboost-dart-reg-squarederror", "xgboost-parallel-trees", "xgboost-gbtree-reg-squarederror"))
    for file in ("model.json", "model.ubj"):
        what, data = xgboost_tree(generator, kind, file.endswith("json"))
        yield f"{kind}: {what}", file, data
    kind = generator.choice(("scikit-learn-gradientboostingregressor-huber", "scikit-learn-extratreesregressor-number", "scikit-learn-randomforestclassifier-class"))
    what, data = export_tree(generator, kind)
    yield f"{kind}: {what}", "model.json", data
    kind = generator.choice(("lightgbm-binary", "lightgbm-dart", "lightgbm-multiclass", "lightgbm-random-forest"))
    what, data = lightgbm_tree(generator, kind)
    yield f"{kind}: {what}", "model.txt", data
