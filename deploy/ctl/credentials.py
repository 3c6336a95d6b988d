"""Certificates and API keys, as nginx reads them: checked copies in folders that are named after their content and never change.

    KEEP_DIR/credentials/3f2a.../         certificate.pem, key.pem, client-ca.pem
    KEEP_DIR/credentials/keys-9c01.../    what nginx_keys.py makes of the file of API keys

nginx.conf names the folders, so a new certificate or key is a new configuration, and a file that somebody is just
replacing, or has broken, keeps no nginx from starting. Only their owner may read them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl import certificate, input_file, key_file, messages, nginx_keys
from ctl import place as places
from ctl.front import Front
from ctl.place import Place

CERTIFICATE, KEY, CLIENT_CA = "certificate.pem", "key.pem", "client-ca.pem"
WARNING_DAYS = 14  # before a certificate expires
OF_CERTIFICATE = re.compile(r"/credentials/([0-9a-f]{16})/")  # in nginx.conf
OF_KEYS = re.compile(r"/credentials/(keys-[0-9a-f]{16})/")


@dataclass(frozen=True)
class Certificate:
    folder: Path
    not_after: int  # seconds since the epoch


@dataclass(frozen=True)
class Credentials:
    """What the settings name, and nothing of what they do not."""

    certificate: Certificate | None = None
    keys: Path | None = None  # a folder


def take(place: Place, front: Front) -> Credentials:
    return Credentials(take_certificate(place, front), take_keys(place, front))


def take_certificate(place: Place, front: Front) -> Certificate | None:
    """Copies and checks it; None if the settings name none."""
    if front.tls is None:
        return None
    tls = front.tls
    files = {CERTIFICATE: input_file.read("APPCORE_TLS_CERT", tls.certificate),
             KEY: input_file.read("APPCORE_TLS_KEY", tls.key, is_secret=True)}
    if tls.client_ca:
        files[CLIENT_CA] = input_file.read("APPCORE_TLS_CLIENT_CA", tls.client_ca)
    folder = _write(place, "", files)
    not_after = certificate.check(folder / CERTIFICATE, folder / KEY, f"{tls.certificate} and {tls.key}")
    if tls.client_ca:
        certificate.check_authorities(folder / CLIENT_CA, tls.client_ca)
    warn(not_after)
    return Certificate(folder, not_after)


def take_keys(place: Place, front: Front) -> Path | None:
    """The folder for nginx; None if the settings name no file of keys."""
    if not front.api_keys:
        return None
    keys = key_file.read(front.api_keys)
    if not keys:
        messages.note(f"{front.api_keys} has no keys, so every request but /health and /ready gets a 401")
    return _write(place, "keys-", nginx_keys.files(keys))


def warn(not_after: int) -> None:
    days = (not_after - time.time()) / 86400
    if days < WARNING_DAYS:
        messages.note(f"the certificate expires in {days:.0f} days, {certificate.date(not_after)}")


def name(text: str, taken: Credentials) -> str:
    """A configuration, with the folders of these in place of those that it names."""
    for pattern, folder in ((OF_CERTIFICATE, taken.certificate and taken.certificate.folder), (OF_KEYS, taken.keys)):
        if folder:
            text = pattern.sub(f"/credentials/{folder.name}/", text)
    return text


def are_missing(place: Place, texts: Iterable[str]) -> bool:
    """Whether one of these configurations names a folder that is not there."""
    return any(not (place.keep_dir / "credentials" / name).is_dir() for name in _named(texts))


def _named(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for pattern in (OF_CERTIFICATE, OF_KEYS) for name in pattern.findall(text)}


def remove_others(place: Place, texts: Iterable[str]) -> None:
    """All folders that none of these configurations names."""
    named = _named(texts)
    try:
        found = list((place.keep_dir / "credentials").iterdir())
    except FileNotFoundError:
        return
    for folder in found:
        if folder.name not in named:
            shutil.rmtree(folder, ignore_errors=True)


def _write(place: Place, prefix: str, files: Mapping[str, bytes]) -> Path:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    places.make_folder(place.keep_dir / "credentials", 0o700)
    folder = place.keep_dir / "credentials" / (prefix + digest.hexdigest()[:16])
    if folder.is_dir():
        return folder
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        with places.named("write", folder):
            new.mkdir(mode=0o700)
            for name, content in files.items():
                descriptor = os.open(new / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
            os.rename(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder
