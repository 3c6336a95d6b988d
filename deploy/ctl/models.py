"""The models of a stack: models/<sha256>.acm below its folder, the last five that have served.

A file here is never written to: workers map it, and a mapped file that shrinks kills them. It is placed by a rename,
read-only, and removed when five others have served since. `history` has their names, the newest one last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl import place as places
from ctl.messages import CtlError
from ctl.place import Place

SETTING = "APPCORE_MODEL"
KEPT = 5  # models that can be rolled back to, with the one that serves
CHECK_LIMIT = 120.0  # seconds for appcore-model to check a file
BLOCK = 1 << 20


@dataclass(frozen=True)
class Entry:
    name: str  # <sha256>.acm
    version: str
    since: float  # seconds since 1970 when it was taken into use


class Models:
    """`programs` is the folder of appcore-model."""

    def __init__(self, place: Place, programs: Path) -> None:
        self._folder = place.keep_dir / "models"
        self._history = self._folder / "history"
        self._program = programs / "appcore-model"

    def entries(self) -> list[Entry]:
        """Those that are still there, the newest one last."""
        text = places.read_file(self._history)
        if text is None:
            return []
        try:
            found = [Entry(str(e["name"]), str(e["version"]), float(e["since"])) for e in json.loads(text)]
        except (ValueError, KeyError, TypeError):
            raise CtlError(f"{self._history} is damaged: remove it, the next \"appcorectl model FILE\" makes it") from None
        return [entry for entry in found if self.path(entry).is_file()]

    def path(self, entry: Entry) -> Path:
        return self._folder / os.path.basename(entry.name)

    def version(self, file: Path, called: str) -> str:
        """Checks the file, golden rows included; the reason is appcore-model's own, with the name its caller knows."""
        try:
            done = subprocess.run([self._program, "check", file, "--json"], text=True, capture_output=True,
                                  timeout=CHECK_LIMIT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CtlError(f"cannot check {file}: {error}") from None
        if done.returncode != 0:
            reason = done.stderr.strip().removeprefix("appcore-model: ").replace(str(file), called)
            raise CtlError(reason or f"cannot check {called}")
        return str(json.loads(done.stdout)["model_version"])

    def compile(self, source: Path) -> Path:
        """The compiled form of a source format, in the folder; a compiled file as it is."""
        if _is_compiled(source):
            return source
        places.make_folder(self._folder, 0o755)
        made = self._folder / f"compiling-{os.getpid()}.acm"
        command = [str(self._program), "compile", str(source), "-o", str(made), "--json"]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise CtlError(done.stderr.strip().removeprefix("appcore-model: ") or f"cannot compile {source}")
        return made

    def add(self, file: Path) -> Path:
        """Places a copy of a checked file; returns where it is."""
        places.make_folder(self._folder, 0o755)
        new = self._folder / f"new-{os.getpid()}"
        try:
            with open(file, "rb") as source, open(new, "xb") as copy:
                shutil.copyfileobj(source, copy, BLOCK)
                copy.flush()
                os.fsync(copy.fileno())
            # What has been copied is what is named and checked, not what somebody may have put there since.
            final = self._folder / f"{_digest(new)}.acm"
            new.chmod(0o444)
            os.replace(new, final)
        except OSError as error:
            raise CtlError(f"cannot copy {file}: {error.strerror}") from None
        finally:
            new.unlink(missing_ok=True)
        if file.parent == self._folder and file != final:
            file.unlink(missing_ok=True)
        return final

    def took_over(self, file: Path, version: str) -> None:
        """The file serves now: it becomes the newest, and what is too old is removed."""
        others = [entry for entry in self.entries() if entry.name != file.name]
        kept = [*others, Entry(file.name, version, time.time())][-KEPT:]
        places.write_file(self._history, json.dumps([vars(entry) for entry in kept], indent=1) + "\n")
        self.remove_unknown({entry.name for entry in kept})

    def remove_unknown(self, names: set[str]) -> None:
        for path in self._folder.glob("*.acm"):
            if path.name not in names:
                path.unlink(missing_ok=True)

    def before(self, serving: str) -> Entry | None:
        """The one that served before the one at the path `serving`; None if that was the mean."""
        entries = [entry for entry in self.entries() if str(self.path(entry)) != serving]
        return entries[-1] if entries else None

    def listing(self, said: Mapping[str, str]) -> list[str]:
        serving = said.get(SETTING, "")
        lines = []
        for entry in reversed(self.entries()):
            mark = "serves" if str(self.path(entry)) == serving else "kept"
            day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry.since))
            lines.append(f"{mark:7} {entry.version:31}  since {day} UTC  {entry.name}")
        if not serving:
            lines.insert(0, "serves  v1.0, the mean of the features")
        elif not any(line.startswith("serves") for line in lines):
            lines.insert(0, f"serves  {serving}")
        return lines


def _is_compiled(file: Path) -> bool:
    try:
        with open(file, "rb") as opened:
            return opened.read(4) == b"\x89ACM"
    except OSError as error:
        raise CtlError(f"{file}: {error.strerror}") from None


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
