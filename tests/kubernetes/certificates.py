"""A cluster's keys: one authority, the API server's certificate, and an administrator's, which all its programs use here."""

from __future__ import annotations

import subprocess
from pathlib import Path

DAYS = "2"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(folder: Path, name: str, subject: str, alternatives: str = "") -> None:
    usage = "extendedKeyUsage=clientAuth,serverAuth\n" + (f"subjectAltName={alternatives}\n" if alternatives else "")
    (folder / f"{name}.ext").write_text(usage, encoding="ascii")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS,
            "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def make(folder: Path, address: str, service: str) -> None:
    """`address` is the API server's own, `service` that of its Service."""
    folder.mkdir()
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")
    certificate(folder, "api", "/CN=kube-apiserver", f"IP:{address},IP:{service},IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default")
    certificate(folder, "admin", "/O=system:masters/CN=admin")
    openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    openssl(folder, "rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
