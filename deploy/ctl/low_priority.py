"""Work beside the service that the service does not wait for: those who serve are to have the processors first."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

# A tenth beside whoever wants a whole processor, as in src/appcore/system/low_priority.hpp: with the lowest priority a
# busy machine might never finish. Where the kernel shares processors between sessions first (autogroup), a nice value
# counts only within one, so the work gets a session of its own and that gets the same.
# It ends with its command: what it makes would be nobody's.
SCRIPT = "{ echo 10 >/proc/self/autogroup; } 2>/dev/null; exec setpriv --pdeathsig KILL nice -n 10 \"$@\""


def run(command: Sequence[str | Path], seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """The finished command, its output as text. Raises OSError, or TimeoutExpired after `seconds`."""
    return subprocess.run(["/bin/sh", "-c", SCRIPT, "sh", *command], text=True, capture_output=True, timeout=seconds,
                          check=False, start_new_session=True)
