"""Behind other proxies (real HAProxy, a second nginx): who asks is the caller, and nobody forges it."""

import unittest

import fronts
from fronts import PROXY_ADDRESS, ask
from stack import StackTest, free_port, wait_until

CALLER = "127.0.0.5"
SCHEMES = (("https", "https"), ("wss", "https"), ("HTTPS", "http"), ("https,http", "http"), ("http", "http"),
           ("ws", "http"), (None, "http"))


class FrontTest(StackTest):
    def client(self, reply):
        """Who has asked, as the log line of the reply says."""
        lines = wait_until(lambda: self.stack.logged("appcore", request_id=reply.get("X-Request-ID")))
        self.assertTrue(lines)
        return lines[-1]["client"]

    def scheme(self, port, value, source="127.0.0.1"):
        headers = [("X-Forwarded-Proto", value)] if value else []
        reply = ask(port, "/version/?a=1", headers, source)
        self.assertEqual(reply.status, 307)
        scheme, _, rest = reply.get("Location").partition("://")
        self.assertEqual(rest, "service.example/version?a=1")
        return scheme

    def started(self, front):
        self.addCleanup(front.stop)
        return front.port


class Default(FrontTest):
    """Nobody is trusted."""

    def test_redirects_follow_the_scheme_that_127_0_0_1_says_as_in_the_old_service(self):
        for value, scheme in SCHEMES:
            self.assertEqual(self.scheme(self.stack.port, value), scheme, value)
            self.assertEqual(self.scheme(self.stack.port, value, "127.0.0.2"), "http", value)

    def test_the_client_is_the_peer_whatever_headers_say(self):
        reply = ask(self.stack.port, "/version", [("X-Forwarded-For", "192.0.2.1")], CALLER)
        self.assertEqual(self.client(reply), CALLER)

    def test_the_pool_s_state_is_not_shown_through_a_front_that_is_not_trusted(self):
        for path in ("/metrics", "/metrics/", "/status"):
            self.assertEqual(ask(self.stack.port, path).status, 200)
            for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"):
                self.assertEqual(ask(self.stack.port, path, [(header, "x")]).status, 403, header)
        haproxy = self.started(fronts.haproxy(self.stack.port, frontend="option forwardfor"))
        nginx = self.started(fronts.nginx(self.stack.port, [("X-Real-IP", "$remote_addr")]))
        for port in (haproxy, nginx):
            self.assertEqual((ask(port, "/metrics").status, ask(port, "/version").status), (403, 200))


class BothFronts(FrontTest):
    def fronts(self):
        """HAProxy and nginx, as their manuals set them up."""
        return (self.started(fronts.haproxy(self.stack.port, frontend="option forwardfor\n    http-request set-header "
                                            "X-Forwarded-Proto %[req.hdr(X-Test-Proto)] if { req.hdr(X-Test-Proto) -m found }")),
                self.started(fronts.nginx(self.stack.port, [("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
                                                            ("X-Forwarded-Proto", "$http_x_test_proto"), ("Host", "$host")])))


class Trusted(BothFronts):
    variables = {"WORKERS": 1, "APPCORE_TRUSTED_PROXIES": f"{PROXY_ADDRESS} 192.0.2.0/24",
                 "APPCORE_METRICS_ALLOW": f"127.0.0.1 {CALLER}"}

    def test_log_and_allow_lists_mean_the_caller(self):
        for port in self.fronts():
            reply = ask(port, "/version", source=CALLER)
            self.assertEqual((reply.status, self.client(reply)), (200, CALLER))
            self.assertEqual(ask(port, "/metrics", source=CALLER).status, 200)
            self.assertEqual(ask(port, "/metrics", source="127.0.0.6").status, 403)

    def test_a_caller_s_own_forwarding_headers_change_nothing(self):
        for number, port in enumerate(self.fronts()):
            source = f"127.0.3.{number}"
            for forged in ("127.0.0.1", f"{CALLER}, 127.0.0.1", "garbage", "", "127.0.0.1, "):
                reply = ask(port, "/version", [("X-Forwarded-For", forged)], source)
                self.assertEqual(reply.status, 200)
                self.assertEqual(self.client(reply), source, forged)
                self.assertEqual(ask(port, "/metrics", [("X-Forwarded-For", forged)], "127.0.0.6").status, 403)

    def test_addresses_of_trusted_proxies_in_the_middle_are_passed_over(self):
        reply = ask(self.stack.port, "/version", [("X-Forwarded-For", f"10.0.0.9, {CALLER}, 192.0.2.7")], PROXY_ADDRESS)
        self.assertEqual(self.client(reply), CALLER)

    def test_a_trusted_proxy_that_names_no_caller_is_shown_no_state(self):
        self.assertEqual(ask(self.stack.port, "/metrics", [("Via", "1.1 x")], PROXY_ADDRESS).status, 403)

    def test_redirects_keep_the_scheme_that_a_front_has_told(self):
        for port in self.fronts():
            for value, scheme in SCHEMES:
                headers = [("X-Test-Proto", value)] if value else []
                reply = ask(port, "/version/", headers, CALLER)
                self.assertEqual(reply.get("Location"), f"{scheme}://service.example/version", value)

    def test_only_trusted_peers_are_believed_about_the_scheme(self):
        for value, scheme in SCHEMES:
            self.assertEqual(self.scheme(self.stack.port, value, PROXY_ADDRESS), scheme, value)
        self.assertEqual(self.scheme(self.stack.port, "https", "127.0.0.1"), "http")  # is not in the list


class Limited(BothFronts):
    variables = {"WORKERS": 1, "APPCORE_TRUSTED_PROXIES": PROXY_ADDRESS, "APPCORE_CLIENT_RATE": 1}

    def test_a_limit_is_each_caller_s_own(self):
        for number, port in enumerate(self.fronts()):
            self.assertIn(429, [ask(port, "/version", source=f"127.0.1.{number}").status for _ in range(5)])
            self.assertEqual(ask(port, "/version", source=f"127.0.2.{number}").status, 200)


class ProxyProtocol(FrontTest):
    PORT = free_port()
    variables = {"WORKERS": 1, "APPCORE_TRUSTED_PROXIES": PROXY_ADDRESS, "APPCORE_PROXY_LISTEN": f"127.0.0.1:{PORT}",
                 "APPCORE_METRICS_ALLOW": CALLER}
    LINE = b"PROXY TCP4 127.0.0.5 127.0.0.1 1000 80\r\n"

    def test_both_versions_of_it_tell_the_caller(self):
        for option in ("send-proxy", "send-proxy-v2"):
            port = self.started(fronts.haproxy(self.PORT, option))
            reply = ask(port, "/version", [("X-Forwarded-For", "127.0.0.1")], CALLER)
            self.assertEqual((reply.status, self.client(reply)), (200, CALLER))
            self.assertEqual(ask(port, "/metrics", source=CALLER).status, 200)
            self.assertEqual(ask(port, "/metrics", [("X-Forwarded-For", CALLER)], "127.0.0.6").status, 403)

    def test_a_forged_line_from_a_peer_that_is_not_trusted_is_refused_and_counted_under_its_own_address(self):
        for source in ("127.0.0.1", "127.0.0.7"):
            for path in ("/version", "/health", "/metrics", "/-/error", "/nope"):
                reply = ask(self.PORT, path, source=source, before=self.LINE)
                self.assertEqual((reply.status, reply.json()), (403, {"detail": "Forbidden"}))
                self.assertEqual(self.client(reply), source)

    def test_headers_are_the_caller_s_own_there(self):
        reply = ask(self.PORT, "/version/", [("X-Forwarded-Proto", "https")], PROXY_ADDRESS, before=self.LINE)
        self.assertEqual(reply.get("Location"), "http://service.example/version")

    def test_a_request_without_the_line_is_no_request_and_the_line_is_none_elsewhere(self):
        with self.assertRaises(Exception):
            ask(self.PORT, "/version", source=PROXY_ADDRESS)
        self.assertEqual(ask(self.stack.port, "/version", before=self.LINE).status, 400)


class NoneAllowed(FrontTest):
    variables = {"WORKERS": 1, "APPCORE_METRICS_ALLOW": "none"}

    def test_none_shows_the_state_to_nobody(self):
        for path in ("/metrics", "/metrics/", "/status"):
            self.assertEqual(ask(self.stack.port, path).status, 403)
        self.assertEqual(ask(self.stack.port, "/health").status, 200)


if __name__ == "__main__":
    unittest.main()
