"""Whether a certificate and its key can serve: by a handshake in memory, as a client would have it."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from ctl.messages import CtlError

STEPS = 10  # of a handshake; TLS 1.3 takes three


def check(certificate: Path, key: Path, called: str) -> int:
    """When the certificate expires, in seconds since the epoch. `called` is what messages call the two files."""
    server = _server_context(certificate, key, called)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    # The certificate itself is the one to be trusted: who has signed it does not matter here.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        client.load_verify_locations(certificate)
        found = _handshake(server, client)
    except ssl.SSLCertVerificationError as error:
        raise CtlError(f"the certificate must be valid now, got {called}: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise CtlError(f"the certificate must be one for a TLS server, got {called}: {error.reason or error}") from None
    return int(ssl.cert_time_to_seconds(str(found["notAfter"])))


def check_authorities(path: Path, called: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
        found = len(context.get_ca_certs())
    except ssl.SSLError:
        found = 0
    if not found:
        raise CtlError(f"APPCORE_TLS_CLIENT_CA must hold certificates of authorities (PEM), got {called!r}")


def date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _server_context(certificate: Path, key: Path, called: str) -> ssl.SSLContext:
    def no_passphrase() -> str:
        raise CtlError(f"the key must have no passphrase, got {called}")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CtlError(f"the key must belong to the certificate, got {called}") from None
        raise CtlError(f"certificate and key must be PEM, got {called}: {error.reason or error}") from None
    return context


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object]:
    """The peer's certificate, as the client has verified it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(STEPS):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            if side is asking:
                return dict(asking.getpeercert() or {})
    raise CtlError("the handshake does not end")
