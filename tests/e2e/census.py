"""Which processes belong to a stack, as the kernel sees it: nothing that the stack itself says is believed."""

import os
import typing

PF_KTHREAD = 0x00200000  # linux/sched.h: one of the kernel's, which has neither files nor an environment


class Process(typing.NamedTuple):
    pid: int
    parent: int
    state: str  # R, S, D, T: stopped
    command: typing.Tuple[str, ...]

    def __str__(self):
        return f"{self.pid} ({' '.join(self.command)[:100]}), child of {self.parent}"


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""  # it has ended, or is another user's


def _processes():
    """{pid: Process} of all programs that live; zombies do not."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # proc(5): state, parent and, as the seventh, flags come after the name, which may contain anything.
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if len(fields) > 6 and fields[0] not in (b"Z", b"X") and not int(fields[6]) & PF_KTHREAD:
            command = _read(f"/proc/{pid}/cmdline").decode("utf-8", "replace").rstrip("\0 ").split("\0")
            found[int(pid)] = Process(int(pid), int(fields[1]), fields[0].decode(), tuple(command))
    return found


def _files(pid):
    """What the descriptors of a process refer to: {number: name}."""
    found = {}
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
            except OSError:
                pass
    except OSError:
        pass
    return found


def listening_inodes(port):
    """Names of the sockets that listen on a TCP port of this machine, as in /proc/PID/fd."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _read(table).decode("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def members(run_dir, port):
    """Processes that have to do with the stack in `run_dir`, but for the caller.

    Those started for it, which their environment tells (nginx overwrites its own), those that name it in their command, hold
    a file below it or the stack's port, and the children of all these.
    """
    everyone, listening, found = _processes(), listening_inodes(port), {}
    marker = f"APPCORE_RUN_DIR={run_dir}\0".encode()
    for pid, process in everyone.items():
        if pid == os.getpid():
            continue
        if (marker in _read(f"/proc/{pid}/environ") + b"\0" or any(run_dir + "/" in word for word in process.command)
                or any(name.startswith(run_dir + "/") or name in listening for name in _files(pid).values())):
            found[pid] = process
    grown = True
    while grown:
        children = {p.pid: p for p in everyone.values() if p.parent in found and p.pid not in found}
        grown = bool(children)
        found.update(children)
    return found


def _descends(process, ancestors, everyone):
    while process is not None:
        if process.pid in ancestors:
            return True
        process = everyone.get(process.parent)
    return False


def _option(process, name):
    return process.command[process.command.index(name) + 1] if name in process.command else None


def _has_supervisord(process):
    """As a program or as a module of Python's, perhaps with options of that."""
    return process is not None and any(word.endswith("supervisord") for word in process.command[:4])


def _is_supervisord(process, everyone):
    """A child of it has its command until it has become another program."""
    return _has_supervisord(process) and not _has_supervisord(everyone.get(process.parent))


def _is_nginx(process):
    return process is not None and process.command[0].startswith("nginx:")


def _is_master(process, everyone):
    """A child of nginx has its master's title until it has set its own, so the parent tells."""
    return _is_nginx(process) and not _is_nginx(everyone.get(process.parent))


def problems(run_dir, port, keeper=None):
    """What is wrong with the processes of a stack that serves: [] if there is exactly one of each, nobody else, and commands reach them.

    `keeper` is the pid of an `appcorectl run`, which belongs to its stack with all its children.
    """
    found = members(run_dir, port)
    everyone = _processes()
    wrong = []
    supervisors = [p for p in found.values() if _is_supervisord(p, everyone)]
    masters = [p for p in found.values() if _is_master(p, everyone)]
    for what, some in (("supervisord", supervisors), ("master of nginx", masters)):
        if len(some) != 1:
            wrong.append(f"{len(some)} processes are {what}: {[str(p) for p in some]}")
        wrong.extend(f"stopped: {p}" for p in some if p.state == "T")
    if not os.path.exists(os.path.join(run_dir, "ctl.sock")):
        wrong.append("supervisord's socket is gone")
    ancestors = {p.pid for p in supervisors} | ({keeper} if keeper else set())
    outputs = {name for p in supervisors for name in _files(p.pid).values() if name.startswith("pipe:")}
    for process in found.values():
        # What reads supervisord's output is not its child.
        if not _descends(process, ancestors, everyone) and _files(process.pid).get(0) not in outputs:
            wrong.append(f"orphan: {process}")
        if process.command[0].startswith("nginx: worker") and "shutting down" in process.command[0]:
            wrong.append(f"still ends: {process}")
    for program in ("appcore-worker", "appcore-metrics"):
        group = [p for p in found.values() if p.command[0].endswith("/" + program)]
        slots = sorted(int(_option(p, "--slot") or 0) for p in group if _option(p, "--pool") != "peer")
        pools = {_option(p, "--pool") for p in group} - {"peer"}
        if slots != list(range(len(slots))) or len(slots) < 2 or len(pools) != 1:
            wrong.append(f"{program}: slots {slots} of the pools {sorted(map(str, pools))}")
        elif program == "appcore-metrics" and len(slots) != 2:
            wrong.append(f"{len(slots)} metrics programs")
    return wrong


def pids(run_dir, port, program):
    """Pids by kind of process: supervisord, master, nginx (its workers), appcore-worker, appcore-metrics (those that serve)."""
    found = []
    everyone = members(run_dir, port)
    for process in everyone.values():
        first = process.command[0]
        if program == "supervisord":
            fits = _is_supervisord(process, everyone)
        elif program == "master":
            fits = _is_master(process, everyone)
        elif program == "nginx":
            fits = _is_nginx(process) and not _is_master(process, everyone)
        else:
            fits = first.endswith("/" + program) and _option(process, "--slot") != "0"
        if fits:
            found.append(process.pid)
    return sorted(found)
