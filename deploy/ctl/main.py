"""The command line of deploy/appcorectl."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from ctl import messages
from ctl.messages import FAILED, USAGE, CtlError, Interrupted

COMMANDS = ("run", "up", "down", "restart", "scale", "reopen", "health", "status", "check", "model",
            "drain", "undrain", "renew", "key", "fleet")
TAKES = {"scale": 1, "model": 1, "renew": 1, "key": 3, "fleet": 3}  # arguments at most
USAGE_TEXT = """\
Usage: appcorectl COMMAND

Operates one stack: nginx, the pool, the metrics program, all under supervisord.

  run      in the foreground until Ctrl-C or SIGTERM, log lines on standard output
  up       in the background; returns when /health answers 200
  down     drains it, stops it and waits for the end
  drain    GET /ready answers 503, so that load balancers look elsewhere; the pool serves on
  undrain  GET /ready answers 200 again
  renew    takes a renewed certificate into use, without losing a request; `renew FOLDER` only if it is in FOLDER
  key new NAME [RATE]  makes an API key and shows it, this once; `key list`, `key revoke NAME`
  restart  takes new programs and configuration into use, without losing a request
  scale N  changes the number of workers, in the same way
  reopen   reopens the log files, after a rotation
  health   exit code 0 if GET /health answers 200
  status   the state of each process; exit code 0 if it serves, 3 if it is not running
  model F  serves another model (compiled, or a source that is compiled first)
  model --rollback   serves the previous one again
  model    lists the model that serves and those that are kept
  check    renders and checks the configuration, starts nothing
  fleet example          prints an example of a list of machines
  fleet render LIST OUT  makes the configurations of two HAProxys with keepalived before the machines of a list
  fleet upgrade LIST     upgrades these machines over ssh, one after the other; stops at the first that fails

From the environment: RUN_DIR (build/run), PORT (8000), ADDRESS (127.0.0.1), WORKERS (the number of
cores), APPCORE_BIN_DIR (where the programs are), what the programs read (appcore-worker
--help) and what nginx reads (docs/configuration.md).
With APPCORE_MESSAGES=log whatever `run` itself says is a line of the log, too.
As /usr/sbin/appcorectl of the Debian package it operates the machine's service.
A restart keeps what its caller does not set; PORT and ADDRESS stay as they are.
"""


def _interrupt(number: int, _: FrameType | None) -> None:
    """The first signal ends the command; what it does about that is not interrupted by a second one."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def _load(command: str) -> Callable[[list[str]], int]:
    """What runs the command with its arguments. Its modules are not for the log filter, which is to be small; and they are
    imported before signals are handled, since Python drops an exception in the middle of that."""
    if command == "fleet":
        from ctl import fleet

        return fleet.run
    from ctl.commands import Commands
    from ctl.system import commands_for_machine

    def run(arguments: list[str]) -> int:
        environment = dict(os.environ)
        if command == "run" and environment.get("APPCORE_MESSAGES") == "log":
            messages.speak_in_log()
        commands: object = commands_for_machine() if environment.get("APPCORE_SYSTEM") else Commands(environment)
        return int(getattr(commands, command)(*arguments))

    return run


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["log-filter"] and len(arguments) == 2:
        from ctl import log_filter

        return log_filter.main(arguments[1])
    if arguments[:1] == ["copy-model"] and len(arguments) == 3:
        from ctl import model_copy

        return model_copy.main(arguments[1], arguments[2])
    if "--help" in arguments[:2] or arguments == ["help"]:
        messages.show(USAGE_TEXT.rstrip())
        return 0
    if not arguments or arguments[0] not in COMMANDS or len(arguments) > 1 + TAKES.get(arguments[0], 0):
        messages.show(USAGE_TEXT.rstrip())
        return USAGE
    run = _load(arguments[0])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a shell's background
            signal.signal(number, _interrupt)
    os.umask(0o022)  # who may read a file is set where it is made
    try:
        return run(arguments[1:])
    except CtlError as error:
        if str(error):
            messages.complain(str(error))
        return error.code
    except Interrupted as interrupted:
        messages.complain(f"interrupted by {interrupted}")
        return interrupted.code
    except OSError as error:
        messages.complain(f"{arguments[0]}: {error}")
        return FAILED


def start() -> None:
    """Ends the process without a word more: at its end Python would try to flush what cannot be written."""
    code = main(sys.argv[1:])
    os._exit(code)
