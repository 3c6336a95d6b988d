"""appcore_export.py says no, by name, to what it does not know, and writes nothing then. Run by `make parity`."""

import json
import os
import sys
import tempfile
import unittest
import unittest.mock
import warnings

import numpy as np
from sklearn import ensemble, linear_model, svm
from sklearn.compose import TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "deploy"))
import appcore_export  # noqa: E402

RANDOM = np.random.RandomState(3)
ROWS = RANDOM.standard_normal((60, 3))
TARGET = ROWS[:, 0] + ROWS[:, 1] ** 2


class Derived(linear_model.Ridge):
    """Predicts in another way, as a derived class may."""

    def predict(self, X):
        return super().predict(X) + 1


class Refusals(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = os.path.join(holder.name, "model.json")
        warnings.simplefilter("ignore")

    def refused(self, words, estimator, rows=None, **more):
        with self.assertRaisesRegex(appcore_export.ExportError, words):
            appcore_export.export(estimator, self.path, rows, **more)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), [])

    def test_estimators_that_are_not_known(self):
        self.refused("^SVR is not supported; supported are", svm.SVR().fit(ROWS, TARGET))
        self.refused("^AdaBoostRegressor is not supported", ensemble.AdaBoostRegressor(n_estimators=2).fit(ROWS, TARGET))
        self.refused("^TransformedTargetRegressor is not supported", TransformedTargetRegressor(linear_model.Ridge()).fit(ROWS, TARGET))
        self.refused("^Derived is not supported", Derived().fit(ROWS, TARGET))

    def test_estimators_that_are_not_fitted(self):
        self.refused("^Ridge is not fitted; call fit", linear_model.Ridge())
        self.refused("^RandomForestRegressor is not fitted", ensemble.RandomForestRegressor())

    def test_steps_that_are_not_known(self):
        self.refused("^PolynomialFeatures before the model", make_pipeline(PolynomialFeatures(), linear_model.Ridge()).fit(ROWS, TARGET))
        holes = np.where(RANDOM.random_sample(ROWS.shape) < 0.2, np.nan, ROWS)
        self.refused("add_indicator=False", make_pipeline(SimpleImputer(add_indicator=True), linear_model.Ridge()).fit(holes, TARGET))
        self.refused("only missing_values=np.nan", make_pipeline(SimpleImputer(missing_values=0), linear_model.Ridge()).fit(ROWS, TARGET))
        holes[:, 1] = np.nan
        self.refused("drops features", make_pipeline(SimpleImputer(), linear_model.Ridge()).fit(holes, TARGET))

    def test_models_of_several_targets_or_one_class(self):
        two = np.stack([TARGET, -TARGET], axis=1)
        self.refused("several targets", ensemble.RandomForestRegressor(3).fit(ROWS, two))
        self.refused("several targets", linear_model.Ridge().fit(ROWS, two))
        self.refused("only one class", ensemble.RandomForestClassifier(3).fit(ROWS, np.zeros(60)))

    def test_gradient_boosting_that_starts_from_another_model(self):
        self.refused("starts from a Ridge", ensemble.GradientBoostingRegressor(n_estimators=2, init=linear_model.Ridge()).fit(ROWS, TARGET))

    def test_numbers_that_are_not_finite(self):
        model = linear_model.Ridge().fit(ROWS, TARGET)
        model.coef_[1] = np.inf
        self.refused("not finite", model)

    def test_rows_and_names_of_another_width(self):
        model = linear_model.Ridge().fit(ROWS, TARGET)
        self.refused(r"rows has the shape \(60, 2\); it needs 3 columns", model, ROWS[:, :2])
        self.refused("feature_names has 2 names, but the model has 3", model, feature_names=["a", "b"])

    def test_probabilities_of_classes_are_made_as_the_estimator_makes_them(self):
        """Since 1.6 scikit-learn predicts with a softmax where solver="newton-cholesky"; before, with a sigmoid for each class."""
        def links(classes, **parameters):
            model = linear_model.LogisticRegression(**parameters).fit(ROWS, np.arange(60) % classes)
            appcore_export.export(model, self.path, ROWS)
            with open(self.path, encoding="utf-8") as file:
                document = json.load(file)["model"]
            return document["link"], document.get("sigmoid_scale", 1.0)

        def softmax(model, matrix):
            scores = model.decision_function(matrix)
            scores = np.exp(np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores)
            return scores / scores.sum(axis=1, keepdims=True)

        self.assertEqual(links(2), ("sigmoid", 1.0))
        self.assertEqual(links(3), ("softmax", 1.0))
        self.assertEqual(links(3, solver="liblinear"), ("sigmoid_normalized", 1.0))
        with unittest.mock.patch.object(linear_model.LogisticRegression, "predict_proba", softmax):
            self.assertEqual(links(3, solver="newton-cholesky"), ("softmax", 1.0))
            self.assertEqual(links(2), ("sigmoid", 2.0))
        with unittest.mock.patch.object(linear_model.LogisticRegression, "predict_proba", lambda _, matrix: np.full((len(matrix), 3), 1 / 3)):
            with self.assertRaisesRegex(appcore_export.ExportError, "in an unknown way"):
                links(3)

    def test_names_of_a_data_frame_and_a_scaler_without_deviations_are_written(self):
        model = make_pipeline(StandardScaler(with_std=False), linear_model.Ridge()).fit(ROWS, TARGET)
        model[0].feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
        appcore_export.export(model, self.path, ROWS)
        with open(self.path, encoding="utf-8") as file:
            document = json.load(file)
        self.assertEqual(document["features"]["names"], ["a", "b", "c"])
        self.assertEqual(document["steps"], [{"kind": "standard", "mean": model[0].mean_.tolist(), "scale": []}])

    def test_golden_rows_are_made_where_none_are_given_and_never_too_many(self):
        forest = make_pipeline(StandardScaler(), ensemble.RandomForestRegressor(3, n_jobs=2)).fit(ROWS, TARGET)
        for rows, count in ((None, 64), (np.repeat(ROWS, 40, axis=0), 1000), (ROWS[:5], 5)):
            appcore_export.export(forest, self.path, rows)
            with open(self.path, encoding="utf-8") as file:
                golden = json.load(file)["golden"]
            self.assertEqual((len(golden["rows"]), len(golden["predictions"])), (count, count))
        self.assertEqual(forest[-1].n_jobs, 2)


if __name__ == "__main__":
    unittest.main()
