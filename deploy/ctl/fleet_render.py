"""Makes the configurations of a fleet from its list: `appcorectl fleet render LIST OUT`.

    OUT/fronts/NAME/haproxy.cfg, end-dead-sessions.lua, keepalived.conf, move-address    of each front
    OUT/machines/NAME.env              what each machine's configuration needs in addition
    OUT/targets/front.yml              for configs/targets of Prometheus

The programs that read them check them first, where they are installed. What they refuse replaces nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ctl import fleet_list, messages, templates
from ctl import place as places
from ctl.fleet_list import Fleet, Member
from ctl.messages import CtlError

LIMIT = 30.0  # seconds for a check
SHOWN = 5  # lines of what a checking program says
# keepalived about an interface that the front has, and not the machine on which its configuration is made.
OF_OTHER_MACHINES = re.compile(r"WARNING - interface \S+ for .* doesn't exist|^Non-existent interface specified", re.MULTILINE)

# What only HTTP has. 503 is not repeated: the machine has answered, and an overload would spread.
HTTP = """\
    option httplog
    timeout http-request 15s
    timeout http-keep-alive 75s
    # Kept connections end with a reply that says so when HAProxy is reloaded, not under a request on its way.
    option idle-close-on-response
    # A prediction is pure: what a dying machine has not answered another one answers. Only a request that is here whole
    # can be sent twice.
    option http-buffer-request
    retry-on conn-failure empty-response response-timeout
    http-reuse safe"""
REDIRECTS = """
    # The machines are asked in plain HTTP, and say so in what they redirect to.
    http-response replace-header Location ^http://(.*)$ https://\\1"""


def render(fleet: Fleet) -> dict[str, str]:
    """The text of each file, by its name below OUT."""
    files = {}
    for front, peer in zip(fleet.fronts, reversed(fleet.fronts)):
        texts = _texts(fleet, front, peer)
        for name in ("haproxy/haproxy.cfg", "haproxy/end-dead-sessions.lua", "keepalived/keepalived.conf", "keepalived/move-address"):
            files[f"fronts/{front.name}/{Path(name).name}"] = templates.fill_in(templates.read(name), texts)
    for machine in fleet.machines:
        files[f"machines/{machine.name}.env"] = _machine(fleet, machine)
    targets = ", ".join(f'"{front.at(fleet.metrics_port)}"' for front in fleet.fronts)
    files["targets/front.yml"] = f"- targets: [{targets}]\n"
    return files


def _texts(fleet: Fleet, front: Member, peer: Member) -> dict[str, str]:
    at_machines = fleet.tls == "machines"
    assert fleet.floating is not None  # as fleet_list has checked
    floating = Member("floating", fleet.floating.ip)
    return {
        "APPCORE_FAMILY": "ip6" if fleet.floating.version == 6 else "ip", "APPCORE_FLOATING_IP": str(fleet.floating.ip),
        "APPCORE_PORT": str(fleet.port), "APPCORE_ENDPOINT": floating.at(fleet.port),
        "APPCORE_NAME": front.name, "APPCORE_ADDRESS": str(front.address), "APPCORE_PEER": str(peer.address),
        "APPCORE_INTERFACE": front.interface, "APPCORE_FLOATING": str(fleet.floating), "APPCORE_VRRP_ID": str(fleet.vrrp_id),
        "APPCORE_STATS_PORT": str(fleet.stats_port), "APPCORE_METRICS_BIND": front.at(fleet.metrics_port),
        "APPCORE_METRICS_FROM": " ".join(fleet.metrics_from),
        "APPCORE_MODE": "tcp" if at_machines else "http",
        "APPCORE_DEFAULTS": "    option tcplog" if at_machines else HTTP,
        "APPCORE_BIND": _bind(fleet, front),
        # The certificate names the service, not the machine that is asked by its address.
        "APPCORE_SERVER_OPTIONS": " check-ssl verify none" if at_machines else "",
        "APPCORE_SERVERS": "\n".join(f"    server {machine.name} {machine.at(fleet.proxy_port)}" for machine in fleet.machines),
    }


def _bind(fleet: Fleet, front: Member) -> str:
    """At every address: the floating one is not here yet when HAProxy starts."""
    anybody = "[::]" if front.address.version == 6 else "0.0.0.0"
    if fleet.tls != "front":
        return f"    bind {anybody}:{fleet.port}"
    return f"    bind {anybody}:{fleet.port} ssl crt {fleet.certificate} alpn h2,http/1.1" + REDIRECTS


def _machine(fleet: Fleet, machine: Member) -> str:
    fronts = " ".join(str(front.address) for front in fleet.fronts)
    return (f"# Of the machine {machine.name}: add these lines to /etc/default/appcore, then appcorectl restart.\n"
            f"APPCORE_TRUSTED_PROXIES=\"{fronts}\"\n"
            f"APPCORE_PROXY_LISTEN={machine.at(fleet.proxy_port)}\n"
            "# HAProxy notices a drained machine within one second, as nginx does.\nAPPCORE_DRAIN_SECONDS=3\n")


def run(list_file: str, out: str) -> int:
    fleet = fleet_list.read(Path(list_file))
    files = render(fleet)
    with tempfile.TemporaryDirectory(prefix="appcore-fleet-") as folder:
        _write(Path(folder), files)
        for front in fleet.fronts:
            _check(fleet, Path(folder) / "fronts" / front.name)
    _write(Path(out), files)
    for name in _left_over(Path(out), files):
        messages.note(f"{out}/{name} is left over from another list")
    messages.say(f"{out}: the configurations of {len(fleet.fronts)} fronts and {len(fleet.machines)} machines")
    return 0


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        places.make_folder((folder / name).parent, 0o755)
        places.write_file(folder / name, text, 0o755 if text.startswith("#!") else 0o644)


def _left_over(folder: Path, files: dict[str, str]) -> list[str]:
    """Files of fronts and machines that the list does not have any more."""
    found = (str(path.relative_to(folder)) for pattern in ("fronts/*/*", "machines/*.env") for path in folder.glob(pattern))
    return sorted(set(found) - set(files))


def _check(fleet: Fleet, folder: Path) -> None:
    if fleet.certificate and not Path(fleet.certificate).exists():
        messages.note(f"{fleet.certificate} is not on this machine: haproxy.cfg is not checked")
    else:
        _ask("haproxy", "-c", "-f", str(folder / "haproxy.cfg"))
    _ask("keepalived", "-t", "-f", str(folder / "keepalived.conf"))


def _ask(program: str, *arguments: str) -> None:
    """Lets the program check; what it says about the interfaces of this machine does not matter."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        messages.note(f"{program} is not installed here: its configuration is not checked")
        return
    try:
        done = subprocess.run([found, *arguments], text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CtlError(f"cannot run {program}: {error}") from None
    said = [line for line in done.stdout.splitlines() if line.strip() and not OF_OTHER_MACHINES.search(line) and "[NOTICE]" not in line]
    if done.returncode != 0 and (said or not OF_OTHER_MACHINES.search(done.stdout)):
        raise CtlError(f"{program} refuses its configuration: " + ("\n".join(said[-SHOWN:]) or f"exit code {done.returncode}"))
