"""The software bill of materials, by the rules of SPDX 2.3 and its JSON schema."""

import contextlib
import glob
import io
import json
import os
import re
import sys
import tempfile
import unittest
from unittest import mock

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
sys.path.insert(0, DEPLOY)

import sbom  # noqa: E402

LOCKS = sorted(glob.glob(os.path.join(DEPLOY, "packages", "*.lock")))
DEPENDS = "nginx (>= 1.22)\n python3:any\nsupervisor (>= 4.2)\nno-such-package | libc6 (>= 2.36)\nlibstdc++6\n"
# Of the schema: https://spdx.github.io/spdx-spec/v2.3/
DOCUMENT = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"}
PACKAGE = {"SPDXID", "name", "downloadLocation"}
KNOWN = PACKAGE | {"versionInfo", "filesAnalyzed", "licenseConcluded", "licenseDeclared", "copyrightText", "externalRefs",
                   "supplier", "checksums", "comment", "primaryPackagePurpose"}
RELATIONSHIPS = {"DESCRIBES", "DEPENDS_ON", "BUILD_DEPENDENCY_OF", "CONTAINS"}


def make(lines, lock=LOCKS[0], name="appcore", time="1700000000", providers=""):
    """(exit code, standard output, standard error)"""
    out, error = io.StringIO(), io.StringIO()
    arguments = ["--lock", lock, "--name", name, "--version", "1.2+git3", "--time", time, *(["--providers", providers] if providers else [])]
    with mock.patch("sys.stdin", io.StringIO(lines)), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = sbom.main(arguments)
    return code, out.getvalue(), error.getvalue()


class Sbom(unittest.TestCase):
    def made(self, lines=DEPENDS, **options):
        code, out, error = make(lines, **options)
        self.assertEqual((code, error), (0, ""))
        return json.loads(out)

    def test_every_lock_gives_a_document_that_follows_the_rules(self):
        self.assertGreaterEqual(len(LOCKS), 4)
        for lock in LOCKS:
            with self.subTest(lock=os.path.basename(lock)):
                self.follows_the_rules(self.made(lock=lock))

    def follows_the_rules(self, document):
        self.assertLessEqual(DOCUMENT, set(document))
        self.assertEqual((document["spdxVersion"], document["dataLicense"]), ("SPDX-2.3", "CC0-1.0"))
        self.assertRegex(document["documentNamespace"], r"^https://[^#\s]+$")
        self.assertRegex(document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in document["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Tool|Organization|Person): ")
        names = [package["SPDXID"] for package in document["packages"]]
        self.assertEqual(len(names), len(set(names)))
        for package in document["packages"]:
            self.assertLessEqual(PACKAGE, set(package))
            self.assertLessEqual(set(package), KNOWN)
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertRegex(package.get("supplier", "NOASSERTION"), r"^(NOASSERTION$|(Organization|Person): )")
            for reference in package.get("externalRefs", []):
                self.assertEqual((reference["referenceCategory"], reference["referenceType"]), ("PACKAGE-MANAGER", "purl"))
                self.assertRegex(reference["referenceLocator"], r"^pkg:(deb/debian|npm)/[a-z0-9.%A-F/@-]+(@[^/?@ ]+)?(\?|$)")
            for checksum in package.get("checksums", []):
                self.assertEqual(checksum["algorithm"], "SHA512")
                self.assertRegex(checksum["checksumValue"], r"^[0-9a-f]{128}$")
        for relationship in document["relationships"]:
            self.assertIn(relationship["relationshipType"], RELATIONSHIPS)
            for end in ("spdxElementId", "relatedSpdxElement"):
                self.assertIn(relationship[end], [*names, "SPDXRef-DOCUMENT"])
        described = [r["relatedSpdxElement"] for r in document["relationships"] if r["relationshipType"] == "DESCRIBES"]
        self.assertEqual(described, [names[0]])

    def test_versions_are_the_lock_s_and_what_is_installed_is_told_apart(self):
        lock = next(path for path in LOCKS if path.endswith("debian-13.lock"))
        with open(lock, encoding="utf-8") as file:
            nginx = re.search(r"(?m)^nginx=(.*)$", file.read())[1]
        packages = {p["name"]: p for p in self.made("nginx\nlibc6=1.0\nfrom-the-base=7\n", lock=lock)["packages"]}
        self.assertEqual(packages["nginx"]["versionInfo"], nginx)
        self.assertNotIn("comment", packages["nginx"])
        self.assertEqual(packages["libc6"]["versionInfo"], "1.0")
        self.assertIn("The lock file has 2.", packages["libc6"]["comment"])
        self.assertEqual(packages["from-the-base"]["versionInfo"], "7")
        self.assertIn("distro=debian-13", packages["nginx"]["externalRefs"][0]["referenceLocator"])

    def test_a_package_that_is_in_no_lock_is_refused_by_name(self):
        code, out, error = make("no-such-package\n")
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(error, "sbom: no-such-package must be in the lock file or have a version\n")

    def test_of_alternatives_one_that_the_lock_has_or_the_first_without_a_version(self):
        packages = {p["name"]: p for p in self.made("none | libc6 (>= 2.36)\nsome (>= 2) | other\n")["packages"]}
        self.assertIn("versionInfo", packages["libc6"])
        self.assertNotIn("versionInfo", packages["some"])
        self.assertTrue(packages["some"]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/some?arch="))
        self.assertFalse({"none", "other"} & set(packages))

    def test_a_name_that_is_no_package_is_the_package_that_provides_it(self):
        with tempfile.NamedTemporaryFile("w", suffix=".providers", encoding="utf-8") as file:
            file.write("libc6\tlibc-abi (= 7), libc6-2.36 (= 2)\nnobody\tnothing\nplain\t\n")
            file.flush()
            packages = {p["name"]: p for p in self.made("libc6-2.36 (>= 1)\n", providers=file.name)["packages"]}
            self.assertIn("versionInfo", packages["libc6"])
            self.assertNotIn("libc6-2.36", packages)
            self.assertEqual(make("nothing\n", providers=file.name)[0], 1)

    def test_every_lock_has_what_the_package_depends_on(self):
        """But for what debhelper adds: dh_shlibdeps the libraries, which are linked from what the lock has too, dh_installsysusers
        alternatives."""
        with open(os.path.join(DEPLOY, "debian", "control"), encoding="utf-8") as file:
            depends = re.search(r"(?m)^Depends: ((?:.|\n )*)", file.read())[1]
        names = [part.strip() for part in depends.split(",") if "${" not in part]
        self.assertGreater(len(names), 3)
        for lock in LOCKS:
            with self.subTest(lock=os.path.basename(lock)):
                self.made("\n".join(names), lock=lock)

    def test_the_same_input_gives_the_same_bytes_and_another_one_another_name(self):
        self.assertEqual(make(DEPENDS), make(DEPENDS))
        self.assertNotEqual(self.made()["documentNamespace"], self.made("nginx\n")["documentNamespace"])

    def test_what_is_built_with_and_the_pages_packages_are_in_it(self):
        document = self.made()
        kinds = {(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in document["relationships"]}
        self.assertIn(("SPDXRef-deb-nlohmann-json3-dev", "BUILD_DEPENDENCY_OF", "SPDXRef-appcore-appcore"), kinds)
        names = {package["name"] for package in document["packages"]}
        self.assertLessEqual({"swagger-ui-dist", "redoc", "libstdc++6", "libc6"}, names)


if __name__ == "__main__":
    unittest.main()
