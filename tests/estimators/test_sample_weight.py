"""Weights of rows, given as scikit-learn's callers do, or as a column of a frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score

from colonnade import ColonnadeClassifier, ColonnadeRegressor, fit

QUICK = {"epochs": 3, "batch_size": 32, "members": 1}
EXACT = {
    "training": {"optimizer": "lbfgs", "epochs": 60},
    "standardize": {"numeric": "none", "target": "none"},
    "validation_fraction": 0,
}
"""No batches drawn, no rows held out, and no statistics of rows."""


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=80)
    return X, y, rng.integers(0, 4, 80)


def test_a_weight_of_0_is_a_row_left_out_and_of_3_a_row_thrice(rows):
    X, y, weights = rows
    regressor = ColonnadeRegressor("linear", **EXACT)
    ours = clone(regressor).fit(X, y, sample_weight=weights).predict(X)
    theirs = clone(regressor).fit(X.repeat(weights, axis=0), y.repeat(weights)).predict(X)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
    labels = np.where(y > 0, "high", "low")
    words = {**EXACT, "standardize": {"numeric": "none"}}
    classifier = ColonnadeClassifier("linear", **words)
    ours = clone(classifier).fit(X, labels, weights).predict_proba(X)
    copied = X.repeat(weights, axis=0), labels.repeat(weights)
    theirs = clone(classifier).fit(*copied).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-3)
    assert np.abs(ours - clone(classifier).fit(X, labels).predict_proba(X)).max() > 0.01


def test_rows_of_weight_0_change_no_bit(rows):
    X, y, weights = rows
    kept = weights > 0
    regressor = ColonnadeRegressor(training=QUICK)
    ours = clone(regressor).fit(X, y, sample_weight=weights).predict(X)
    theirs = clone(regressor).fit(X[kept], y[kept], sample_weight=weights[kept]).predict(X)
    assert ours.tolist() == theirs.tolist()


def test_equal_weights_change_no_bit(rows):
    X, y, _ = rows
    regressor = ColonnadeRegressor(training=QUICK)
    ours = clone(regressor).fit(X, y, sample_weight=np.full(80, 0.3)).predict(X)
    assert ours.tolist() == clone(regressor).fit(X, y).predict(X).tolist()


def test_scores_take_weights(rows):
    X, y, weights = rows
    regressor = ColonnadeRegressor("linear", QUICK).fit(X, y)
    expected = r2_score(y, regressor.predict(X), sample_weight=weights)
    assert regressor.score(X, y, sample_weight=weights) == expected
    classifier = ColonnadeClassifier("linear", QUICK).fit(X, y > 0)
    expected = accuracy_score(y > 0, classifier.predict(X), sample_weight=weights)
    assert classifier.score(X, y > 0, sample_weight=weights) == expected


def test_rows_to_stop_by_have_weights_too(rows):
    X, y, weights = rows
    words = {**QUICK, "early_stopping": True}
    losses = [
        ColonnadeRegressor("linear", words)
        .fit(X, y, eval_set=(X[:40], y[:40]), eval_sample_weight=own)
        .history_["validation_loss"]
        .iloc[0]
        for own in (None, weights[:40], np.where(weights[:40] > 0, 1, 0))
    ]
    assert len(set(losses)) == 3
    fitted = ColonnadeRegressor("linear", words).fit(X, y, weights, eval_set=(X[:40], y[:40]))
    assert len(fitted.feature_importances_) == 3


def test_a_column_of_that_name_is_no_hindrance(rows):
    X, y, weights = rows
    frame = pd.DataFrame(X, columns=["sample_weight", "b", "target"])
    fitted = ColonnadeRegressor("linear", QUICK).fit(frame, y, sample_weight=weights)
    assert fitted.model_.standardizer.inputs == ["sample_weight", "b", "target"]
    assert fitted.model_.standardizer.table_schema.weight == "sample_weight_"


def test_fit_takes_the_weights_from_a_column(rows, tmp_path):
    X, y, weights = rows
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=y, w=weights)
    model = fit(frame, target="y", weight="w", training=QUICK, report=tmp_path)
    assert model.standardizer.inputs == ["a", "b", "c"]
    assert len(model.predict(frame[["a", "b", "c"]])) == 80
    page = (tmp_path / "report.html").read_text()
    assert "row weights" in page
    assert "Metrics count rows by their weights" in page
    assert "column &#39;w&#39;, 1 to 3: the rows tell as much as" in page
    assert "weight=&#39;w&#39;" in page
    assert "row weights: column 'w', 1 to 3" in (tmp_path / "model_card.md").read_text()
    with pytest.raises(ValueError, match="row 1: -1 is a weight below 0"):
        fit(frame.assign(w=-1.0), target="y", weight="w", training=QUICK)
    with pytest.raises(ValueError, match="there is no column 'v' of weights"):
        fit(frame, target="y", weight="v")
