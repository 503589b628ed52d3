"""What explains a model: importance, dependence, failures and calibration."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.explanation.explain import Explanation, explain_model
from colonnade.evaluation.explanation.failures import (
    confident_mistakes,
    format_value,
    weakest_slices,
)
from colonnade.evaluation.explanation.importance import partial_dependences, permutation_importances
from colonnade.evaluation.metrics.calibration import calibrate, fit_temperature, tempered
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import ColumnParams

PARAMS = EvaluationParams(baselines=[], resamples=0)


def explained(case, params=PARAMS):
    predictions = evaluate_model(case.model, *case.parts, params).predictions
    return explain_model(case.model, case.primary, case.split, predictions, params)


def test_a_column_that_the_model_ignores_has_no_importance(bench):
    case = bench("regression", features=("a", "b", "c"))
    case.model.weights[2] = 0.0
    raw = case.primary[case.split["part"] == "validation"]
    found = permutation_importances(case.model, raw, repeats=5, seed=0)
    assert [one.feature for one in found] == ["a", "b", "c"]
    assert found[0].low > 0
    assert found[0].low <= found[0].mean <= found[0].high
    assert (found[2].mean, found[2].low, found[2].high) == (0.0, 0.0, 0.0)


def test_dropped_columns_are_not_shuffled_and_change_nothing(bench, monkeypatch):
    case = bench("regression")
    case.model.weights[[0, 2]] = 0.0
    every = permutation_importances(case.model, case.primary, repeats=3, seed=1)
    asked = []
    predict = type(case.model).predict_array
    monkeypatch.setattr(
        type(case.model), "predict_array", lambda self, X: asked.append(1) or predict(self, X)
    )
    names = case.model.standardizer.inputs
    case.model.facts["dropped_columns"] = [names[0], names[2]]
    assert permutation_importances(case.model, case.primary, repeats=3, seed=1) == every
    assert len(asked) == 1 + 3


def test_importance_is_the_same_for_the_same_seed(bench):
    case = bench("classification")
    once, again = (
        permutation_importances(case.model, case.primary, repeats=3, seed=7) for _ in range(2)
    )
    assert once == again


def test_importance_of_a_class_model_is_the_accuracy_lost(bench):
    case = bench("classification")
    case.model.weights[1:] = 0.0
    rows = case.primary
    codes = case.model.standardizer.encode_target(rows["y"]).to_numpy()
    right = np.mean(case.model.predict_array(case.model.standardizer.features(rows)) == codes)
    seed = np.random.RandomState(3).randint(np.iinfo(np.int32).max + 1)
    order = np.random.RandomState(seed).permutation(len(rows))
    shuffled = case.model.standardizer.features(rows.assign(a=rows["a"].to_numpy()[order]))
    still = np.mean(case.model.predict_array(shuffled) == codes)
    found = permutation_importances(case.model, rows, repeats=1, seed=3)
    assert found[0].feature == "a"
    assert found[0].mean == right - still > 0.2


def lopsided(bench, n=1000, n_rare=60):
    """A table whose rarest class is where column a is greatest, never the likeliest answer."""
    case = bench("classification", n=n, classes=["no", "yes"])
    rank = case.primary["a"].rank(ascending=False)
    case.primary["y"] = np.where(rank <= n_rare, "yes", "no")
    case.model.weights = np.outer([1.0, 0.0, 0.0], [-1.0, 1.0])
    case.model.bias = np.array([20.0, -20.0])
    return case


def test_columns_matter_by_the_metric_that_the_verdict_is_spoken_in(bench):
    case = lopsided(bench)
    found = explained(case)
    assert found.importance_part == "validation"
    # no row is answered "yes": accuracy loses nothing, whatever is shuffled
    assert {one.high for one in found.importance} == {0.0}
    predictions = evaluate_model(case.model, *case.parts, PARAMS).predictions
    found = explain_model(
        case.model, case.primary, case.split, predictions, PARAMS, metric="rare_pr_auc"
    )
    assert found.importance_metric == "rare_pr_auc"
    first, *others = found.importance
    assert (first.feature, first.low > 0.5) == ("a", True)
    assert {one.high for one in others} == {0.0}


@pytest.mark.parametrize("left", [0, 4])
def test_train_rows_tell_of_a_rare_class_that_hardly_a_validation_row_is_of(bench, left):
    case = lopsided(bench, n_rare=40)
    held_out = (case.split["part"] == "validation") & (case.primary["y"] == "yes")
    case.primary.loc[held_out[held_out].index[left:], "y"] = "no"
    predictions = evaluate_model(case.model, *case.parts, PARAMS).predictions
    found = explain_model(
        case.model, case.primary, case.split, predictions, PARAMS, metric="rare_pr_auc"
    )
    assert found.importance_part == "train"
    assert found.importance[0].low > 0


def test_rare_rows_are_kept_where_not_all_rows_are_asked(bench):
    case = lopsided(bench, n=20_000, n_rare=20)
    case.primary["a"] += np.random.default_rng(0).normal(0, 5, len(case.primary))
    settings = {"metric": "rare_pr_auc", "rare": 1, "repeats": 3, "seed": 0}
    sampled = permutation_importances(case.model, case.primary, **settings)
    codes = case.model.standardizer.encode_target(case.primary["y"]).to_numpy()
    scores = case.model.probabilities(case.model.standardizer.features(case.primary))[:, 1]
    # shuffled, a column finds next to nothing: what is lost is all of the area
    assert sampled[0].mean == pytest.approx(average_precision_score(codes, scores), abs=0.1)


def test_features_are_followed_together_as_they_are_alone(bench):
    case = bench("ordinal", features=("a", "b", "c"))
    found = partial_dependences(case.model, case.primary, ["c", "a", "b"])
    alone = [partial_dependences(case.model, case.primary, [name])[0] for name in ("c", "a", "b")]
    assert found == alone


def test_dependence_of_a_linear_model_is_its_slope(bench):
    case = bench("regression", features=("a", "b"))
    slopes, _ = case.model.linear_coefficients()
    (found,) = partial_dependences(case.model, case.primary, ["a"])
    (curve,) = found.curves.values()
    rise = np.diff(curve) / np.diff(found.values)
    assert rise == pytest.approx(slopes["a"], rel=1e-4)


def test_dependence_of_classes_is_probability_and_of_ranks_expectation(bench):
    case = bench("classification", classes=["no", "yes"])
    (found,) = partial_dependences(case.model, case.primary, ["a"])
    assert list(found.curves) == ["yes"]
    assert np.all(np.diff(found.curves["yes"]) > 0)
    case = bench("ordinal", classes=[1, 2, 3, 4])
    (found,) = partial_dependences(case.model, case.primary, ["a"])
    assert list(found.curves) == ["expected rank"]
    assert 0 <= min(found.curves["expected rank"]) < max(found.curves["expected rank"]) <= 3


def test_values_of_an_ordered_column_stand_in_their_order(bench):
    case = bench("regression", n=60, features=("a",))
    case.primary["size"] = ["L", "S", "M"] * 20
    schema = case.schema.model_copy(
        update={"columns": {"size": ColumnParams(kind="ordered", values=["S", "M", "L"])}}
    )
    primary = ingest_table(case.primary, schema)
    case.model.standardizer = fit_standardizer(primary, schema, StandardizeParams())
    case.model.weights = np.array([1.0] * len(case.model.standardizer.feature_names))
    found = partial_dependences(case.model, primary, ["size"])
    assert found[0].values == ["S", "M", "L"]
    assert np.all(np.diff(found[0].curves["prediction"]) > 0)


def test_explanation_survives_json(bench):
    for task in ("classification", "regression"):
        found = explained(bench(task))
        text = json.dumps(found.model_dump(mode="json"), allow_nan=False)
        assert Explanation.model_validate_json(text) == found


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_columns_named_like_those_of_predictions_change_nothing(bench, task):
    plain = explained(bench(task, features=("a", "b", "c", "d")))
    clash = explained(bench(task, features=("row", "prediction", "actual", "part")))
    assert [one.mean for one in clash.importance] == [one.mean for one in plain.importance]
    assert len(clash.slices) == len(plain.slices) > 0
    ours, theirs = (
        [(one.row, *one.values.values()) for one in found.mistakes] for found in (clash, plain)
    )
    assert ours == theirs != []


def test_explanation_can_be_turned_off(bench):
    off = EvaluationParams(baselines=[], resamples=0, explain=False)
    assert explained(bench("classification"), off) == Explanation()


def test_without_validation_rows_train_rows_tell_the_importance(bench):
    found = explained(bench("classification", fractions=(0.0, 0.2)))
    assert found.importance_part == "train"
    assert found.importance
    assert found.calibration is not None
    assert found.calibration.after is None


def test_without_any_held_out_row_there_is_nothing_to_fail_on(bench):
    found = explained(bench("classification", fractions=(0.0, 0.0)))
    assert found.slices == found.mistakes == found.classes == []
    assert found.calibration is None


def classified(wrong):
    n = len(wrong)
    probability = np.linspace(0.6, 0.9, n)
    return pd.DataFrame(
        {
            "part": "test",
            "row": range(n),
            "actual": ["x"] * n,
            "prediction": np.where(wrong, "y", "x"),
            "probability_x": np.where(wrong, 1 - probability, probability),
            "probability_y": np.where(wrong, probability, 1 - probability),
        }
    )


def test_the_weak_slice_is_found_and_marked():
    color = np.array(["red", "blue", "green", "gray"] * 25)
    wrong = (color == "red") & (np.arange(100) % 2 == 0)
    raw = pd.DataFrame({"color": color, "size": np.arange(100.0)})
    worst, *_ = weakest_slices(classified(wrong), raw, ["color", "size"], "classification")
    assert (worst.feature, worst.values, worst.rows) == ("color", "red", 25)
    assert worst.metric == pytest.approx(1 - wrong.sum() / 25)
    assert worst.overall == pytest.approx(1 - wrong.sum() / 100)
    assert worst.beyond_chance


def test_slices_of_numbers_are_quarters_and_missing_is_a_slice():
    values = np.arange(80.0)
    values[:20] = np.nan
    raw = pd.DataFrame({"size": values})
    wrong = np.arange(80) < 15
    worst, *_ = weakest_slices(classified(wrong), raw, ["size"], "classification")
    assert (worst.values, worst.rows, worst.metric) == ("missing", 20, 0.25)


def test_too_few_rows_or_no_mistake_give_no_slice():
    raw = pd.DataFrame({"size": np.arange(100.0)})
    none = np.zeros(100, bool)
    assert weakest_slices(classified(none), raw, ["size"], "classification") == []
    assert weakest_slices(classified(none[:9]), raw[:9], ["size"], "classification") == []


def test_mistakes_come_surest_first_with_their_values():
    wrong = np.array([True, False, True, False])
    raw = pd.DataFrame({"size": [1.0, 2.0, 3.25, 4.0]})
    first, second = confident_mistakes(classified(wrong), raw, ["size"], "classification")
    assert (first.row, first.actual, first.prediction) == ("2", "x", "y")
    assert first.certainty == pytest.approx(0.8)
    assert first.values == {"size": "3.25"}
    assert second.row == "0"


def test_the_largest_errors_stand_for_mistakes_of_numbers():
    rows = pd.DataFrame({"row": [5, 6], "actual": [1.0, 2.0], "prediction": [1.5, -2.0]})
    raw = pd.DataFrame({"x": ["a", "b"]})
    first, second = confident_mistakes(rows, raw, ["x"], "regression")
    assert (first.row, first.certainty) == ("6", 4.0)
    assert second.certainty == pytest.approx(0.5)


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 0.95, 4000)
    honest = np.column_stack([p, 1 - p])
    actual = (rng.uniform(size=4000) > p).astype(int)
    sure = tempered(honest, 0.5)  # logits twice as large as is honest
    assert fit_temperature(actual, sure) == pytest.approx(2.0, rel=0.1)
    found = calibrate(actual, sure, actual, sure)
    assert found.after is not None
    assert found.after.ece < 0.02 < found.before.ece
    assert found.after.log_loss < found.before.log_loss
    assert sum(found.before.rows) == 4000


def test_tempering_keeps_the_order_of_classes():
    p = np.array([[0.7, 0.2, 0.1], [0.0, 0.4, 0.6]])
    assert np.allclose(tempered(p, 1.0), p)
    assert (tempered(p, 3.0).argsort(1) == p.argsort(1)).all()


def test_rows_without_a_mistake_choose_no_temperature():
    probabilities = np.tile([0.8, 0.2], (60, 1))
    right = np.zeros(60, dtype=int)
    assert calibrate(right, probabilities, right, probabilities).temperature is None
    wrong = np.r_[1, right[1:]]
    assert calibrate(right, probabilities, wrong, probabilities).temperature is not None


def test_a_boolean_is_written_as_yes_or_no():
    predictions = pd.DataFrame({"row": range(40), "actual": 0.0, "prediction": 1.0})
    predictions.loc[:19, "prediction"] = 3.0
    raw = pd.DataFrame({"balcony": [True] * 20 + [False] * 20})
    (mistake, *_) = confident_mistakes(predictions, raw, ["balcony"], "regression")
    assert mistake.values == {"balcony": "yes"}
    (worst,) = weakest_slices(predictions, raw, ["balcony"], "regression")
    assert worst.values == "yes"


def test_large_numbers_are_written_without_an_exponent():
    known = {1_234_567.0: "1,234,567", 99_999.7: "100,000", 12345.678: "12346", -0.5: "-0.5"}
    assert {value: format_value(value) for value in known} == known
    assert format_value(float("nan")) == "nan"
    assert format_value("a") == "a"
