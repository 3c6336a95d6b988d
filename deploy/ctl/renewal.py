"""Takes a renewed certificate, or changed API keys, into use, and nothing else that may have changed meanwhile.

The pool and its settings stay; only a folder of credentials that nginx's part of the pool names is another one. That
part is checked whole, then replaced (Host.name_credentials); a command that finds it replaced and not in use reloads
nginx (Host.converge).
"""

from __future__ import annotations

import os
from pathlib import Path

from ctl import credentials, front, messages
from ctl.credentials import Credentials
from ctl.host import Host
from ctl.messages import CtlError
from ctl.pool import Pool


def renew(host: Host, pool: Pool, folder: str) -> None:
    """For the holder of the lock. If a folder is named, only if the certificate is in it."""
    if not _is_of(pool, folder):
        messages.say(f"APPCORE_TLS_CERT is not in {folder}: nothing to do")
        return
    taken = credentials.take_certificate(host.place, front.read(pool.said))
    if taken is None:
        raise CtlError("no certificate is configured (APPCORE_TLS_CERT)")
    is_new = _take_into_use(host, pool, Credentials(certificate=taken))
    messages.say("the new certificate is in use" if is_new else "the certificate is in use already")


def use_keys(host: Host, pool: Pool) -> None:
    """The same for the file of API keys, as it is now."""
    taken = credentials.take_keys(host.place, front.read(pool.said))
    if taken is None:
        raise CtlError("no keys are configured (APPCORE_API_KEYS)")
    _take_into_use(host, pool, Credentials(keys=taken))


def _is_of(pool: Pool, folder: str) -> bool:
    """Whether the pool's certificate is in this folder, under its own name or through a link. Without a folder: yes.

    certbot's files are links: live/NAME/fullchain.pem leads to archive/NAME/fullchain2.pem.
    """
    tls = front.read(pool.said).tls
    if not folder or tls is None:
        return not folder
    if os.path.dirname(tls.certificate) == os.path.normpath(folder):
        return True
    try:
        return os.path.realpath(tls.certificate) in {os.path.realpath(entry) for entry in Path(folder).iterdir()}
    except OSError:
        return False  # there is no such folder


def _take_into_use(host: Host, pool: Pool, taken: Credentials) -> bool:
    """Returns whether anything changes for nginx."""
    is_new = host.name_credentials(pool, taken)
    host.adopt_nginx(pool)
    host.remove_old_credentials(pool)
    return is_new
