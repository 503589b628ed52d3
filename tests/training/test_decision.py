"""Thresholds of two classes, with numbers worked out by hand, and where they are applied."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.training.conftest import draw_table, prepare_table

from colonnade.errors import ParameterError
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.training import ModelParams, TrainingParams, train_model
from colonnade.training.models.calibration.decision import best_threshold, decided
from colonnade.training.models.storage import load_model, save_model
from colonnade.training.training_params import DecisionParams

SHARES = np.array([0.1, 0.2, 0.3, 0.4, 0.8])
POSITIVE = np.array([False, True, False, True, True])
ONE = np.ones(5)


@pytest.mark.parametrize(
    ("words", "threshold", "value"),
    [
        # from 0.2 up: 3 of 3 found, 1 of 4 wrong: 2 * 3 / (2 * 3 + 1)
        ({"aim": "f1"}, 0.15, 6 / 7),
        # from 0.4 up: 2 of 3 found, no other; from 0.2 up: all found, 1 of 2 others
        ({"aim": "balanced_accuracy"}, 0.35, (2 / 3 + 1) / 2),
        # a missed one costs 20: all are found, for one false alarm
        ({"aim": "cost", "false_positive": 1, "false_negative": 20}, 0.15, 1 / 5),
        # a false alarm costs 20: none, for one missed
        ({"aim": "cost", "false_positive": 20, "false_negative": 1}, 0.35, 1 / 5),
        ({"aim": "precision", "precision": 0.9}, 0.35, 2 / 3),
        ({"aim": "precision", "precision": 0.7}, 0.15, 1.0),
    ],
)
def test_the_threshold_serves_the_aim(words, threshold, value):
    found = best_threshold(SHARES, POSITIVE, ONE, DecisionParams.model_validate(words))
    assert found == pytest.approx((threshold, value))


def test_rows_count_by_their_weight():
    weights = np.array([1.0, 0.01, 1.0, 1.0, 1.0])  # the one at 0.2 hardly counts
    found = best_threshold(SHARES, POSITIVE, weights, DecisionParams(aim="f1"))
    assert found[0] == pytest.approx(0.35)


def test_a_precision_out_of_reach_is_told():
    params = DecisionParams(aim="precision", precision=0.9)
    with pytest.raises(ParameterError, match=r"no threshold has a precision of 0\.9"):
        best_threshold(SHARES, ~POSITIVE, ONE, params)


def test_classes_are_decided_by_the_likelier_unless_a_threshold_says_so():
    shares = np.array([[0.8, 0.2], [0.4, 0.6]])
    assert decided(shares, None).tolist() == [0, 1]
    assert decided(shares, {"positive": 1, "threshold": 0.2}).tolist() == [1, 1]
    assert decided(shares, {"positive": 0, "threshold": 0.9}).tolist() == [1, 1]


def fitted(**decision: object):
    table = draw_table("classification", n=200, n_classes=2)
    rows, validation, standardizer = prepare_table(table, "classification", n_validation=60)
    training = TrainingParams.model_validate({"epochs": 3, "decision": decision})
    model = train_model(rows, validation, standardizer, ModelParams(kind="linear"), training).model
    return table, rows, validation, model


def test_a_costly_miss_lowers_the_threshold_of_predictions_metrics_and_stored_models(tmp_path):
    table, rows, validation, model = fitted(aim="cost", false_negative=50)
    threshold = model.facts["decision"]["threshold"]
    assert threshold < 0.5
    predicted = model.predict(table)
    assert (predicted["prediction"] == (predicted["probability_1"] >= threshold)).all()
    assert (predicted["prediction"] != (predicted["probability_1"] >= 0.5)).any()
    evaluation = evaluate_model(
        model, rows, validation, validation, EvaluationParams(baselines=[], resamples=0)
    )
    right = (model.predict(table[-60:])["prediction"] == table["y"][-60:]).mean()
    assert evaluation.metrics.flat()["test/accuracy"] == pytest.approx(right)
    save_model(model, tmp_path / "model")
    pd.testing.assert_frame_equal(load_model(tmp_path / "model").predict(table), predicted)


def test_what_has_no_threshold_is_refused_before_training():
    with pytest.raises(ParameterError, match="positive`: 7 is no class"):
        fitted(aim="f1", positive=7)
    rows, validation, standardizer = prepare_table(draw_table("ordinal"), "ordinal")
    training = TrainingParams.model_validate({"decision": "f1", "refit": True})
    with pytest.raises(ParameterError) as caught:
        train_model(rows, validation, standardizer, ModelParams(kind="linear"), training)
    assert len(caught.value.problems) == 3
    with pytest.raises(ParameterError, match="go with `aim: cost`"):
        DecisionParams.model_validate({"aim": "f1", "false_negative": 2})


@pytest.mark.parametrize("words", [{"aim": "f1"}, {"aim": "precision", "precision": 0.5}])
def test_a_model_of_any_aim_is_read_back(tmp_path, words):
    table, _, _, model = fitted(**words)
    save_model(model, tmp_path / "model")
    pd.testing.assert_frame_equal(
        load_model(tmp_path / "model").predict(table), model.predict(table)
    )
