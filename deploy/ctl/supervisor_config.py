"""supervisord's configuration: sections of deploy/pool.conf and deploy/supervisord.conf, filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ctl import limits, templates
from ctl.place import Place
from ctl.settings import Settings

PEER = "peer"  # the pool that serves nginx of other machines
METRICS = "metrics"
NGINX = "nginx"


@dataclass(frozen=True)
class Adaption:
    """How sections for a machine's supervisord differ from those for our own."""

    group_prefix: str = ""
    user: str = ""
    socket_owner: str = ""
    output: str = ""


OURS = Adaption()
# nginx of Debian runs as www-data, which may connect to the sockets.
MACHINE = Adaption("appcore-", "appcore", "appcore:www-data", "/var/log/supervisor/appcore.log")


def main_file(place: Place) -> str:
    """All of supervisord.conf. The sections of pools are in files that it includes."""
    minfds, minprocs = limits.supervisor_minimums()
    return templates.fill_in(templates.read("supervisord.conf"), {
        "APPCORE_RUN_DIR": str(place.run_dir), "APPCORE_CURRENT": str(place.current),
        "APPCORE_MINFDS": str(minfds), "APPCORE_MINPROCS": str(minprocs)})


def pool_section(folder: Path, pool: str, settings: Settings, adaption: Adaption = OURS) -> str:
    """The section of a pool in its folder `folder`, or of the pool for other machines."""
    text = templates.read("pool.conf")
    if pool == PEER:
        socket = f"tcp://{settings.text('APPCORE_PEER_LISTEN')}"
        text = re.sub(r"(?m)^socket_mode=.*\n", "", text)
    else:
        socket = f"unix://{folder}/pool.sock"
    return _adapt(templates.fill_in(text, {
        "APPCORE_POOL": pool, "APPCORE_POOL_DIR": str(folder), "APPCORE_SOCKET": socket,
        "APPCORE_PROCESSES": str(settings.workers + 1), "APPCORE_STOP_SECONDS": str(settings.stop_seconds)}), adaption)


def metrics_section(place: Place, adaption: Adaption) -> str:
    """The section of the metrics program alone, for a supervisord that is not ours."""
    found = re.search(r"(?ms)^\[fcgi-program:metrics\]$.*?(?=^\[|\Z)", main_file(place))
    assert found, "supervisord.conf has no section of the metrics program"
    return _adapt(found[0], adaption)


def _adapt(text: str, adaption: Adaption) -> str:
    if adaption == OURS:
        return text
    lines = ["; Made by appcorectl from /etc/default/appcore: do not edit."]
    for line in text.splitlines():
        if line.startswith(";"):
            continue
        line = re.sub(r"^\[fcgi-program:", rf"\g<0>{adaption.group_prefix}", line)
        lines.append(line.replace("/dev/fd/1", adaption.output))
        if line.startswith("socket_mode="):
            lines.append(f"socket_owner={adaption.socket_owner}")
        if line.startswith("numprocs_start="):
            lines += [f"user={adaption.user}", "environment=TZ=UTC"]
    return "\n".join(line for line in lines if line) + "\n"
