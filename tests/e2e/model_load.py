"""Clients that ask for one prediction again and again and compare each reply with what the replying model's library says."""

import http.client
import json
import threading
import time

from stack import JSON


# Between a client's requests. Without one the clients, not what is tested, would take the machine's processors.
PAUSE = 0.01


class ModelLoad:
    """`expected` is {model_version: result}. Anything but a 201 whose result is that of its own model_version is in `wrong`."""

    def __init__(self, stack, body, expected, clients=8):
        self.stack, self.body, self.expected = stack, body, expected
        self.wrong = []
        self.seen = dict.fromkeys(expected, 0)
        self.longest = 0.0    # seconds that any reply took
        self.lateness = 0.0   # and that a thread which only sleeps came too late: the machine's part in it
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)] + [threading.Thread(target=self._watch_the_machine)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def window(self):
        """Restarts what `longest` and `lateness` are of."""
        with self._lock:
            self.longest = self.lateness = 0.0

    def replies(self):
        return sum(self.seen.values())

    def _ask(self):
        connection = http.client.HTTPConnection(self.stack.address, self.stack.port, timeout=60)
        while not self._ended.is_set():
            begun = time.monotonic()
            try:
                connection.request("POST", "/predict", self.body, dict(JSON))
                reply = connection.getresponse()
                answer = (reply.status, reply.read())
            except (OSError, http.client.HTTPException) as error:
                answer = (0, repr(error).encode())
                connection.close()
            self._judge(*answer, time.monotonic() - begun)
            time.sleep(PAUSE)
        connection.close()

    def _watch_the_machine(self):
        while not self._ended.is_set():
            begun = time.monotonic()
            time.sleep(0.01)
            self.lateness = max(self.lateness, time.monotonic() - begun - 0.01)

    def _judge(self, status, body, seconds):
        with self._lock:
            self.longest = max(self.longest, seconds)
            try:
                reply = json.loads(body) if status == 201 else {}
            except ValueError:
                reply = {}
            version = reply.get("model_version")
            if version in self.expected and reply.get("result") == self.expected[version]:
                self.seen[version] += 1
            else:
                self.wrong.append((status, body[:300]))
