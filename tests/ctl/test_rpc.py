"""Talking to supervisord: who is slow is not gone."""

import os
import socket
import sys
import tempfile
import threading
import time
import unittest
import xmlrpc.client
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import rpc  # noqa: E402


class Answers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "supervisor.sock")

    def listen(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.path))
        listener.listen()
        return listener

    def test_a_supervisord_that_an_overloaded_machine_keeps_waiting_is_not_taken_for_a_dead_one(self):
        listener = self.listen()
        body = xmlrpc.client.dumps(({"statecode": 1, "statename": "RUNNING"},), methodresponse=True).encode()

        def answer_late():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                time.sleep(rpc.LIMIT + 0.5)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        late = threading.Thread(target=answer_late)
        late.start()
        self.addCleanup(late.join)
        self.assertTrue(rpc.Supervisor(self.path).answers())

    def test_where_nobody_listens_nobody_answers(self):
        self.assertFalse(rpc.Supervisor(self.path).answers())
        self.listen().close()
        self.assertFalse(rpc.Supervisor(self.path).answers())


if __name__ == "__main__":
    unittest.main()
