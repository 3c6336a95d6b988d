"""When workers begin to read a request and to send its reply, as the kernel sees it: the trace of their system calls.

The kernel writes events into a ring of its own (Documentation/trace/ftrace.rst), which costs a call less than a microsecond;
strace stops a process four times a request, which costs more than the request. Needs root.
"""

import os
import re
import subprocess

TRACING = "/sys/kernel/tracing"
RING_KIB = 65_536  # a processor: some 400,000 requests
READ, SEND = "sys_enter_read", "sys_enter_sendmsg"  # what a worker calls for a request, and for its reply
EVENT = re.compile(r"-(?P<pid>\d+) +\[\d+\] \S+ +(?P<seconds>\d+\.\d+): sys_(?P<call>read|sendmsg)\(")


class Trace:
    """Of these processes' main threads, while the `with` lasts; afterwards `milliseconds` has how long each request took."""

    def __init__(self, pids):
        self._pids = pids
        self._folder = os.path.join(TRACING, "instances", f"appcore-{os.getpid()}")
        self.milliseconds = []

    def __enter__(self):
        if not os.path.exists(os.path.join(TRACING, "instances")):
            subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], check=True)
        os.mkdir(self._folder)
        self._write("trace_clock", "mono")
        self._write("buffer_size_kb", str(RING_KIB))
        for event in (READ, SEND):
            self._write(f"events/syscalls/{event}/filter", " || ".join(f"common_pid == {pid}" for pid in self._pids))
            self._write(f"events/syscalls/{event}/enable", "1")
        return self

    def __exit__(self, *_):
        self._write("tracing_on", "0")
        with open(os.path.join(self._folder, "trace"), encoding="ascii", errors="replace") as events:
            self.milliseconds = list(durations(events))
        os.rmdir(self._folder)

    def _write(self, file, text):
        with open(os.path.join(self._folder, file), "w", encoding="ascii") as target:
            target.write(text)


def durations(events):
    """Milliseconds from the last read before a reply, which small requests need one of, until the reply is sent."""
    begun = {}
    for event in filter(None, map(EVENT.search, events)):
        if event["call"] == "read":
            begun[event["pid"]] = float(event["seconds"])
        elif event["pid"] in begun:
            yield (float(event["seconds"]) - begun.pop(event["pid"])) * 1000
