"""The images of the test, by a docker of its own, from this tree: images.py CACHE FOLDER MODEL

CACHE keeps Debian's base image and docker's layers from one run to the next. It saves into FOLDER/images.tar:

    registry.example/appcore:1.0, 1.1    `make image`, and the same with another label
    registry.example/appcore:1.2         one that does not start: its configuration makes no sense
    registry.example/model:1, 2          with the file of MODEL, compiled as version "one" and "two"
    pause:1                              what holds a pod's namespaces, from Kubernetes's sources
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import DOCKER, Machine

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = "trixie"  # the Dockerfile's
BASE = "localhost/base:1"
APPCORE = "registry.example/appcore"
MODEL = "registry.example/model"
COMMIT = "test"  # not the real one: docker's layers are to remain while only that changes
BUILD_LIMIT = 1200.0  # seconds
MADE_OF = {
    f"{APPCORE}:1.0": "FROM appcore:test\n",
    f"{APPCORE}:1.1": "FROM appcore:test\nLABEL version=1.1\n",
    f"{APPCORE}:1.2": "FROM appcore:test\nENV LOG_LEVEL=loud\n",
    **{f"{MODEL}:{number}": "FROM appcore:test\nUSER 0\nCOPY model.txt /tmp/\n"
                            f"RUN appcore-model compile /tmp/model.txt -o /model.acm --version {version}\nUSER 10001:10001\n"
       for number, version in (("1", "one"), ("2", "two"))},
    "pause:1": 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n',
}


def apt_says(*arguments: str) -> str:
    return subprocess.run(arguments, text=True, check=True, stdout=subprocess.PIPE).stdout


def base_archive(cache: Path, folder: Path) -> Path:
    """Debian's smallest root, from the mirror of this machine's apt."""
    archive = cache / f"{RELEASE}.tar"
    if archive.exists():
        return archive
    targets = apt_says("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Codename: bookworm", "Component: main")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place) / "root"
        with (cache / "debootstrap.log").open("w", encoding="utf-8") as log:
            subprocess.run(["debootstrap", "--variant=minbase", RELEASE, root, targets.splitlines()[0]], check=True, stdout=log, stderr=log)
        # Where the mirror is a frozen one, this machine's apt knows that its dates are old.
        dates = [line for line in apt_says("apt-config", "dump").splitlines() if line.startswith(("Acquire::Check-Valid-Until ", "Acquire::Check-Date "))]
        (root / "etc/apt/apt.conf.d/dates").write_text("".join(f"{line}\n" for line in dates), encoding="ascii")
        subprocess.run(["tar", "-C", root, "--numeric-owner", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", f"{archive}.new", "."],
                       check=True)
    os.rename(f"{archive}.new", archive)
    return archive


def build(cache: Path, folder: Path, model: Path) -> None:
    machine = Machine(folder / "builder", [])
    (cache / "docker").mkdir(exist_ok=True)
    (machine.folder / "docker").symlink_to(cache / "docker")
    machine.start_engine("--bridge=none")
    machine.run(DOCKER, "import", str(base_archive(cache, folder)), BASE)
    print(machine.run("env", "DOCKER_BUILDKIT=1", "make", "-C", str(ROOT), "image", f"ENGINE={DOCKER}", "IMAGE=appcore:test", f"BASE={BASE}",
                      f"COMMIT={COMMIT}", "IMAGE_ARGS=--network host", limit=BUILD_LIMIT)[-300:], file=sys.stderr)
    context = folder / "context"
    context.mkdir()
    shutil.copy(model, context / "model.txt")
    shutil.copy(cache / "bin/pause", context / "pause")
    for name, text in MADE_OF.items():
        (context / "Dockerfile").write_text(text, encoding="ascii")
        machine.run("env", "DOCKER_BUILDKIT=1", DOCKER, "build", "--network", "host", "-t", name, str(context))
    machine.run(DOCKER, "save", "-o", str(folder / "images.tar"), *MADE_OF, limit=BUILD_LIMIT)
    machine.run(DOCKER, "image", "prune", "-f")
    machine.stop_engine()


if __name__ == "__main__":
    build(*(Path(argument).resolve() for argument in sys.argv[1:4]))
