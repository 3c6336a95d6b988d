"""The pages that show what the service answers, against a running one; tests/docs/check looks at the rest of them."""

import os
import re
import subprocess
import sys

from stack import ROOT, StackTest

sys.path.insert(0, os.path.join(ROOT, "tests", "docs"))
import pages  # noqa: E402

EXAMPLE = os.path.join(ROOT, "configs", "examples", "breast-cancer")
ADDRESS = "http://127.0.0.1:8000"  # what the pages call the service
# What differs from reply to reply.
DIFFERS = ((re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "ID"),
           (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"), "TIME"),
           (re.compile(r'(?<="uptime_seconds":)\d+\.\d+'), "UPTIME"))


def alike(text):
    for pattern, name in DIFFERS:
        text = pattern.sub(name, text)
    return text


def examples(page):
    """(command, output) of the blocks that are to be run against the service."""
    for block in pages.page(page).blocks:
        if block.word == "run-served":
            text = "\n".join(block.lines)
            yield from ((command, output) for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", text, re.MULTILINE))


class Examples(StackTest):
    variables = {"WORKERS": 1}

    def test_each_example_prints_what_the_page_shows(self):
        found = list(examples("docs/api.md"))
        self.assertGreater(len(found), 3)
        for command, output in found:
            with self.subTest(command):
                done = subprocess.run(["bash", "-c", command.replace(ADDRESS, self.stack.url)], text=True, timeout=60,
                                      stdout=subprocess.PIPE, check=True)
                self.assertEqual(alike(done.stdout.strip()), alike(output.strip()))


class Families(StackTest):
    variables = {"WORKERS": 1, "MODEL": os.path.join(EXAMPLE, "breast-cancer.ubj")}

    def test_metrics_have_the_labels_that_the_page_lists(self):
        with open(os.path.join(EXAMPLE, "rows.csv"), encoding="utf-8") as file:
            row = [float(field) for field in file.read().splitlines()[2].split(",")]
        self.assertEqual(self.stack.predict({"features": row}).status, 201)
        told = {pages.codes(cells[0])[0]: set(pages.codes(cells[1])) for cells in pages.page("docs/metrics.md").table("family")}
        shown = {}
        for sample in self.stack.metrics():
            name, _, labels = sample.partition("{")
            family = name if name in told else re.sub(r"_(bucket|sum|count)$", "", name)
            shown.setdefault(family, set()).update(set(re.findall(r'(\w+)="', labels)) - {"le"})
        self.assertEqual(shown, {family: told.get(family, "is not in docs/metrics.md") for family in shown})
        # No family of the page is missing, except where nobody has a key (test_keys), there is no TLS (test_renewal) or the kernel does not tell.
        self.assertLessEqual(set(told) - set(shown), {"appcore_key_requests_total", "appcore_tls_certificate_not_after_seconds", "appcore_queue_length"})
