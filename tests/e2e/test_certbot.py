"""Certbot renews the certificate and runs the package's deploy hook, as it runs any."""

import os
import shlex
import subprocess
import unittest

from authority import Authority, served_name
from certbot import Certbot
from stack import CTL, ROOT, Stack

HOOK = os.path.join(ROOT, "deploy", "debian", "certbot-deploy-hook")
NAME = "service.example"


class DeployHook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(WORKERS=1)
        cls.addClassCleanup(cls.stack.down)
        cls.authority = Authority(cls.stack.base)
        cls.certbot = Certbot(os.path.join(cls.stack.base, "letsencrypt"), cls.authority)
        cls.certbot.obtain(NAME, cls.authority.issue("first"))
        lineage = cls.certbot.lineage(NAME)
        cls.stack.variables |= {"APPCORE_TLS_CERT": f"{lineage}/fullchain.pem", "APPCORE_TLS_KEY": f"{lineage}/privkey.pem"}
        cls.stack.tls = cls.authority.context()
        cls.stack.up()
        cls.enable_hook()

    @classmethod
    def enable_hook(cls):
        """The shipped hook, linked as docs/tls.md says; only the command that it calls is this tree's, for this stack."""
        command, hook = os.path.join(cls.stack.base, "appcorectl"), os.path.join(cls.stack.base, "certbot-deploy-hook")
        with open(HOOK, encoding="ascii") as file:
            text = file.read()
        assert text.count("/usr/sbin/appcorectl") == 1
        for path, content in ((hook, text.replace("/usr/sbin/appcorectl", command)),
                              (command, f'#!/bin/sh\nRUN_DIR={shlex.quote(cls.stack.run_dir)} exec {shlex.quote(CTL)} "$@"\n')):
            with open(path, "w", encoding="ascii") as file:
                file.write(content)
            os.chmod(path, 0o755)
        os.symlink(hook, os.path.join(cls.certbot.hooks, "appcore"))

    def served(self):
        return served_name(self.stack.port)

    def renew(self, name, subject):
        (hook,) = self.certbot.renew(name, self.authority.issue(subject))
        return hook

    def check_succeeds(self, hook, said):
        self.assertEqual((hook.returncode, hook.stderr), (0, ""), hook.stdout)
        self.assertIn(said, hook.stdout)

    def test_a_renewed_certificate_is_in_use_when_the_hook_returns(self):
        for subject in ("second", "third"):
            self.check_succeeds(self.renew(NAME, subject), "the new certificate is in use")
            self.assertEqual(self.served(), subject)
        self.check_succeeds(self.certbot.run_hooks(NAME)[0], "the certificate is in use already")
        self.assertEqual(self.stack.get("/health").status, 200)

    def test_a_renewed_certificate_of_somebody_else_changes_nothing(self):
        before = self.served()
        self.certbot.obtain("other.example", self.authority.issue("other"))
        for subject in ("other", "another"):
            self.check_succeeds(self.renew("other.example", subject), "is not in")
            self.assertEqual(self.served(), before)

    def test_a_certificate_that_is_named_by_a_link_from_elsewhere_is_of_its_folder_too(self):
        links = [os.path.join(self.stack.base, name) for name in ("linked.pem", "linked-key.pem")]
        for link, kind in zip(links, ("fullchain", "privkey")):
            os.symlink(f"{self.certbot.lineage(NAME)}/{kind}.pem", link)
        with self.stack.with_variables(**dict(zip(("APPCORE_TLS_CERT", "APPCORE_TLS_KEY"), links))):
            done = self.stack.ctl("restart")
            self.assertEqual(done.returncode, 0, done.stdout)
        self.check_succeeds(self.renew(NAME, "linked"), "the new certificate is in use")
        self.assertEqual(self.served(), "linked")
        done = self.stack.ctl("restart")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_certificate_that_cannot_serve_is_refused_with_the_reason_and_the_previous_one_stays(self):
        before = self.served()
        (hook,) = self.certbot.renew(NAME, (self.authority.issue("one")[0], self.authority.issue("two")[1]))
        self.assertEqual(hook.returncode, 1)
        self.assertIn("the key must belong to the certificate", hook.stderr)
        self.assertEqual(self.served(), before)
        self.check_succeeds(self.renew(NAME, "mended"), "the new certificate is in use")
        self.assertEqual(self.served(), "mended")

    def test_without_certbot_the_hook_says_what_it_wants(self):
        done = subprocess.run([os.path.join(self.certbot.hooks, "appcore")], env={}, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("RENEWED_LINEAGE", done.stderr)


if __name__ == "__main__":
    unittest.main()
