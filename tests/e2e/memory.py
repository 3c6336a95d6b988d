"""Memory of processes, from /proc."""


def private_kib(pid):
    """What the process has for itself."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean", "Private_Dirty")))


def page_faults(pid):
    """How often it has waited for a page until now."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[7]) + int(fields[9])  # minflt, majflt
