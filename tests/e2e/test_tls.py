"""nginx speaks TLS: which, with whom, and with which certificate. curl and openssl s_client are the clients."""

import json
import os
import subprocess
import unittest

from authority import Authority
from stack import JSON, Stack, StackTest, UUID4, free_port, wait_until

BODY = '{"features":[1,2,3]}'
OLD = (["-tls1"], ["-tls1_1"])
WEAK = ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "NULL-SHA256", "ADH-AES128-SHA256")


class TlsTest(StackTest):
    """A stack with a certificate of the test's own authority; `settings` are what a class adds."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(WORKERS=1)
        cls.addClassCleanup(cls.stack.down)
        cls.authority = Authority(cls.stack.base)
        cls.certificate, cls.key = cls.authority.issue("one")
        cls.stack.variables |= {"APPCORE_TLS_CERT": cls.certificate, "APPCORE_TLS_KEY": cls.key, **cls.settings}
        cls.stack.up()

    def curl(self, path, *options, port=None):
        """Status, version of HTTP and body that curl sees."""
        done = subprocess.run(["curl", "-sS", "--max-time", "30", "--cacert", self.authority.certificate, "-w", "\n%{http_code} %{http_version}",
                               *options, f"https://127.0.0.1:{port or self.stack.port}{path}"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        body, _, last = done.stdout.rpartition("\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        status, version = last.split()
        return int(status), version, body

    def handshake(self, *options):
        """Whether openssl's client gets a session."""
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.stack.port}", "-CAfile", self.authority.certificate,
                               *options], text=True, input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode == 0 and "Cipher is (NONE)" not in done.stdout

    def check_refused(self, reply, status, detail):
        """It is like any other error: JSON, an id, a line in the log and one more in the counts."""
        self.assertEqual((reply.status, reply.json()), (status, {"detail": detail}))
        self.assertRegex(reply.get("X-Request-ID"), UUID4)
        self.assertTrue(wait_until(lambda: self.stack.logged("appcore", request_id=reply.get("X-Request-ID"), status_code=status)))


class Spoken(TlsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.tls = cls.authority.context()

    def test_http_1_1_and_http_2_are_spoken(self):
        for option, version in (("--http1.1", "1.1"), ("--http2", "2")):
            self.assertEqual(self.curl("/health", option)[:2], (200, version))
            status, used, body = self.curl("/predict", option, "-d", BODY, "-H", "Content-Type: application/json")
            self.assertEqual((status, used, json.loads(body)["result"]), (201, version, 2.0))
            status, used, body = self.curl("/nope", option)
            self.assertEqual((status, used, json.loads(body)), (404, version, {"detail": "Not Found"}))
            status, used, body = self.curl("/-/docs/swagger-ui.css", option, "-H", 'If-Match: "other"')
            self.assertEqual((status, used, json.loads(body)), (412, version, {"detail": "Precondition Failed"}))

    def test_requests_on_one_http_2_connection_are_told_apart(self):
        before = self.stack.count("http_requests_total", endpoint="/version")
        url = f"https://127.0.0.1:{self.stack.port}/version?[1-200]"
        done = subprocess.run(["curl", "-sS", "--http2", "--parallel", "--parallel-max", "50", "--cacert", self.authority.certificate,
                               "-o", "/dev/null", "-w", "%{http_code} %{http_version}\n", url], text=True, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.split("\n")[:-1], ["200 2"] * 200)
        self.assertEqual(self.stack.count("http_requests_total", endpoint="/version") - before, 200)

    def test_redirects_stay_with_https_and_hsts_is_off(self):
        for headers in ([], [("X-Forwarded-Proto", "http")]):
            reply = self.stack.get("/version/", [("Host", "service.example"), *headers])
            self.assertEqual((reply.status, reply.get("Location")), (307, "https://service.example/version"))
        self.assertIsNone(reply.get("Strict-Transport-Security"))

    def test_plain_http_is_refused_like_any_bad_request(self):
        before = self.stack.count("http_requests_total", status_code=400)
        reply = self.plain("/health")
        self.check_refused(reply, 400, "Bad Request")
        self.assertEqual(self.stack.count("http_requests_total", status_code=400) - before, 1)

    def plain(self, path):
        context, self.stack.tls = self.stack.tls, None
        try:
            return self.stack.get(path)
        finally:
            self.stack.tls = context

    def test_old_versions_and_weak_ciphers_are_refused(self):
        self.assertTrue(self.handshake("-tls1_2"))
        self.assertTrue(self.handshake("-tls1_3"))
        self.assertTrue(self.handshake("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"))
        for options in OLD:
            self.assertFalse(self.handshake(*options, "-cipher", "ALL:@SECLEVEL=0"), options)
        for cipher in WEAK:
            self.assertFalse(self.handshake("-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0"), cipher)

    def test_a_session_is_resumed_without_tickets(self):
        path = os.path.join(self.stack.base, "session")
        output = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.stack.port}", "-tls1_2", "-sess_out", path],
                                text=True, input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout
        self.assertNotIn("TLS session ticket:", output)
        output = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.stack.port}", "-tls1_2", "-sess_in", path],
                                text=True, input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout
        self.assertIn("Reused, TLSv1.2", output)

    def test_commands_find_a_stack_that_speaks_tls_and_its_key_is_its_owner_s_alone(self):
        for command in ("status", "health", "up", "drain", "undrain", "restart", "check"):
            done = self.stack.ctl(command)
            self.assertEqual(done.returncode, 0, done.stdout)
        folder = os.path.join(self.stack.run_dir, "credentials")
        copy, = os.listdir(folder)
        for path in (folder, os.path.join(folder, copy), *(os.path.join(folder, copy, n) for n in os.listdir(os.path.join(folder, copy)))):
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)


class Beside(TlsTest):
    """TLS at a port of its own, with client certificates, a listener that redirects, and HSTS."""

    TLS, REDIRECT = free_port(), free_port()
    settings = {"APPCORE_TLS_LISTEN": f"127.0.0.1:{TLS}", "APPCORE_TLS_REDIRECT_LISTEN": f"127.0.0.1:{REDIRECT}", "APPCORE_TLS_HSTS": "3600"}

    @classmethod
    def setUpClass(cls):
        cls.settings = {**cls.settings, "APPCORE_TLS_CLIENT_CA": ""}
        super().setUpClass()
        with cls.stack.with_variables(APPCORE_TLS_CLIENT_CA=cls.authority.certificate):
            assert cls.stack.ctl("restart").returncode == 0
        cls.client = cls.authority.issue("somebody", kind="client")
        cls.stranger = Authority(cls.stack.base, "another-ca").issue("stranger", kind="client")
        cls.plain_port = cls.stack.port

    def over_tls(self, certificate=None):
        self.stack.port, self.stack.tls = self.TLS, self.authority.context(certificate)
        self.addCleanup(self.over_http)

    def over_http(self, port=None):
        self.stack.port, self.stack.tls = port or self.plain_port, None

    def test_the_plain_listener_goes_on_and_says_nothing_of_hsts(self):
        reply = self.stack.predict({"features": [1]})
        self.assertEqual((reply.status, reply.get("Location")), (201, None))

    def test_the_redirecting_listener_keeps_method_path_and_query(self):
        self.over_http(self.REDIRECT)
        self.addCleanup(self.over_http)
        for method, body in (("GET", None), ("POST", b"{}")):
            reply = self.stack.request(method, "/predict?a=%20b", body, [("Host", "service.example:1")])
            self.assertEqual((reply.status, reply.get("Location")), (308, f"https://service.example:{self.TLS}/predict?a=%20b"))
            self.assertTrue(reply.get("X-Request-ID"))

    def test_a_client_s_certificate_opens_the_door(self):
        self.over_tls(self.client)
        reply = self.stack.predict({"features": [1]}, JSON)
        self.assertEqual((reply.status, reply.get("Strict-Transport-Security")), (201, "max-age=3600"))
        self.assertEqual(self.stack.get("/nope").get("Strict-Transport-Security"), "max-age=3600")
        self.assertEqual(self.curl("/version", "--http2", "--cert", self.client[0], "--key", self.client[1], port=self.TLS)[:2], (200, "2"))

    def test_without_one_there_are_only_the_checks_of_balancers(self):
        self.over_tls()
        for path in ("/health", "/ready", "/ready?x=1"):
            self.assertEqual(self.stack.get(path).status, 200)
        for path in ("/version", "/predict", "/metrics", "/status", "/docs", "/-/error", "/-/timeout", "/-/docs/x", "/nope", "/health/",
                     "/%68ealth", "//health", "/predict/../health", "/health;x", "/ready/x"):
            self.check_refused(self.stack.get(path), 400, "Bad Request")

    def test_with_one_of_another_authority_there_is_nothing(self):
        self.over_tls(self.stranger)
        for path in ("/version", "/health"):
            self.check_refused(self.stack.get(path), 400, "Bad Request")


class Refused(TlsTest):
    def check(self, message, certificate=None, key=None, **more):
        """A restart with these files says this and changes nothing."""
        self.stack.tls = self.authority.context()
        with self.stack.with_variables(APPCORE_TLS_CERT=certificate or self.certificate, APPCORE_TLS_KEY=key or self.key, **more):
            done = self.stack.ctl("restart")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, message)
        self.assertEqual(self.stack.get("/health").status, 200)

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.stack.base, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_files_that_cannot_serve_are_refused_with_the_reason(self):
        with open(self.key, encoding="ascii") as file:
            key = file.read()
        for mode in (0o644, 0o604, 0o660):
            self.check("APPCORE_TLS_KEY must not be readable by others", key=self.file(f"{mode:o}.key", key, mode))
        other, other_key = self.authority.issue("two")
        self.check("the key must belong to the certificate", key=other_key)
        self.check("the key must belong to the certificate", certificate=other)
        expired, expired_key = self.authority.issue("expired", end="20210101000000Z")
        self.check("certificate has expired", expired, expired_key)
        early, early_key = self.authority.issue("early", begin="20480101000000Z")
        self.check("certificate is not yet valid", early, early_key)
        client, client_key = self.authority.issue("client", kind="client")
        self.check("must be valid now, got .*unsuitable certificate purpose", client, client_key)
        self.check("certificate and key must be PEM", key=self.file("garbage.key", "garbage"))
        self.check("APPCORE_TLS_KEY must be a file that can be read", key="/nowhere")
        self.check("APPCORE_TLS_KEY must be an absolute path, got 'key.pem'", key="key.pem")
        locked = self.file("locked.key", "")
        subprocess.run(["openssl", "ec", "-in", self.key, "-aes256", "-passout", "pass:x", "-out", locked], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.chmod(locked, 0o600)
        self.check("the key must have no passphrase", key=locked)
        self.check("APPCORE_TLS_CLIENT_CA must hold certificates of authorities", APPCORE_TLS_CLIENT_CA=self.certificate)

    def test_a_certificate_that_expires_soon_is_warned_of(self):
        self.stack.tls = self.authority.context()
        date = subprocess.run(["date", "-u", "-d", "+3 days", "+%Y%m%d%H%M%SZ"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
        soon, key = self.authority.issue("soon", end=date)
        with self.stack.with_variables(APPCORE_TLS_CERT=soon, APPCORE_TLS_KEY=key):
            self.assertIn("the certificate expires in 3 days", self.stack.ctl("check").stdout)

    def test_a_port_that_is_taken_changes_nothing(self):
        self.check(f"port {self.stack.port + 0} of 127.0.0.2 is taken|is taken by another program|cannot listen", APPCORE_TLS_LISTEN="192.0.2.1:443")


if __name__ == "__main__":
    unittest.main()
