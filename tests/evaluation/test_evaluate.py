"""What evaluate_model gives for every kind of table."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import ParameterError
from colonnade.evaluation.baselines import fit_baselines, spread_codes
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.observations import observe
from colonnade.tables.source import Source
from colonnade.training.models.conformal import HeldOut

QUICK = EvaluationParams(baselines=[])


def test_metrics_are_plain_finite_floats_under_the_names_of_mlflow(bench):
    case = bench("ordinal", classes=[10, 20, 30])
    found = evaluate_model(case.model, *case.parts, EvaluationParams()).metrics.flat()
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    assert {
        "test/accuracy",
        "test/accuracy_low",
        "test/accuracy_high",
        "test/rank_error",
        "test/quadratic_kappa",
        "test/recall/10",
        "test/precision/30",
        "validation/log_loss",
        "train/accuracy",
        "baseline/majority/accuracy",
        "baseline/logistic/log_loss",
        "baseline/gradient_boosting/rank_error",
        "gain/accuracy",
        "gain/accuracy_low",
    } <= set(found)
    assert not [name for name in found if name.startswith("train/") and "f1" in name]


@pytest.mark.parametrize(
    ("task", "asked"), [("ordinal", "probabilities"), ("regression", "predict_array")]
)
def test_each_part_is_asked_of_the_model_once(bench, monkeypatch, task, asked):
    case, calls = bench(task), []
    ask = getattr(case.model, asked)
    monkeypatch.setattr(case.model, asked, lambda X: calls.append(len(X)) or ask(X), raising=True)
    rows = observe(case.model, "test", case.part("test"))
    assert calls == [40]
    assert np.array_equal(rows.predicted, case.model.predict_array(rows.X))


def test_predictions_hold_original_labels_of_validation_and_test_rows(bench):
    case = bench("classification", n=100, classes=["lo", "mid", "hi"])
    found = evaluate_model(case.model, *case.parts, QUICK).predictions
    assert list(found.columns) == [
        "part",
        "row",
        "actual",
        "prediction",
        "probability_lo",
        "probability_mid",
        "probability_hi",
    ]
    assert found["part"].value_counts().to_dict() == {"test": 20, "validation": 15}
    assert found["actual"].tolist() == case.primary.loc[found["row"], "y"].tolist()
    assert np.allclose(found.filter(like="probability").sum(axis=1), 1)


def test_accuracy_is_that_of_the_predictions(bench):
    case = bench("classification")
    found = evaluate_model(case.model, *case.parts, QUICK)
    test = found.predictions[found.predictions["part"] == "test"]
    assert found.metrics.flat()["test/accuracy"] == (test["actual"] == test["prediction"]).mean()


def test_without_test_rows_validation_speaks_alone(bench):
    case = bench("classification", fractions=(0.2, 0.0))
    found = evaluate_model(case.model, *case.parts, EvaluationParams())
    assert set(found.predictions["part"]) == {"validation"}
    assert set(found.metrics) == {"validation", "train"}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_without_validation_and_test_rows_only_train_metrics_remain(bench, task):
    case = bench(task, fractions=(0.0, 0.0))
    found = evaluate_model(case.model, *case.parts, EvaluationParams())
    assert len(found.predictions) == 0
    assert set(found.metrics) <= {
        "train",
        "line",
        "least_squares",
    }


def test_a_class_missing_from_train_rows_breaks_no_baseline(bench):
    case = bench("classification", n=90)
    train, validation, test = case.parts
    kept = train[train["y"] != 2]
    found = evaluate_model(case.model, kept, validation, test, EvaluationParams()).metrics
    assert "accuracy" in found.baselines["logistic"]
    only = train[train["y"] == 1]
    found = evaluate_model(case.model, only, validation, test, EvaluationParams()).metrics
    assert "logistic" not in found.baselines
    assert "accuracy" in found.baselines["majority"]


def test_baselines_know_what_they_are(bench):
    case = bench("regression", features=("a", "b"))
    train, validation, test = (
        observe(case.model, name, frame)
        for name, frame in zip(("train", "validation", "test"), case.parts, strict=True)
    )
    found = fit_baselines(["constant", "linear"], train, validation, test)
    assert list(found) == ["mean", "ridge"]
    assert np.allclose(found["mean"].predicted, train.actual.mean())
    assert np.abs(found["ridge"].predicted - test.predicted).max() < 0.5


def test_gain_is_against_the_best_baseline(bench):
    case = bench("regression")
    found = evaluate_model(case.model, *case.parts, EvaluationParams()).metrics.flat()
    best = min(found[f"baseline/{name}/rmse"] for name in ("mean", "ridge", "gradient_boosting"))
    assert found["gain/rmse"] == pytest.approx(found["test/rmse"] - best)


def test_line_is_reported_in_raw_units_beside_least_squares_and_truth(bench):
    case = bench("regression", features=("x",))
    source = Source(
        name="drawn", rows=200, columns=2, sha256="0" * 64, coefficients={"x": 1.0}, intercept=50.0
    )
    found = evaluate_model(case.model, *case.parts, QUICK, source=source).metrics.flat()
    rows = case.primary[case.split["part"] == "train"]
    slope, intercept = np.polyfit(rows["x"], rows["y"], 1)
    assert found["least_squares/slope"] == pytest.approx(slope, rel=1e-5)
    assert found["least_squares/intercept"] == pytest.approx(intercept, rel=1e-4)
    assert found["line/slope"] == pytest.approx(slope, rel=1e-5)
    assert found["line/intercept"] == pytest.approx(intercept, rel=1e-4)
    assert (found["true/slope"], found["true/intercept"]) == (1.0, 50.0)


def test_two_features_have_no_line(bench):
    case = bench("regression", features=("a", "b"))
    found = evaluate_model(case.model, *case.parts, QUICK).metrics.flat()
    assert not [name for name in found if "slope" in name]


def test_inputs_are_left_as_they_were(bench):
    case = bench("classification")
    parts = case.parts
    before = [part.copy() for part in parts]
    evaluate_model(case.model, *parts, EvaluationParams())
    for part, copy in zip(parts, before, strict=True):
        pd.testing.assert_frame_equal(part, copy)


def test_unknown_baseline_is_refused_before_any_run():
    with pytest.raises(ParameterError, match=r"`baselines\.0`"):
        EvaluationParams.model_validate({"baselines": ["lightgbm"]})


def test_more_than_twenty_classes_stay_out_of_the_metrics(bench):
    case = bench("classification", n=400, classes=[f"c{k}" for k in range(21)])
    found = evaluate_model(case.model, *case.parts, QUICK).metrics.flat()
    assert not [name for name in found if name.startswith("test/recall/")]
    assert "test/top_5_accuracy" in found


def test_baselines_read_codes_as_categories_and_not_as_numbers(bench):
    case = bench("regression", n=30)
    train, test = (observe(case.model, part, case.part(part)) for part in ("train", "test"))
    codes = np.arange(len(train)) % 3
    train = dataclasses.replace(train, X=np.column_stack([codes, train.X[:, 0]]))
    test = dataclasses.replace(test, X=np.column_stack([np.full(len(test), 7), test.X[:, 0]]))
    empty = dataclasses.replace(test, X=test.X[:0], actual=test.actual[:0])
    spread, unseen, nothing = spread_codes([0], train, test, empty)
    assert spread.X[:, 1:].tolist() == np.eye(3)[codes].tolist()
    assert spread.X[:, 0].tolist() == train.X[:, 1].tolist()
    assert (unseen.X[:, 1:] == 0).all()
    assert nothing.X.shape == (0, 4)
    assert spread_codes([], train)[0] is train


def test_evaluated_numbers_have_the_interval_that_the_metrics_judge(bench):
    case = bench("regression")
    case.model.held_out = HeldOut(
        errors=[float(n) for n in range(1, 20)], n_rows=19, origin="validation rows"
    )
    found = evaluate_model(case.model, *case.parts, QUICK)
    rows = found.predictions
    assert (rows["upper"] - rows["lower"]).tolist() == pytest.approx([36.0] * len(rows))
    test = rows[rows["part"] == "test"]
    inside = test["actual"].between(test["lower"], test["upper"]).mean()
    assert found.metrics.flat()["test/interval_coverage"] == inside
    case.model.held_out = HeldOut(errors=[1.0], n_rows=1, origin="validation rows")
    assert "lower" not in evaluate_model(case.model, *case.parts, QUICK).predictions


def test_a_logistic_regression_that_does_not_settle_is_told_in_one_line(
    bench, monkeypatch, caplog, recwarn
):
    monkeypatch.setattr("colonnade.evaluation.baselines._LOGISTIC_STEPS", 1)
    case = bench("classification", features=("a", "b"))
    names = ("train", "validation", "test")
    parts = [observe(case.model, *part) for part in zip(names, case.parts, strict=True)]
    with caplog.at_level("INFO"):
        assert "logistic" in fit_baselines(["linear"], *parts)
    assert [record.getMessage() for record in caplog.records] == [
        "the logistic regression beside the model had not settled after 1 steps: it could be a "
        "little better"
    ]
    assert not recwarn.list
