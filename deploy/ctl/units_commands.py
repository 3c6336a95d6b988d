"""The commands for a machine whose programs systemd's units run."""

from __future__ import annotations

import shutil
from pathlib import Path

from ctl import draining, machine_status, messages, probe, units
from ctl import place as places
from ctl import pool as pools
from ctl.host import START_LIMIT, start_limit
from ctl.machine_status import Programs
from ctl.messages import NOT_RUNNING, CtlError
from ctl.pool import Pool
from ctl.settings import Settings
from ctl.system import Machine

POOL = "units"


class UnitsMachine(Machine):
    def _need_running(self) -> None:
        if not units.enabled():
            raise CtlError("not running: \"appcorectl up\" sets it up")

    def _take_into_use(self, workers: str = "") -> int:
        if shutil.which("systemctl") is None:
            raise CtlError("APPCORE_SUPERVISOR=no needs systemd")
        settings = self._resolve(workers)
        if settings.text("APPCORE_PEER_LISTEN"):
            raise CtlError("APPCORE_PEER_LISTEN needs APPCORE_SUPERVISOR=yes")
        draining.settle(self._place)
        old = pools.current(self._place)
        new = self.build(POOL, settings)
        with self._host.checked(new, old):
            self._run(new, old, settings)
            if not units.enabled() or old is None or old.colour != POOL:
                self._host.forget_nginx()
            self._host.switch(new)
            self._host.adopt_nginx(new)
        self._end_supervised(old)
        for folder in pools.folders(self._place):
            if folder != new.folder:
                pools.remove(folder)
        self._host.remove_old_credentials(new)
        return 0

    def _run(self, new: Pool, old: Pool | None, settings: Settings) -> None:
        """Lets the units run from the new folder, now and after a boot. If one does not, all are as they were before."""
        before = units.setup(self._place)
        new.socket.symlink_to(units.SOCKET)
        try:
            units.write_drop_ins(settings)
            units.enable(new.workers)
            self._start(new)
            units.remove_surplus(new.workers)
        except BaseException:
            self._put_back(before, old)
            pools.remove(new.folder)
            raise

    def _start(self, new: Pool) -> None:
        if self._host.supervisor_runs():
            self._host.remove_metrics()  # its socket has the same name
        places.point(units.link(self._place), Path("pools") / new.folder.name)
        if not units.runs():
            messages.say("set up; systemd will start it")
            return
        units.start(new.workers)
        if problem := probe.pool_problem(units.SOCKET, start_limit(new)):
            raise CtlError(f"the workers do not answer ({problem}); see journalctl -u 'appcore-worker@*'")
        messages.say(f"{new.workers} workers, systemd's units")

    def _put_back(self, before: units.Setup, old: Pool | None) -> None:
        try:
            units.put_back(self._place, before)
            if old is not None and old.colour != POOL and self._host.supervisor_runs():
                self._host.converge(old, with_nginx=False)  # with its metrics program
        except (CtlError, OSError) as error:
            messages.complain(f"the previous pool does not run as before: {error}")

    def _end_supervised(self, old: Pool | None) -> None:
        """A pool under supervisord that has served until now ends when it has answered what it has."""
        if old is not None and old.colour != POOL and old.socket.exists():
            probe.pool_problem(old.socket, old.request_timeout)
        self._host.remove_all_groups(old.stop_seconds if old else START_LIMIT)

    def reopen(self) -> int:
        self._lock("reopen")
        self._need_running()
        units.systemctl("kill", "--signal", "HUP", "appcore-worker@*.service", units.METRICS)
        self._host.reopen_nginx()
        return 0

    def status(self) -> int:
        pool = pools.current(self._place)
        if not units.enabled() or pool is None:
            messages.say("not running")
            return NOT_RUNNING
        title = f"at {pool.local_url}, systemd's units{draining.note(self._place)}"
        return machine_status.report(self._host, pool, title, self._look)

    def _look(self, pool: Pool) -> Programs:
        return Programs([units.listing()], units.problems(pool.workers))
