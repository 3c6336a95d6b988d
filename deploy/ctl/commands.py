"""The commands for a stack of our own: make, the container."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from ctl import draining, ending, launching, limits, messages, models, probe, renewal, settings, status, values
from ctl import place as places
from ctl import pool as pools
from ctl.host import START_LIMIT
from ctl.key_commands import KeyCommands
from ctl.lock import Lock
from ctl.messages import FAILED, NOT_RUNNING, CtlError, Interrupted
from ctl.own_host import find_supervisord
from ctl.pool import Pool
from ctl.stack import Stack

GONE = {"FATAL", "STOPPED", "UNKNOWN"}  # states in which supervisord does not start a program again


class Commands:
    """Each method is a command; it returns the exit code or raises CtlError."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._stack = Stack(environment)
        self._host, self._place = self._stack.host, self._stack.place

    def _lock(self, command: str) -> Lock:
        if not self._host.processes():
            places.check_is_stack(self._place)
        lock = Lock(self._place, command)
        lock.acquire()
        return lock

    # --- up, run, down --------------------------------------------------------------------------------

    def up(self) -> int:
        lock = self._lock("up")
        if pool := self._whole_pool():
            self._check_same_place(pool)
            self._host.converge(pool)
            self._wait_for_health(pool)
            messages.say(f"already running at {pool.local_url}{draining.note(self._place)}")
            if self._stack.environment.get("MODEL"):
                messages.note("MODEL is for a start: \"appcorectl model FILE\" changes the model of a stack that runs")
            return 0
        pool, started = self._start(lock, foreground=False)
        started.supervisord.returncode = 0  # nobody waits for it
        messages.say(f"serves on {pool.local_url}, {pool.workers} workers; logs in {self._place.logs}")
        return 0

    def _start(self, lock: Lock, foreground: bool) -> tuple[Pool, launching.Started]:
        """Ends what is left of a stack that has broken down, and starts one."""
        if ending.end_all(self._host):
            messages.note("a stack that had broken down has been ended")
        ending.clean(self._place, self._stack.counts)
        version = self._take_model()
        try:
            pool, started = self._stack.start(lock, foreground)
            if version:
                self._models().took_over(Path(pool.said[models.SETTING]), version)
            return pool, started
        except BaseException as error:
            ending.end_all(self._host)
            reason = self._stack.explain("did not start", error) if isinstance(error, (CtlError, OSError)) else error
            ending.clean(self._place, self._stack.counts)
            raise reason from None

    def _check_same_place(self, pool: Pool) -> None:
        environment = self._stack.environment
        address, port = self._stack.listen()
        if environment.get("ADDRESS") and address != pool.address or environment.get("PORT") and port != pool.port:
            raise CtlError(f"a stack is already running at {pool.local_url}, not at "
                           f"{values.url(values.for_clients(address), port)}: \"make down\" stops it, another RUN_DIR "
                           "is another stack")

    def _wait_for_health(self, pool: Pool) -> None:
        if not probe.is_healthy_within(pool, START_LIMIT):
            raise CtlError(f"already running at {pool.local_url}, but /health does not answer 200")

    def run(self) -> int:
        lock = self._lock("run")
        if pool := self._whole_pool():
            raise CtlError(f"already running at {pool.local_url}: \"make down\" stops it")
        try:
            pool, started = self._start(lock, foreground=True)
        except Interrupted:
            return 0
        lock.release()
        try:
            messages.note(f"serves on {pool.local_url}, {pool.workers} workers; Ctrl-C stops it")
            started.supervisord.wait()
        except Interrupted:
            self._stop(started.supervisord)
            started.supervisord.returncode = 0
        self._clean_after_run(started)
        return 0 if started.supervisord.returncode == 0 else FAILED

    def _stop(self, supervisord: subprocess.Popen[bytes]) -> None:
        ending.drain(self._host)
        supervisord.terminate()
        end = time.monotonic() + ending.stop_seconds(self._place)
        while supervisord.poll() is None:
            self._host.supervisor.nudge()
            if time.monotonic() > end:
                supervisord.kill()
            time.sleep(0.05)

    def _clean_after_run(self, started: launching.Started) -> None:
        """Unless another command does it, or has started a new stack since."""
        lock = Lock(self._place, "run")
        try:
            lock.acquire(ending.stop_seconds(self._place))
        except CtlError:
            return
        if find_supervisord(self._host.processes()) is None:
            ending.end_orphans(self._host, ending.stop_seconds(self._place))
            ending.clean(self._place, self._stack.counts)
        try:
            started.log_filter.wait(ending.KILL_LIMIT)
        except subprocess.TimeoutExpired:
            pass

    def down(self) -> int:
        if not self._place.run_dir.exists() and not self._host.processes() and not self._stack.counts.are_in_memory():
            messages.say("not running")
            return 0
        lock = self._lock("down")
        ending.drain(self._host)
        was_running = ending.end_all(self._host)
        ending.clean(self._place, self._stack.counts)
        lock.release()
        messages.say("stopped" if was_running else "not running")
        return 0

    # --- drain, undrain -------------------------------------------------------------------------------

    def drain(self) -> int:
        self._lock("drain")
        return draining.drain(self._place, self._need_running())

    def undrain(self) -> int:
        self._lock("undrain")
        return draining.undrain(self._place, self._need_running())

    def renew(self, folder: str = "") -> int:
        """Takes the renewed certificate into use; if a folder is named, only if the certificate is in it."""
        self._lock("renew")
        pool = self._need_running()
        renewal.renew(self._host, pool, folder)
        return 0

    def key(self, *words: str) -> int:
        running = pools.current(self._place)
        said = settings.merge(running.said if running else {}, self._stack.environment)

        def lock() -> Pool | None:
            self._lock("key")
            return self._need_running() if self._whole_pool() else None

        return KeyCommands(said.get("APPCORE_API_KEYS", ""), self._host, lock).run(*words)

    # --- restart, scale, reopen -----------------------------------------------------------------------

    def _whole_pool(self) -> Pool | None:
        """The current pool of a stack that is whole."""
        found = self._look()
        return found if isinstance(found, Pool) else None

    def _look(self) -> Pool | str:
        """The current pool, if supervisord lives and answers and has not given nginx up; otherwise what is wrong. What has
        been stopped by a signal is woken before it is judged."""
        found = self._host.processes()
        try:
            supervisord, pool = find_supervisord(found), pools.current(self._place)
        except CtlError as error:
            return str(error)
        if supervisord is None or pool is None:
            return "its supervisord is gone" if supervisord is None else "no pool is the current one"
        for process in found:
            if process.is_stopped and (process.is_supervisord or process.is_nginx):
                process.send(signal.SIGCONT)
        try:
            if not self._host.supervisor.answers():
                return "its supervisord does not answer"
        except CtlError as error:
            return str(error)
        if self._host.supervisor.pid() != supervisord.pid:
            return "another supervisord answers in the place of its own"
        states = {program.full_name: program.state for program in self._host.programs()}
        return "supervisord has given nginx up" if states.get("nginx", "FATAL") in GONE else pool

    def _need_running(self, *, with_nginx: bool = True) -> Pool:
        """The current pool of a stack that can be changed; what an interrupted command has left is made good."""
        found = self._look()
        if isinstance(found, str):
            if self._host.processes():
                raise CtlError(f"the stack has broken down, {found}: \"make up\" starts it again")
            raise CtlError("not running: \"make up\" starts it")
        self._host.converge(found, with_nginx=with_nginx)
        return found

    def _change(self, command: str, held: Lock | None = None) -> Pool:
        """Everything is checked before anything changes, and a pool that does not come up changes nothing."""
        lock = held or self._lock(command)
        old = self._need_running(with_nginx=False)
        chosen = self._stack.resolve(old.said, self._stack.counts.folder_now())
        new = self._stack.build(pools.other_colour(old.colour), chosen, old.address, old.port)
        with self._host.checked(new, old):
            lock.check()
            self._stack.mark_log()
            try:
                self._host.replace(new)
            except CtlError as error:
                raise self._stack.explain(f"{command} failed", error) from None
        return new

    def restart(self) -> int:
        pool = self._change("restart")
        messages.say(f"restarted: {pool.workers} workers, the pool {pool.colour}")
        return 0

    def scale(self, number: str | None = None) -> int:
        text = number if number is not None else self._stack.environment.get("WORKERS", "")
        self._stack.environment["WORKERS"] = str(values.integer("WORKERS", text, 1, limits.MOST_WORKERS))
        pool = self._change("scale")
        messages.say(f"{pool.workers} workers, the pool {pool.colour}")
        return 0

    def model(self, what: str = "") -> int:
        """Lists the models, or changes the pool to another one. A file that cannot serve changes nothing."""
        if not what:
            for line in self._models().listing():
                messages.say(line)
            return 0
        lock = self._lock("model")
        self._need_running(with_nginx=False)

        def take(path: str) -> str:
            self._stack.environment[models.SETTING] = path
            return self._change("model", lock).colour

        messages.say(self._models().change(what, take))
        return 0

    def _take_model(self) -> str:
        """The model that the caller starts with (MODEL), in its place; returns its version, or nothing."""
        if not (said := self._stack.environment.get("MODEL")):
            return ""
        known = self._models()
        known.entries()  # if it is damaged, nothing starts
        file = known.add(known.compile(Path(said)))
        self._stack.environment[models.SETTING] = str(file)
        return known.version(file, said)

    def _models(self) -> models.Models:
        return models.Models(self._place, settings.find_programs(self._stack.environment))

    def reopen(self) -> int:
        self._lock("reopen")
        self._need_running()
        self._host.reopen_logs()
        for process in self._host.processes():
            if process.is_log_filter:
                process.send(signal.SIGHUP)
        return 0

    # --- asking ---------------------------------------------------------------------------------------

    def health(self) -> int:
        pool = pools.current(self._place)
        if pool is None:
            raise CtlError("not running", NOT_RUNNING)
        # A check waits in the same queue as everybody, so it waits as long.
        return 0 if probe.is_healthy(pool, pool.stop_seconds) else FAILED

    def status(self) -> int:
        return status.report(self._host)

    def check(self) -> int:
        self._lock("check")
        running = pools.current(self._place)
        address, port = self._stack.listen()
        chosen = self._stack.resolve(running.said if running else {}, self._stack.counts.folder_now())
        try:
            pool = self._stack.build(pools.COLOURS[0], chosen, address, port)
            try:
                if running is None:
                    self._host.switch(pool)  # nginx finds first-headers.js by this link
                self._host.check_nginx(pool)
                limits.report()
            finally:
                pools.remove(pool.folder)
        finally:
            self._host.remove_old_credentials(running)
        return 0
