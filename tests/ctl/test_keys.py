"""The file of API keys: what is refused, how it changes, and what nginx is told."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from concurrent.futures import ThreadPoolExecutor

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
sys.path.insert(0, DEPLOY)

from ctl import front, key_changes, key_commands, key_file, messages, nginx_keys  # noqa: E402
from ctl.messages import CtlError  # noqa: E402

ONE, TWO = "a" * 64, "b" * 64


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="appcore-keys-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "keys")

    def write(self, text, mode=0o600):
        with open(self.path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        os.chmod(self.path, mode)

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()


class Reading(InFolder):
    def test_a_line_is_a_name_a_hash_and_perhaps_a_rate(self):
        self.write(f"# all of them\n\n  team {ONE.upper()} 50 # since May\r\nteam\t{TWO} 50\n#batch {ONE}\nbatch.x-1_ {'c' * 64}#x")
        self.assertEqual([(k.name, k.hash, k.rate, k.line, k.comment) for k in key_file.read(self.path)],
                         [("team", ONE, 50, 3, "since May"), ("team", TWO, 50, 4, ""), ("batch.x-1_", "c" * 64, 0, 6, "x")])
        self.write("# nobody\n")
        self.assertEqual(key_file.read(self.path), [])

    def test_a_line_that_makes_no_sense_is_refused_with_its_number_and_never_shown(self):
        secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I"
        for line, reason in ((secret, "must be NAME SHA-256"), (f"team {secret}", "must be the SHA-256 of a key"),
                             (f"team {ONE[1:]}", "must be the SHA-256"), (f"team {ONE}0", "must be the SHA-256"),
                             (f"team {'g' * 64}", "must be the SHA-256"), (f"team {ONE} 5 {secret}", "got 4 words"),
                             (f"other {ONE}", "the name must be"), (f"{'n' * 32} {ONE}", "the name must be"),
                             (f"-x {ONE}", "the name must be"), (f"a;b {ONE}", "the name must be"), (f"\u00e4 {ONE}", "the name must be"),
                             (f'a"b {ONE}', "the name must be"), (f"team {ONE} 0", "requests per second"),
                             (f"team {ONE} -1", "requests per second"), (f"team {ONE} 1.5", "requests per second"),
                             (f"team {ONE} 1000000", "requests per second"), (f"team {ONE} \u0661", "requests per second"),
                             (f"x {TWO}", "must not be that of line 2"), (f"first {ONE} 3", "must be that of line 2")):
            self.write(f"# keys\nfirst {TWO}\n\n{line}\n")
            with self.assertRaises(CtlError) as refused:
                key_file.read(self.path)
            self.assertIn(f"{self.path}, line 4: ", str(refused.exception), line)
            self.assertIn(reason, str(refused.exception), line)
            self.assertNotIn(secret, str(refused.exception))
            self.assertNotIn(ONE, str(refused.exception))

    def test_files_that_are_not_their_owner_s_or_no_files_are_refused(self):
        for mode in (0o604, 0o602, 0o601, 0o620, 0o644):
            self.write(f"team {ONE}\n", mode)
            with self.assertRaisesRegex(CtlError, f"must not be readable by others, got .* with mode {mode:04o}: chmod 600"):
                key_file.read(self.path)
        self.write(f"team {ONE}\n", 0o640)
        self.assertEqual(len(key_file.read(self.path)), 1)
        self.write(b"team \xff\n")
        with self.assertRaisesRegex(CtlError, "must be text in UTF-8"):
            key_file.read(self.path)
        keys = [f"team {number:064x}\n" for number in range(key_file.MOST_KEYS + 1)]
        self.write("".join(keys[1:]))
        self.assertEqual(len(key_file.read(self.path)), key_file.MOST_KEYS)
        self.write("".join(keys))
        with self.assertRaisesRegex(CtlError, "must have at most 1000 keys, got 1001"):
            key_file.read(self.path)
        self.write("#" * (1 << 20) + "\n")
        with self.assertRaisesRegex(CtlError, "must be a regular file of at most"):
            key_file.read(self.path)
        os.remove(self.path)
        with self.assertRaisesRegex(CtlError, "must be a file that can be read.*No such file"):
            key_file.read(self.path)
        os.mkfifo(self.path, 0o600)
        with self.assertRaisesRegex(CtlError, "must be a regular file"):
            key_file.read(self.path)

    def test_the_settings_want_an_absolute_path_and_a_word(self):
        found = front.read({"APPCORE_API_KEYS": "/k", "APPCORE_API_KEYS_DOCS": "open"})
        self.assertEqual((found.api_keys, found.has_open_docs), ("/k", True))
        self.assertEqual((front.read({}).api_keys, front.read({}).has_open_docs), ("", False))
        for said, message in (({"APPCORE_API_KEYS": "k"}, "APPCORE_API_KEYS must be an absolute path, got 'k'"),
                              ({"APPCORE_API_KEYS_DOCS": "yes"}, "APPCORE_API_KEYS_DOCS must be one of key, open, got 'yes'")):
            with self.assertRaisesRegex(CtlError, message):
                front.read(said)


class Changing(InFolder):
    def test_a_new_key_has_256_bits_of_chance_and_only_its_hash_is_in_the_file(self):
        keys = [key_changes.add(self.path, "team", None) for _ in range(3)]
        for key in keys:
            self.assertRegex(key, r"^[A-Za-z0-9_-]{43}$")
            self.assertNotIn(key, self.read())
        self.assertEqual([k.hash for k in key_file.read(self.path)], [hashlib.sha256(key.encode()).hexdigest() for key in keys])
        self.assertEqual(len(set(keys)), 3)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_a_key_that_cannot_be_printed_is_not_kept(self):
        key_changes.add(self.path, "team", None)
        before = self.read()
        commands = key_commands.KeyCommands(self.path, unittest.mock.Mock(), lambda: None)
        with open("/dev/full", "wb") as full, unittest.mock.patch.object(messages, "note"):
            standard_output = os.dup(1)
            os.dup2(full.fileno(), 1)
            try:
                with self.assertRaisesRegex(CtlError, "^cannot print the key, so it has been removed again$"):
                    commands.run("new", "team")
            finally:
                os.dup2(standard_output, 1)
                os.close(standard_output)
        self.assertEqual(self.read(), before)

    def test_the_keys_of_a_name_share_its_rate(self):
        key_changes.add(self.path, "team", 7)
        key_changes.add(self.path, "team", None)
        key_changes.add(self.path, "free", None)
        self.assertEqual([k.rate for k in key_file.read(self.path)], [7, 7, 0])
        for name, rate, has in (("team", 8, "7"), ("free", 8, "none")):
            with self.assertRaisesRegex(CtlError, f"RATE must be that of the other keys of '{name}', {has}, got 8"):
                key_changes.add(self.path, name, rate)

    def test_everything_else_in_the_file_stays(self):
        text = f"# before\r\nteam {ONE}\n\n  # between\nteam {TWO} # the new one\nbatch {'c' * 64}"
        self.write(text, 0o640)
        key_changes.add(self.path, "team", None)
        self.assertEqual(self.read().splitlines()[:6], text.splitlines())
        self.assertEqual(key_changes.remove(self.path, "team", "aaaa"), 1)
        self.assertEqual(key_changes.remove(self.path, "team", "aaaa"), 0)
        self.assertEqual(key_changes.remove(self.path, "nobody", ""), 0)
        self.assertEqual(key_changes.remove(self.path, "team", ""), 2)
        self.assertEqual(self.read().splitlines(), ["# before", "", "  # between", f"batch {'c' * 64}"])
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o640)

    def test_a_file_that_is_wrong_is_not_changed(self):
        for text, mode in (("team x\n", 0o600), (f"team {ONE}\n", 0o644)):
            self.write(text, mode)
            for change in (lambda: key_changes.add(self.path, "new", None), lambda: key_changes.remove(self.path, "team", "")):
                with self.assertRaises(CtlError):
                    change()
            self.assertEqual(self.read(), text)

    def test_a_link_stays_one_and_what_a_killed_command_has_left_is_in_nobody_s_way(self):
        target = os.path.join(self.folder, "real")
        os.symlink("real", self.path)
        for left in (lambda p: os.mkfifo(p), lambda p: os.symlink("/dev/full", p), lambda p: None):
            left(os.path.join(self.folder, ".real.new"))
            with key_changes.locked(self.path):
                key_changes.add(self.path, "team", None)
        self.assertTrue(os.path.islink(self.path))
        self.assertEqual(len(key_file.read(target)), 3)
        self.assertEqual(sorted(os.listdir(self.folder)), ["keys", "real"])

    def test_whoever_may_only_look_into_the_folder_holds_up_no_change(self):
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_SH)
        with unittest.mock.patch.object(key_changes, "PATIENCE", 0):
            with key_changes.locked(self.path):
                lock, = os.listdir(self.folder)
                self.assertEqual(os.stat(os.path.join(self.folder, lock)).st_mode & 0o777, 0o600)
                with self.assertRaisesRegex(CtlError, "another command changes .*keys; gave up after 0 s"):
                    with key_changes.locked(self.path):
                        pass
            self.assertEqual(os.listdir(self.folder), [])

    def test_commands_at_once_lose_no_key(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom ctl import key_changes\nfor _ in range(5):\n"
                  "    with key_changes.locked(sys.argv[2]):\n        print(key_changes.add(sys.argv[2], sys.argv[3], None))")

        def add(name):
            return subprocess.run([sys.executable, "-B", "-c", script, DEPLOY, self.path, name], text=True, stdout=subprocess.PIPE,
                                  check=True).stdout.split()

        with ThreadPoolExecutor() as pool:
            made = [key for keys in pool.map(add, ("a", "b", "c", "d")) for key in keys]
        self.assertEqual(sorted(k.hash for k in key_file.read(self.path)), sorted(hashlib.sha256(k.encode()).hexdigest() for k in made))
        self.assertEqual(len(made), 20)


class Told(InFolder):
    def test_nginx_is_told_hashes_names_and_a_limit_for_each_rate(self):
        self.write(f"team {ONE} 50\nteam {TWO} 50\nbatch {'c' * 64}\nfast {'d' * 64} 900\n")
        found = {name: text.decode() for name, text in nginx_keys.files(key_file.read(self.path)).items()}
        self.assertIn(f'"{ONE}": "team 50"', found["api-keys.js"])
        self.assertIn(f'"{"c" * 64}": "batch 0"', found["api-keys.js"])
        self.assertEqual(re.findall(r"zone=(\S+):256k rate=(\S+);", found["api-keys-http.conf"]),
                         [("appcore_keys_50", "50r/s"), ("appcore_keys_900", "900r/s")])
        self.assertEqual(found["api-keys-server.conf"], "limit_req zone=appcore_keys_50 burst=50 nodelay;\n"
                                                        "limit_req zone=appcore_keys_900 burst=900 nodelay;\n")

    def test_the_first_names_have_metrics_of_their_own_and_all_further_ones_share_theirs(self):
        self.write("".join(f"n{number} {number:064x}\n" for number in range(40)) + f"n0 {ONE}\n")
        table = nginx_keys.files(key_file.read(self.path))["api-keys.js"].decode()
        self.assertEqual(re.findall(r'"(n\d+) 0 other"', table), [f"n{number}" for number in range(31, 40)])
        self.assertIn(f'"{ONE}": "n0 0"', table)

    def test_without_keys_nothing_is_told(self):
        self.assertEqual(set(nginx_keys.directives(front.Front(), None).values()), {""})


if __name__ == "__main__":
    unittest.main()
