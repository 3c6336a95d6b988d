"""systemd's units in place of the machine's supervisord: APPCORE_SUPERVISOR=no.

    appcore-worker.socket, appcore-worker@1 ... @N   the pool "units"; requests wait in the socket while workers restart
    appcore-metrics.socket, appcore-metrics          the metrics program, likewise
    /etc/systemd/system/appcore-*.d/                 of their settings, those that the configuration decides

They run what the link /var/lib/appcore/units leads to. Where systemd is not the machine's init process, for instance in
an image that is being made, they are only enabled.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ctl import place as places
from ctl import probe, processes
from ctl.host import START_LIMIT
from ctl.messages import CtlError
from ctl.place import Place
from ctl.settings import Settings

UNITS_DIR = Path("/etc/systemd/system")
SOCKET = Path("/run/appcore/units.sock")
SOCKETS = ["appcore-worker.socket", "appcore-metrics.socket"]
METRICS = "appcore-metrics.service"
DROP_INS = {"worker": "appcore-worker@.service.d", "metrics": "appcore-metrics.service.d"}
# A push is the one reason to open a connection.
PUSHES = "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\nIPAddressDeny=\n"
LIMIT = 600.0  # seconds for systemctl: it waits for whoever stops, as long as a request may take
SETTLE = 0.5  # seconds in which a worker that cannot start has ended


def systemctl(*arguments: str, check: bool = True) -> bool:
    """Whether it has succeeded; a failure is an error unless `check` is off."""
    try:
        done = subprocess.run(["systemctl", *arguments], text=True, capture_output=True, timeout=LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CtlError(f"cannot run systemctl: {error}") from None
    if check and done.returncode != 0:
        raise CtlError(f"systemctl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.returncode == 0


def runs() -> bool:
    """Whether systemd is this machine's init."""
    return os.path.isdir("/run/systemd/system")


def enabled() -> bool:
    return (UNITS_DIR / "sockets.target.wants/appcore-worker.socket").is_symlink()


def workers() -> list[str]:
    """The instances that are enabled."""
    links = (UNITS_DIR / "multi-user.target.wants").glob("appcore-worker@*.service")
    return sorted(link.name for link in links if link.is_symlink())


def worker(number: int) -> str:
    return f"appcore-worker@{number}.service"


def link(place: Place) -> Path:
    """To the folder of the pool that they run."""
    return place.keep_dir / "units"


@dataclass(frozen=True)
class Setup:
    """What they run, now and after a boot."""

    folder: Path | None  # None: nothing
    count: int
    drop_ins: dict[Path, str]


def setup(place: Place) -> Setup:
    texts = {path: places.read_file(path) for path in map(_drop_in, DROP_INS.values())}
    return Setup(link(place).readlink() if link(place).is_symlink() else None, len(workers()),
                 {path: text for path, text in texts.items() if text is not None})


def put_back(place: Place, before: Setup) -> None:
    """After a change that has failed, whichever of them it has reached."""
    if before.folder is None:
        stop(place, 0)
        return
    for path, text in before.drop_ins.items():
        places.write_file(path, text)
    places.point(link(place), before.folder)
    enable(before.count)
    remove_surplus(before.count)
    if runs():
        start(before.count)


def stop(place: Place, seconds: float) -> None:
    """Ends them, also for the next boot, when they have answered what waits in their socket."""
    if not enabled():
        return
    if seconds and SOCKET.exists():
        probe.pool_problem(SOCKET, seconds)
    names = [*SOCKETS, METRICS, *workers()]
    if runs():
        systemctl("stop", *names)
    systemctl("disable", "-q", *names)
    for name in DROP_INS.values():
        shutil.rmtree(UNITS_DIR / name, ignore_errors=True)
    link(place).unlink(missing_ok=True)


def write_drop_ins(settings: Settings) -> None:
    """What each of the two programs is given beside its unit's own file."""
    folders = [settings.text("APPCORE_STATE_DIR"), settings.text("APPCORE_TEXTFILE_DIR"),
               os.path.dirname(settings.text("APPCORE_LOG_FILE"))]
    text = ("# Made by appcorectl from /etc/default/appcore: do not edit.\n[Service]\n"
            f"TimeoutStopSec={settings.stop_seconds}\n"
            + "".join(f'ReadWritePaths="-{folder}"\n' for folder in folders if folder))
    for program, name in DROP_INS.items():
        pushes = PUSHES if program == "metrics" and settings.text("APPCORE_PUSHGATEWAY") else ""
        places.make_folder(UNITS_DIR / name, 0o755)
        places.write_file(_drop_in(name), text + pushes)


def _drop_in(name: str) -> Path:
    return UNITS_DIR / name / "appcore.conf"


def enable(count: int) -> None:
    systemctl("enable", "-q", *SOCKETS, METRICS, *(worker(number) for number in range(1, count + 1)))


def start(count: int) -> None:
    """Starts or restarts the workers, one after the other, so that the others serve meanwhile. The first one is the trial."""
    systemctl("daemon-reload")
    systemctl("start", *SOCKETS)
    for number in range(1, count + 1):
        systemctl("restart", worker(number))
        _wait_for_program(worker(number))
        if number == 1:
            _check_lives(worker(1))
    systemctl("restart", METRICS)


def _wait_for_program(unit: str) -> None:
    """systemd calls a unit started when `launch` is: until it has become the program."""
    end = time.monotonic() + START_LIMIT
    while "APPCORE_POOL_FOLDER" not in processes.environment_of(_main_pid(unit)):
        if time.monotonic() > end:
            raise CtlError(f"{unit} does not start; see journalctl -u {unit}")
        time.sleep(0.02)


def _main_pid(unit: str) -> int:
    return int(_ask("show", "-p", "MainPID", "--value", unit) or 0)


def _check_lives(unit: str) -> None:
    settled = time.monotonic() + SETTLE
    while systemctl("is-active", "-q", unit, check=False):
        if time.monotonic() >= settled:  # looked at after the question, so that a machine that stalls asks all the same
            return
        time.sleep(0.05)
    raise CtlError(f"{unit} does not stay alive; see journalctl -u {unit}")


def remove_surplus(count: int) -> None:
    """Instances of a previous, larger pool."""
    for unit in workers():
        found = re.fullmatch(r"appcore-worker@(\d+)\.service", unit)
        if found and int(found[1]) > count:
            systemctl("disable", "-q", *(["--now"] if runs() else []), unit)


def problems(count: int) -> list[str]:
    """Of the sockets, the metrics program and so many workers: which are not active. They are asked for one by one, since
    `is-active` of several succeeds where one is."""
    names = [*SOCKETS, METRICS, *(worker(number) for number in range(1, count + 1))]
    return [f"{name} is not active" for name in names if not systemctl("is-active", "-q", name, check=False)]


def listing() -> str:
    return _ask("list-units", "--all", "--plain", "--no-legend", "--no-pager", "appcore-*")


def _ask(*arguments: str) -> str:
    """What systemctl prints."""
    try:
        done = subprocess.run(["systemctl", *arguments], text=True, capture_output=True, timeout=LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CtlError(f"cannot run systemctl: {error}") from None
    return done.stdout.rstrip()
