"""Folders of certificates and keys, and the configurations that name them."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import credentials  # noqa: E402
from ctl.credentials import Certificate, Credentials  # noqa: E402
from ctl.place import Place  # noqa: E402

CERTIFICATE, KEYS = "0123456789abcdef", "keys-fedcba9876543210"
TEXT = f'ssl_certificate "/x/credentials/{CERTIFICATE}/certificate.pem"; include "/x/credentials/{KEYS}/keys.conf";'


class Names(unittest.TestCase):
    """Of folders in nginx's configuration."""

    def test_what_has_been_taken_replaces_its_own_kind_only(self):
        certificate = Certificate(Path("/x/credentials/1111111111111111"), 0)
        keys = Path("/x/credentials/keys-2222222222222222")
        self.assertEqual(credentials.name(TEXT, Credentials(certificate=certificate)), TEXT.replace(CERTIFICATE, "1111111111111111"))
        self.assertEqual(credentials.name(TEXT, Credentials(keys=keys)), TEXT.replace(KEYS, "keys-2222222222222222"))
        self.assertEqual(credentials.name(TEXT, Credentials(certificate, keys)),
                         TEXT.replace(CERTIFICATE, "1111111111111111").replace(KEYS, "keys-2222222222222222"))
        self.assertEqual(credentials.name(TEXT, Credentials()), TEXT)

    def test_each_folder_that_is_named_has_to_be_there_and_no_other_one_stays(self):
        with tempfile.TemporaryDirectory() as base:
            place = Place(Path(base), Path(base))
            self.assertFalse(credentials.are_missing(place, ["", "no folder"]))
            for name in (CERTIFICATE, KEYS):
                self.assertTrue(credentials.are_missing(place, ["", TEXT]))
                (place.keep_dir / "credentials" / name).mkdir(parents=True)
            self.assertFalse(credentials.are_missing(place, ["", TEXT]))
            (place.keep_dir / "credentials" / "1111111111111111").mkdir()
            credentials.remove_others(place, [TEXT, ""])
            self.assertEqual({entry.name for entry in (place.keep_dir / "credentials").iterdir()}, {CERTIFICATE, KEYS})


if __name__ == "__main__":
    unittest.main()
