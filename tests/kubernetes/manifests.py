"""deploy/kubernetes as Kubernetes 1.20 and its kubectl take it; everything else about it stays as it is.

kubectl 1.20 has kustomize 2.0, which knows neither components nor `labels`: what a kustomization and its components name goes into
one folder with one kustomization. Two APIs have older versions there: API_VERSIONS.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "deploy/kubernetes"
API_VERSIONS = {"policy/v1": "policy/v1beta1", "autoscaling/v2": "autoscaling/v2beta2"}


def older(text: str) -> str:
    for new, old in API_VERSIONS.items():
        text = text.replace(f"apiVersion: {new}\n", f"apiVersion: {old}\n")
    return text


def put_together(source: Path, target: Path, found: dict[str, Any]) -> None:
    """Copies what the kustomization in `source` names to `target`, and adds it to `found`."""
    kustomization = yaml.safe_load((source / "kustomization.yaml").read_text(encoding="utf-8"))
    known = {"apiVersion", "kind", "resources", "components", "patches", "labels", "images"}
    if not known >= set(kustomization):
        raise AssertionError(f"{source}: kustomize 2.0 gets nothing for {set(kustomization) - known}")
    for name in kustomization.get("resources", []):
        if (source / name).is_dir():
            put_together(source / name, target, found)
        else:
            found["resources"].append(copy(source / name, target))
    for name in kustomization.get("components", []):
        put_together(source / name, target, found)
    for patch in kustomization.get("patches", []):
        found["patchesStrategicMerge"].append(copy(source / patch["path"], target))
    found["images"] += kustomization.get("images", [])
    for labels in kustomization.get("labels", []):
        found["labels"].update(labels["pairs"])


def copy(file: Path, target: Path) -> str:
    name = f"{file.parent.name}-{file.name}"
    (target / name).write_text(older(file.read_text(encoding="utf-8")), encoding="utf-8")
    return name


def convert(source: Path, target: Path) -> None:
    """Writes the kustomization of `source` into the folder `target`, for kubectl 1.20."""
    target.mkdir(parents=True)
    found: dict[str, Any] = {"resources": [], "patchesStrategicMerge": [], "images": [], "labels": {}}
    put_together(source, target, found)
    labels = found.pop("labels")
    for name in found["resources"]:  # `labels` sets them on objects; kustomize 2.0 could only set them on selectors, too
        documents = yaml.safe_load((target / name).read_text(encoding="utf-8"))
        documents["metadata"].setdefault("labels", {}).update(labels)
        (target / name).write_text(yaml.safe_dump(documents), encoding="utf-8")
    (target / "kustomization.yaml").write_text(yaml.safe_dump({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **found}),
                                               encoding="utf-8")


def convert_example(target: Path) -> None:
    """The example, at the same path below `target` as in the tree."""
    convert(SOURCE / "example", target / "deploy/kubernetes/example")


def convert_with_model(image: str, tag: str, target: Path) -> None:
    """The example with the component model-image, as somebody adds it to a kustomization of their own."""
    edited = target.with_name(f"{target.name}-source")
    shutil.copytree(SOURCE, edited)
    file = edited / "example/kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text(encoding="utf-8"))
    kustomization["components"].append("../components/model-image")
    kustomization["images"].append({"name": "appcore-model-file", "newName": image, "newTag": tag})
    file.write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    convert(edited / "example", target)
