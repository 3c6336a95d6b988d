"""The supervisord that runs the pools, and how one pool takes over from another.

One idea: the link `current` says which pool serves. converge() makes everything else agree with it, from whatever a
command that was killed has left. A restart is a trial of a new pool beside the old one, one rename of the link, and
converge().
"""

from __future__ import annotations

import contextlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path

from ctl import connections, credentials, draining, front, messages, ports, probe, processes
from ctl import place as places
from ctl import pool as pools
from ctl.credentials import Credentials
from ctl.messages import CtlError
from ctl.place import Place
from ctl.pool import Pool
from ctl.processes import Process
from ctl.rpc import Program, Supervisor
from ctl.supervisor_config import METRICS, NGINX, PEER
from ctl.values import Endpoint

START_LIMIT = 30.0  # seconds until a pool must answer; a start takes about one, more on a machine that is overloaded
CHECKED = 10e6  # bytes a second of a model that its workers check on a busy machine; 100 times that on an idle one
SPAWN_LIMIT = 5.0  # seconds for what supervisord could not start at once, where the machine is short of something for a moment
MARGIN = 10  # seconds that supervisord gets beyond what a program may take to stop
METRICS_STOP = 10  # seconds, stopwaitsecs in deploy/supervisord.conf


def start_limit(pool: Pool) -> float:
    """Seconds until the pool must answer. Each worker checks its model first, at low priority."""
    try:
        return START_LIMIT + os.stat(pool.said.get("APPCORE_MODEL", "")).st_size / CHECKED
    except OSError:
        return START_LIMIT  # there is none, or the worker says why it cannot read it


class Trial(CtlError):
    """A new pool does not come up. Nothing has changed."""


class Host(ABC):
    """A place with a supervisord. Commands that change something hold its lock."""

    def __init__(self, place: Place, supervisor: Supervisor, conf_dir: Path, prefix: str) -> None:
        self.place = place
        self.supervisor = supervisor
        self._conf_dir, self._prefix = conf_dir, prefix

    # --- what differs between our own supervisord and nginx and a machine's ------------------------

    @abstractmethod
    def check_nginx(self, pool: Pool) -> None:
        """Lets nginx check the configuration in the pool's folder; nothing changes."""

    nginx_parts: tuple[str, ...]  # the files of a pool's folder that nginx reads

    @abstractmethod
    def nginx_texts(self) -> list[str]:
        """The configurations that nginx would read if it started now."""

    def remove_old_credentials(self, pool: Pool | None) -> None:
        """Those that neither the pool nor nginx itself names."""
        credentials.remove_others(self.place, [*self._parts_of(pool), *self.nginx_texts()])

    def _parts_of(self, pool: Pool | None) -> list[str]:
        return [places.read_file(pool.folder / part) or "" for part in self.nginx_parts] if pool else []

    def name_credentials(self, pool: Pool, taken: Credentials) -> bool:
        """Lets nginx's part of the pool name these in place of those that it names, once nginx has checked it. Returns
        whether that changes anything for nginx, which has not read it yet."""
        before = dict(zip(self.nginx_parts, self._parts_of(pool)))
        after = {part: credentials.name(text, taken) for part, text in before.items()}
        certificate_end = {pools.CERTIFICATE_END: f"{taken.certificate.not_after}\n"} if taken.certificate else {}
        pools.rewrite(pool, {**after, **certificate_end}, self.check_nginx if after != before else None)
        return after != before

    def _keep_credentials(self, pool: Pool) -> None:
        """Somebody may have cleared them away. Without them nginx could not start again, nor reload: what their files hold
        by now takes their place."""
        if not credentials.are_missing(self.place, self._parts_of(pool)):
            return
        try:
            self.name_credentials(pool, credentials.take(self.place, front.read(pool.said)))
        except CtlError as error:
            messages.note(f"the credentials of the service have been removed, and cannot be taken again: {error}")

    @abstractmethod
    def _nginx_master(self) -> Process | None:
        """None while nginx does not run."""

    @abstractmethod
    def adopt_nginx(self, pool: Pool) -> None:
        """Takes nginx's part of the pool into use, unless that is in use already."""

    @abstractmethod
    def write_main_sections(self) -> None:
        """Writes supervisord's sections that belong to no pool."""

    def adopt_logs(self) -> None:
        """Sees to it that somebody takes what supervisord and nginx say."""

    # --- supervisord's groups -----------------------------------------------------------------------

    def group(self, pool: str) -> str:
        return self._prefix + pool

    def section_file(self, pool: str) -> Path:
        return self._conf_dir / f"{self._prefix}{pool}.conf"

    def programs(self) -> list[Program]:
        """Those of supervisord's programs that are this service's."""
        groups = {self.group(name) for name in (*pools.COLOURS, PEER, METRICS, NGINX)}
        return [program for program in self.supervisor.programs() if program.group in groups]

    def add_group(self, pool: str, section: str) -> None:
        places.write_file(self.section_file(pool), section)
        self.supervisor.reread()
        self.supervisor.add(self.group(pool))

    def remove_group(self, pool: str, seconds: float) -> None:
        """Ends a pool when it has answered what it has."""
        places.remove(self.section_file(pool))
        self.supervisor.reread()
        self.supervisor.remove(self.group(pool), seconds + MARGIN)

    def ended_groups(self, pool: Pool, programs: list[Program]) -> set[str]:
        """Those of pools that this one has replaced, whose command was killed after it had stopped them and before it
        removed them. They disturb nobody."""
        others = {self.group(colour) for colour in pools.COLOURS if colour != pool.colour}
        alive = {program.group for program in programs if not program.has_ended}
        return {program.group for program in programs if program.group in others} - alive

    def reopen_logs(self) -> None:
        """Lets all that write their log themselves open its file again: each pool, also that for other machines, and the
        metrics program."""
        groups = self.supervisor.groups()
        for name in (*pools.COLOURS, PEER):
            if self.group(name) in groups:
                self.supervisor.signal(f"{self.group(name)}:*", "HUP")
        self.supervisor.signal(f"{self.group(METRICS)}:{METRICS}-01", "HUP")

    # --- one pool takes over from another -----------------------------------------------------------

    @contextlib.contextmanager
    def checked(self, new: Pool, old: Pool | None) -> Iterator[None]:
        """Within the block nginx may take the new pool's part into use: it accepts it, and the ports are free and stay so.
        Otherwise the new pool is removed."""
        with contextlib.ExitStack() as claims:
            try:
                ports.check_peer(new.peer_listen, old.peer_listen if old else "", new.endpoints)
                claims.enter_context(ports.claimed(self.wanted_endpoints(new), self.held_endpoints(old), START_LIMIT))
                self.check_nginx(new)
            except BaseException:
                pools.remove(new.folder)
                raise
            yield

    def wanted_endpoints(self, new: Pool) -> Collection[Endpoint]:
        """Where nginx listens as soon as it has the pool's part."""
        return new.endpoints

    def held_endpoints(self, old: Pool | None) -> Collection[Endpoint]:
        """Where nginx listens now, which may be for an earlier pool than the old one; what this says where the kernel
        does not tell, or where nginx is just starting."""
        master = self._nginx_master()
        found = connections.listening(master.pid) if master else set()
        return found or (old.endpoints if old else ())

    def try_out(self, new: Pool) -> None:
        """Starts the pool beside the one that serves. One that does not answer is removed again."""
        section = new.section(new.colour)
        assert section is not None
        try:
            self.add_group(new.colour, section)
            if problem := probe.pool_problem(new.socket, start_limit(new)):
                raise Trial(f"the new pool does not answer ({problem}), so the old one keeps running")
            if problem := self.cannot_spawn(new, SPAWN_LIMIT):
                raise Trial(f"the new pool is not whole ({problem}), so the old one keeps running")
        except BaseException:
            self.remove_group(new.colour, new.stop_seconds)
            pools.remove(new.folder)
            raise

    def cannot_spawn(self, pool: Pool, seconds: float) -> str:
        """Why supervisord still cannot start some of the pool's processes when the time is up; empty if it can. It tries
        again and again, and one that ends is not one that cannot be started (startsecs in pool.conf)."""
        end = time.monotonic() + seconds
        while True:
            programs = [program for program in self.programs() if program.group == self.group(pool.colour)]
            waiting = [program for program in programs if program.state == "BACKOFF"]
            if not waiting:
                return ""
            if time.monotonic() > end:
                return f"{len(waiting)} of its {len(programs)} processes cannot be started: {waiting[0].description}"
            time.sleep(probe.STEP)

    def replace(self, new: Pool) -> None:
        """Tries the new pool out and lets it take over."""
        self.try_out(new)
        self.switch(new)
        self.converge(new)

    def switch(self, new: Pool) -> None:
        """From here on nginx's next connection goes to this pool."""
        places.point(self.place.current, Path("pools") / new.folder.name)

    def converge(self, pool: Pool, *, with_nginx: bool = True) -> None:
        """Makes everything agree with the current pool. Idempotent; what agrees already is left alone.

        A command that replaces the pool leaves nginx out: it gets the next one's part, and must get it also where it cannot
        take this one's. Nor must a listener for other machines that has become impossible keep a command from the rest."""
        draining.settle(self.place)
        self.adopt_logs()
        self._keep_pool(pool)
        self._keep_credentials(pool)
        if with_nginx:
            self.adopt_nginx(pool)
        self._remove_other_pools(pool)
        try:
            self._adopt_peer(pool)
        except CtlError as error:
            messages.complain(f"nothing listens for other machines at {pool.peer_listen}: {error}")
        self._adopt_metrics(pool)
        for folder in pools.folders(self.place):
            if folder != pool.folder:
                pools.remove(folder)
        self.remove_old_credentials(pool)

    def _keep_pool(self, pool: Pool) -> None:
        """Its section, too: supervisord reads all of its files or none, and one that is damaged keeps every group as it is."""
        section = pool.section(pool.colour)
        if section is None:
            raise CtlError(f"{pool.folder}/pool.conf has been removed: \"make down\" and \"make up\" rebuild the pool")
        places.keep_file(self.section_file(pool.colour), section)
        if self.group(pool.colour) not in self.supervisor.groups():
            self.add_group(pool.colour, section)

    def _remove_other_pools(self, pool: Pool) -> None:
        groups = self.supervisor.groups()
        for colour in pools.COLOURS:
            if colour == pool.colour:
                continue
            if self.group(colour) in groups or self.section_file(colour).exists():
                for folder in self.place.pools.glob(f"{colour}-*"):
                    # What nginx has sent there before it was pointed elsewhere comes before this question.
                    if (folder / "pool.sock").exists():
                        probe.pool_problem(folder / "pool.sock", pool.request_timeout)
                self.remove_group(colour, pool.stop_seconds)

    def _adopt_peer(self, pool: Pool) -> None:
        """The pool for other machines is restarted in place: whoever asked it asks its own machine's meanwhile."""
        wanted, found = pool.section(PEER), places.read_file(self.section_file(PEER))
        runs = self.group(PEER) in self.supervisor.groups()
        if wanted == found and runs == (wanted is not None):
            return
        if found is not None or runs:
            self.remove_group(PEER, pool.stop_seconds)
        if wanted is not None:
            self.add_group(PEER, wanted)

    def _adopt_metrics(self, pool: Pool) -> None:
        """The metrics program runs from the current pool's folder. Its socket stays open meanwhile, held by its
        process 0, unless its section has changed."""
        self.write_main_sections()
        group = self.group(METRICS)
        if group in self.supervisor.reread():
            self.supervisor.remove(group, METRICS_STOP + MARGIN)
        if group not in self.supervisor.groups():
            self.supervisor.add(group)
            return
        serving = [p for p in self.supervisor.programs() if p.group == group and p.name == f"{METRICS}-01"]
        if serving and not _runs_from(serving[0].pid, pool):
            self.supervisor.restart(f"{group}:{METRICS}-01", METRICS_STOP + MARGIN)


def _runs_from(pid: int, pool: Pool) -> bool:
    """Whether the process has got its settings from the pool's folder; it may just be about to."""
    end = time.monotonic() + 1
    while pid and time.monotonic() < end:
        if found := processes.environment_of(pid).get("APPCORE_POOL_FOLDER"):
            return found == str(pool.folder)
        if not os.path.exists(f"/proc/{pid}"):
            break
        time.sleep(0.02)
    return False
