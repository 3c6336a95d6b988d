"""The images of the test, by a docker of its own, from the installed programs of this tree: they are not compiled a second time.

Everything but the programs comes from the Dockerfile: its last stage, on the Debian that the programs were built on. Images:

    registry.example/appcore:1.0, 1.1    what the Dockerfile makes, and the same with another label
    registry.example/appcore:1.2         one that does not start: its configuration makes no sense
    registry.example/model:1, 2          with a compiled model, of version "one" and "two"
    pause:1                              what holds a pod's namespaces, from Kubernetes's sources
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from machine import DOCKER, Machine

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = "bookworm"
BASE = "localhost/base:1"
APPCORE = "registry.example/appcore"
MODEL = "registry.example/model"
LIMIT = 1200.0  # seconds for a command
LAST_STAGE = "# --- the image ---"
FROM_BUILD = {"COPY --from=build /image /": "COPY image /", "COPY --from=build /libraries.txt ": "COPY libraries.txt "}
MADE_OF = {
    f"{APPCORE}:1.0": "FROM appcore:test\n",
    f"{APPCORE}:1.1": "FROM appcore:test\nLABEL version=1.1\n",
    f"{APPCORE}:1.2": "FROM appcore:test\nENV LOG_LEVEL=loud\n",
    f"{MODEL}:1": "FROM appcore:test\nCOPY one.acm /model.acm\n",
    f"{MODEL}:2": "FROM appcore:test\nCOPY two.acm /model.acm\n",
    "pause:1": 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n',
}


def run(*command: str | Path) -> str:
    done = subprocess.run(command, text=True, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def base_archive(cache: Path, folder: Path) -> Path:
    """Debian's smallest root, from the mirror of this machine's apt."""
    archive = cache / f"{RELEASE}.tar"
    if archive.exists():
        return archive
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", f"Codename: {RELEASE}", "Component: main")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place) / "root"
        with (folder / "debootstrap.log").open("w", encoding="utf-8") as log:
            subprocess.run(["debootstrap", "--variant=minbase", RELEASE, root, targets.splitlines()[0]], check=True, stdout=log, stderr=log)
        # Where the mirror is a frozen one, this machine's apt knows that its dates are old.
        dates = [line for line in run("apt-config", "dump").splitlines() if line.startswith(("Acquire::Check-Valid-Until ", "Acquire::Check-Date "))]
        (root / "etc/apt/apt.conf.d/dates").write_text("".join(f"{line}\n" for line in dates), encoding="ascii")
        run("tar", "-C", root, "--numeric-owner", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", f"{archive}.new", ".")
    os.rename(f"{archive}.new", archive)
    return archive


def dockerfile() -> str:
    """The Dockerfile without the stages that compile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    arguments = "".join(line for line in text[:text.index("# --- docs")].splitlines(keepends=True) if line.startswith("ARG "))
    last = text[text.index(LAST_STAGE):]
    for stage, here in FROM_BUILD.items():
        if stage not in last:
            raise AssertionError(f"the Dockerfile's last stage has no {stage!r}")
        last = last.replace(stage, here)
    return arguments + last


def fill(context: Path, programs: Path, model: Path, pause: Path) -> None:
    """With everything that the images are made of."""
    run("make", "-C", ROOT, "install", "PREFIX=/usr", f"DESTDIR={context}/image")
    binaries = sorted((context / "image/usr/bin").iterdir())
    run("strip", *binaries)
    (context / "libraries.txt").write_text(run(ROOT / "deploy/needed-packages", *binaries), encoding="ascii")
    shutil.copytree(ROOT / "deploy", context / "deploy")
    (context / "Dockerfile").write_text(dockerfile(), encoding="utf-8")
    for version in ("one", "two"):
        run(programs / "appcore-model", "compile", model, "-o", context / f"{version}.acm", "--version", version)
    shutil.copy(pause, context / "pause")


def build(cache: Path, folder: Path, programs: Path, model: Path) -> Path:
    """An archive of all images; docker's layers stay in `cache`."""
    machine, context, archive = Machine(folder / "builder", []), folder / "context", folder / "images.tar"
    context.mkdir()
    fill(context, programs, model, cache / "bin/pause")
    (cache / "docker").mkdir(exist_ok=True)
    (machine.folder / "docker").symlink_to(cache / "docker")
    machine.start_engine("--bridge=none")
    machine.run(DOCKER, "import", str(base_archive(cache, folder)), BASE, limit=LIMIT)
    command = ("env", "DOCKER_BUILDKIT=1", DOCKER, "build", "--network", "host", "-t")
    machine.run(*command, "appcore:test", "--build-arg", f"BASE={BASE}", str(context), limit=LIMIT)
    for name, text in MADE_OF.items():
        (context / "Dockerfile").write_text(text, encoding="ascii")
        machine.run(*command, name, str(context), limit=LIMIT)
    machine.run(DOCKER, "save", "-o", str(archive), *MADE_OF, limit=LIMIT)
    machine.run(DOCKER, "image", "prune", "-f")
    machine.end()
    return archive
