"""Every recorded request gets the old service's reply, through nginx."""

import json
import os
import subprocess
import sys

from stack import CONTRACT, StackTest

CASES = 1015


class Contract(StackTest):
    def replay(self, *options):
        done = subprocess.run(
            [sys.executable, os.path.join(CONTRACT, "contract.py"), "check", "--url", self.stack.url,
             "--corpus", os.path.join(CONTRACT, "public.jsonl"), *options],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], f"{CASES} passed, 0 failed", "\n".join(lines[-30:]))

    def test_every_recorded_case_passes(self):
        self.replay()

    def test_every_recorded_case_passes_to_the_byte(self):
        self.replay("--strict")

    def test_the_openapi_document_equals_the_recorded_one(self):
        with open(os.path.join(CONTRACT, "openapi.json"), encoding="utf-8") as file:
            self.assertEqual(self.stack.get("/openapi.json").json(), json.load(file))
