"""What a number, an address, a network and a path are."""

import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import values  # noqa: E402
from ctl.messages import CtlError  # noqa: E402


class Values(unittest.TestCase):
    def refused(self, function, *arguments):
        with self.assertRaises(CtlError) as caught:
            function(*arguments)
        return str(caught.exception)

    def test_a_leading_zero_is_decimal(self):
        self.assertEqual([values.integer("WORKERS", text, 1, 64) for text in ("8", "08", "010", "0064")], [8, 8, 10, 64])

    def test_what_is_not_an_integer_in_range_is_refused_with_the_rule_and_the_value(self):
        for text in ("", "0", "65", "-1", "+8", " 8", "8 ", "8.0", "0x8", "1e1", "x", "٣", "8\n", "9" * 30):
            self.assertEqual(self.refused(values.integer, "WORKERS", text, 1, 64),
                             f"WORKERS must be an integer from 1 to 64, got {text!r}")

    def test_addresses_are_numbers_and_canonical(self):
        self.assertEqual([values.address("ADDRESS", text) for text in ("127.0.0.1", "::", "0:0:0:0:0:0:0:1")],
                         ["127.0.0.1", "::", "::1"])
        for text in ("localhost", "127.0.0.1 ", "[::1]", "1.2.3", "1.2.3.4:80", "a;b", "010.0.0.1"):
            self.assertIn(repr(text), self.refused(values.address, "ADDRESS", text))

    def test_networks_become_canonical_or_are_refused(self):
        self.assertEqual(values.networks("A", "10.1.2.3/8  ::1"), ["10.0.0.0/8", "::1/128"])
        self.assertEqual(values.networks("A", "all"), ["all"])
        for text in ("", "a;b", "300.1.1.1", "10.0.0.0/33", "all 10.0.0.1"):
            self.assertIn("APPCORE_METRICS_ALLOW", self.refused(values.networks, "APPCORE_METRICS_ALLOW", text))

    def test_urls_put_ipv6_into_brackets(self):
        self.assertEqual(values.url(values.for_clients("::"), 80), "http://[::1]:80")
        self.assertEqual(values.url(values.for_clients("0.0.0.0"), 80), "http://127.0.0.1:80")

    def test_a_run_dir_has_one_name_and_no_character_that_a_configuration_cannot_hold(self):
        self.assertEqual(values.run_dir("/tmp/../tmp/x/"), os.path.realpath("/tmp/x"))
        for text in ("/tmp/a\nb", "/tmp/a;b", "/tmp/a%b", '/tmp/a"b', "/tmp/a$b", "/tmp/\0", "/" + "x" * 100):
            self.assertIn("RUN_DIR must", self.refused(values.run_dir, text))

    def test_the_longest_run_dir_has_room_for_the_socket_of_any_pool(self):
        longest = "/" + "x" * (values.LONGEST_RUN_DIR - 1)
        self.assertEqual(values.run_dir(longest), longest)
        self.assertIn("RUN_DIR must", self.refused(values.run_dir, longest + "x"))
        with socket.socket(socket.AF_UNIX) as listener:
            # Refused for its folder, which is missing, and not for its length.
            self.assertRaises(FileNotFoundError, listener.bind, f"{longest}/pools/green-999999/pool.sock")
            self.assertRaisesRegex(OSError, "too long", listener.bind, f"{longest}x/pools/green-999999/pool.sock")

    def test_text_with_control_characters_fits_into_no_file(self):
        self.assertEqual(values.plain_text("APP_NAME", "é ' \" $x `y`"), "é ' \" $x `y`")
        for text in ("a\nb", "a\0b", "\x7f"):
            self.assertIn("APP_NAME", self.refused(values.plain_text, "APP_NAME", text))
        self.assertIn(r"APP_NAME must be UTF-8, got b'a\xff'", self.refused(values.plain_text, "APP_NAME", os.fsdecode(b"a\xff")))


if __name__ == "__main__":
    unittest.main()
