"""Metrics of weighted rows: scikit-learn's with sample_weight, and those of rows repeated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model, measure
from colonnade.evaluation.explanation.explain import explain_model
from colonnade.evaluation.metrics.bootstrap import difference_interval, headline_intervals
from colonnade.evaluation.metrics.calibration import calibrate
from colonnade.evaluation.metrics.scores import classification_metrics, regression_metrics
from colonnade.evaluation.observations import Observations
from colonnade.tables.schema.table_schema import SchemaParams

N = 120
QUICK = EvaluationParams(resamples=20, importance_repeats=1, dependence_features=1)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], N)
    actual = np.array([rng.choice(3, p=0.6 * p + 0.4 / 3) for p in probabilities])
    return actual, probabilities, rng.integers(1, 5, N).astype(float)


@pytest.fixture
def weighted_bench(bench):
    """A table, its split and a model, with a column of weights."""

    def make(task):
        made = bench(task)
        made.primary["w"] = np.random.default_rng(1).integers(1, 6, len(made.primary)).astype(float)
        words = {**made.schema.model_dump(), "columns": {"w": {"kind": "weight"}}}
        made.schema = SchemaParams.model_validate(words)
        standardizer = made.model.standardizer.model_copy(update={"table_schema": made.schema})
        made.model.standardizer = standardizer
        return made

    return make


@pytest.mark.parametrize("ordinal", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_metrics_of_classes_are_those_of_rows_repeated(drawn, n_classes, ordinal):
    actual, probabilities, weights = drawn
    if n_classes == 2:
        probabilities = np.stack([probabilities[:, 0], 1 - probabilities[:, 0]], 1)
        actual = np.minimum(actual, 1)
    times = weights.astype(int)

    def found(*columns, own=None):
        actual, shares = columns
        return classification_metrics(
            actual, shares.argmax(1), shares, ordinal=ordinal, weights=own
        )

    ours = found(actual, probabilities, own=weights)
    theirs = found(actual.repeat(times), probabilities.repeat(times, axis=0))
    assert ours == pytest.approx(theirs)
    assert ours["accuracy"] == pytest.approx(
        sk.accuracy_score(actual, probabilities.argmax(1), sample_weight=weights)
    )
    assert ours["accuracy"] != pytest.approx(found(actual, probabilities)["accuracy"])


def test_metrics_of_numbers_are_scikit_learns():
    rng = np.random.default_rng(0)
    actual, weights = rng.normal(5, 1, N), rng.exponential(size=N)
    predicted = actual + rng.normal(size=N)
    found = regression_metrics(actual, predicted, weights)
    scores = {
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "median_error": sk.median_absolute_error,
        "r2": sk.r2_score,
        "mape": sk.mean_absolute_percentage_error,
    }
    assert found == pytest.approx(
        {name: score(actual, predicted, sample_weight=weights) for name, score in scores.items()}
    )


def numbers(weights=None, shift=0.0):
    rng = np.random.default_rng(3)
    actual = rng.normal(size=400)
    predicted = actual + rng.normal(size=400) + shift
    X = np.zeros((400, 1), np.float32)
    rows = pd.RangeIndex(400)
    return Observations("test", "regression", rows, X, actual, predicted, None, weights)


def test_intervals_hold_the_weighted_metric():
    settings = {"resamples": 300, "confidence": 0.95, "seed": 0}
    weights = np.random.default_rng(4).lognormal(0, 1, 400)
    rows = numbers(weights)
    found, plain = headline_intervals(rows, **settings), headline_intervals(numbers(), **settings)
    measured = measure(rows)
    for name in ("rmse", "mae", "r2"):
        assert found[f"{name}_low"] < measured[name] < found[f"{name}_high"]
        # the rows are worth fewer
        width, usual = (one[f"{name}_high"] - one[f"{name}_low"] for one in (found, plain))
        assert width > 1.1 * usual
    low, high = difference_interval(rows, numbers(weights, shift=1.0), "mae", **settings)
    gap = measured["mae"] - measure(numbers(weights, shift=1.0))["mae"]
    assert low < gap < high < 0


def test_rows_without_a_mistake_are_worth_what_they_weigh():
    codes, shares = np.zeros(40, int), np.tile([0.9, 0.1], (40, 1))
    weights = np.repeat([1.0, 3.0], 20)  # worth (20 + 60)^2 / (20 + 180) = 32 rows
    rows = Observations(
        "test",
        "classification",
        pd.RangeIndex(40),
        np.zeros((40, 1)),
        codes,
        codes,
        shares,
        weights,
    )
    found = headline_intervals(rows, resamples=20, confidence=0.95, seed=0)
    assert found["accuracy_low"] == pytest.approx(0.025 ** (1 / 32))


def test_calibration_counts_rows_by_weight(drawn):
    actual, probabilities, weights = drawn
    times = weights.astype(int)
    copied = actual.repeat(times), probabilities.repeat(times, axis=0)
    ours = calibrate(
        actual, probabilities, actual, probabilities, weights=weights, weights_fit=weights
    )
    theirs = calibrate(*copied, *copied)
    assert ours.temperature == pytest.approx(theirs.temperature, rel=1e-4)
    assert ours.before.accuracy == pytest.approx(theirs.before.accuracy)
    assert ours.before.confidence == pytest.approx(theirs.before.confidence)
    assert ours.after.log_loss == pytest.approx(theirs.after.log_loss, rel=1e-4)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_model_and_simple_models_are_measured_by_weight(weighted_bench, task):
    bench = weighted_bench(task)
    found = evaluate_model(bench.model, *bench.parts, QUICK)
    rows = found.predictions[found.predictions["part"] == "test"]
    own = bench.primary.loc[rows["row"], "w"]
    assert rows["weight"].to_numpy() == pytest.approx((own / own.mean()).to_numpy())
    train, test = bench.part("train"), bench.part("test")
    if task == "classification":
        right = rows["actual"] == rows["prediction"]
        assert found.metrics["test"]["accuracy"] == pytest.approx(np.average(right, weights=own))
        shares = train.groupby("y")["w"].sum() / train["w"].sum()
        expected = sk.log_loss(
            test["y"], np.tile(shares, (len(test), 1)), labels=[0, 1, 2], sample_weight=test["w"]
        )
        assert found.metrics["baseline/majority"]["log_loss"] == pytest.approx(expected)
    else:
        mean = np.average(train["y"], weights=train["w"])
        expected = np.sqrt(np.average((test["y"] - mean) ** 2, weights=test["w"]))
        assert found.metrics["baseline/mean"]["rmse"] == pytest.approx(expected)
        assert 0 <= found.metrics["test"]["interval_coverage"] <= 1


def test_explanations_agree_with_the_weighted_metrics(weighted_bench):
    bench = weighted_bench("classification")
    found = evaluate_model(bench.model, *bench.parts, QUICK)
    why = explain_model(bench.model, bench.primary, bench.split, found.predictions, QUICK)
    accuracy = found.metrics["test"]["accuracy"]
    assert [one.overall for one in why.slices] == pytest.approx([accuracy] * len(why.slices))
    assert [one.recall for one in why.classes] == pytest.approx(
        [found.metrics["test"][f"recall/{label}"] for label in (0, 1, 2)]
    )
    n_test = (found.predictions["part"] == "test").sum()
    assert sum(one.rows for one in why.classes) == n_test
    assert why.calibration.before.log_loss == pytest.approx(found.metrics["test"]["log_loss"])
    assert why.importance[0].feature == "a"
    plain = explain_model(
        bench.model,
        bench.primary.assign(w=1.0),
        bench.split,
        found.predictions.drop(columns="weight"),
        QUICK,
    )
    assert plain.importance[0].mean != why.importance[0].mean
    assert plain.dependence[0].curves != why.dependence[0].curves
