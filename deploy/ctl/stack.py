"""A stack of our own that starts: its settings, its folders, its first pool, supervisord."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from ctl import counts, credentials, launching, limits, messages, nginx_config, ports, probe, supervisor_config, values
from ctl import place as places
from ctl import pool as pools
from ctl import settings as told
from ctl.host import START_LIMIT, start_limit
from ctl.lock import Lock
from ctl.messages import CtlError
from ctl.own_host import OwnHost
from ctl.place import Place
from ctl.pool import Plan, Pool

OUTPUT = "/proc/self/fd/2"  # nginx's standard error: the log filter takes requests from there, too
EXPLAINED = 5  # lines of the log that a failure shows
GRAVE = ('"level":"WARNING"', '"level":"ERROR"', '"level":"CRITICAL"')


class Stack:
    """`environment` is the caller's."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        run_dir = Path(values.run_dir(environment.get("RUN_DIR") or "build/run"))
        places.check_trust(run_dir)
        self.place = Place(run_dir, run_dir)
        self.host = OwnHost(self.place)
        self.counts = counts.Counts(self.place)
        self._log_start: int | None = None

    # --- what the caller says -------------------------------------------------------------------------

    def listen(self) -> tuple[str, int]:
        """Where a stack that is to start listens."""
        return (values.address("ADDRESS", self.environment.get("ADDRESS") or "127.0.0.1"),
                values.integer("PORT", self.environment.get("PORT") or "8000", 1, 65535))

    def resolve(self, before: dict[str, str], state_dir: Path) -> told.Settings:
        """The caller's settings over those of a pool. `state_dir` is where the counts are, unless somebody says otherwise."""
        said = told.merge(before, told.said_by(self.environment))
        defaults = {"APPCORE_STATE_DIR": str(state_dir),
                    "APPCORE_TEXTFILE_DIR": str(self.place.textfile_dir),
                    "APPCORE_LOG_FILE": str(self.place.logs / "appcore.log")}
        return told.resolve(said, defaults, told.find_programs(self.environment))

    # --- building -------------------------------------------------------------------------------------

    def make_folders(self, settings: told.Settings) -> None:
        self.host.make_folders()
        if Path(settings.text("APPCORE_STATE_DIR")) not in self.counts.folders:
            places.make_folder(Path(settings.text("APPCORE_STATE_DIR")), counts.MODE)
        if textfile := settings.text("APPCORE_TEXTFILE_DIR"):
            places.make_folder(Path(textfile), 0o755)  # node-exporter is another user

    def build(self, colour: str, settings: told.Settings, address: str, port: int) -> Pool:
        self.make_folders(settings)
        taken = credentials.take(self.place, settings.front)
        config = nginx_config.render(self.place, settings, values.Endpoint(address, port), taken,
                                     access_log=OUTPUT, error_log="stderr", scripts=self.place.current)
        with pools.building(self.place, Plan(colour, settings, address, port)) as builder:
            builder.add("nginx.conf", config)
            if taken.certificate:
                builder.add(pools.CERTIFICATE_END, f"{taken.certificate.not_after}\n")
            return builder.place()

    def _write_start_files(self, pool: Pool) -> None:
        for name in (pool.colour, supervisor_config.PEER):
            if section := pool.section(name):
                places.write_file(self.host.section_file(name), section)
        self.host.write_main_sections()
        self.host.write_nginx(pool)
        places.write_file(self.place.run_dir / "endpoint", pool.local_url + "\n")

    # --- starting -------------------------------------------------------------------------------------

    def start(self, lock: Lock, foreground: bool) -> tuple[Pool, launching.Started]:
        """Builds the first pool and starts supervisord, where no process of the stack lives. What it has made when it
        fails is its caller's to remove."""
        address, port = self.listen()
        settings = self.resolve({}, self.counts.take())
        pool = self.build(pools.COLOURS[0], settings, address, port)
        ports.check_peer(pool.peer_listen, "", pool.endpoints)
        with ports.claimed(pool.endpoints, (), START_LIMIT):
            self.host.switch(pool)
            self.host.check_nginx(pool)
            limits.report()
            self._write_start_files(pool)
            lock.check()
            self.mark_log()
            started = launching.start(self.place, foreground)
            if foreground:
                self._name_standard_output(started.supervisord.pid)
            self._wait_healthy(pool, started.supervisord)
            return pool, started

    def _name_standard_output(self, supervisord: int) -> None:
        """In the foreground the programs write their log to standard output, which each opens for itself, so that no
        line is copied. What cannot be opened by name (a socket, under systemd) and what people may stop (a terminal,
        by Ctrl-S) gets it through the filter."""
        name = f"/proc/{os.getpid()}/fd/1"
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK))
            is_direct = not os.isatty(1)
        except OSError:
            is_direct = False
        places.point(self.place.logs / "appcore.log", Path(name if is_direct else f"/proc/{supervisord}/fd/1"))

    def _wait_healthy(self, pool: Pool, supervisord: subprocess.Popen[bytes]) -> None:
        limit = start_limit(pool)
        end = time.monotonic() + limit
        while True:
            self.host.supervisor.nudge()
            if probe.is_healthy(pool, max(end - time.monotonic(), 0.1)):
                return
            if supervisord.poll() is not None:
                raise CtlError("supervisord has ended")
            if time.monotonic() > end:
                raise CtlError(f"/health does not answer 200 within {limit:.0f} s{self._spawn_problem(pool)}")
            time.sleep(probe.STEP)

    def _spawn_problem(self, pool: Pool) -> str:
        try:
            problem = self.host.cannot_spawn(pool, 0)
        except CtlError:
            return ""  # supervisord says nothing
        return f"; {problem}" if problem else ""

    # --- why something failed -------------------------------------------------------------------------

    def mark_log(self) -> None:
        """What the system log says from here on explains a failure."""
        try:
            self._log_start = os.stat(self.place.logs / "system.log").st_size
        except OSError:
            self._log_start = 0

    def explain(self, sentence: str, error: CtlError | OSError) -> CtlError:
        """Says the reason with the log's own words, if supervisord has been asked; returns what is left to raise."""
        error = error if isinstance(error, CtlError) else CtlError(str(error))
        if self._log_start is None:
            return error
        lines = self._grave_lines(self._log_start)
        messages.complain(f"{sentence}: {error}" + (f"; {self.place.logs}/system.log says:" if lines else ""))
        messages.quote_lines(lines)
        return CtlError("", error.code)

    def _grave_lines(self, start: int) -> list[str]:
        try:
            with open(self.place.logs / "system.log", encoding="utf-8", errors="replace") as file:
                file.seek(start)
                lines = file.read().splitlines()
        except OSError:
            return []
        return [line for line in lines if any(level in line for level in GRAVE)][-EXPLAINED:]
