"""Metrics of many rows: one sort ranks them, blocks of them are resampled, baselines see some."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from colonnade.evaluation.baselines import SAMPLE_ROWS, sampled
from colonnade.evaluation.metrics.bootstrap import difference_interval, headline_intervals
from colonnade.evaluation.metrics.many_rows.blocks import resampled_by_blocks
from colonnade.evaluation.metrics.many_rows.ranked import MANY_ROWS, Ranked
from colonnade.evaluation.metrics.scores import classification_metrics
from colonnade.evaluation.observations import Observations

N = MANY_ROWS + 10_000
DRAW = {"resamples": 4_000, "seed": 0}


def drawn_scores(n: int, weighted: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    rng = np.random.default_rng(0)
    hits = rng.random(n) < 0.1
    scores = np.round(rng.normal(size=n) + hits, 2)  # many rows of one score
    return scores, hits, rng.integers(0, 4, n).astype(float) if weighted else None


@pytest.mark.parametrize("weighted", [False, True])
def test_areas_equal_those_of_scikit_learn(weighted):
    scores, hits, weights = drawn_scores(5_000, weighted)
    ranked = Ranked.of(scores, hits, weights)
    roc_auc = roc_auc_score(hits, scores, sample_weight=weights)
    precision = average_precision_score(hits, scores, sample_weight=weights)
    assert ranked.roc_auc() == pytest.approx(roc_auc, abs=1e-12)
    assert ranked.average_precision() == pytest.approx(precision, abs=1e-12)


def test_rows_drawn_twice_weigh_twice():
    scores, hits, _ = drawn_scores(2_000, weighted=False)
    times = np.random.default_rng(1).integers(0, 3, 2_000)
    expected = average_precision_score(np.repeat(hits, times), np.repeat(scores, times))
    found = Ranked.of(scores, hits).average_precision(times)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_ranking_metrics_of_many_rows_equal_those_of_scikit_learn(n_classes):
    rng = np.random.default_rng(0)
    actual = rng.integers(0, n_classes, N)
    shares = rng.random((N, n_classes)) + np.eye(n_classes)[actual]
    shares /= shares.sum(axis=1, keepdims=True)
    found = classification_metrics(actual, shares.argmax(axis=1), shares)
    one_hot, scores = (
        (actual, shares[:, 1]) if n_classes == 2 else (np.eye(n_classes)[actual], shares)
    )
    assert found["roc_auc"] == pytest.approx(roc_auc_score(one_hot, scores), abs=1e-12)
    assert found["pr_auc"] == pytest.approx(average_precision_score(one_hot, scores), abs=1e-12)


def test_blocks_vary_as_theory_says_rows_do():
    errors = np.random.default_rng(0).normal(0, 3, N)
    actual = np.random.default_rng(1).normal(100, 6, N)
    rmse = resampled_by_blocks("rmse", errors, actual, None, **DRAW)
    mae = resampled_by_blocks("mae", errors, actual, None, **DRAW)
    r2 = resampled_by_blocks("r2", errors, actual, None, **DRAW)
    assert rmse.mean() == pytest.approx(3, abs=0.03)
    # of a normal error: sd of rmse sigma/sqrt(2n), of mae sigma*sqrt((1-2/pi)/n)
    assert rmse.std() == pytest.approx(3 / np.sqrt(2 * N), rel=0.06)
    assert mae.std() == pytest.approx(3 * np.sqrt((1 - 2 / np.pi) / N), rel=0.06)
    assert r2.mean() == pytest.approx(1 - 9 / 36, abs=0.01)
    assert r2.std() == pytest.approx(9 / 36 * np.sqrt(4 / N), rel=0.06)


def observed(hits: np.ndarray) -> Observations:
    actual = np.zeros(len(hits), dtype=int)
    actual[::2] = 1
    shares = np.full((len(hits), 2), 0.5)
    predicted = np.where(hits, actual, 1 - actual)
    X = np.arange(len(hits), dtype=np.float32)[:, None]
    return Observations(
        "test", "classification", pd.RangeIndex(len(hits)), X, actual, predicted, shares
    )


def test_interval_of_accuracy_is_as_wide_as_the_binomial():
    rows = observed(np.random.default_rng(0).random(N) < 0.8)
    found = headline_intervals(rows, confidence=0.95, **DRAW)
    width = found["accuracy_high"] - found["accuracy_low"]
    assert width == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / N), rel=0.08)


def test_difference_is_taken_row_by_row():
    hits = np.random.default_rng(0).random(N) < 0.8
    ours, same = observed(hits), observed(hits)
    assert difference_interval(ours, same, "accuracy", confidence=0.95, **DRAW) == (0, 0)


def test_simple_models_see_all_of_few_rows_and_a_sample_of_many():
    few, many = observed(np.ones(MANY_ROWS, bool)), observed(np.ones(MANY_ROWS + 1, bool))
    assert sampled(few) is few
    sample = sampled(many)
    assert len(sample) == SAMPLE_ROWS == len(np.unique(sample.X))
    assert np.array_equal(sample.actual, many.actual[sample.X[:, 0].astype(int)])
