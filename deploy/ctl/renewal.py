"""Takes a renewed certificate, or changed API keys, into use, and nothing else that may have changed meanwhile.

The pool and its settings stay; only a folder of credentials that nginx's part of the pool names is another one. That
part is checked whole, then replaced; a command that finds it replaced and not in use reloads nginx (Host.converge).
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from pathlib import Path

from ctl import credentials, front, messages
from ctl.host import Host
from ctl.messages import CtlError
from ctl.pool import CERTIFICATE_END, Pool


def renew(host: Host, pool: Pool, folder: str) -> None:
    """For the holder of the lock. If a folder is named, only if the certificate is in it."""
    if not _is_of(pool, folder):
        messages.say(f"APPCORE_TLS_CERT is not in {folder}: nothing to do")
        return
    taken = credentials.take_certificate(host.place, front.read(pool.said))
    if taken is None:
        raise CtlError("no certificate is configured (APPCORE_TLS_CERT)")
    is_new = _replace(host, pool, credentials.OF_CERTIFICATE, taken.folder, {CERTIFICATE_END: f"{taken.not_after}\n"})
    messages.say("the new certificate is in use" if is_new else "the certificate is in use already")


def use_keys(host: Host, pool: Pool) -> None:
    """The same for the file of API keys, as it is now."""
    taken = credentials.take_keys(host.place, front.read(pool.said))
    if taken is None:
        raise CtlError("no keys are configured (APPCORE_API_KEYS)")
    _replace(host, pool, credentials.OF_KEYS, taken, {})


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


def _replace(host: Host, pool: Pool, named: re.Pattern[str], folder: Path, others: dict[str, str]) -> bool:
    """Puts `folder` in place of the folder of credentials that nginx's part of the pool names, and writes the files `others`
    beside that part. Returns whether anything changes for nginx."""
    trial = pool.folder.with_name(pool.folder.name + ".renewal")
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    try:
        before = {part: (pool.folder / part).read_text(encoding="utf-8") for part in host.nginx_parts}
        after = {part: named.sub(f"/credentials/{folder.name}/", text) for part, text in before.items()}
        for name, text in {**after, **others}.items():
            (trial / name).write_text(text, encoding="utf-8")
            (trial / name).chmod(0o644)
        if after != before:
            host.check_nginx(dataclasses.replace(pool, folder=trial))
        for name in (*after, *others):
            os.replace(trial / name, pool.folder / name)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    host.adopt_nginx(pool)
    host.remove_old_credentials(pool)
    return after != before
