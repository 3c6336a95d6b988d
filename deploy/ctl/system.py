"""The service of the Debian package: the machine's supervisord and nginx run it, /etc/default/appcore configures it.

    /etc/default/appcore                          what the operator says: data, never run
    /etc/supervisor/conf.d/appcore-*.conf         made here: a pool runs while its file is there
    /etc/nginx/conf.d/, sites-available/appcore   the operator's; they include /var/lib/appcore/nginx/*.conf
    /var/lib/appcore                              the pools' folders, the links to the current one: kept
    /run/appcore                                  the metrics program's socket, state/ with the counts (tmpfiles.d)

Where no supervisord runs, for instance in an image that is being made, only the files are written: it will start what
they say. With APPCORE_SUPERVISOR=no systemd's units run the programs (units.py).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ctl import (counts, credentials, draining, limits, machine_status, messages, models, nginx_config, probe, renewal,
                 supervisor_config, units, values)
from ctl import place as places
from ctl import pool as pools
from ctl import settings as told
from ctl.host import START_LIMIT, Trial
from ctl.key_commands import KeyCommands
from ctl.lock import Lock
from ctl.machine import ACCESS_LOG, WEB_USER, MachineHost
from ctl.machine_status import Programs
from ctl.messages import FAILED, NOT_RUNNING, CtlError
from ctl.pool import Plan, Pool
from ctl.status import wrong_programs
from ctl.supervisor_config import PEER

DEFAULTS = Path("/etc/default/appcore")
PROGRAMS = Path("/usr/bin")
LOG = "/var/log/appcore/appcore.log"
ERROR_LOG = "/var/log/nginx/error.log"
STOP = 35  # seconds, if no pool's folder can tell
SHOWN = 5  # lines of the programs' output that a failure shows


class Machine:
    """Each public method is a command; it returns the exit code or raises CtlError."""

    def __init__(self, said: dict[str, str]) -> None:
        self._said = said
        self._host = MachineHost()
        self._place = self._host.place
        self._model: str | None = None  # the path of the one to take over now, empty for the mean
        self._output_start = _size(supervisor_config.MACHINE.output)

    # --- settings and the pool's folder ---------------------------------------------------------------

    def _listen(self) -> tuple[str, int]:
        return (values.address("ADDRESS", self._said.get("ADDRESS") or "127.0.0.1"),
                values.integer("PORT", self._said.get("PORT") or "8000", 1, 65535))

    def _resolve(self, workers: str = "") -> told.Settings:
        said = told.said_by(self._said)
        if workers:
            said["APPCORE_WORKERS"] = workers
        if not said.get(models.SETTING):
            said[models.SETTING] = self._model if self._model is not None else self._models().chosen()
        return told.resolve(said, {"APPCORE_STATE_DIR": str(self._place.run_dir / "state"), "APPCORE_LOG_FILE": LOG,
                                   "APPCORE_TEXTFILE_DIR": str(self._place.textfile_dir)}, PROGRAMS)

    def _make_folders(self, settings: told.Settings) -> None:
        places.make_folder(self._place.run_dir, 0o755)
        places.make_folder(self._place.pools, 0o755)
        for name, mode in (("APPCORE_STATE_DIR", counts.MODE), ("APPCORE_TEXTFILE_DIR", 0o755)):
            if settings.text(name):
                folder = Path(settings.text(name))
                places.make_folder(folder, mode)
                shutil.chown(folder, supervisor_config.MACHINE.user, supervisor_config.MACHINE.user)
        if not ACCESS_LOG.exists():  # logs name clients
            os.close(os.open(ACCESS_LOG, os.O_WRONLY | os.O_CREAT, 0o640))
            shutil.chown(ACCESS_LOG, WEB_USER, "adm")

    def build(self, colour: str, settings: told.Settings) -> Pool:
        self._make_folders(settings)
        address, port = self._listen()
        taken = credentials.take(self._place, settings.front)
        config = nginx_config.render(self._place, settings, values.Endpoint(address, port), taken,
                                     access_log=str(ACCESS_LOG), error_log=ERROR_LOG, scripts=self._host.included)
        with pools.building(self._place, Plan(colour, settings, address, port, supervisor_config.MACHINE)) as builder:
            for part in ("http", "server"):
                builder.add(f"{part}.conf", nginx_config.part_of(config, part))
            if taken.certificate:
                builder.add(pools.CERTIFICATE_END, f"{taken.certificate.not_after}\n")
            return builder.place()

    def _lock(self, command: str) -> Lock:
        lock = Lock(self._place, command)
        lock.acquire()
        return lock

    # --- commands -------------------------------------------------------------------------------------

    def up(self) -> int:
        self._lock("up")
        return self._take_into_use()

    def restart(self) -> int:
        self._lock("restart")
        self._need_running()
        return self._take_into_use()

    def scale(self, number: str = "") -> int:
        workers = str(values.integer("WORKERS", number, 1, limits.MOST_WORKERS))
        self._lock("scale")
        self._need_running()
        return self._take_into_use(workers)

    def _need_running(self) -> None:
        if not self._host.is_set_up() or not self._host.supervisor_runs():
            raise CtlError("not running, or supervisord is not: \"appcorectl up\" sets it up")

    def _take_into_use(self, workers: str = "") -> int:
        """A new pool with what the configuration says, checked whole before anything changes."""
        settings = self._resolve(workers)
        old = pools.current(self._place)
        runs = self._supervisor_runs(old)
        if old and runs and self._host.is_set_up():
            self._host.converge(old, with_nginx=False)
        new = self.build(self._host.free_colour(old), settings)
        with self._host.checked(new, old):
            if not runs:
                self._write_only(new)
                messages.say("set up; supervisord is not running, and will start it")
                return 0
            self._replace(new)
        if not probe.is_healthy_within(new, START_LIMIT) and self._host.serves_by_nginx():
            raise CtlError(f"nginx does not answer at {new.local_url}; see {ERROR_LOG}")
        messages.say(f"{new.workers} workers, the pool {new.colour}")
        return 0

    def _supervisor_runs(self, pool: Pool | None) -> bool:
        """False only where the pool does not run either: of a supervisord that is stopped, or whose socket is gone, nothing
        could be ended, and files that its programs need would be removed."""
        if self._host.supervisor_runs():
            return True
        if pool is not None and probe.has_listener(pool.socket):
            raise CtlError(f"the pool runs, but supervisord does not answer at {self._host.socket}")
        return False

    def _replace(self, new: Pool) -> None:
        """The new pool takes over from supervisord's old one or from systemd's units."""
        try:
            self._host.try_out(new)
        except Trial as error:
            messages.complain(f"{error}:")
            messages.quote_lines(_last_lines(supervisor_config.MACHINE.output, self._output_start))
            raise CtlError("", error.code) from None
        if not self._host.is_set_up():
            self._host.forget_nginx()  # its site may just have been enabled
        self._host.switch(new)
        units.stop(self._place, new.request_timeout)
        self._host.converge(new)
        self._host.remove_older()

    def _write_only(self, new: Pool) -> None:
        for name in pools.COLOURS:
            self._host.section_file(name).unlink(missing_ok=True)
        for name in (new.colour, PEER):
            if section := new.section(name):
                places.write_file(self._host.section_file(name), section)
            else:
                self._host.section_file(name).unlink(missing_ok=True)
        self._host.switch(new)
        self._host.write_main_sections()
        self._host.adopt_nginx(new)
        for folder in pools.folders(self._place):
            if folder != new.folder:
                pools.remove(folder)

    def drain(self) -> int:
        self._lock("drain")
        return draining.drain(self._place, self._serving())

    def undrain(self) -> int:
        self._lock("undrain")
        return draining.undrain(self._place, self._serving())

    def renew(self, folder: str = "") -> int:
        """What certbot's deploy hook calls, with the folder of a certificate that it has renewed."""
        self._lock("renew")
        pool = self._serving()
        renewal.renew(self._host, pool, folder)
        return 0

    def key(self, *words: str) -> int:
        def lock() -> Pool | None:
            self._lock("key")
            try:
                return self._serving()
            except CtlError:
                return None

        return KeyCommands(self._said.get("APPCORE_API_KEYS", ""), self._host, lock).run(*words)

    def _serving(self) -> Pool:
        self._need_running()
        pool = pools.current(self._place)
        if pool is None:
            raise CtlError("not running: \"appcorectl up\" sets it up")
        return pool

    def down(self) -> int:
        self._lock("down")
        pool = pools.current(self._place)
        if not units.enabled():
            self._supervisor_runs(pool)
        if pool:
            self._models().choose(self._models().serving() or "")
        if pool and self._host.serves_by_nginx():
            draining.before_stop(self._place, pool.drain_seconds)
        units.stop(self._place, 0)
        self._host.remove_all_groups(pool.stop_seconds if pool else STOP)
        self._place.current.unlink(missing_ok=True)
        draining.end(self._place)
        for folder in pools.folders(self._place):
            pools.remove(folder)
        messages.say("stopped")
        return 0

    def model(self, what: str = "") -> int:
        """As for a stack of our own, but what is chosen here is kept until another one is."""
        known = self._models()
        if not what:
            for line in known.listing():
                messages.say(line)
            return 0
        if self._said.get(models.SETTING):
            raise CtlError(f"{models.SETTING} in {DEFAULTS} names the model: without it \"appcorectl model\" chooses")
        self._lock("model")
        self._need_running()

        def take(path: str) -> str:
            self._model = path
            self._take_into_use()
            pool = pools.current(self._place)
            return pool.colour if pool else ""

        messages.say(known.change(what, take))
        return 0

    def _models(self) -> models.Models:
        return models.Models(self._place, PROGRAMS)

    def reopen(self) -> int:
        """nginx's own logs are its package's to rotate, but for ours."""
        self._lock("reopen")
        self._serving()
        self._host.reopen_logs()
        self._host.reopen_nginx()
        return 0

    def health(self) -> int:
        pool = pools.current(self._place)
        if pool is None:
            raise CtlError("not running", NOT_RUNNING)
        return 0 if probe.is_healthy(pool, pool.stop_seconds) else FAILED

    def status(self) -> int:
        pool = pools.current(self._place)
        if not self._supervisor_runs(pool):
            messages.say("supervisord is not running")
            return NOT_RUNNING
        if not self._host.is_set_up() or pool is None:
            messages.say("not running")
            return NOT_RUNNING
        title = f"at {pool.local_url}, the pool {pool.colour}{draining.note(self._place)}"
        return machine_status.report(self._host, pool, title, self._look)

    def _look(self, pool: Pool) -> Programs:
        programs = self._host.programs()
        ended = self._host.ended_groups(pool, programs)
        return Programs([f"{program.full_name:<28} {program.state:<9} {program.description}" for program in programs],
                        wrong_programs(self._host, pool, [program for program in programs if program.group not in ended]))

    def run(self) -> int:
        raise CtlError("the machine's supervisord runs it: \"appcorectl up\"")

    def check(self) -> int:
        self._lock("check")
        running = pools.current(self._place)
        try:
            new = self.build(self._host.free_colour(running), self._resolve())
            try:
                self._host.check_nginx(new)
            finally:
                pools.remove(new.folder)
        finally:
            self._host.remove_old_credentials(running)
        return 0


def commands_for_machine() -> Machine:
    """Those of the operator's choice. What their shell happens to have set is not configuration."""
    if os.geteuid() != 0:
        raise CtlError("only root may operate the machine's service")
    text = places.read_file(DEFAULTS)
    said = told.parse_assignments(text, str(DEFAULTS)) if text is not None else {}
    supervised = values.one_of("APPCORE_SUPERVISOR", said.get("APPCORE_SUPERVISOR") or "yes", ("yes", "no"))
    if supervised == "yes":
        return Machine(said)
    from ctl.units_commands import UnitsMachine

    return UnitsMachine(said)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _last_lines(path: str, start: int) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(start)
            return file.read().splitlines()[-SHOWN:]
    except OSError:
        return []
