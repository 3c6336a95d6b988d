"""Certificates, as nginx reads them: checked copies in a folder that is named after its content and never changes.

    KEEP_DIR/credentials/3f2a.../    certificate.pem, key.pem, client-ca.pem

nginx.conf names the folder, so a new certificate is a new configuration, and a file that somebody is just replacing, or
has broken, keeps no nginx from starting. Only their owner may read them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl import certificate, messages
from ctl import place as places
from ctl.front import Front
from ctl.messages import CtlError
from ctl.place import Place

CERTIFICATE, KEY, CLIENT_CA = "certificate.pem", "key.pem", "client-ca.pem"
LARGEST = 1 << 20  # bytes of any of these files
WARNING_DAYS = 14  # before a certificate expires
NAMED = re.compile(r"/credentials/([0-9a-f]{16})/")


@dataclass(frozen=True)
class Credentials:
    folder: Path
    not_after: int  # seconds since the epoch


def take(place: Place, front: Front) -> Credentials | None:
    """Copies and checks what the settings name; None if they name nothing."""
    if front.tls is None:
        return None
    tls = front.tls
    files = {CERTIFICATE: _read("APPCORE_TLS_CERT", tls.certificate),
             KEY: _read("APPCORE_TLS_KEY", tls.key, is_secret=True)}
    if tls.client_ca:
        files[CLIENT_CA] = _read("APPCORE_TLS_CLIENT_CA", tls.client_ca)
    folder = _write(place, files)
    not_after = certificate.check(folder / CERTIFICATE, folder / KEY, f"{tls.certificate} and {tls.key}")
    if tls.client_ca:
        certificate.check_authorities(folder / CLIENT_CA, tls.client_ca)
    warn(not_after)
    return Credentials(folder, not_after)


def warn(not_after: int) -> None:
    days = (not_after - time.time()) / 86400
    if days < WARNING_DAYS:
        messages.note(f"the certificate expires in {days:.0f} days, {certificate.date(not_after)}")


def remove_others(place: Place, texts: Iterable[str]) -> None:
    """All folders that none of these configurations names."""
    named = {name for text in texts for name in NAMED.findall(text)}
    try:
        found = list((place.keep_dir / "credentials").iterdir())
    except FileNotFoundError:
        return
    for folder in found:
        if folder.name not in named:
            shutil.rmtree(folder, ignore_errors=True)


def _read(name: str, path: str, *, is_secret: bool = False) -> bytes:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise CtlError(f"{name} must be a file that can be read, got {path!r} ({error.strerror})") from None
    if not stat.S_ISREG(mode) or len(content) > LARGEST:
        raise CtlError(f"{name} must be a regular file of at most {LARGEST} bytes, got {path!r}")
    if is_secret and mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise CtlError(f"{name} must not be readable by others, got {path!r} with mode {stat.S_IMODE(mode):04o}: "
                       f"chmod 600 {path}")
    return content


def _write(place: Place, files: Mapping[str, bytes]) -> Path:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    places.make_folder(place.keep_dir / "credentials", 0o700)
    folder = place.keep_dir / "credentials" / digest.hexdigest()[:16]
    if folder.is_dir():
        return folder
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    for name, content in files.items():
        descriptor = os.open(new / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    os.rename(new, folder)
    return folder
