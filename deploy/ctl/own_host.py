"""supervisord and nginx of a stack of our own, below RUN_DIR."""

from __future__ import annotations

import functools
import signal
import time

from ctl import launching, nginx_config, nginx_reload, processes, supervisor_config
from ctl import place as places
from ctl import pool as pools
from ctl.host import Host
from ctl.messages import CtlError
from ctl.place import Place
from ctl.pool import Pool
from ctl.processes import Process
from ctl.rpc import Supervisor
from ctl.supervisor_config import PEER

# What is a file or a link of this name, and is made again where something else is in its place.
FILES = ("current", "drained", "draining", "endpoint", "nginx.conf", "nginx.loaded", "supervisord.conf")
NGINX_START = 10.0  # seconds


class OwnHost(Host):
    nginx_parts = ("nginx.conf",)

    def __init__(self, place: Place) -> None:
        super().__init__(place, Supervisor(place.run_dir / "ctl.sock"), place.run_dir / "conf.d", "")
        self._record = nginx_reload.Record(place.run_dir / "nginx.loaded")
        self._temp = place.run_dir / "temp"  # nginx makes folders in it when it reads its configuration

    def processes(self) -> list[Process]:
        return processes.of_stack(self.place.run_dir)

    def converge(self, pool: Pool, *, with_nginx: bool = True) -> None:
        self.make_folders()
        self._clear_sections()
        self.write_main_sections()
        super().converge(pool, with_nginx=with_nginx)

    def make_folders(self) -> None:
        """Those of RUN_DIR, also of a stack that runs: somebody may have cleared the logs away."""
        for folder, mode in ((self.place.logs, 0o750), (self._temp, 0o750), (self.place.run_dir / "conf.d", 0o755),
                             (self.place.pools, 0o755)):
            places.make_folder(folder, mode)
        for name in FILES:
            for path in (self.place.run_dir / name, self.place.run_dir / f"{name}.new"):
                places.clear_way(path)

    def _clear_sections(self) -> None:
        """What supervisord would read besides the sections of pools, or could not read at all."""
        known = {self.section_file(name) for name in (*pools.COLOURS, PEER)}
        for path in self._conf_dir.iterdir():
            if path not in known:
                places.remove(path)
            places.clear_way(path)

    def check_nginx(self, pool: Pool) -> None:
        nginx_config.check(pool.folder / "nginx.conf")

    def nginx_texts(self) -> list[str]:
        return [places.read_file(self.place.run_dir / "nginx.conf") or ""]

    def write_nginx(self, pool: Pool) -> None:
        """For an nginx that is to start: it will read the pool's configuration."""
        self._record.forget()
        places.write_file(self.place.run_dir / "nginx.conf", _nginx_conf(pool))
        self._record.write(_nginx_conf(pool))

    def adopt_nginx(self, pool: Pool) -> None:
        """Also where it has read the right configuration, but its file or the folders that it then made are gone. Where nginx
        does not take it, its file stays as it was: supervisord may have to start it again."""
        wanted, path = _nginx_conf(pool), self.place.run_dir / "nginx.conf"
        before = places.read_file(path)
        if self._record.says(wanted) and before == wanted and (self._temp / "body").is_dir():
            return
        master = self._nginx_master()
        self._record.forget()
        places.write_file(path, wanted)
        if master is None:
            self._wait_for_nginx()  # it reads the file when it starts
        else:
            try:
                nginx_reload.reload(master, self.place, pool.ports, functools.partial(master.send, signal.SIGHUP))
            except CtlError:
                places.write_file(path, before or wanted)
                raise
        self._record.write(wanted)

    def write_main_sections(self) -> None:
        places.keep_file(self.place.run_dir / "supervisord.conf", supervisor_config.main_file(self.place))

    def adopt_logs(self) -> None:
        found = self.processes()
        supervisord = find_supervisord(found)
        if supervisord and not any(process.is_log_filter for process in found):
            launching.restart_filter(self.place, supervisord)

    def _nginx_master(self) -> Process | None:
        return next((process for process in self.processes() if process.is_nginx_master), None)

    def _wait_for_nginx(self) -> None:
        end = time.monotonic() + NGINX_START
        while self._nginx_master() is None:
            if time.monotonic() > end:
                raise CtlError("nginx does not start; system.log says why")
            self.supervisor.nudge()
            time.sleep(nginx_reload.STEP)


def find_supervisord(among: list[Process]) -> Process | None:
    return next((process for process in among if process.is_supervisord), None)


def _nginx_conf(pool: Pool) -> str:
    text = places.read_file(pool.folder / "nginx.conf")
    if text is None or "\ufffd" in text:
        raise CtlError(f"{pool.folder}/nginx.conf is damaged or has been removed: \"make restart\" makes a new one")
    return text
