"""Talking to supervisord: who is slow is not gone."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import xmlrpc.client
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import rpc  # noqa: E402
from ctl.messages import CtlError  # noqa: E402


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

    def answer_once(self, reply):
        listener = self.listen()

        def answer():
            connection, _ = listener.accept()
            with connection:
                received = b""
                while b"</methodCall>" not in received:  # who closes what has not been read resets it
                    received += connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)

    def test_a_supervisord_that_wants_a_password_is_not_taken_for_a_dead_one(self):
        self.answer_once(b"HTTP/1.0 401 Unauthorized\r\nContent-Length: 6\r\n\r\n<html>")
        with self.assertRaisesRegex(CtlError, "refuses calls at .*: 401 Unauthorized; it must not want a password there"):
            rpc.Supervisor(self.path).answers()

    def test_an_answer_that_is_not_xml_rpc_is_an_error_with_a_reason(self):
        for body in (b"", b"<html>", b"<html/>", b"<methodResponse><params></params></methodResponse>",
                     b"<params><param><value><int>x</int></value></param></params>"):
            self.answer_once(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            with self.assertRaisesRegex(CtlError, "does not speak supervisord's XML-RPC"):
                rpc.Supervisor(self.path).answers()
            self.path.unlink()

    def test_where_nobody_listens_nobody_answers(self):
        self.assertFalse(rpc.Supervisor(self.path).answers())
        self.listen().close()
        self.assertFalse(rpc.Supervisor(self.path).answers())


CONFIGURATION = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/pid
childlogdir={folder}
[unix_http_server]
file={folder}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:short]
command=sleep 0.03
autorestart=true
startsecs=0
"""


class Restarts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(f"{folder.name}/conf", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(folder=folder.name))
        process = subprocess.Popen(["/usr/bin/python3", "-IB", "-m", "supervisor.supervisord", "-c", f"{folder.name}/conf"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.supervisor = rpc.Supervisor(Path(folder.name, "socket"))
        end = time.monotonic() + 60
        while not self.supervisor.answers() and time.monotonic() < end:
            time.sleep(0.02)

    def test_a_program_that_ends_and_starts_by_itself_at_any_moment_is_restarted(self):
        for _ in range(40):
            self.supervisor.restart("short", 30)


if __name__ == "__main__":
    unittest.main()
