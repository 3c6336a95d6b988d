"""A pool is a folder: pools/green-7 is the seventh pool of this place, in the slots of the colour green.

It is built whole under another name, renamed, and not changed any more, but for the credentials that nginx's part names
(renewal.py); it is removed by the command that knows that none of its processes lives. What runs from it needs nothing
else: not the release it came from, not what a later command builds.

    pool.json       what callers have said, and where the service listens
    environment     NAME=value lines, data: `launch` exports them, nothing evaluates them
    launch, run-nginx, first-headers.js   as deploy/ had them
    bin/            the programs, unless this file system forbids to run them
    pool.conf, peer.conf, nginx.conf (a machine: http.conf, server.conf)   rendered
    pool.sock       made by supervisord
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl import place as places
from ctl import supervisor_config, values
from ctl.messages import CtlError
from ctl.place import Place
from ctl.settings import Settings
from ctl.supervisor_config import OURS, PEER, Adaption
from ctl.values import Endpoint

COLOURS = ("blue", "green")  # they take turns, so that the slots' names stay few
FOLDER = re.compile(r"([a-z]+)-([0-9]{1,6})")
COPIED = ("launch", "run-nginx", "first-headers.js")
CERTIFICATE_END = "certificate-not-after"  # seconds since the epoch, for whoever shows it
PROGRAMS = ("appcore-worker", "appcore-metrics")


@dataclass(frozen=True)
class Pool:
    folder: Path
    said: dict[str, str]
    address: str
    port: int
    workers: int
    request_timeout: int
    stop_seconds: int
    drain_seconds: int
    state_dir: Path
    textfile_dir: str
    is_tls: bool  # whether the listener at address and port is
    listeners: tuple[str, ...]  # where else nginx listens, ADDRESS:PORT

    @property
    def colour(self) -> str:
        return self.folder.name.partition("-")[0]

    @property
    def number(self) -> int:
        return int(self.folder.name.partition("-")[2])

    @property
    def socket(self) -> Path:
        return self.folder / "pool.sock"

    @property
    def endpoints(self) -> list[Endpoint]:
        """All at which nginx listens for this pool."""
        return [Endpoint(self.address, self.port), *(values.endpoint("a listener", text) for text in self.listeners)]

    @property
    def peer_listen(self) -> str:
        """Where supervisord listens for other machines, as the setting says it; empty: nowhere."""
        return self.said.get("APPCORE_PEER_LISTEN", "")

    @property
    def ports(self) -> set[int]:
        return {endpoint.port for endpoint in self.endpoints}

    @property
    def local_url(self) -> str:
        """For a client on this machine."""
        return values.url(values.for_clients(self.address), self.port, "https" if self.is_tls else "http")

    def section(self, pool: str) -> str | None:
        """supervisord's section for the pool, or for PEER; None if there is none."""
        return places.read_file(self.folder / ("peer.conf" if pool == PEER else "pool.conf"))


def load(folder: Path) -> Pool:
    try:
        found = json.loads(places.read_file(folder / "pool.json") or "")
        return Pool(folder, dict(found["said"]), values.address("ADDRESS", found["address"]),
                    values.integer("PORT", str(found["port"]), 1, 65535), int(found["workers"]),
                    int(found["request_timeout"]), int(found["stop_seconds"]),
                    int(found.get("drain_seconds", 0)),  # an older version's has none
                    Path(found["state_dir"]), str(found["textfile_dir"]), bool(found.get("is_tls")),
                    tuple(found.get("listeners", ())))
    except (ValueError, KeyError, TypeError) as error:
        raise CtlError(f"{folder}/pool.json is damaged: {error}") from None


def current(place: Place) -> Pool | None:
    """The pool that serves, as the link says; None if there is none."""
    try:
        name = os.path.basename(os.readlink(place.current))
    except OSError:
        return None
    if not FOLDER.fullmatch(name) or not (place.pools / name / "pool.json").exists():
        return None
    return load(place.pools / name)


def folders(place: Place) -> list[Path]:
    """The folders of all pools, whole or not."""
    try:
        return sorted(place.pools.iterdir())
    except FileNotFoundError:
        return []


def rewrite(pool: Pool, texts: Mapping[str, str], check: Callable[[Pool], None] | None) -> None:
    """Replaces these files of the pool's folder, one by one, once `check` has taken a folder that has all of them."""
    trial = pool.folder.with_name(pool.folder.name + ".renewal")
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    try:
        for name, text in texts.items():
            _write(trial / name, text)
        if check:
            check(dataclasses.replace(pool, folder=trial))
        for name in texts:
            os.replace(trial / name, pool.folder / name)
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def next_number(place: Place) -> int:
    """One more than any pool has had, as far as that is known."""
    names = [folder.name.partition(".")[0] for folder in folders(place)]
    try:
        names.append(os.path.basename(os.readlink(place.current)))
    except OSError:
        pass
    return max((int(found[2]) for name in names if (found := FOLDER.fullmatch(name))), default=0) % 999_999 + 1


def other_colour(colour: str) -> str:
    return COLOURS[1] if colour == COLOURS[0] else COLOURS[0]


@dataclass(frozen=True)
class Plan:
    """What a new pool is made of."""

    colour: str
    settings: Settings
    address: str
    port: int
    adaption: Adaption = OURS


class Builder:
    """A new pool's folder on its way: files are added, then place() makes it one."""

    def __init__(self, place: Place, plan: Plan) -> None:
        self._place, self._plan = place, plan
        self.final = place.pools / f"{plan.colour}-{next_number(place)}"
        self._folder = self.final.with_name(self.final.name + ".new")

    def make(self) -> None:
        """What every pool has."""
        plan, settings = self._plan, self._plan.settings
        places.make_folder(self._place.pools, 0o755)
        self.remove()
        places.make_folder(self._folder, 0o755)
        programs = self._keep_programs(settings.programs)
        self.add("pool.json", json.dumps({
            "said": settings.said, "address": plan.address, "port": plan.port, "workers": settings.workers,
            "request_timeout": settings.request_timeout, "stop_seconds": settings.stop_seconds,
            "drain_seconds": settings.integer("APPCORE_DRAIN_SECONDS"),
            "state_dir": settings.text("APPCORE_STATE_DIR"), "textfile_dir": settings.text("APPCORE_TEXTFILE_DIR"),
            "is_tls": settings.front.main_is_tls, "listeners": [str(endpoint) for endpoint in settings.front.listeners()],
        }, indent=1) + "\n")
        self.add("environment", environment_text({
            **settings.values, "TZ": "UTC", "APPCORE_PROGRAMS": str(programs), "APPCORE_POOL_FOLDER": str(self.final)}))
        for name in COPIED:
            self.add(name, (places.DEPLOY_DIR / name).read_text(encoding="utf-8"))
        self.add("pool.conf", supervisor_config.pool_section(self.final, plan.colour, settings, plan.adaption))
        if settings.text("APPCORE_PEER_LISTEN"):
            self.add("peer.conf", supervisor_config.pool_section(self.final, PEER, settings, plan.adaption))

    def add(self, name: str, text: str) -> None:
        _write(self._folder / name, text)

    def place(self) -> Pool:
        """The disk has what is in the folder before it has the name: after a power cut a pool is whole or not there."""
        pool = dataclasses.replace(load(self._folder), folder=self.final)
        with places.named("make", self.final):
            for path in (*self._folder.rglob("*"), self._folder):
                places.sync(path)
            os.rename(self._folder, self.final)
        return pool

    def remove(self) -> None:
        """What is not a pool's folder yet."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _keep_programs(self, origin: Path) -> Path:
        """Copies the programs, so that no build and no removal changes what the pool starts. Where nothing may be
        run (a container's /tmp), they stay where they are: an image does not change."""
        if os.statvfs(self._folder).f_flag & os.ST_NOEXEC:
            return origin
        (self._folder / "bin").mkdir(mode=0o755)
        for name in PROGRAMS:
            copy = self._folder / "bin" / name
            try:
                shutil.copyfile(origin / name, copy)
            except OSError as error:
                raise CtlError(f"cannot copy {origin / name} to {self._folder}: {error.strerror}") from None
            copy.chmod(0o755)
        return self.final / "bin"


@contextlib.contextmanager
def building(place: Place, plan: Plan) -> Iterator[Builder]:
    """A new pool's folder. However the block ends, nothing is left of one that place() has not made a pool: half a pool
    would fill the disk that had no room for it."""
    builder = Builder(place, plan)
    try:
        builder.make()
        yield builder
    finally:
        builder.remove()


def _write(path: Path, text: str) -> None:
    with places.named("write", path):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def environment_text(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def remove(folder: Path) -> None:
    """Only for whoever knows that no process needs it."""
    shutil.rmtree(folder, ignore_errors=True)
