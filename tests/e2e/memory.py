"""Memory of processes, from /proc."""


def private_kib(pid):
    """What the process has for itself."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean", "Private_Dirty")))
