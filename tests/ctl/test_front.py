"""The settings of the door: what is refused, and what nginx is told."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import front, nginx_front, values  # noqa: E402
from ctl.credentials import Certificate  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.values import Endpoint  # noqa: E402


class Reading(unittest.TestCase):
    def test_nothing_said_is_the_default(self):
        self.assertEqual(front.read({}), front.Front())
        self.assertEqual(front.read({"APPCORE_TRUSTED_PROXIES": "", "APPCORE_PROXY_LISTEN": ""}), front.Front())

    def test_trusted_proxies_are_networks_but_not_everybody(self):
        self.assertEqual(front.read({"APPCORE_TRUSTED_PROXIES": "10.1.2.3/8  ::1"}).trusted_proxies, ("10.0.0.0/8", "::1/128"))
        for text in ("0.0.0.0/0", "::/0", "10.0.0.0/8 x", "proxy.example", "all"):
            with self.assertRaisesRegex(CtlError, "APPCORE_TRUSTED_PROXIES must be addresses or networks"):
                front.read({"APPCORE_TRUSTED_PROXIES": text})

    def test_the_proxy_protocol_needs_somebody_who_may_speak_it(self):
        with self.assertRaisesRegex(CtlError, "APPCORE_TRUSTED_PROXIES must be set with APPCORE_PROXY_LISTEN"):
            front.read({"APPCORE_PROXY_LISTEN": "127.0.0.1:9000"})
        found = front.read({"APPCORE_PROXY_LISTEN": "127.0.0.1:9000", "APPCORE_TRUSTED_PROXIES": "10.0.0.1"})
        self.assertEqual(found.listeners(), [Endpoint("127.0.0.1", 9000)])

    def test_an_endpoint_is_an_address_and_a_port(self):
        self.assertEqual(str(values.endpoint("X", "[::1]:8443")), "[::1]:8443")
        self.assertEqual(str(values.endpoint("X", "0.0.0.0:8443")), "0.0.0.0:8443")
        for text in ("8443", "localhost:80", "::1:80", "[127.0.0.1]:80", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:80; evil", ""):
            with self.assertRaisesRegex(CtlError, "X must be ADDRESS:PORT"):
                values.endpoint("X", text)


class Tls(unittest.TestCase):
    SAID = {"APPCORE_TLS_CERT": "/c", "APPCORE_TLS_KEY": "/k"}

    def test_a_certificate_needs_its_key_and_both_need_absolute_paths(self):
        self.assertEqual(front.read(self.SAID).tls, front.Tls("/c", "/k"))
        for said, message in (({"APPCORE_TLS_CERT": "/c"}, "APPCORE_TLS_KEY must be set with APPCORE_TLS_CERT"),
                              ({"APPCORE_TLS_LISTEN": "[::]:443"}, "APPCORE_TLS_CERT must be set with APPCORE_TLS_LISTEN"),
                              ({**self.SAID, "APPCORE_TLS_KEY": "k"}, "APPCORE_TLS_KEY must be an absolute path, got 'k'"),
                              ({**self.SAID, "APPCORE_TLS_HSTS": "1d"}, "APPCORE_TLS_HSTS must be an integer")):
            with self.assertRaisesRegex(CtlError, message):
                front.read(said)

    def test_each_nginx_gets_http_2_as_it_understands_it(self):
        told = front.read({**self.SAID, "APPCORE_TLS_LISTEN": "0.0.0.0:443"})
        taken = Certificate(Path("/x/credentials/0123456789abcdef"), 0)
        old = nginx_front.Door(told, taken, can_http2_on=False).main_server(Endpoint("127.0.0.1", 80))
        self.assertIn("listen 0.0.0.0:443 default_server backlog=4096 reuseport ssl http2;", old["APPCORE_LISTEN"])
        self.assertIn("listen 127.0.0.1:80 default_server backlog=4096 reuseport;", old["APPCORE_LISTEN"])
        self.assertNotIn("http2 on", old["APPCORE_TLS"])
        new = nginx_front.Door(told, taken, can_http2_on=True).main_server(Endpoint("127.0.0.1", 80))
        self.assertIn("listen 0.0.0.0:443 default_server backlog=4096 reuseport ssl;", new["APPCORE_LISTEN"])
        self.assertIn("http2 on;", new["APPCORE_TLS"])
        self.assertIn('ssl_certificate "/x/credentials/0123456789abcdef/certificate.pem";', new["APPCORE_TLS"])


    def door(self, **said):
        told = front.read({**self.SAID, **said})
        return nginx_front.Door(told, Certificate(Path("/x/credentials/0123456789abcdef"), 0), can_http2_on=True)

    def test_the_listener_for_the_proxy_protocol_speaks_what_the_main_one_does(self):
        proxied = {"APPCORE_PROXY_LISTEN": "127.0.0.1:9000", "APPCORE_TRUSTED_PROXIES": "10.0.0.1"}
        listen = "listen 127.0.0.1:9000 proxy_protocol default_server backlog=4096 reuseport"
        self.assertEqual(self.door(**proxied).proxy_server()["APPCORE_LISTEN"], f"{listen} ssl;")
        beside = self.door(**proxied, APPCORE_TLS_LISTEN="127.0.0.1:443")
        self.assertEqual(beside.proxy_server()["APPCORE_LISTEN"], f"{listen};")

    def test_a_redirect_leads_to_the_listener_that_speaks_tls(self):
        main, redirecting = Endpoint("127.0.0.1", 9443), {"APPCORE_TLS_REDIRECT_LISTEN": "127.0.0.1:80"}
        for said, suffix in (({}, ":9443"), ({"APPCORE_TLS_LISTEN": "127.0.0.1:8443"}, ":8443"), ({"APPCORE_TLS_LISTEN": "127.0.0.1:443"}, "")):
            text = self.door(**redirecting, **said).redirecting_server(main, "/log")
            self.assertIn(f"return 308 https://$appcore_own_name{suffix}$request_uri;", text)


class Networks(unittest.TestCase):
    def test_all_and_none_stand_alone(self):
        self.assertEqual(values.networks("X", " none "), ["none"])
        self.assertEqual(values.networks("X", "10.1.1.1/8 ::1"), ["10.0.0.0/8", "::1/128"])
        for text in ("none 10.0.0.0/8", "", "all none"):
            with self.assertRaisesRegex(CtlError, "X must be networks"):
                values.networks("X", text)


class Directives(unittest.TestCase):
    def said(self, told):
        return nginx_front.Door(told, None, can_http2_on=False).main_server(Endpoint("127.0.0.1", 80))

    def test_only_trusted_proxies_are_believed(self):
        said = self.said(front.Front(("10.0.0.0/8",)))
        self.assertEqual(said["APPCORE_REAL_IP"],
                         "set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;")
        self.assertEqual(said["APPCORE_BELIEVED_ABOUT_SCHEME"], "10.0.0.0/8 https;")
        said = self.said(front.Front())
        self.assertEqual((said["APPCORE_REAL_IP"], said["APPCORE_BELIEVED_ABOUT_SCHEME"]), ("", "127.0.0.1 https;"))


if __name__ == "__main__":
    unittest.main()
