"""Certbot's part in a renewal: its folders, and how it runs deploy hooks (Debian's 2.1: _internal/storage.py, _internal/hooks.py)."""

import os
import shutil
import subprocess

KINDS = ("cert", "privkey", "chain", "fullchain")
# What a service of systemd has, as certbot.timer starts one; cron's has more.
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}


class Certbot:
    """The folder `config`, /etc/letsencrypt on a machine."""

    def __init__(self, config, authority):
        self._config, self._authority = config, authority
        self.hooks = os.path.join(config, "renewal-hooks", "deploy")
        os.makedirs(self.hooks)
        for name in ("live", "archive"):
            os.mkdir(os.path.join(config, name), 0o700)

    def lineage(self, name):
        return os.path.join(self._config, "live", name)

    def obtain(self, name, pair):
        """A first certificate of this name: live/NAME/*.pem lead to archive/NAME/*1.pem."""
        for folder in ("live", "archive"):
            os.mkdir(os.path.join(self._config, folder, name))
        with open(os.path.join(self.lineage(name), "README"), "w", encoding="ascii") as file:
            file.write("This directory contains your keys and certificates.\n")
        self._save(name, pair)

    def renew(self, name, pair):
        """A further one, and what the deploy hooks have answered."""
        self._save(name, pair)
        return self.run_hooks(name)

    def _save(self, name, pair):
        """First the files, then one link after the other, each of them missing for a moment."""
        archive = os.path.join(self._config, "archive", name)
        number = len(os.listdir(archive)) // len(KINDS) + 1
        certificate, key = pair
        for kind, source in zip(KINDS, (certificate, key, self._authority.certificate, certificate)):
            target = os.path.join(archive, f"{kind}{number}.pem")
            shutil.copyfile(source, target)
            os.chmod(target, 0o600 if kind == "privkey" else 0o644)
        with open(os.path.join(archive, f"fullchain{number}.pem"), "ab") as chain, open(self._authority.certificate, "rb") as issuer:
            chain.write(issuer.read())
        for kind in KINDS:
            link = os.path.join(self.lineage(name), f"{kind}.pem")
            if number > 1:
                os.unlink(link)
            os.symlink(f"../../archive/{name}/{kind}{number}.pem", link)

    def run_hooks(self, name):
        """Each executable of renewal-hooks/deploy by name, but for backups (`~`), by the shell, in certbot's own working directory.

        What they say is kept for its log; a hook that fails is a line there, and keeps neither others nor certbot from going on."""
        environment = {**ENVIRONMENT, "RENEWED_DOMAINS": f"{name} www.{name}", "RENEWED_LINEAGE": self.lineage(name)}
        paths = (os.path.join(self.hooks, entry) for entry in os.listdir(self.hooks))
        return [subprocess.run(path, shell=True, cwd="/", env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, check=False)
                for path in sorted(paths) if os.path.isfile(path) and os.access(path, os.X_OK) and not path.endswith("~")]
