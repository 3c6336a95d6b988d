"""Runs a command in namespaces of its own and leaves nothing behind: apart.py FOLDER COMMAND [ARGUMENT ...]

The command is process 1 of its own processes and mounts; what it writes into /run is in FOLDER. When it ends, or this program does, even by SIGKILL, the kernel ends
every process in there; network namespaces, bridges and mounts vanish with the last one. Then FOLDER and the control groups are
removed; if this program is killed itself, the next run removes them.
"""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

GROUP = "appcore-kubernetes-test"
GROUPS = Path("/sys/fs/cgroup")
LIMIT = 60.0  # seconds until the kernel has ended everything
OWN_RUN = 'mkdir "$0/run" "$0/run-work" && mount -t overlay -o "lowerdir=/run,upperdir=$0/run,workdir=$0/run-work" overlay /run && exec "$@"'


def groups() -> list[Path]:
    """Ours, in each hierarchy; the innermost ones first."""
    tops = [path for path in (GROUPS / GROUP, *GROUPS.glob(f"*/{GROUP}")) if path.is_dir()]
    return [path for top in tops for path in (*sorted(top.rglob("*/"), reverse=True), top)]


def remove(folder: Path) -> None:
    end = time.monotonic() + LIMIT
    while True:
        try:
            if folder.exists():
                shutil.rmtree(folder)
            for group in groups():
                group.rmdir()
            return
        except OSError:  # something is still ending
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def main(folder: Path, command: list[str]) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"kubernetes-test: another run holds {lock.name}", file=sys.stderr)
            return 1
        remove(folder)
        folder.mkdir()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        # A session of its own: Ctrl-C reaches this program only, which ends the other.
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                                    "sh", "-c", OWN_RUN, str(folder), *command], start_new_session=True)
        try:
            return process.wait()
        finally:
            process.kill()
            process.wait()
            remove(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
