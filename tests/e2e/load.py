"""Clients that ask without a pause and count what they get."""

import collections
import http.client
import subprocess
import threading
import time
import typing

from stack import JSON, wait_until


class Case(typing.NamedTuple):
    method: str
    path: str
    status: int  # the only right one
    body: typing.Optional[bytes] = None


# nginx closes a connection that is idle for 75 s, maybe just when a client asks again; on a busy machine a thread may be that late.
MOST_IDLE = 30  # seconds

PREDICT = Case("POST", "/predict", 201, b'{"features":[1,2]}')


class Load:
    """Threads that go through the cases, each with these headers, until stop() or until `limit` requests have been sent."""

    def __init__(self, stack, cases, clients, limit=None, headers=()):
        self.stack = stack
        self._headers = dict(headers)
        self.cases = cases
        self.statuses = collections.Counter()  # of all replies
        self.wrong = []  # what was not the case's status, or no reply
        self.longest = 0.0  # seconds that any reply took
        self.lateness = 0.0  # and that a thread which only sleeps came too late: the machine's part in it
        self._limit = limit
        self._sent = 0
        self._begun = {}  # of each thread: when it sent what it waits for
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        self._watch = threading.Thread(target=self._watch_the_machine)
        self._watch.start()
        for thread in self._threads:
            thread.start()

    def replies(self):
        return sum(self.statuses.values())

    def stop(self):
        self._ended.set()
        self.wait()

    def wait(self):
        for thread in self._threads:
            thread.join()
        self._ended.set()
        self._watch.join()

    def settle(self, seconds=30):
        """Waits until whatever is on its way now has been answered; False if the time is up before."""
        now = time.monotonic()

        def all_are_later():
            with self._lock:
                return all(begun > now for begun in self._begun.values())

        return wait_until(all_are_later, seconds)

    def is_running(self):
        return any(thread.is_alive() for thread in self._threads)

    def _next(self):
        with self._lock:
            if self._ended.is_set() or self._sent == self._limit:
                return None
            self._sent += 1
            return self.cases[self._sent % len(self.cases)]

    def _watch_the_machine(self):
        begun, pause = time.monotonic(), 0.05
        while not self._ended.wait(pause):
            now = time.monotonic()
            self.lateness, begun = max(self.lateness, now - begun - pause), now

    def _ask(self):
        connection, answered = self.stack.connection(60), time.monotonic()
        while case := self._next():
            begun = time.monotonic()
            if begun - answered > MOST_IDLE:
                connection.close()  # opens again by itself
            with self._lock:
                self._begun[threading.get_ident()] = begun
            try:
                connection.request(case.method, case.path, case.body, {**self._headers, **(dict(JSON) if case.body else {})})
                reply = connection.getresponse()
                content = reply.read()
                status, seen = reply.status, (*case[:3], reply.status, content[:200])
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status, seen = None, (*case[:3], repr(error))
            answered = time.monotonic()
            with self._lock:
                del self._begun[threading.get_ident()]
                self.longest = max(self.longest, answered - begun)
                if status is not None:
                    self.statuses[status] += 1
                if status != case.status:
                    self.wrong.append(seen)
        connection.close()


class Fresh:
    """A client with a connection for each request: curl, over HTTP/1.1."""

    def __init__(self, stack, authority, *options):
        self.statuses, self.wrong = 0, []
        self._command = ["curl", "-sS", "--http1.1", "--cacert", authority.certificate, "-d", PREDICT.body.decode(), "-H",
                         "Content-Type: application/json", "-o", "/dev/null", "-w", "%{http_code}", *options,
                         f"{stack.url}{PREDICT.path}"]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self):
        while not self._ended.is_set():
            done = subprocess.run(self._command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.statuses += 1
            if (done.returncode, done.stdout) != (0, str(PREDICT.status)):
                self.wrong.append((done.returncode, done.stdout, done.stderr))

    def stop(self):
        self._ended.set()
        self._thread.join()
