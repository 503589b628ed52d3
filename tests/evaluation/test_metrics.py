"""Numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from colonnade.evaluation.metrics.scores import (
    HEADLINES,
    class_keys,
    class_metrics,
    classification_metrics,
    expected_calibration_error,
    headline_metrics,
    interval_metrics,
    rarest_class,
    regression_metrics,
)

ACTUAL = np.array([0, 0, 1, 2])
PREDICTED = np.array([0, 1, 1, 1])
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.1, 0.5, 0.4]])


def test_classification_metrics_are_those_worked_out_by_hand():
    found = classification_metrics(ACTUAL, PREDICTED, PROBABILITIES)
    assert found["accuracy"] == 2 / 4
    # recalls: class 0 one of two, class 1 one of one, class 2 none of one
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0) / 3)
    # F1: class 0 2/3, class 1 1/2, class 2 0
    assert found["f1_macro"] == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert found["f1_weighted"] == pytest.approx((2 * 2 / 3 + 1 / 2) / 4)
    assert found["log_loss"] == pytest.approx(-math.log(0.8 * 0.3 * 0.7 * 0.4) / 4)
    brier = (0.04 + 0.01 + 0.01) + (0.49 + 0.36 + 0.01) + (0.04 + 0.09 + 0.01)
    assert found["brier"] == pytest.approx((brier + 0.01 + 0.25 + 0.36) / 4)
    assert found["top_2_accuracy"] == 1.0
    # class 0 against the rest: 0.8 and 0.3 stand above 0.2 and 0.1; class 1: 0.7 above all;
    # class 2: 0.4 above all
    assert found["roc_auc"] == 1.0
    assert "rank_error" not in found


def test_ordinal_metrics_count_ranks():
    found = classification_metrics(ACTUAL, PREDICTED, PROBABILITIES, ordinal=True)
    assert found["rank_error"] == 2 / 4
    # observed squared disagreements 1 + 1; expected by chance (2·1·1 + 2·3·1 ...) worked out:
    # actual (2, 1, 1)/4, predicted (1, 3, 0)/4, weights squared distance
    expected = (2 * 3 * 1 + 1 * 1 * 1 + 1 * (1 * 4 + 3 * 1)) / 4
    assert found["quadratic_kappa"] == pytest.approx(1 - 2 / expected)


def test_roc_auc_is_left_out_when_a_class_has_no_row():
    found = classification_metrics(np.array([0, 1]), np.array([0, 2]), PROBABILITIES[:2])
    assert "roc_auc" not in found
    assert "pr_auc" not in found
    assert found["balanced_accuracy"] == 0.5


def test_binary_roc_auc_counts_pairs_in_order():
    actual = np.array([0, 0, 1, 1])
    p = np.array([0.1, 0.6, 0.5, 0.9])
    found = classification_metrics(actual, (p > 0.5).astype(int), np.column_stack([1 - p, p]))
    assert found["roc_auc"] == 3 / 4
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.25 + 0.01) / 4)


def test_calibration_error_weighs_gaps_by_rows():
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    actual = np.array([0, 1, 1, 1])
    # bin 0.9-1.0: sure 0.95, right 0.5; bin 0.6-0.7: sure 0.65, right 1
    error = expected_calibration_error(actual, probabilities.argmax(1), probabilities)
    assert error == pytest.approx(0.5 * 0.45 + 0.5 * 0.35)


def test_regression_metrics_are_those_worked_out_by_hand():
    found = regression_metrics(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0]))
    assert found == {
        "rmse": pytest.approx(math.sqrt(5 / 3)),
        "mae": 1.0,
        "median_error": 1.0,
        "r2": pytest.approx(1 - 5 / (16 / 9 + 1 / 9 + 25 / 9)),
        "mape": pytest.approx((0 + 1 / 2 + 2 / 4) / 3),
    }


def test_undefined_regression_metrics_are_left_out():
    assert set(regression_metrics(np.array([0.0, 0.0]), np.array([0.0, 1.0]))) == {
        "rmse",
        "mae",
        "median_error",
    }
    assert regression_metrics(np.array([]), np.array([])) == {}


def test_probabilities_of_zero_give_a_finite_log_loss():
    found = classification_metrics(np.array([1]), np.array([0]), np.array([[1.0, 0.0]]))
    assert 30 < found["log_loss"] < 40


@pytest.mark.parametrize("task", ["classification", "ordinal"])
def test_headline_metrics_equal_those_of_the_full_measure(task):
    full = classification_metrics(ACTUAL, PREDICTED, PROBABILITIES, ordinal=task == "ordinal")
    found = headline_metrics(task, ACTUAL, PREDICTED, PROBABILITIES)
    assert found == {name: full[name] for name in HEADLINES[task]}


def test_interval_covers_as_validation_errors_promise():
    errors = np.arange(1.0, 10.0)  # nine errors: the 0.9 quantile is the largest
    found = interval_metrics(np.array([0.0, 0.0]), np.array([9.0, 9.5]), errors, 0.9)
    assert found == {"interval_coverage": 0.5, "interval_width": 18.0}
    assert interval_metrics(np.array([0.0]), np.array([0.0]), errors[:8], 0.9) == {}


def test_class_metrics_tell_each_class():
    first, second, third = class_metrics(ACTUAL, PREDICTED, ["a", "b", "c"])
    assert (first.label, first.precision, first.recall, first.rows) == ("a", 1.0, 0.5, 2)
    assert (second.precision, second.recall) == (pytest.approx(1 / 3), 1.0)
    assert (third.precision, third.recall, third.f1, third.rows) == (0.0, 0.0, 0.0, 1)


def test_class_keys_hold_only_what_a_metric_name_may():
    assert class_keys(["a/b", "a?b", "..", "中文", "1.5", ""]) == [
        "a_b",
        "a_b_",
        "__",
        "中文",
        "1.5",
        "_",
    ]


def test_the_rarest_class_is_measured_where_it_is_rare():
    actual = np.array([1] * 9 + [0])
    p = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.2, 0.6])
    found = classification_metrics(actual, (p > 0.5).astype(int), np.c_[1 - p, p])
    # Of ten rows by the chance of class 0: a wrong one first, the only right one second.
    assert found["rare_pr_auc"] == pytest.approx(1 / 2)
    assert found["balanced_accuracy"] == pytest.approx((8 / 9 + 0) / 2)
    head = headline_metrics("classification", actual, (p > 0.5).astype(int), np.c_[1 - p, p])
    assert list(head) == ["accuracy", "log_loss", "rare_pr_auc", "balanced_accuracy"]
    assert head["balanced_accuracy"] == found["balanced_accuracy"]
    assert rarest_class(np.array([0] * 8 + [1] * 2)) is None
    assert rarest_class(np.zeros(10)) is None
