"""Models of every library answer the repository's rows with the libraries' own predictions, bit by bit."""

import glob
import itertools
import json
import os
import sys
import tempfile
import unittest

import xgboost_forms
from stack import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "parity"))
import compare  # noqa: E402

PROGRAM = os.path.join(os.path.abspath(os.environ.get("APPCORE_BIN_DIR", os.path.join(ROOT, "build", "release"))), "appcore-model")
MODELS = os.path.join(ROOT, "tests", "models")


class Fixtures(unittest.TestCase):
    def agree(self, library):
        folders = [os.path.dirname(path) for path in sorted(glob.glob(os.path.join(MODELS, f"{library}-*", "cases.json")))]
        self.assertTrue(folders)
        for folder in folders:
            with self.subTest(os.path.basename(folder)):
                _, exact, bounded = compare.compare(PROGRAM, folder)
                self.assertGreater(exact.all + bounded.all, 0)
                self.assertEqual(exact.different + bounded.different, 0, exact.first or bounded.first)

    def test_xgboost_models_predict_what_xgboost_predicts(self):
        self.agree("xgboost")

    def test_xgboost_models_predict_the_same_in_the_form_of_newer_versions(self):
        for folder in sorted(glob.glob(os.path.join(MODELS, "xgboost-*"))):
            with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
                case = json.load(file)["cases"][0]
            with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
                document = json.load(file)
            encodings = itertools.cycle((("model.ubj", xgboost_forms.as_ubjson), ("model.json", xgboost_forms.as_json)))
            for (version, form), (name, encode) in zip(xgboost_forms.forms(document), encodings):
                with self.subTest(f"{os.path.basename(folder)} as {name} of {version}"), tempfile.TemporaryDirectory() as holder:
                    with open(os.path.join(holder, name), "wb") as file:
                        file.write(encode(form))
                    os.symlink(os.path.join(folder, "rows.csv"), os.path.join(holder, "rows.csv"))
                    found = compare.predict(PROGRAM, holder, name, case["options"])
                    self.assertEqual([*map(compare.bits, found)], [*map(compare.bits, case["predictions"])])

    def test_lightgbm_models_predict_what_lightgbm_predicts(self):
        self.agree("lightgbm")

    def test_scikit_learn_models_predict_what_scikit_learn_predicts(self):
        self.agree("scikit-learn")


if __name__ == "__main__":
    unittest.main()
