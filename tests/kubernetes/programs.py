"""Kubernetes's programs, built from the source package of Debian 12 into a cache: programs.py FOLDER

The package's version is 1.20.2, the newest that Debian has the sources of. Its dependencies are in it, so after the download nothing
asks the network. What OpenAPI needs is generated, as Kubernetes's own makefile does (build/root/Makefile.generated_files);
everything else that is generated comes with the sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

VERSION = "1.20.2"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl")
PACKAGE = "k8s.io/kubernetes"
GENERATOR = "vendor/k8s.io/kube-openapi/cmd/openapi-gen"
STAGING = "staging/src/k8s.io"
TAG = "+k8s:openapi-gen="
META = tuple(f"{STAGING}/apimachinery/pkg/{name}" for name in ("apis/meta/v1", "runtime", "version"))
# Where generated code goes, and the folders whose types it describes.
GENERATED = {
    "pkg/generated/openapi": ("staging/src", "pkg", "cmd"),
    f"{STAGING}/kube-aggregator/pkg/generated/openapi": (*META, f"{STAGING}/kube-aggregator"),
    f"{STAGING}/apiextensions-apiserver/pkg/generated/openapi": (*META, f"{STAGING}/apiextensions-apiserver", f"{STAGING}/api/autoscaling/v1"),
}
NOT_SERVED = ("code-generator", "sample-apiserver", "sample-controller")
VERSION_VARIABLES = {
    f"{PACKAGE}/vendor/k8s.io/component-base/version.gitVersion": f"v{VERSION}",
    f"{PACKAGE}/vendor/k8s.io/component-base/version.gitMajor": "1",
    f"{PACKAGE}/vendor/k8s.io/component-base/version.gitMinor": "20",
    f"{PACKAGE}/vendor/k8s.io/client-go/pkg/version.gitVersion": f"v{VERSION}",
}


class Failure(Exception):
    """With the reason, for people."""


def run(log: Path, *command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> None:
    with log.open("ab") as file:
        if subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False).returncode != 0:
            raise Failure(f"{' '.join(map(str, command[:4]))} failed; see {log}")


def fetch_source(folder: Path, log: Path) -> Path:
    """The unpacked source package, fetched and verified by apt with lists of its own."""
    source = folder / "go/src" / PACKAGE
    if source.exists():
        return source
    lists = folder / "apt"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages", "Origin: Debian",
                              "Codename: bookworm", "Component: main"], text=True, check=True, stdout=subprocess.PIPE).stdout
    if not targets:
        raise Failure("apt has no source of Debian 12 (bookworm main)")
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "apt.list").write_text("".join(f"deb-src [signed-by={key}] {target.split()[0]} bookworm main\n" for target in sorted(set(targets.splitlines()))),
                                     encoding="ascii")
    options = [word for setting in (f"Dir::Etc::SourceList={folder}/apt.list", "Dir::Etc::SourceParts=/dev/null", f"Dir::State::Lists={lists}",
                                    f"Dir::Cache={folder}/apt", "APT::Sandbox::User=root") for word in ("-o", setting)]
    run(log, "apt-get", *options, "update", cwd=folder)
    unpacked = folder / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    run(log, "apt-get", *options, "source", "-q", "kubernetes", cwd=unpacked)
    (tree,) = (path for path in unpacked.iterdir() if path.is_dir())
    source.parent.mkdir(parents=True, exist_ok=True)
    tree.rename(source)
    shutil.rmtree(unpacked)
    return source


def described(source: Path, roots: Iterable[str]) -> Iterator[str]:
    """The folders whose types are to be described, as packages."""
    for root in roots:
        found = subprocess.run(["grep", "-rl", "--include=*.go", "--exclude-dir=testdata", *(f"--exclude-dir={name}" for name in NOT_SERVED), "-F", "-e", TAG, root],
                               cwd=source, text=True, check=False, stdout=subprocess.PIPE).stdout
        yield from (os.path.dirname(name).replace("staging/src/", "vendor/") for name in found.splitlines())


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "GOPATH": f"{folder}/go", "GOCACHE": f"{folder}/go-cache", "GO111MODULE": "off", "GOFLAGS": "", "GOPROXY": "off", "CGO_ENABLED": "0"}


def generate(folder: Path, source: Path, log: Path) -> None:
    tool = folder / "openapi-gen"
    if not tool.exists():
        run(log, "go", "build", "-o", tool, f"./{GENERATOR}", cwd=source, env=environment(folder))
    for output, roots in GENERATED.items():
        if (source / output / "zz_generated.openapi.go").exists():
            continue
        packages = ",".join(f"{PACKAGE}/{name}" for name in sorted(set(described(source, roots))))
        run(log, tool, "--logtostderr", "-i", packages, "-p", f"{PACKAGE}/{output}", "-O", "zz_generated.openapi",
            "-h", "vendor/k8s.io/code-generator/hack/boilerplate.go.txt", "-r", folder / "violations", "--output-base", folder / "go/src",
            cwd=source, env=environment(folder))


def build(folder: Path) -> None:
    """Puts PROGRAMS and the source of `pause` into folder/bin, if they are not there yet."""
    done = folder / "bin"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    log, new = folder / "build.log", folder / "bin.new"
    print(f"building Kubernetes {VERSION} from Debian 12's source package, once: {log}", file=sys.stderr, flush=True)
    source = fetch_source(folder, log)
    generate(folder, source, log)
    settings = " ".join(f"-X {name}={value}" for name, value in VERSION_VARIABLES.items())
    for name in PROGRAMS:
        run(log, "go", "build", "-ldflags", f"-s -w {settings}", "-o", new / name, f"./cmd/{name}", cwd=source, env=environment(folder))
    run(log, "gcc", "-Os", "-static", f"-DVERSION={VERSION}", "-o", new / "pause", source / "build/pause/linux/pause.c", cwd=source)
    new.rename(done)
    for name in ("go", "go-cache"):  # 3 GB
        shutil.rmtree(folder / name)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]).resolve())
    except Failure as failure:
        sys.exit(f"kubernetes-test: {failure}")
