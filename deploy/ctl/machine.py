"""The machine's own supervisord and nginx, which include what is made here."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Collection
from pathlib import Path

from ctl import nginx_config, nginx_reload, processes, supervisor_config
from ctl import place as places
from ctl import pool as pools
from ctl.host import METRICS_STOP, Host
from ctl.messages import CtlError
from ctl.place import Place
from ctl.pool import Pool
from ctl.processes import Process
from ctl.rpc import Supervisor
from ctl.supervisor_config import MACHINE, METRICS, PEER
from ctl.values import Endpoint

SOCKET = Path("/run/supervisor.sock")
CONF_DIR = Path("/etc/supervisor/conf.d")
NGINX_PID = Path("/run/nginx.pid")
SITE = Path("/etc/nginx/sites-enabled/appcore")
ACCESS_LOG = Path("/var/log/nginx/appcore-access.log")  # nginx's rotation is for *.log there
WEB_USER = "www-data"
PARTS = ("http.conf", "server.conf", nginx_config.FIRST_HEADERS)


class MachineHost(Host):
    nginx_parts = PARTS
    socket = SOCKET

    def __init__(self) -> None:
        super().__init__(Place(Path("/run/appcore"), Path("/var/lib/appcore")), Supervisor(SOCKET), CONF_DIR,
                         MACHINE.group_prefix)
        # What nginx's files include is a link to one of the folders below parts/: both parts change in one step,
        # and they stay when there is no pool.
        self.included, self._parts = self.place.keep_dir / "nginx", self.place.keep_dir / "parts"
        self._record = nginx_reload.Record(self.place.keep_dir / "nginx.loaded")

    # --- supervisord ----------------------------------------------------------------------------------

    def supervisor_runs(self) -> bool:
        return self.supervisor.answers()

    def is_set_up(self) -> bool:
        return self.section_file(METRICS).exists()

    def free_colour(self, current: Pool | None) -> str:
        """One whose place no running pool has."""
        if current is not None and current.colour in pools.COLOURS:
            return pools.other_colour(current.colour)
        taken = {colour for colour in pools.COLOURS if self.section_file(colour).exists()}
        return next((colour for colour in pools.COLOURS if colour not in taken), pools.COLOURS[0])

    def write_main_sections(self) -> None:
        places.keep_file(self.section_file(METRICS), supervisor_config.metrics_section(self.place, MACHINE))

    def remove_all_groups(self, seconds: float) -> None:
        """Also what supervisord would start at its next start."""
        runs = self.supervisor_runs()
        for name in (*pools.COLOURS, PEER, METRICS):
            if runs:
                self.remove_group(name, METRICS_STOP if name == METRICS else seconds)
            else:
                self.section_file(name).unlink(missing_ok=True)

    def remove_metrics(self) -> None:
        """systemd's metrics socket has the same name."""
        if self.section_file(METRICS).exists():
            self.remove_group(METRICS, METRICS_STOP)

    # --- nginx ----------------------------------------------------------------------------------------

    def _place_parts(self, pool: Pool) -> Path:
        """The pool's parts as a folder of their own."""
        folder = self._parts / pool.folder.name
        places.make_folder(self._parts, 0o755)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for part in PARTS:
            shutil.copyfile(pool.folder / part, folder / part)
        return folder

    def _include(self, folder: Path) -> None:
        if self.included.is_dir() and not self.included.is_symlink():  # an older version's
            self.included.rename(self.included.with_name("nginx.before"))
        places.point(self.included, Path("parts") / folder.name)

    def _included_now(self) -> Path | None:
        return self.included.readlink() if self.included.is_symlink() else None

    def _include_again(self, before: Path | None) -> None:
        if before is not None:
            places.point(self.included, before)
        else:
            self.included.unlink(missing_ok=True)

    def check_nginx(self, pool: Pool) -> None:
        """Only in their place nginx sees the new parts together with the operator's files and other sites; they are
        there for that moment."""
        before = self._included_now()
        folder = self._place_parts(pool)
        try:
            self._include(folder)
            nginx_config.accept(["nginx", "-q", "-t"])
        finally:
            self._include_again(before)

    def nginx_texts(self) -> list[str]:
        return [places.read_file(self.included / part) or "" for part in PARTS]

    def adopt_nginx(self, pool: Pool) -> None:
        """Where nginx does not take it, its files stay as they were: they are all sites', and the next boot needs them."""
        wanted = "".join((pool.folder / part).read_text(encoding="utf-8") for part in PARTS)
        loaded = self._record.says(wanted)
        if not loaded:
            self._record.forget()
        before, folder = self._included_now(), self._place_parts(pool)
        self._include(folder)
        if not loaded:
            master = self._nginx_master()
            if master is not None and SITE.exists():
                try:
                    nginx_reload.reload(master, self.place, pool.ports, lambda: _send(master, signal.SIGHUP))
                except CtlError:
                    self._include_again(before)
                    raise
                self._record.write(wanted)
        for other in self._parts.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        shutil.rmtree(self.included.with_name("nginx.before"), ignore_errors=True)

    def remove_older(self) -> None:
        """What older packages kept beside the pools' folders."""
        for name in ("pool.sock", "environment", "environment.before", "environment.new"):
            (self.place.keep_dir / name).unlink(missing_ok=True)

    def forget_nginx(self) -> None:
        self._record.forget()

    def reopen_nginx(self) -> None:
        if master := self._nginx_master():
            master.send(signal.SIGUSR1)

    def wanted_endpoints(self, new: Pool) -> Collection[Endpoint]:
        return new.endpoints if self.serves_by_nginx() else ()

    def serves_by_nginx(self) -> bool:
        return self._nginx_master() is not None and SITE.exists()

    def _nginx_master(self) -> Process | None:
        text = (places.read_file(NGINX_PID) or "").strip()
        process = processes.describe(int(text)) if text.isdigit() else None
        return process if process and process.is_nginx_master else None


def _send(master: Process | None, number: int) -> None:
    if master is None:
        raise CtlError("nginx has ended")
    master.send(number)
