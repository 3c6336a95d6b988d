"""What the tests of the Debian package share: the root file system APPCORE_ROOT and the service in it."""

import contextlib
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "e2e"))
from load import Case, Load  # noqa: E402
from stack import Service  # noqa: E402

ROOT = os.environ["APPCORE_ROOT"]
PORT = 8000
# A LightGBM model that takes BODY.
MODEL = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=regression
feature_names=a b c
feature_infos=[0:1] [0:1] [0:1]

Tree=0
num_leaves=2
num_cat=0
split_feature=1
threshold=0.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=1 2
is_linear=0
shrinkage=1

end of trees
"""
LONGEST = 300  # seconds for a command, so that a hang is a failure
BODY = b'{"features": [1, 2, 3]}'
CASES = [Case("POST", "/predict", 201, BODY), Case("GET", "/version", 200), Case("GET", "/health", 200)]


def run_inside(*command, enter, check=True, longest=LONGEST):
    """Runs a command in the root, which the words `enter` lead into; its output as text."""
    try:
        done = subprocess.run([*enter, *command], text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              stderr=subprocess.STDOUT, timeout=longest, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{command}: no end after {longest} s\n{error.output}\n{processes()}") from error
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


def path(name):
    return os.path.join(ROOT, name.lstrip("/"))


def ask(method, target, body=None, port=PORT):
    connection = Service(port).connection(30)
    try:
        connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def model_version():
    return json.loads(ask("GET", "/version")[1])["model_version"]


def commit():
    """That of the metrics program."""
    return re.search(rb'commit="([^"]*)"', ask("GET", "/metrics")[1]).group(1).decode()


def processes():
    """A line "UID COMMAND" a process."""
    return subprocess.run(["ps", "-ewwo", "uid,args"], text=True, stdout=subprocess.PIPE, check=True).stdout


@contextlib.contextmanager
def load():
    """Clients that ask all the time; whatever reply is not the right one is a failure."""
    clients = Load(Service(PORT), CASES, 8)
    try:
        yield
    finally:
        clients.stop()
    if clients.wrong or clients.replies() <= 100:
        raise AssertionError(f"{clients.replies()} replies, {len(clients.wrong)} wrong: {clients.wrong[:5]}")


def wait_for_health(explain, seconds=60):
    """Until /health answers 200; explain() tells why it does not."""
    end = time.monotonic() + seconds
    while True:
        try:
            if ask("GET", "/health")[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise AssertionError(f"no /health: {explain()}")
        time.sleep(0.1)


def append(name, text):
    with open(path(name), "a", encoding="utf-8") as file:
        file.write(text)


def ours(folder):
    """Files below `folder` that have to do with the package."""
    return sorted(name for name in glob.glob(path(folder) + "/**", recursive=True, include_hidden=True)
                  if "appcore" in name[len(ROOT):])
