"""nginx's configuration: deploy/nginx.conf, filled in for one pool's settings."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import textwrap
from pathlib import Path

from ctl import limits, messages, nginx_front, nginx_keys, templates, values
from ctl import place as places
from ctl.credentials import Credentials
from ctl.messages import CtlError
from ctl.place import Place
from ctl.settings import GRACE, Settings
from ctl.values import Endpoint

MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
FIRST_HEADERS = "first-headers.js"
HTTP2_ON = (1, 25)  # from this version on HTTP/2 is a directive, and a parameter of "listen" gives a warning
JOINS_HEADERS = (1, 23)  # from this version on nginx joins repeated headers by commas
JOINED = ("content_type", "origin", "x_request_id", "access_control_request_method",
          "access_control_request_headers")  # those of which FIRST_HEADERS tells the first one
LIMIT = 30.0  # seconds for nginx to check a configuration
UNSAFE = re.compile(r'["$;\\|&{}\n]')


def render(place: Place, settings: Settings, listen: Endpoint, taken: Credentials, *, access_log: str, error_log: str,
           scripts: Path) -> str:
    """The whole file. Where nginx reads it, FIRST_HEADERS is in the folder `scripts`."""
    texts = {**_texts(place, settings, access_log=access_log, error_log=error_log), **_directives(scripts, settings),
             **nginx_keys.directives(settings.front, taken.keys)}
    door = nginx_front.Door(settings.front, taken.certificate, can_http2_on=_version() >= HTTP2_ON)
    template = templates.read("nginx.conf")
    servers = [door.redirecting_server(listen, access_log)]
    if settings.front.proxy_listen:
        inside = part_of(templates.fill_in(template, {**texts, **door.proxy_server()}), "server")
        servers.append("    server {  # PROXY protocol\n" + textwrap.indent(inside, " " * 8) + "    }\n")
    return templates.fill_in(template, {**texts, **door.main_server(listen), "APPCORE_FURTHER_SERVERS": "".join(servers).strip()})


def _texts(place: Place, settings: Settings, *, access_log: str, error_log: str) -> dict[str, str]:
    """What stands for itself in the template."""
    texts = {
        "APPCORE_RUN_DIR": str(place.run_dir), "APPCORE_CURRENT": str(place.current),
        "APPCORE_ACCESS_LOG": access_log, "APPCORE_ERROR_LOG": error_log, "APPCORE_DOCS_UI": settings.docs_ui,
        "APPCORE_CONNECTIONS": str(limits.connections()), "APPCORE_OPEN_FILES": str(limits.open_files()),
        "APPCORE_QUEUE": settings.text("APPCORE_QUEUE"), "APPCORE_MAX_BODY": settings.text("APPCORE_MAX_BODY"),
        "APPCORE_NGINX_PROCESSES": str(limits.processors()),
        "APPCORE_READ_TIMEOUT": str(settings.request_timeout + GRACE),
    }
    for name, text in texts.items():
        if UNSAFE.search(text):
            raise CtlError(f"{name} has a character that nginx.conf cannot hold: {text!r}")
    return texts


def _directives(scripts: Path, settings: Settings) -> dict[str, str]:
    first_headers, joined_headers = _repeated_headers(scripts)
    zones, client_limits = _client_limits(settings)
    return {
        "APPCORE_NGINX_USER": _user(), "APPCORE_PEER_SERVERS": _peers(settings),
        "APPCORE_NGINX_MODULES": _modules(settings, first_headers), "APPCORE_FIRST_HEADERS": first_headers,
        "APPCORE_JOINED_HEADERS": joined_headers,
        "APPCORE_CLIENT_ZONES": zones, "APPCORE_CLIENT_LIMITS": client_limits,
        "APPCORE_METRICS_ALLOW": _metrics_allow(settings.metrics_allow),
    }


def part_of(config: str, part: str) -> str:
    """What goes into "http" or into "server" of a system's nginx: the sections of http whose titles say so, and
    the inside of server {}."""
    chosen, where = [], ""
    for line in config.splitlines():
        if line.lstrip().startswith("# --- "):
            where = re.split(r"[: ]", re.sub(r" *-*$", "", line))[-1]
        elif line == "    server {":
            where = "inside"
        elif line == "    }" and where == "inside":
            break
        elif where == part:
            chosen.append(line.removeprefix("    "))
        elif where == "inside" and part == "server":
            chosen.append(line.removeprefix("        "))
    return "\n".join(chosen) + "\n"


def check(path: Path) -> None:
    """Lets nginx check a whole file."""
    accept(["nginx", "-q", "-t", "-e", "stderr", "-c", str(path)])


def accept(command: list[str]) -> None:
    """Runs nginx's check; what it says is the caller's to read."""
    done = _run(command)
    # Modules say that they are there.
    said = [line for line in done.stderr.splitlines() if "[notice]" not in line]
    if done.returncode != 0:
        raise CtlError("\n".join(["nginx does not accept its configuration:", *said]))
    for line in said:
        messages.note(line)


def _user() -> str:
    """Whoever runs nginx can open the sockets. Only root may name a user, and needs to: nginx would become
    "nobody", who cannot reach a RUN_DIR below /root."""
    return "user root root;" if os.geteuid() == 0 else ""


def _metrics_allow(networks: list[str]) -> str:
    if networks == ["all"]:
        return "allow all;"
    allowed = "".join(f"allow {network}; " for network in networks if network != "none")
    return f"if ($appcore_hides_caller) {{ return 403; }} {allowed}deny all;"


def _client_limits(settings: Settings) -> tuple[str, str]:
    """Off by default. /health and /ready are exempt, by an empty key: a 429 must not take a machine out of a balancer."""
    zones = ['map $request_uri $appcore_limited { "~^/(health|ready)(\\?|$)" ""; default $binary_remote_addr; }']
    wanted = []
    if settings.integer("APPCORE_CLIENT_RATE") or settings.front.api_keys:
        wanted.append("limit_req_status 429; limit_req_log_level info;")
    if rate := settings.integer("APPCORE_CLIENT_RATE"):
        # A second's worth may come at once.
        zones.append(f"limit_req_zone $appcore_limited zone=appcore_rate:10m rate={rate}r/s;")
        wanted.append(f"limit_req zone=appcore_rate burst={rate} nodelay;")
    if most := settings.integer("APPCORE_CLIENT_CONNECTIONS"):
        zones.append("limit_conn_zone $appcore_limited zone=appcore_clients:10m;")
        wanted.append(f"limit_conn_status 429; limit_conn_log_level info; limit_conn appcore_clients {most};")
    return " ".join(zones) if len(zones) > 1 else "", " ".join(wanted)


def _peers(settings: Settings) -> str:
    """Pools of other machines beside this one's: whoever has fewest requests in hand gets the next. One that fails
    is left alone for ten seconds, then gets one request for a trial.

    Names become addresses here, since nginx would not start, now or after a crash, while one does not resolve.
    """
    queue = settings.text("APPCORE_QUEUE")
    servers = [f"server {address}:{port} max_fails=1 fail_timeout=10s max_conns={queue};"
               for peer in settings.text("APPCORE_PEERS").split()
               for address, port in _addresses(*values.host_port(peer))]
    return " ".join([*servers, "least_conn;"]) if servers else ""


def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        messages.note(f"APPCORE_PEERS: {host!r} does not resolve ({error.strerror}); left out until the next restart")
        return []
    return [(str(entry[4][0]), port) for entry in found]


def _repeated_headers(scripts: Path) -> tuple[str, str]:
    """The script that tells joined headers apart, and the headers that nginx may have joined."""
    without = 'map "" $appcore_first_headers { default ""; }', '""'
    if _version() < JOINS_HEADERS:
        return without
    if not MODULE.exists():
        messages.note(f"no {MODULE}: repeated headers count joined, not the first one only")
        return without
    return (f'js_import appcore from "{scripts}/{FIRST_HEADERS}"; js_set $appcore_first_headers appcore.first;',
            '"' + "".join(f"$http_{name}" for name in JOINED) + '"')


def _modules(settings: Settings, first_headers: str) -> str:
    """The one that runs scripts, if any is there."""
    if settings.front.api_keys and not MODULE.exists():
        raise CtlError(f"APPCORE_API_KEYS needs {MODULE}, which Debian's libnginx-mod-http-js has")
    return f"load_module {MODULE};" if settings.front.api_keys or "js_import" in first_headers else ""


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Finds nginx where supervisord does: users of Debian have no /usr/sbin in their PATH."""
    try:
        return subprocess.run(command, text=True, errors="replace", capture_output=True, timeout=LIMIT, check=False,
                              env={**os.environ, "PATH": places.PATH})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CtlError(f"cannot run nginx: {error}") from None


def _version() -> tuple[int, int]:
    said = _run(["nginx", "-v"]).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)", said)
    if not found:
        raise CtlError(f"nginx -v prints no version: {said!r}")
    return int(found[1]), int(found[2])
