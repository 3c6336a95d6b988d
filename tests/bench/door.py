#!/usr/bin/python3
"""make bench-door: what TLS, API keys and HTTP/2 cost a request, in turns with the plain service.

Writes door.json and door.md into the folder BENCH_OUT. BENCH=quick is for development.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from authority import Authority  # noqa: E402  (needs the path above)
from drive import Bodies, saturate, saturate_http_2  # noqa: E402
from report import number, table  # noqa: E402
from resources import children, cpu_microseconds  # noqa: E402
from rounds import Progress, in_turns, median, ratio  # noqa: E402
from stack import CTL, ROOT, Stack  # noqa: E402

OUT = os.environ.get("BENCH_OUT", os.path.join(ROOT, "build", "bench"))
CONNECTIONS = 16
CLOSE = "Connection: close"  # so each request has a connection, and a handshake, of its own


class Service:
    """A stack with API keys, TLS, both or neither."""

    def __init__(self, *, tls, keys):
        self.stack = Stack(WORKERS=os.cpu_count())
        self.headers = []
        if tls:
            certificate, key = Authority(self.stack.base).issue("one")
            self.stack.variables |= {"APPCORE_TLS_CERT": certificate, "APPCORE_TLS_KEY": key}
        if keys:
            self.stack.variables["APPCORE_API_KEYS"] = os.path.join(self.stack.base, "keys")
            made = subprocess.run([CTL, "key", "new", "bench"], env=self.stack.environment(), text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=True)
            self.headers.append(f"X-API-Key: {made.stdout.strip()}")
        self.scheme = "https" if tls else "http"
        self.stack.up()
        with open(os.path.join(self.stack.run_dir, "nginx.pid"), encoding="ascii") as file:
            self._nginx = children(int(file.read()))

    def measure(self, seconds, body, *further, http_2=False):
        """Rate, and the CPU time that nginx takes for a request."""
        before, headers = cpu_microseconds(self._nginx), [*self.headers, *further]
        if http_2:
            figures = saturate_http_2(self.stack.port, CONNECTIONS, seconds, body, headers)
        else:
            figures = saturate(self.stack.port, CONNECTIONS, seconds, body, scheme=self.scheme, headers=headers)
        if figures["failed"]:
            raise SystemExit(f"{figures['failed']} requests failed")
        return {**figures, "nginx_us": (cpu_microseconds(self._nginx) - before) / figures["requests"]}


def measure(services, seconds, rounds, body):
    plain, keys, tls, both = services
    return in_turns(Progress(), "the door", {
        "plain": lambda: plain.measure(seconds, body),
        "API keys": lambda: keys.measure(seconds, body),
        "TLS": lambda: tls.measure(seconds, body),
        "TLS, API keys": lambda: both.measure(seconds, body),
        "TLS, HTTP/2": lambda: tls.measure(seconds, body, http_2=True),
        "plain, a connection each": lambda: plain.measure(seconds, body, CLOSE),
        "TLS, a connection and a full handshake each": lambda: tls.measure(seconds, body, CLOSE),
    }, rounds)


def markdown(series):
    plain = series["plain"]
    return table([f"{CONNECTIONS} connections, 3 features", "replies/s", "of plain", "µs nginx", "of plain"],
                 [[name, number(median(one, "rate")), f"{ratio(one, plain, 'rate'):.2f}x", f"{median(one, 'nginx_us'):.1f}",
                   f"{ratio(one, plain, 'nginx_us'):.2f}x"] for name, one in series.items()])


def main():
    os.makedirs(OUT, exist_ok=True)
    seconds, rounds = (1, 1) if os.environ.get("BENCH") == "quick" else (5, 5)
    bodies, services = Bodies(), []
    try:
        for tls, keys in ((False, False), (False, True), (True, False), (True, True)):
            services.append(Service(tls=tls, keys=keys))
        series = measure(services, seconds, rounds, bodies.of(3))
    finally:
        for service in services:
            service.stack.down()
        bodies.close()
    text = markdown(series)
    for name, content in (("door.json", json.dumps(series, indent=1)), ("door.md", text + "\n")):
        with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
            file.write(content)
    print(text)


if __name__ == "__main__":
    main()
