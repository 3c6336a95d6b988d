"""Takes a renewed certificate into use, and nothing else that may have changed meanwhile.

The pool and its settings stay; only the folder of credentials that nginx's part of the pool names is another one. That
part is checked whole, then replaced; a command that finds it replaced and not in use reloads nginx (Host.converge).
"""

from __future__ import annotations

import dataclasses
import os
import shutil

from ctl import credentials, front, messages
from ctl.credentials import NAMED
from ctl.host import Host
from ctl.messages import CtlError
from ctl.pool import CERTIFICATE_END, Pool


def is_of(pool: Pool, folder: str) -> bool:
    """Whether the pool's certificate is in this folder, or nobody asks."""
    tls = front.read(pool.said).tls
    return not folder or (tls is not None and os.path.dirname(tls.certificate) == os.path.normpath(folder))


def renew(host: Host, pool: Pool) -> None:
    """For the holder of the lock."""
    taken = credentials.take(host.place, front.read(pool.said))
    if taken is None:
        raise CtlError("no certificate is configured (APPCORE_TLS_CERT)")
    trial = pool.folder.with_name(pool.folder.name + ".renewal")
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    try:
        is_new = False
        for part in host.nginx_parts:
            text = (pool.folder / part).read_text(encoding="utf-8")
            renewed = NAMED.sub(f"/credentials/{taken.folder.name}/", text)
            is_new |= renewed != text
            (trial / part).write_text(renewed, encoding="utf-8")
            (trial / part).chmod(0o644)
        if is_new:
            host.check_nginx(dataclasses.replace(pool, folder=trial))
        for part in (*host.nginx_parts, CERTIFICATE_END):
            if part == CERTIFICATE_END:
                (trial / part).write_text(f"{taken.not_after}\n", encoding="utf-8")
                (trial / part).chmod(0o644)
            os.replace(trial / part, pool.folder / part)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    host.adopt_nginx(pool)
    host.remove_old_credentials(pool)
    messages.say("the new certificate is in use" if is_new else "the certificate is in use already")
