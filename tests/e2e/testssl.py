"""testssl.sh (Debian) looks at the listener for TLS: `make door-test`. It takes minutes, so `make test` does without it."""

import json
import os
import subprocess
import sys
import time
import unittest

from authority import Authority
from stack import Stack

LOWEST = {"OK", "INFO", "LOW"}  # grades of testssl.sh up to the lowest that is a concern
# A private authority publishes no list of revoked certificates, and nobody answers for it (no OCSP, no CAA record).
# engine_problem is about the client's own openssl; headers are for pages, and what it asks for is a 404 of an API.
OF_THE_TEST = {"engine_problem", "security_headers",
               "cert_revocation", "cert_crlDistributionPoints", "cert_ocspURL", "OCSP_stapling", "DNS_CAArecord",
               "certificate_transparency", "cert_chain_of_trust", "cert_trust"}


class Testssl(unittest.TestCase):
    def test_it_finds_nothing_above_its_lowest_grade_of_concern(self):
        stack = Stack(WORKERS=1)
        self.addCleanup(stack.down)
        authority = Authority(stack.base)
        begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400)) for days in (-1, 89))
        certificate, key = authority.issue("one", key="rsa", begin=begin, end=end)
        stack.variables |= {"APPCORE_TLS_CERT": certificate, "APPCORE_TLS_KEY": key}
        stack.up()
        report = os.path.join(stack.base, "report.json")
        subprocess.run(["testssl", "--quiet", "--color", "0", "--nodns", "none", "--add-ca", authority.certificate, "--jsonfile", report,
                        f"127.0.0.1:{stack.port}"], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        with open(report, encoding="utf-8") as file:
            findings = json.load(file)
        self.assertGreater(len(findings), 100)
        bad = [(f["id"], f["severity"], f["finding"]) for f in findings
               if f["severity"] not in LOWEST and f["id"].split(" ")[0] not in OF_THE_TEST]
        self.assertEqual(bad, [])


if __name__ == "__main__":
    unittest.main()
