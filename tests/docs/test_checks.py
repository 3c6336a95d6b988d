"""The checks of the pages find what they are for."""

import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import commands  # noqa: E402
import decisions  # noqa: E402
import links  # noqa: E402
import pages  # noqa: E402
import words  # noqa: E402


class Checks(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        (self.root / "docs").mkdir()
        patch = mock.patch.object(pages, "ROOT", self.root)
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def test_links_to_missing_files_and_headings_are_found(self) -> None:
        self.write("docs/a.md", "# A page\n\n## Two `words`, and more\n\n## Twice\n\n## Twice\n")
        self.write("README.md", "[a](docs/a.md) [b](docs/a.md#two-words-and-more) [c](docs/a.md#twice-1) [d](https://example.org)\n")
        self.assertEqual(list(links.problems()), [])
        self.write("README.md", "\n[a](docs/b.md)\n[b](docs/a.md#twice-2)\n`docs/c.md`\n")
        self.assertEqual(list(links.problems()), ["README.md:2: no file docs/b.md", "README.md:3: no heading for docs/a.md#twice-2",
                                                  "README.md:4: no file docs/c.md"])

    def test_headings_and_links_in_blocks_are_not_those_of_the_page(self) -> None:
        self.write("README.md", "# A\n\n```sh not-run\n# B\n[a](nowhere)\n```\n")
        page = pages.page("README.md")
        self.assertEqual((page.anchors(), page.links()), ({"a"}, []))
        self.assertEqual([(b.language, b.word, b.line) for b in page.blocks], [("sh", "not-run", 3)])

    def test_a_table_is_found_by_its_heading_and_section(self) -> None:
        self.write("README.md", "## One\n\n| x | y |\n|---|---|\n| 1 | a \\| b |\n\n## Two\n\n| x | y |\n|---|---|\n| 2 | c |\n")
        page = pages.page("README.md")
        self.assertEqual(page.table("x", "One"), [["1", "a | b"]])
        self.assertEqual(page.table("x"), [["1", "a | b"], ["2", "c"]])

    def test_a_line_of_shell_is_taken_apart(self) -> None:
        line = "A=1 make run PORT=1 && curl -s 'a;b' | grep x   # or make test; make lint"
        self.assertEqual([words[0] for words in commands._commands(line)], ["make", "curl", "grep"])

    def test_the_list_of_decisions_is_compared_with_the_entries(self) -> None:
        head, entry = "# Decisions\n\n## List\n\n- [A](#a)\n", "\n## Part\n\n### A\n\n- **Price:** none.\n"
        self.write("DECISIONS.md", head + entry)
        self.assertEqual(list(decisions.problems()), [])
        self.write("DECISIONS.md", head + "- [B](#b)\n" + entry + "\n### C\n\n" + "Long. " * 400 + "\n")
        found = " ".join(decisions.problems())
        for expected in ("lacks 'C'", "no entry for 'B'", "'C' is longer", "'C' says neither why"):
            self.assertIn(expected, found)

    def test_every_idiom_has_an_example_and_plain_sentences_pass(self) -> None:
        wrong = ("APPCORE_WORKERS='x' is no whole number from 1 to 64", "LOG_LEVEL='x' is none of DEBUG, INFO", "an escape that is none",
                 "open the log file anew", "makes place for a new worker", "a pool of before", "the numbers of now", "0 for who is not a worker",
                 "what dying programs say", "it fails wholly", "a connection that only ends is no activity", "1 to 16 small letters",
                 "whole number from 1", "give or take a tenth", "the pool goes on")
        rules = words.idioms()
        for sentence in wrong:
            self.assertTrue(any(pattern.search(sentence) for pattern, _ in rules), sentence)
        for pattern, _ in rules:
            self.assertTrue(any(pattern.search(sentence) for sentence in wrong), pattern.pattern)
        for sentence in ("there is no model", "it is no longer needed", "must be an integer from 1 to 64, got 'x'", "reopen the log file"):
            self.assertFalse(any(pattern.search(sentence) for pattern, _ in rules), sentence)


if __name__ == "__main__":
    unittest.main()
