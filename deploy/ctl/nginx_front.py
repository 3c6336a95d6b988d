"""nginx's directives for the door (front.py): whom it believes about callers, and TLS."""

from __future__ import annotations

from dataclasses import dataclass

from ctl.credentials import CERTIFICATE, CLIENT_CA, KEY, Certificate
from ctl.front import Front
from ctl.nginx_keys import FIRST_PASS, OPEN
from ctl.values import Endpoint

# Mozilla's "intermediate" of guideline 5.7, for TLS 1.2; those with DHE are offered by nobody who has no ssl_dhparam. The
# order is the server's, other than there: testssl.sh calls a client's own order a concern.
CIPHERS = ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
           "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
           "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305")
LISTEN = "default_server backlog=4096 reuseport"


@dataclass(frozen=True)
class Door:
    front: Front
    certificate: Certificate | None
    can_http2_on: bool  # nginx 1.25 and newer

    def main_server(self, listen: Endpoint) -> dict[str, str]:
        """The template's names, for the server at ADDRESS and PORT and, if that is another one, TLS_LISTEN."""
        tls = self.front.tls
        lines = [self._listen(str(listen), is_tls=self.front.main_is_tls)]
        if tls and tls.listen:
            lines.append(self._listen(str(tls.listen), is_tls=True))
        return {**self._common(), "APPCORE_LISTEN": "\n        ".join(lines),
                "APPCORE_REAL_IP": self._real_ip("X-Forwarded-For"), "APPCORE_REFUSALS": self._refusals()}

    def proxy_server(self) -> dict[str, str]:
        """The same for the server that speaks the PROXY protocol. nginx takes a PROXY line from everybody, but here only
        trusted peers have a say."""
        listen = self._listen(f"{self.front.proxy_listen} proxy_protocol", is_tls=self.front.main_is_tls)
        return {**self._common(), "APPCORE_LISTEN": listen, "APPCORE_REAL_IP": self._real_ip("proxy_protocol"),
                "APPCORE_REFUSALS": f"if ($appcore_is_stranger) {{ return 403; }} {self._refusals()}",
                "APPCORE_FURTHER_SERVERS": ""}

    def redirecting_server(self, main: Endpoint, access_log: str) -> str:
        """The whole server at TLS_REDIRECT_LISTEN, or nothing."""
        tls = self.front.tls
        if not tls or not tls.redirect_listen:
            return ""
        port = (tls.listen or main).port
        suffix = "" if port == 443 else f":{port}"
        return ("    server {  # redirects to TLS\n"
                f"        listen {tls.redirect_listen} {LISTEN};\n        server_name _;\n"
                f'        access_log "{access_log}" appcore;\n'
                "        add_header X-Request-ID $appcore_id always;\n"
                f"        return 308 https://$appcore_own_name{suffix}$request_uri;\n    }}\n")

    def _listen(self, where: str, *, is_tls: bool) -> str:
        return f"listen {where} {LISTEN}{self._tls_parameters() if is_tls else ''};"

    def _tls_parameters(self) -> str:
        return " ssl" if self.can_http2_on else " ssl http2"

    def _common(self) -> dict[str, str]:
        return {
            "APPCORE_FORWARDING_PEER": "$appcore_forwarding_peer" if self.front.proxy_listen else "$realip_remote_addr",
            "APPCORE_BELIEVED_ABOUT_SCHEME": _values(self.front.believed_about_scheme, "https"),
            "APPCORE_TRUSTED_PEERS": "\n    ".join([*self._proxy_peers(), *self._tls_maps()]),
            "APPCORE_OWN_SCHEME": "$appcore_forwarded_scheme" if self.front.tls is None else "$appcore_tls_scheme",
            "APPCORE_TLS": "\n        ".join(self._tls()), "APPCORE_HSTS": self._hsts(),
        }

    # --- who asks -----------------------------------------------------------------------------------

    def _real_ip(self, header: str) -> str:
        if not self.front.trusted_proxies:
            return ""
        trusted = "".join(f"set_real_ip_from {network}; " for network in self.front.trusted_proxies)
        return f"{trusted}real_ip_header {header}; real_ip_recursive on;"

    def _proxy_peers(self) -> list[str]:
        """Behind the PROXY protocol all headers are the caller's own."""
        if not self.front.proxy_listen:
            return []
        trusted = _values(list(self.front.trusted_proxies), "1")
        return ['map $proxy_protocol_addr $appcore_forwarding_peer { "" $realip_remote_addr; default ""; }',
                f"geo $realip_remote_addr $appcore_is_trusted {{ {trusted} default 0; }}",
                f'map "$status $appcore_is_trusted" $appcore_is_stranger {{ volatile; "{FIRST_PASS}. 0" 1; default ""; }}']

    # --- TLS ----------------------------------------------------------------------------------------

    def _tls(self) -> list[str]:
        tls = self.front.tls
        if tls is None or self.certificate is None:
            return []
        folder = self.certificate.folder
        lines = [f'ssl_certificate "{folder}/{CERTIFICATE}";', f'ssl_certificate_key "{folder}/{KEY}";',
                 "ssl_protocols TLSv1.2 TLSv1.3;", f"ssl_ciphers {CIPHERS};", "ssl_prefer_server_ciphers on;",
                 "ssl_session_timeout 1d;", "ssl_session_cache shared:appcore_tls:10m;", "ssl_session_tickets off;",
                 "ssl_stapling off;"]
        if self.can_http2_on:
            lines.append("http2 on;")
        if tls.client_ca:
            lines += [f'ssl_client_certificate "{folder}/{CLIENT_CA}";', "ssl_verify_client optional;", "ssl_verify_depth 3;"]
        return lines

    def _tls_maps(self) -> list[str]:
        if self.front.tls is None:
            return []
        lines = ["map $https $appcore_tls_scheme { on https; default $appcore_forwarded_scheme; }",
                 # $host is the server's name, "_", where the client names none.
                 'map $host $appcore_own_name { _ $server_addr; default $host; }']
        if self.front.tls.client_ca:
            lines.append('map "$status $https $ssl_client_verify $request_uri" $appcore_lacks_certificate { volatile; '
                         f'"~^00. on SUCCESS " ""; "{FIRST_PASS}. on [^ ]* {OPEN}" ""; "{FIRST_PASS}. on " 1; default ""; }}')
        return lines

    def _refusals(self) -> str:
        """A client without a certificate; one with a wrong one nginx refuses itself."""
        if self.front.tls and self.front.tls.client_ca:
            return "if ($appcore_lacks_certificate) { return 496; }"
        return ""

    def _hsts(self) -> str:
        if not self.front.tls or not self.front.tls.hsts:
            return ""
        return f'add_header Strict-Transport-Security "max-age={self.front.tls.hsts}" always;'


def _values(networks: list[str], value: str) -> str:
    return " ".join(f"{network} {value};" for network in networks)
