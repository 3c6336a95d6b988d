"""The worker's own socket, with what nginx would never send: FastCGI as others may speak it."""

import contextlib
import json

import fastcgi
from fastcgi import Connection, ask, begin, pairs, parameters, record, records, request
from stack import StackTest

BODY = b'{"features":[1,2]}'


class Worker(StackTest):
    variables = {"WORKERS": 1}

    def setUp(self):
        self.path = self.stack.worker_socket

    def assert_predicted(self, reply):
        self.assertEqual(reply.status, 201, reply.body)
        self.assertEqual(json.loads(reply.body)["result"], 1.5)
        self.assertTrue(reply.ended)

    def assert_serves(self):
        self.assert_predicted(ask(self.path, request(BODY)))


class Records(Worker):
    def test_records_may_come_in_any_pieces(self):
        data = request(BODY)
        for cut in range(1, len(data)):
            with Connection(self.path) as connection:
                connection.send(data[:cut])
                connection.send(data[cut:])
                self.assert_predicted(connection.reply())

    def test_one_byte_at_a_time(self):
        with Connection(self.path) as connection:
            for byte in request(BODY):
                connection.send(bytes([byte]))
            self.assert_predicted(connection.reply())

    def test_streams_may_be_split_into_records_anywhere(self):
        for size in (1, 2, 7, 100):
            self.assert_predicted(ask(self.path, request(BODY, size=size)))

    def test_padding_is_skipped(self):
        for padding in (1, 7, 8, 255):
            self.assert_predicted(ask(self.path, request(BODY, padding=padding)))

    def test_long_names_and_values(self):
        self.assert_predicted(ask(self.path, request(BODY, **{"HTTP_X_" + "N" * 200: "v" * 300})))


class ContentLength(Worker):
    def test_a_missing_or_empty_length_leaves_it_to_the_stream(self):
        self.assert_predicted(ask(self.path, request(BODY, length=None)))
        self.assert_predicted(ask(self.path, request(BODY, length="")))

    def test_a_length_that_lies_is_refused(self):
        for length in (0, 1, len(BODY) - 1, len(BODY) + 1, 10 ** 6, 10 ** 12):
            with self.subTest(length=length):
                reply = ask(self.path, request(BODY, length=length))
                self.assertIn(reply.status, (400, 413), reply.body)
                self.assertEqual(reply.headers["content-type"], "application/json")
                self.assertEqual(list(json.loads(reply.body)), ["detail"])
                self.assert_serves()

    def test_a_length_that_is_not_a_number(self):
        for length in ("x", "-1", "1e3", "18446744073709551616", "0x12"):
            with self.subTest(length=length):
                reply = ask(self.path, request(BODY, length=length))
                self.assertIn(reply.status, (201, 400), reply.body)
                self.assertTrue(json.loads(reply.body))
                self.assert_serves()

    def test_a_stream_above_the_limit(self):
        body = b" " * ((32 << 20) + 1)
        for length in (None, len(body)):
            reply = ask(self.path, request(body, length=length), timeout=30)
            self.assertEqual((reply.status, list(json.loads(reply.body))), (413, ["detail"]))
            self.assert_serves()


class Peers(Worker):
    def test_a_peer_may_hang_up_at_any_byte(self):
        data = request(BODY)
        for cut in range(0, len(data), 3):
            with Connection(self.path) as connection:
                connection.send(data[:cut])
        with Connection(self.path) as connection:
            connection.send(data)  # and leaves without reading the reply
        self.assert_serves()

    def test_a_peer_may_abort(self):
        with Connection(self.path) as connection:
            connection.send(begin() + records(fastcgi.PARAMS, pairs(parameters(length=100)))
                            + record(fastcgi.ABORT_REQUEST))
        self.assert_serves()

    def test_noise_is_not_a_request(self):
        for noise in (b"\0" * 64, b"GET / HTTP/1.0\r\n\r\n", b"\xff" * 1000, b"\1\4\0\1\0\10\0\0"):
            with Connection(self.path) as connection:
                connection.send(noise)
        self.assert_serves()


class Pool(Worker):
    """Other connections are served while one is silent."""

    variables = {"WORKERS": 2}

    def test_more_kept_connections_than_workers_starve_nobody(self):
        kept = [Connection(self.path) for _ in range(8)]
        try:
            for _ in range(5):
                for connection in kept:
                    connection.send(request(BODY, keep=True))
                    self.assert_predicted(connection.reply())
                    self.assert_serves()
        finally:
            for connection in kept:
                connection.socket.close()

    def test_half_a_record_and_then_silence_holds_up_nobody_else(self):
        with Connection(self.path) as silent:
            silent.send(request(BODY)[:11])
            for _ in range(20):
                self.assert_serves()

    def test_peers_that_fall_silent_in_any_phase_hold_up_nobody_for_long(self):
        start = begin(keep=True)
        given = start + records(fastcgi.PARAMS, pairs(parameters(length=len(BODY))))
        phases = (b"", start[:5], start, given[:30], given, given + record(fastcgi.STDIN, BODY[:4]),
                  given + record(fastcgi.STDIN, BODY))
        with contextlib.ExitStack() as held:
            for sent in phases:
                held.enter_context(Connection(self.path)).send(sent)
            for _ in range(4):
                self.assert_predicted(ask(self.path, request(BODY), timeout=60))
        self.assert_serves()

    def test_peers_that_hang_up_in_any_phase_on_a_kept_connection(self):
        for sent in (b"", begin(keep=True)[:5], request(BODY, keep=True)[:-9], request(BODY, keep=True)):
            with Connection(self.path) as connection:
                connection.send(request(BODY, keep=True))
                self.assert_predicted(connection.reply())
                connection.send(sent)
        self.assert_serves()
