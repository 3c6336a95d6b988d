"""The list of a fleet: what it says, and what is refused with the line and the value."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import fleet_list  # noqa: E402
from ctl.messages import CtlError  # noqa: E402

GOOD = """\
floating 10.0.0.100/24
front lb1 10.0.0.21 eth0
front lb2 10.0.0.22 eth1
machine m1 10.0.0.11
machine m2 10.0.0.12
"""


class List(unittest.TestCase):
    def refused(self, text):
        with self.assertRaises(CtlError) as caught:
            fleet_list.parse(text, "list")
        return str(caught.exception)

    def test_five_lines_are_a_fleet_with_defaults(self):
        fleet = fleet_list.parse(GOOD, "list")
        self.assertEqual([(front.name, str(front.address), front.interface) for front in fleet.fronts],
                         [("lb1", "10.0.0.21", "eth0"), ("lb2", "10.0.0.22", "eth1")])
        self.assertEqual([machine.at(fleet.proxy_port) for machine in fleet.machines], ["10.0.0.11:8001", "10.0.0.12:8001"])
        self.assertEqual((str(fleet.floating), fleet.port, fleet.tls, fleet.vrrp_id), ("10.0.0.100/24", 80, "none", 60))

    def test_the_example_is_a_fleet_that_its_comments_describe(self):
        fleet = fleet_list.parse(fleet_list.EXAMPLE, "list")
        self.assertEqual(fleet, fleet_list.Fleet(fleet.fronts, fleet.machines, fleet.floating))
        with_tls = fleet_list.EXAMPLE.replace("none  ", "front ")
        self.assertIn("certificate must be given with \"tls front\"", self.refused(with_tls))
        fleet = fleet_list.parse(with_tls.replace("# certificate ", "certificate "), "list")
        self.assertEqual((fleet.tls, fleet.certificate), ("front", "/etc/haproxy/appcore.pem"))

    def test_comments_and_empty_lines_say_nothing(self):
        commented = "# a fleet\n\n" + GOOD.replace("eth0\n", "eth0   # in the first rack\n")
        self.assertEqual(fleet_list.parse(commented, "list"), fleet_list.parse(GOOD, "list"))

    def test_ipv6_addresses_are_written_in_brackets_with_a_port(self):
        fleet = fleet_list.parse(GOOD.replace("10.0.0.", "fd00::"), "list")
        self.assertEqual(fleet.machines[0].at(80), "[fd00::11]:80")

    def test_a_refusal_names_the_line_the_rule_and_the_value(self):
        for line, message in (
            ("machine m3", "machine must be NAME ADDRESS, got 'm3'"),
            ("machine m3 ten", "the address must be an IPv4 or IPv6 address, got 'ten'"),
            ("machine m3 0.0.0.0", "the address must be one that the other machines reach, got '0.0.0.0'"),
            ("machine m3 127.0.0.1", "the address must be one that the other machines reach, got '127.0.0.1'"),
            ("machine m1 10.0.0.13", "names must differ, got 'm1' twice"),
            ("machine m3 10.0.0.12", "addresses must differ, got 10.0.0.12 twice"),
            ("machine a;b 10.0.0.13", "the name must be letters, digits, dots and dashes, got 'a;b'"),
            ("front lb3 10.0.0.23", "front must be NAME ADDRESS INTERFACE, got 'lb3 10.0.0.23'"),
            ("front lb3 10.0.0.23 eth{0", "the interface must be the name of a network interface, got 'eth{0'"),
            ("port 0", "port must be an integer from 1 to 65535, got '0'"),
            ("port", "port must be an integer from 1 to 65535, got ''"),
            ("vrrp-id 256", "vrrp-id must be an integer from 1 to 255, got '256'"),
            ("tls maybe", "tls must be one of none, front, machines, got 'maybe'"),
            ("floating 10.0.0.101/24", "floating must be given once, got it again: '10.0.0.101/24'"),
            ("certificate a.pem", "certificate must be an absolute path"),
            ("metrics-from x", "metrics-from must be networks separated by spaces, or 'all'"),
            ("ssh 'x", "ssh must be a command, got \"'x\""),
            ("upgrade", "upgrade must be a command, got ''"),
            ("upgrade a\x01b", "upgrade must not contain control characters"),
            ("serer m3 10.0.0.13", "the first word must be one of front, machine, floating, port"),
        ):
            with self.subTest(line=line):
                self.assertIn(f"list:6: {message}", self.refused(GOOD + line + "\n"))

    def test_a_fleet_that_is_not_whole_is_refused(self):
        for text, message in (
            (GOOD.replace("floating 10.0.0.100/24\n", ""), "one line \"floating ADDRESS/PREFIX\" is required"),
            (GOOD.replace("front lb2 10.0.0.22 eth1\n", ""), "there must be two fronts, got 1"),
            (GOOD.replace("machine m2 10.0.0.12\n", ""), "there must be 2 to 100 machines, got 1"),
            (GOOD.replace("10.0.0.100", "10.0.0.11"), "the floating address must be nobody's own, but 10.0.0.11 is that of m1"),
            (GOOD.replace("10.0.0.100/24", "fd00::1/64"), "the floating address and that of lb1 must both be IPv4 or both IPv6"),
            (GOOD + "tls front\n", "certificate must be given with \"tls front\""),
            (GOOD + "port 8404\n", "port, stats-port and metrics-port must differ, got 8404, 8404 and 8405"),
        ):
            with self.subTest(message=message):
                self.assertIn(f"list: {message}", self.refused(text))

    def test_a_floating_address_needs_its_prefix(self):
        self.assertIn("list:1: floating must be ADDRESS/PREFIX", self.refused(GOOD.replace("/24", "")))

    def test_a_front_may_be_a_machine_too_but_for_its_name(self):
        fleet = fleet_list.parse(GOOD + "machine m3 10.0.0.21\n", "list")
        self.assertEqual(fleet.machines[2].address, fleet.fronts[0].address)


if __name__ == "__main__":
    unittest.main()
