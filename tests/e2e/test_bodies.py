"""Garbage of any size gets a 4xx with a JSON body, and the same worker predicts afterwards."""

import random
import socket

from stack import JSON, StackTest

MIB = 1 << 20
LIMIT = 32 * MIB


class Garbage(StackTest):
    variables = {"WORKERS": 1}

    def refuse(self, body, status=None):
        reply = self.stack.predict(body)
        self.assertIn(reply.status, (400, 413, 422) if status is None else (status,), body[:40])
        self.assertEqual(reply.get("Content-Type"), "application/json")
        self.assertTrue(reply.body.startswith(b'{"detail":') and reply.body.endswith(b"}"))
        self.assertEqual(self.stack.predict({"features": [1, 2]}).json()["result"], 1.5)

    def test_random_bytes_of_32_bytes_to_32_mebibytes(self):
        source = random.Random(2)  # the same bytes in every run
        for size in (32, 33, 1000, 4096, 65535, 65536, MIB, 3 * MIB, LIMIT):
            with self.subTest(size=size):
                self.refuse(source.randbytes(size))

    def test_bodies_that_look_like_json_for_a_long_time(self):
        for name, body in (
                ("digits", b"1" * MIB), ("features without an end", b'{"features":[' + b"1," * MIB),
                ("brackets", b"[" * MIB), ("nested lists", b"[" * 5000 + b"]" * 5000),
                ("an open string", b'{"features":["' + b"a" * MIB), ("spaces", b" " * MIB),
                ("zeros", bytes(MIB)), ("escapes", b'"' + b"\\u" * MIB), ("keys", b'{"a":' * 100000),
                ("one wrong feature", b'{"features":[' + b"1," * 100000 + b'"x"]}')):
            with self.subTest(body=name):
                self.refuse(body)

    def test_the_largest_body_is_served_and_one_byte_more_is_not(self):
        start, end = b'{"features":[', b"1]}"
        room = LIMIT - len(start) - len(end)
        body = start + b"1," * (room // 2) + b" " * (room % 2) + end
        self.assertEqual(len(body), LIMIT)
        reply = self.stack.predict(body)
        self.assertEqual((reply.status, reply.json()["result"]), (201, 1.0))
        self.refuse(body + b" ", 413)

    def test_a_million_features_of_20_characters(self):
        feature = b"0.123456789012345678"
        self.assertEqual(len(feature), 20)
        reply = self.stack.predict(b'{"features":[' + b",".join([feature] * 1_000_000) + b"]}")
        self.assertEqual((reply.status, reply.json()["result"]), (201, 0.12345678901234568))

    def test_a_chunked_body_above_the_limit(self):
        with socket.create_connection(("127.0.0.1", self.stack.port), 30) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                               b"Content-Type: application/json\r\n\r\n")
            chunk = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
            try:
                for _ in range(33):
                    connection.sendall(chunk)
            except OSError:
                pass  # refused as soon as it was too much
            self.assertIn(b" 413 ", connection.recv(100))
        self.assertEqual(self.stack.predict({"features": [1]}).status, 201)

    def test_a_client_that_leaves_in_the_middle(self):
        for part in (b"POST", b"POST /predict HTTP/1.1\r\nHo",
                     b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
                     b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"fea"):
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", self.stack.port)) as connection:
                    connection.sendall(part)
        reply = self.stack.request("POST", "/predict", b'{"features":[3]}', JSON)
        self.assertEqual((reply.status, reply.json()["result"]), (201, 3.0))
