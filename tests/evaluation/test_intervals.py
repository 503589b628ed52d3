"""Intervals hold what they should, and claim no certainty that they lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.evaluation.metrics.bootstrap import difference_interval, headline_intervals
from colonnade.evaluation.observations import Observations

SETTINGS = {"resamples": 200, "confidence": 0.95, "seed": 0}


def classes(actual, predicted):
    probabilities = np.full((len(actual), 2), 0.1)
    probabilities[np.arange(len(actual)), predicted] = 0.9
    return observations("classification", actual, predicted, probabilities)


def observations(task, actual, predicted, probabilities=None):
    rows = pd.RangeIndex(len(actual))
    X = np.zeros((len(actual), 1), np.float32)
    return Observations(
        "test", task, rows, X, np.asarray(actual), np.asarray(predicted), probabilities
    )


def test_interval_of_accuracy_is_about_that_of_the_normal_approximation():
    actual = np.zeros(400, dtype=int)
    predicted = (np.arange(400) < 40).astype(int)  # 90 % right: standard error 1.5 points
    found = headline_intervals(classes(actual, predicted), **SETTINGS)
    assert found["accuracy_low"] == pytest.approx(0.9 - 1.96 * 0.015, abs=0.006)
    assert found["accuracy_high"] == pytest.approx(0.9 + 1.96 * 0.015, abs=0.006)
    assert found["log_loss_low"] < 0.9 * -np.log(0.9) + 0.1 * -np.log(0.1) < found["log_loss_high"]


def test_no_mistake_in_thirty_rows_does_not_mean_certainty():
    found = headline_intervals(classes(np.zeros(30, int), np.zeros(30, int)), **SETTINGS)
    # Clopper-Pearson: 0.025 ** (1 / 30)
    assert found["accuracy_low"] == pytest.approx(0.025 ** (1 / 30))
    assert found["accuracy_high"] == 1.0


def test_same_seed_gives_the_same_interval():
    rows = observations("regression", np.arange(50.0), np.arange(50.0) + np.sin(np.arange(50)))
    assert headline_intervals(rows, **SETTINGS) == headline_intervals(rows, **SETTINGS)
    assert headline_intervals(rows, **SETTINGS) != headline_intervals(
        rows, **{**SETTINGS, "seed": 1}
    )


def test_intervals_are_left_out_without_resamples_or_rows():
    rows = observations("regression", [1.0, 2.0], [1.0, 2.5])
    assert headline_intervals(rows, **{**SETTINGS, "resamples": 0}) == {}
    assert headline_intervals(observations("regression", [1.0], [1.0]), **SETTINGS) == {}


def test_equal_targets_have_no_interval_of_r2():
    found = headline_intervals(observations("regression", [1.0] * 9, np.arange(9.0)), **SETTINGS)
    assert set(found) == {"rmse_low", "rmse_high", "mae_low", "mae_high"}


@pytest.mark.parametrize("value", [0.1, 4.1, 1e6])
def test_r2_has_no_interval_where_too_many_resamples_have_no_spread(value):
    # one row in forty stands out: more than a third of the resamples are without it
    actual = np.append(np.full(39, value), 2 * value)
    found = headline_intervals(observations("regression", actual, actual * 1.1), **SETTINGS)
    assert set(found) == {"rmse_low", "rmse_high", "mae_low", "mae_high"}


def test_r2_has_an_interval_where_hardly_a_resample_has_no_spread():
    actual = np.append(np.zeros(30), np.arange(10.0))
    found = headline_intervals(observations("regression", actual, actual + 1), **SETTINGS)
    assert -10 < found["r2_low"] < found["r2_high"] < 1


def test_a_resample_without_a_rare_row_does_not_count_as_one_that_missed_it():
    actual = np.array([0] * 398 + [1] * 2)  # e^-2 of the resamples have neither of the two
    scores = np.linspace(0, 0.9, 400)
    rows = observations("classification", actual, actual * 0, np.c_[1 - scores, scores])
    found = headline_intervals(rows, **SETTINGS)
    assert (found["rare_pr_auc_low"], found["rare_pr_auc_high"]) == pytest.approx((1, 1))


def test_difference_of_equal_predictions_is_zero():
    rows = classes(np.arange(20) % 2, np.zeros(20, int))
    assert difference_interval(rows, rows, "accuracy", **SETTINGS) == (0.0, 0.0)


def test_difference_is_resampled_in_pairs():
    actual = np.zeros(200)
    ours = observations("regression", actual, np.linspace(0, 10, 200))
    theirs = observations("regression", actual, np.linspace(0, 10, 200) + 1)
    low, high = difference_interval(ours, theirs, "rmse", **SETTINGS)
    # either alone varies by about 0.6; their difference hardly does
    assert -1 < low < high < -0.8


def test_a_rare_class_has_an_interval_that_holds_its_area():
    actual = np.array([0] * 95 + [1] * 5)
    scores = np.linspace(0, 0.9, 100)
    ours = observations("classification", actual, actual * 0, np.c_[1 - scores, scores])
    theirs = observations("classification", actual, actual * 0, np.full((100, 2), 0.5))
    found = headline_intervals(ours, **SETTINGS)
    # Perfect order, in every resample that has a row of the class.
    assert (found["rare_pr_auc_low"], found["rare_pr_auc_high"]) == pytest.approx((1, 1))
    low, high = difference_interval(ours, theirs, "rare_pr_auc", **SETTINGS)
    # The others' area is the class's share, 0.05: 1 to 11 rows in nearly every resample.
    assert 0.87 <= low < 0.95 < high <= 1
