"""Model files that were made or altered to do harm: each is refused with one sentence, in less than a second of processor time and
100 MB, and none crashes or hangs the program.

`python3 tests/e2e/test_model_hostile.py long` tries a hundred times as many random changes.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import unittest

import acm_file
import hostile_families
import hostile_models
import large_sources
from stack import ROOT

PROGRAM = os.path.join(os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))), "appcore-model")
LONG = sys.argv[1:2] == ["long"]
CHANGES = 10_000 if LONG else 100  # random ones of each kind of file
SECONDS, BYTES = 1, 100_000_000    # of processor time and memory that a refusal may take
HANGS = 60                         # seconds


class Answer:
    """What the program did with a file."""

    def __init__(self, *arguments):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (HANGS, HANGS)))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.output, self.said = out.read(), err.read()
            self.error = self.said.decode("utf-8", "replace")
        self.seconds = usage.ru_utime + usage.ru_stime
        self.bytes = usage.ru_maxrss * 1024


class Hostile(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def is_polite(self, answer):
        """Whatever the answer is, it is one of the program's own, and cheap."""
        self.assertIn(answer.code, (0, 1), answer.error)
        if answer.code == 1:
            self.assertRegex(answer.error, r"\Aappcore-model: [^\n]{10,500}\n\Z")
        self.assertLess(answer.seconds, SECONDS)
        self.assertLess(answer.bytes, BYTES)

    def refused(self, *arguments):
        answer = Answer(*arguments)
        self.is_polite(answer)
        self.assertEqual(answer.code, 1, f"accepted: {answer.output[:300]!r}")
        return answer.error

    def compiled(self, kind="xgboost-gbtree-binary-logistic", file="model.json"):
        path = os.path.join(self.folder, "whole.acm")
        source = os.path.join(hostile_models.MODELS, kind)
        done = Answer("compile", os.path.join(source, file), "-o", path, "--golden", self.golden(source))
        self.assertEqual(done.code, 0, done.error)
        with open(path, "rb") as opened:
            return opened.read()

    def golden(self, source):
        """Golden rows from the fixture's rows: the first case is of the options of compiled()."""
        rows = os.path.join(source, "rows.csv")
        predictions = os.path.join(self.folder, "predictions.csv")
        answer = Answer("predict", os.path.join(source, "model.json"), "--rows", rows)
        self.assertEqual(answer.code, 0, answer.error)
        with open(predictions, "wb") as file:
            file.write(answer.output)
        return f"{rows},{predictions}"

    def test_source_files_that_make_no_sense_are_refused(self):
        for (title, name), data in hostile_models.sources().items():
            with self.subTest(title):
                folder = tempfile.mkdtemp(dir=self.folder)
                self.refused("compile", self.file(name, data), "-o", os.path.join(folder, "out.acm"))
                self.assertEqual(os.listdir(folder), [])

    def test_a_lack_of_memory_is_one_sentence(self):
        """Whatever the limit is. Below the least of them the program itself cannot be loaded."""
        source = os.path.join(self.folder, "model.json")
        large_sources.write_xgboost(source, 8_000_000, 1024)
        least, whole = 0, 2**28
        reasons = set()
        for kilobytes in range(12_000, whole // 1024, 4_000):
            done = subprocess.run([PROGRAM, "inspect", source], text=True, capture_output=True, timeout=HANGS, check=False,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024, kilobytes * 1024)))
            if done.returncode == 127:
                least = kilobytes
                continue
            self.assertIn(done.returncode, (0, 1), f"{kilobytes} KiB: {done.stderr}")
            if done.returncode == 0:
                break
            self.assertRegex(done.stderr, r"\Aappcore-model: [^\n]{10,500}\n\Z")
            reasons.add(done.stderr)
        else:
            self.fail(f"{whole} bytes are not enough")
        self.assertTrue(any("not enough memory" in reason for reason in reasons), (least, reasons))

    def test_randomly_changed_sources_neither_crash_nor_hang(self):
        seed = int.from_bytes(os.urandom(4), "little")
        generator = random.Random(seed)
        for kind, name in (("xgboost-gbtree-multi-softprob", "model.json"), ("xgboost-gbtree-multi-softprob", "model.ubj"),
                           ("xgboost-categories-dart", "model.ubj"), ("xgboost-gblinear-binary-logistic", "model.json"),
                           ("lightgbm-linear-trees", "model.txt"), ("lightgbm-binary-sigmoid-categorical", "model.txt"),
                           ("scikit-learn-histgradientboostingclassifier-class-categories", "model.json")):
            whole = hostile_models.fixture(kind, name)
            rows = os.path.join(hostile_models.MODELS, kind, "rows.csv")
            output = ["--output", "class"] if "class" in kind or "multi" in kind else []
            for i in range(CHANGES):
                path = self.file(name, hostile_models.mutated(generator, whole))
                with self.subTest(f"{kind}/{name}, seed {seed}, change {i}"):
                    self.is_polite(Answer("predict", path, "--rows", rows, *output))

    def is_plain(self, answer):
        """What is said holds nothing that a terminal would obey."""
        for said in (answer.output, answer.said):
            self.assertTrue(said.decode("utf-8").replace("\n", "").isprintable(), said[:300])

    def test_values_that_make_no_sense_anywhere_in_a_source_are_refused_in_plain_text(self):
        """Or they change nothing that matters."""
        seed = int.from_bytes(os.urandom(4), "little")
        generator = random.Random(seed)
        for i in range(CHANGES // 10):
            for kind, name, data in hostile_families.documents(generator):
                path = self.file(name, data)
                with self.subTest(f"{kind}/{name}, seed {seed}, change {i}"):
                    answer = Answer("inspect", path, *(["--output", "class"] if "class" in kind else []))
                    self.is_polite(answer)
                    self.is_plain(answer)

    def test_trees_with_a_node_that_makes_no_sense_are_refused(self):
        """Children that lead back, to another's child or nowhere, features that are not there, what is not a number."""
        seed = int.from_bytes(os.urandom(4), "little")
        generator = random.Random(seed)
        for i in range(CHANGES // 10):
            for title, name, data in hostile_families.trees(generator):
                with self.subTest(f"{title}, {name}, seed {seed}, change {i}"):
                    several = any(word in title for word in ("class", "multi", "parallel"))
                    output = ["--output", "class"] if several else []
                    error = self.refused("inspect", self.file(name, data), *output)
                    self.assertNotIn("--output", error)  # it is the node that is refused

    def test_no_changed_bit_of_a_compiled_file_goes_unnoticed(self):
        whole = self.compiled()
        seed = int.from_bytes(os.urandom(4), "little")
        generator = random.Random(seed)
        for i in range(CHANGES):
            data = bytearray(whole)
            where = generator.randrange(len(data) * 8) if i % 4 else generator.randrange(8 * acm_file.HEADER_BYTES * 2)
            data[where // 8] ^= 1 << where % 8
            with self.subTest(f"seed {seed}, bit {where}"):
                self.refused("check", self.file("changed.acm", data))

    def test_a_truncated_or_longer_compiled_file_is_refused(self):
        whole = self.compiled()
        for length in (0, 1, 7, 8, 40, 63, 64, 100, len(whole) // 2, len(whole) - 64, len(whole) - 1):
            with self.subTest(length):
                self.refused("check", self.file("short.acm", whole[:length]))
        self.refused("check", self.file("long.acm", whole + b"\0"))
        self.refused("check", self.file("twice.acm", whole + whole))

    def test_a_compiled_file_of_another_byte_order_is_refused_by_name(self):
        error = self.refused("check", self.file("other.acm", acm_file.other_byte_order(self.compiled())))
        self.assertIn("byte order", error)

    def test_changed_sections_with_right_checksums_neither_crash_nor_hang(self):
        seed = int.from_bytes(os.urandom(4), "little")
        generator = random.Random(seed)
        for kind in ("xgboost-gbtree-binary-logistic", "xgboost-categories-sets-binary-logistic", "scikit-learn-gradientboostingregressor-huber"):
            whole = self.compiled(kind)
            rows = os.path.join(hostile_models.MODELS, kind, "rows.csv")
            for i in range(CHANGES):
                data = bytearray(whole)
                _, offset, size = generator.choice([entry for entry in acm_file.sections(whole) if entry[2]])
                length = min(size, generator.choice((1, 2, 4, 8)))
                where = offset + generator.randrange(size - length + 1)
                data[where:where + length] = generator.choice((b"\xff" * length, b"\0" * length, generator.randbytes(length)))
                path = self.file("sealed.acm", acm_file.sealed(data))
                with self.subTest(f"{kind}, seed {seed}, change {i}"):
                    self.is_polite(Answer("check", path))
                    self.is_polite(Answer("predict", path, "--rows", rows))

    def test_section_tables_that_lie_are_refused(self):
        whole = self.compiled()
        for index in range(len(acm_file.sections(whole))):
            for field, position in (("offset", 8), ("size", 16)):
                for value in (0, 1, 63, 2**20, 2**32, 2**63, 2**64 - 64, 2**64 - 1):
                    data = bytearray(whole)
                    at = acm_file.HEADER_BYTES + index * acm_file.SECTION.size + position
                    if int.from_bytes(data[at:at + 8], "little") == value:
                        continue
                    data[at:at + 8] = value.to_bytes(8, "little")
                    with self.subTest(f"section {index}, {field} {value}"):
                        self.refused("check", self.file("table.acm", acm_file.sealed(data)))

    def test_no_golden_rows_differ_unnoticed(self):
        """A leaf that was changed, with all checksums right: only the golden rows can tell."""
        whole = self.compiled()
        noticed = 0
        for identity, offset, size in acm_file.sections(whole):
            for where in range(offset, offset + size - 3, max(4, size // 200 // 4 * 4)):
                data = bytearray(whole)
                data[where + 1] ^= 0x10
                answer = Answer("check", self.file("leaf.acm", acm_file.sealed(data)))
                self.is_polite(answer)
                noticed += "golden" in answer.error
        self.assertGreater(noticed, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
