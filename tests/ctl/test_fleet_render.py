"""What `fleet render` writes: the real programs accept it, and what they refuse replaces nothing."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from ctl import fleet, fleet_list, fleet_render, messages, templates  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from test_fleet_list import GOOD  # noqa: E402


def rendered(text=GOOD):
    return fleet_render.render(fleet_list.parse(text, "list"))


def lines(text):
    return [line.strip() for line in text.splitlines()]


class Texts(unittest.TestCase):
    def test_each_front_and_each_machine_has_its_files(self):
        self.assertEqual(sorted(rendered()), [
            "fronts/lb1/end-dead-sessions.lua", "fronts/lb1/haproxy.cfg", "fronts/lb1/keepalived.conf", "fronts/lb1/move-address",
            "fronts/lb2/end-dead-sessions.lua", "fronts/lb2/haproxy.cfg", "fronts/lb2/keepalived.conf", "fronts/lb2/move-address", "machines/m1.env", "machines/m2.env", "targets/front.yml"])

    def test_the_fronts_are_each_others_peers(self):
        files = rendered()
        first, second = (lines(files[f"fronts/{name}/keepalived.conf"]) for name in ("lb1", "lb2"))
        self.assertIn("unicast_src_ip 10.0.0.21", first)
        self.assertEqual(first[first.index("unicast_peer {") + 1], "10.0.0.22")
        self.assertEqual(second[second.index("unicast_peer {") + 1], "10.0.0.21")
        self.assertIn("10.0.0.100/24 dev eth1", second)

    def test_haproxy_asks_every_machine_at_its_proxy_port(self):
        text = lines(rendered(GOOD + "proxy-port 9001\n")["fronts/lb1/haproxy.cfg"])
        self.assertEqual([line for line in text if line.startswith("server ")],
                         ["server m1 10.0.0.11:9001", "server m2 10.0.0.12:9001"])

    def test_a_front_shows_its_metrics_only_to_whom_the_list_names(self):
        text = lines(rendered(GOOD + "metrics-from 10.9.0.0/16 fd00::/8\n")["fronts/lb1/haproxy.cfg"])
        shown = text.index("http-request use-service prometheus-exporter if { path /metrics }")
        self.assertIn("http-request deny unless { src 10.9.0.0/16 fd00::/8 }", text[text.index("frontend metrics"):shown])

    def test_a_machine_trusts_the_fronts_and_nobody_else(self):
        text = lines(rendered()["machines/m1.env"])
        self.assertIn('APPCORE_TRUSTED_PROXIES="10.0.0.21 10.0.0.22"', text)
        self.assertIn("APPCORE_PROXY_LISTEN=10.0.0.11:8001", text)

    def test_sessions_of_a_dead_machine_end_when_nothing_is_connecting_to_it_any_more(self):
        files = rendered()
        connect = re.search(r"timeout connect (\d+)ms", files["fronts/lb1/haproxy.cfg"])
        interval, later = (re.search(rf"local {name} = (\d+)", files["fronts/lb1/end-dead-sessions.lua"]) for name in ("INTERVAL", "LATER"))
        self.assertGreater(int(interval[1]) * (int(later[1]) - 1), int(connect[1]))

    def test_with_tls_at_the_machines_nothing_is_repeated(self):
        text = rendered(GOOD + "tls machines\n")["fronts/lb1/haproxy.cfg"]
        self.assertIn("mode tcp", lines(text))
        self.assertNotIn("retry-on", text)
        self.assertIn("check-ssl", text)

    def test_new_connections_to_the_floating_address_wait_while_it_moves(self):
        for text, family, address in ((GOOD, "ip", "10.0.0.100"), (GOOD.replace("10.0.0.", "fd00::").replace("/24", "/64"), "ip6", "fd00::100")):
            move = lines(rendered(text)["fronts/lb1/move-address"])
            self.assertIn(f"{family} daddr {address} tcp dport 80 tcp flags & (syn | ack) == syn drop", move)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.list, self.out = self.folder / "machines.txt", self.folder / "out"

    def render(self, text):
        self.list.write_text(text)
        with unittest.mock.patch.object(messages, "say"):
            return fleet.run(["render", str(self.list), str(self.out)])

    def test_haproxy_and_keepalived_accept_every_kind_of_fleet(self):
        for program in ("haproxy", "keepalived"):
            self.assertIsNotNone(shutil.which(program, path="/usr/sbin"), f"{program} is missing")
        pem = self.folder / "front.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=front", "-days", "2",
                        "-keyout", pem, "-out", self.folder / "crt"], check=True, capture_output=True)
        pem.write_text((self.folder / "crt").read_text() + pem.read_text())
        many = "".join(f"machine n{number} 10.0.1.{number}\n" for number in range(1, 99))
        ipv6 = GOOD.replace("10.0.0.", "fd00::").replace("/24", "/64")
        for text in (GOOD, ipv6, ipv6 + "tls machines\n", GOOD + f"tls front\ncertificate {pem}\n", GOOD + many):
            with self.subTest(text=text[-40:]):
                self.assertEqual(self.render(text), 0)
        self.assertIn("n98", (self.out / "fronts/lb1/haproxy.cfg").read_text())

    def test_what_a_program_refuses_replaces_nothing(self):
        self.render(GOOD)
        for name, right, wrong, said in (("haproxy/haproxy.cfg", "balance leastconn", "balance nobody", "haproxy refuses"),
                                         ("keepalived/keepalived.conf", "advert_int 0.2", "advrt_int 0.2", "keepalived refuses")):
            whole = templates.read

            def broken(asked, name=name, right=right, wrong=wrong):
                return whole(asked).replace(right, wrong) if asked == name else whole(asked)

            with self.subTest(name=name), unittest.mock.patch.object(templates, "read", broken), \
                    self.assertRaises(CtlError) as caught:
                self.render(GOOD.replace("10.0.0.12", "10.0.0.13"))
            self.assertIn(said, str(caught.exception))
            self.assertIn(wrong.split()[0], str(caught.exception))
            self.assertIn("10.0.0.12", (self.out / "fronts/lb1/haproxy.cfg").read_text())

    def test_files_of_machines_that_have_left_the_list_are_named(self):
        self.render(GOOD + "machine m3 10.0.0.13\n")
        with unittest.mock.patch.object(messages, "note") as note:
            self.render(GOOD)
        note.assert_called_once_with(f"{self.out}/machines/m3.env is left over from another list")

    def test_a_list_that_cannot_be_read_is_named(self):
        with self.assertRaises(CtlError) as caught:
            fleet.run(["render", str(self.folder / "none"), str(self.out)])
        self.assertEqual(str(caught.exception), f"cannot read {self.folder}/none: No such file or directory")

    def test_other_commands_are_refused(self):
        for arguments in ([], ["render"], ["upgrade"], ["upgrade", "a", "b"], ["x"]):
            with self.assertRaises(CtlError) as caught:
                fleet.run(arguments)
            self.assertIn("the command must be", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
