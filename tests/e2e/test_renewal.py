"""A renewed certificate is taken into use, and nginx reloaded, without a lost request.

`python3 tests/e2e/test_renewal.py long` renews 20 times, and reloads six times with 500 clients that keep their connections and
ask every 2 to 6 seconds; in `make test` it is a short run.
"""

import asyncio
import os
import random
import shutil
import ssl
import subprocess
import sys
import threading
import time
import unittest

from authority import Authority, served_field, served_name
from http2_load import Http2Load
from load import PREDICT, Fresh, Load
from stack import CTL, Stack, StackTest, wait_until

LONG = sys.argv[1:2] == ["long"]
RENEWALS, RELOADS, QUIET_CLIENTS = (20, 6, 500) if LONG else (2, 1, 50)
CERTIFICATE_END = "appcore_tls_certificate_not_after_seconds"
PAUSE = (2, 6) if LONG else (1, 3)  # seconds between two requests of a quiet client


class Renewal(unittest.TestCase):
    def setUp(self):
        self.stack = Stack(WORKERS=2)
        self.addCleanup(self.stack.down)
        self.authority = Authority(self.stack.base)
        self.files = [f"{self.stack.base}/{name}.pem" for name in ("certificate", "key")]
        self.use(self.authority.issue("zero"))
        self.stack.variables |= dict(zip(("APPCORE_TLS_CERT", "APPCORE_TLS_KEY"), self.files))
        self.stack.tls = self.authority.context()
        self.stack.up()

    def use(self, pair):
        for source, target in zip(pair, self.files):
            shutil.copyfile(source, target)
            subprocess.run(["chmod", "600", target], check=True)

    def served(self):
        return served_name(self.stack.port)

    def renew(self, *arguments):
        done = self.stack.ctl("renew", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_no_request_is_lost_by_renewals(self):
        load = Load(self.stack, (PREDICT,), 8)
        fresh = Fresh(self.stack, self.authority)
        kept = Http2Load(self.stack, self.authority)
        try:
            workers = set(self.stack.children("appcore-worker"))
            for number in range(RENEWALS):
                self.use(self.authority.issue(f"n{number}"))
                self.assertIn("is in use", self.renew())
                self.assertEqual(self.served(), f"n{number}")
        finally:
            for clients in (load, fresh, kept):
                clients.stop()
        self.assertEqual((load.wrong, fresh.wrong, kept.wrong), ([], [], []))
        for count in (load.replies(), fresh.statuses, kept.statuses):
            self.assertGreater(count, 0)
        self.assertEqual(set(self.stack.children("appcore-worker")), workers)
        print(f"{RENEWALS} renewals: {load.replies()} requests on kept connections, {fresh.statuses} on fresh ones, "
              f"{kept.statuses} over HTTP/2, 0 failed", file=sys.stderr)

    def test_the_metric_says_when_the_certificate_that_is_served_expires(self):
        self.assertEqual(self.shown(), self.served_until())
        self.use(self.authority.issue("later", end="20480229120000Z"))
        self.assertNotEqual(self.shown(), 2466590400)  # not yet in use
        self.renew()
        self.assertEqual((self.shown(), self.served_until()), (2466590400, 2466590400))
        self.assertTrue(wait_until(lambda: self.published() == 2466590400))
        self.use(self.authority.issue("again", end="20470101000000Z"))
        self.assertEqual(self.stack.ctl("restart").returncode, 0)
        self.assertEqual((self.shown(), self.served_until()), (2429913600, 2429913600))
        with self.stack.with_variables(APPCORE_TLS_CERT="", APPCORE_TLS_KEY=""):
            self.assertEqual(self.stack.ctl("restart").returncode, 0)
        self.stack.tls = None
        self.assertIsNone(self.shown())

    def shown(self):
        return self.stack.metrics().get(CERTIFICATE_END)

    def published(self):
        """The same in the file for node-exporter."""
        with open(f"{self.stack.run_dir}/textfile/appcore.prom", encoding="utf-8") as file:
            samples = dict(line.rsplit(" ", 1) for line in file if not line.startswith("#"))
        return float(samples[CERTIFICATE_END])

    def served_until(self):
        """When the certificate expires that is served, by openssl."""
        return ssl.cert_time_to_seconds(served_field(self.stack.port, "-enddate"))

    def test_only_what_is_right_and_asked_for_is_taken_into_use(self):
        self.assertIn("in use already", self.renew())
        first = self.authority.issue("first")
        self.use(first)
        self.renew("/etc/letsencrypt/live/another")  # certbot has renewed somebody else's
        self.assertEqual(self.served(), "zero")
        with open(self.files[1], "w", encoding="ascii") as file:  # certbot is just writing it
            file.write("-----BEGIN")
        self.assertEqual(self.stack.ctl("renew").returncode, 1)
        self.assertEqual(self.served(), "zero")
        # A file that is broken keeps nobody from serving, not even nginx from a new start.
        (nginx,) = self.stack.pids("nginx").values()
        subprocess.run(["kill", "-QUIT", str(nginx)], check=True)
        self.assertTrue(wait_until(lambda: self.stack.pids("nginx").get("nginx") not in (None, nginx), 60))
        self.assertTrue(wait_until(self.stack.is_healthy, 60))
        self.assertEqual(self.served(), "zero")
        self.use(first)
        # A changed setting that nobody has taken into use yet stays where it is.
        with self.stack.with_variables(APPCORE_QUEUE=5):
            self.renew(self.stack.base)
        self.assertEqual(self.served(), "first")
        with open(f"{self.stack.run_dir}/nginx.conf", encoding="utf-8") as file:
            self.assertNotIn("max_conns=5;", file.read())

    def test_a_certificate_that_somebody_removes_from_run_dir_is_taken_again_by_the_next_command(self):
        """Without it nginx could neither reload nor start again."""
        run_dir = self.stack.run_dir
        renewed = self.authority.issue("renewed")
        for change, name in ((lambda: os.unlink(os.path.join(run_dir, "nginx.loaded")), "zero"), (lambda: None, "zero"),
                             (lambda: self.use(renewed), "renewed")):  # what has been removed is nowhere any more
            shutil.rmtree(os.path.join(run_dir, "credentials"))
            change()
            done = self.stack.ctl("up")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(self.served(), name)
            self.assertNotEqual(os.listdir(os.path.join(run_dir, "credentials")), [])
            self.assertEqual(self.stack.ctl("status").returncode, 0)

    def test_a_renewal_that_is_killed_is_finished_by_the_next_command(self):
        self.use(self.authority.issue("second"))
        kept = self.stack.connection(60)  # that the command waits for, so that it is killed before it has reloaded nginx
        kept.request("GET", "/version")
        kept.getresponse().read()
        renewal = subprocess.Popen([CTL, "renew"], env=self.stack.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(renewal.wait)
        self.addCleanup(renewal.kill)
        self.assertTrue(wait_until(lambda: self.stack.get("/health").get("Connection") == "close", 60))
        renewal.kill()
        renewal.wait()
        kept.close()
        self.assertEqual(self.stack.ctl("up").returncode, 0)
        self.assertEqual(self.served(), "second")
        self.assertTrue(wait_until(lambda: self.stack.get("/health").get("Connection") != "close", 60))


class Quiet(StackTest):
    def test_a_kept_connection_outlives_the_beginning_of_a_reload_and_its_next_reply_closes_it(self):
        kept = self.stack.connection(60)
        kept.request("GET", "/version")
        kept.getresponse().read()
        with self.stack.with_variables(APPCORE_QUEUE=99):
            restart = subprocess.Popen([CTL, "restart"], env=self.stack.environment(), stdout=subprocess.DEVNULL)
        self.assertTrue(wait_until(lambda: self.stack.get("/health").get("Connection") == "close", 60))
        time.sleep(4)  # longer than nginx needs to see that it drains; without waiting for this client it is reloaded by now
        kept.request("GET", "/version")
        reply = kept.getresponse()
        reply.read()
        self.assertEqual((reply.status, reply.getheader("Connection")), (200, "close"))
        self.assertEqual(restart.wait(), 0)

    def test_clients_that_ask_seldom_lose_nothing_by_a_reload(self):
        clients = QuietClients(self.stack.port)
        thread = threading.Thread(target=asyncio.run, args=(clients.run(),))
        thread.start()
        try:
            self.assertTrue(wait_until(lambda: clients.replies >= QUIET_CLIENTS, 60))
            for number in range(RELOADS):
                with self.stack.with_variables(APPCORE_QUEUE=100 + number):
                    begun = time.monotonic()
                    self.assertEqual(self.stack.ctl("restart").returncode, 0)
                    clients.reloads.append(time.monotonic() - begun)
        finally:
            clients.ended = True
            thread.join()
        print(f"{RELOADS} reloads with {QUIET_CLIENTS} quiet clients: {len(clients.lost)} of {clients.replies} requests lost, "
              f"the longest reload took {max(clients.reloads):.1f} s", file=sys.stderr)
        self.assertEqual(clients.lost, [])


class QuietClients:
    """Each keeps its connection and asks seldom; one that the service has closed is opened again before a request."""

    REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + PREDICT.body

    def __init__(self, port):
        self.ended, self.replies, self.lost, self.reloads = False, 0, [], []
        self._port = port
        self._chance = random.Random(8)

    async def run(self):
        await asyncio.gather(*(self._ask_seldom() for _ in range(QUIET_CLIENTS)))

    async def _ask_seldom(self):
        writer = reader = None
        await asyncio.sleep(self._chance.uniform(0, PAUSE[1]))
        while not self.ended:
            if writer is None or reader.at_eof():
                if writer is not None:
                    writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(self.REQUEST)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                assert head.startswith(b"HTTP/1.1 201"), head
                self.replies += 1
                if b"connection: close" in head.lower():
                    writer.close()
                    writer = None
            except (OSError, asyncio.IncompleteReadError, AssertionError) as error:
                self.lost.append(repr(error))
                writer = None
            await asyncio.sleep(self._chance.uniform(*PAUSE))
        if writer is not None:
            writer.close()


if __name__ == "__main__":
    if LONG:
        sys.argv.pop(1)
    unittest.main()
