"""The models of a stack: models/<sha256>.acm below its folder, the last five that have served.

A file here is never written to: workers map it, and a mapped file that shrinks kills them. It is placed by a rename,
read-only, and removed when five others have served since. `history` has their names, the newest one last. On a machine
that is stopped `chosen` has the name of the one that served; without it the mean will serve.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctl import low_priority
from ctl import place as places
from ctl import pool as pools
from ctl.messages import CtlError
from ctl.place import Place

SETTING = "APPCORE_MODEL"
KEPT = 5  # models that can be rolled back to, with the one that serves
CHECK_LIMIT = 120.0  # seconds for appcore-model to check a file
PYTHON = ("/usr/bin/python3", "-IBS")


@dataclass(frozen=True)
class Entry:
    name: str  # <sha256>.acm
    version: str
    since: float  # seconds since 1970 when it was taken into use


class Models:
    """`programs` is the folder of appcore-model."""

    def __init__(self, place: Place, programs: Path) -> None:
        self._place = place
        self._folder = place.keep_dir / "models"
        self._history = self._folder / "history"
        self._chosen = self._folder / "chosen"
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
            done = low_priority.run([self._program, "check", file, "--json"], CHECK_LIMIT)
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
        done = low_priority.run([self._program, "compile", source, "-o", made, "--json"])
        if done.returncode != 0:
            raise CtlError(done.stderr.strip().removeprefix("appcore-model: ") or f"cannot compile {source}")
        return made

    def add(self, file: Path) -> Path:
        """Places a copy of a checked file; returns where it is."""
        places.make_folder(self._folder, 0o755)
        new = self._folder / f"new-{os.getpid()}"
        command: list[str | Path] = [*PYTHON, places.DEPLOY_DIR / "appcorectl", "copy-model", file, new]
        try:
            done = low_priority.run(command)
            if done.returncode != 0:
                raise CtlError(f"cannot copy {file}: {done.stderr.strip()}")
            final = self._folder / f"{done.stdout.strip()}.acm"
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
        self._remove_unknown()

    def _remove_unknown(self) -> None:
        """What is neither in the history nor serves, also what a command that was killed has left half copied or half compiled."""
        kept = {entry.name for entry in self.entries()} | {os.path.basename(self.serving() or "")}
        for pattern in ("*.acm", "new-*", "compiling-*"):
            for path in self._folder.glob(pattern):
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def serving(self) -> str | None:
        """The path of the model that serves, empty for the mean, None if there is no pool."""
        pool = pools.current(self._place)
        return pool.said.get(SETTING, "") if pool else None

    def change(self, what: str, take: Callable[[str], str]) -> str:
        """Lets the model in the file `what`, or with --rollback the one before, take over from the one that serves.
        take(path) starts a pool with it, without a path one with the mean, and returns its colour. Returns what to say;
        an error of take() is one that has changed nothing."""
        serving = self.serving() or ""
        self._complete_history(serving)
        before = self.before(serving) if what == "--rollback" else None
        if what == "--rollback" and before is None and not serving:
            raise CtlError("no model to go back to")
        if what == "--rollback" and before is None:
            return f"serves the mean of the features, the pool {take('')}"
        if before is None and not os.path.isfile(what):
            raise CtlError(f"{what} is not a file")
        try:
            file = self.path(before) if before else self.add(self.compile(Path(what)))
            version = self.version(file, what)
            colour = take(str(file))
        except BaseException:
            self._remove_unknown()
            raise
        self.took_over(file, version)
        return f"serves the model {version}, the pool {colour}"

    def _complete_history(self, serving: str) -> None:
        """A command that was killed when its model had just taken over has not written it down."""
        file = Path(serving)
        if file.parent == self._folder and file.name not in {entry.name for entry in self.entries()}:
            self.took_over(file, self.version(file, serving))

    def choose(self, path: str) -> None:
        """What chosen() says while there is no pool; no path: the mean."""
        if path and Path(path).parent == self._folder:
            places.write_file(self._chosen, os.path.basename(path) + "\n")
        else:
            self._chosen.unlink(missing_ok=True)

    def chosen(self) -> str:
        """The path of the one that "appcorectl model" has chosen, empty for the mean."""
        serving = self.serving()
        if serving is None:
            text = places.read_file(self._chosen)
            return str(self._folder / os.path.basename(text.strip())) if text else ""
        return serving if Path(serving).parent == self._folder else ""

    def before(self, serving: str) -> Entry | None:
        """The one that served before the one at the path `serving`; None if that was the mean."""
        entries = [entry for entry in self.entries() if str(self.path(entry)) != serving]
        return entries[-1] if entries else None

    def listing(self) -> list[str]:
        serving = self.serving()
        lines = []
        for entry in reversed(self.entries()):
            mark = "serves" if str(self.path(entry)) == serving else "kept"
            day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry.since))
            lines.append(f"{mark:7} {entry.version:31}  since {day} UTC  {entry.name}")
        if serving is None:
            lines.insert(0, "does not run")
        elif not serving:
            lines.insert(0, "serves  v1.0, the mean of the features")
        elif not any(line.startswith("serves") for line in lines):
            lines.insert(0, f"serves  {serving}")
        return lines


def _is_compiled(file: Path) -> bool:
    try:
        with os.fdopen(places.open_file(file), "rb") as opened:
            return opened.read(4) == b"\x89ACM"
    except OSError as error:
        raise CtlError(f"{file}: {error.strerror}") from None
