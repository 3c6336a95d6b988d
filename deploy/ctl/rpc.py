"""supervisord's own XML-RPC over its Unix socket, with a time limit for each call."""

from __future__ import annotations

import http.client
import socket
import time
import xml.parsers.expat
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctl.messages import CtlError

LIMIT = 5.0  # seconds for an answer; supervisord gives one in milliseconds
# The same before it is said to hang, which ends the service: on an overloaded machine it may get no processor for that long.
PATIENCE = 30.0
BAD_NAME, ALREADY_STARTED, NOT_RUNNING, ALREADY_ADDED, STILL_RUNNING = 10, 60, 70, 90, 91  # supervisor/xmlrpc.py, Faults


class Unreachable(CtlError):
    """supervisord is gone, stopped or hangs."""


class Refused(CtlError):
    """supervisord has answered with a fault."""

    def __init__(self, message: str, fault: int) -> None:
        super().__init__(message)
        self.fault = fault


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, limit: float) -> None:
        super().__init__("localhost")
        self._path, self._limit = path, limit

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._limit)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class Program:
    """A process as supervisord sees it."""

    group: str
    name: str
    state: str
    pid: int
    description: str

    @property
    def full_name(self) -> str:
        return self.name if self.group == self.name else f"{self.group}:{self.name}"

    @property
    def runs(self) -> bool:
        """A program counts as starting for its first second, although it serves."""
        return self.state in ("RUNNING", "STARTING")

    @property
    def has_ended(self) -> bool:
        """It has no process, and gets none by itself."""
        return self.state in ("STOPPED", "FATAL")


class Supervisor:
    """One supervisord. Any method may raise Unreachable or Refused, or another CtlError if what answers is not XML-RPC."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    def call(self, method: str, *arguments: Any, limit: float = LIMIT) -> Any:
        connection = _UnixConnection(self._path, limit)
        try:
            connection.request("POST", "/RPC2", xmlrpc.client.dumps(arguments, method), {"Content-Type": "text/xml"})
            reply = connection.getresponse()
            if reply.status != http.client.OK:
                raise CtlError(f"supervisord refuses calls at {self._path}: {reply.status} {reply.reason}"
                               + ("; it must not want a password there" if reply.status == http.client.UNAUTHORIZED else ""))
            values, _ = xmlrpc.client.loads(reply.read().decode("utf-8", "replace"))
            return values[0]
        except xmlrpc.client.Fault as fault:
            raise Refused(f"supervisord: {fault.faultString}", fault.faultCode) from None
        except (xmlrpc.client.Error, xml.parsers.expat.ExpatError, ValueError, IndexError) as error:
            raise CtlError(f"what answers at {self._path} does not speak supervisord's XML-RPC: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"supervisord does not answer at {self._path}: {error}") from None
        finally:
            connection.close()

    def answers(self) -> bool:
        """At once if there is none; within PATIENCE if it hangs. One that refuses to answer is there: that is an error."""
        try:
            return bool(self.call("supervisor.getState", limit=PATIENCE)["statename"] == "RUNNING")
        except (Unreachable, Refused):
            return False

    def pid(self) -> int:
        return int(self.call("supervisor.getPID"))

    def nudge(self) -> None:
        """supervisord looks at its programs once a second, or when somebody calls."""
        try:
            self.call("supervisor.getPID")
        except CtlError:
            pass

    def programs(self) -> list[Program]:
        return [Program(info["group"], info["name"], info["statename"], info["pid"], info["description"])
                for info in self.call("supervisor.getAllProcessInfo")]

    def groups(self) -> set[str]:
        return {program.group for program in self.programs()}

    def reread(self) -> set[str]:
        """Reads the configuration again; the groups whose sections differ from what runs."""
        _, changed, _ = self.call("supervisor.reloadConfig")[0]
        return set(changed)

    def add(self, group: str) -> None:
        """Starts a group that the configuration has."""
        try:
            self.call("supervisor.addProcessGroup", group)
        except Refused as refusal:
            if refusal.fault != ALREADY_ADDED:
                raise
        self.nudge()

    def remove(self, group: str, seconds: float) -> None:
        """Stops a group in good order and forgets it; no group is fine."""
        end = time.monotonic() + seconds
        while True:
            try:
                # Again and again: a process that dies by itself may be starting just now.
                self.call("supervisor.stopProcessGroup", group, False)
                self.call("supervisor.removeProcessGroup", group)
                return
            except Refused as refusal:
                if refusal.fault == BAD_NAME:
                    return
                if refusal.fault != STILL_RUNNING:
                    raise
            if time.monotonic() > end:
                raise CtlError(f"supervisord cannot stop {group!r} within {seconds:.0f} s")
            time.sleep(0.05)

    def restart(self, program: str, seconds: float) -> None:
        """Stops one process and starts it again."""
        end = time.monotonic() + seconds
        while True:
            try:
                # Again and again: one that has ended by itself is not running, and may be starting a moment later.
                self.call("supervisor.stopProcess", program, False)
            except Refused as refusal:
                if refusal.fault != NOT_RUNNING:
                    raise
            if self.state_of(program) not in ("RUNNING", "STARTING", "STOPPING"):
                try:
                    self.call("supervisor.startProcess", program, False)
                    return
                except Refused as refusal:
                    if refusal.fault != ALREADY_STARTED:
                        raise
            if time.monotonic() > end:
                raise CtlError(f"supervisord cannot restart {program!r} within {seconds:.0f} s")
            time.sleep(0.02)

    def state_of(self, program: str) -> str:
        return str(self.call("supervisor.getProcessInfo", program)["statename"])

    def signal(self, program: str, name: str) -> None:
        """`program` is GROUP:NAME, or GROUP:* for all of a group."""
        if program.endswith(":*"):
            self.call("supervisor.signalProcessGroup", program[:-2], name)
        else:
            self.call("supervisor.signalProcess", program, name)
