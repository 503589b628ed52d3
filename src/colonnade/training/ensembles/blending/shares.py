"""How much each candidate counts in a blend, by predictions of rows that it has not seen.

Source: Caruana et al. 2004, Ensemble Selection from Libraries of Models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS, DRAWS = 15, 20
MOST_ROWS = 10_000
LEAST_SHARE = 0.02
# A class that was held impossible costs much, not infinity.
_LEAST = 1e-15


def score(
    predicted: np.ndarray,
    actual: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    quantile: float | None = None,
) -> float:
    """Log-loss of classes, or root mean squared error of numbers: the lower, the better.

    Args: quantile: that the numbers are predictions of: they are judged by the pinball loss.

    Shape: predicted (n, n_classes) with codes (n,), or numbers (n,) with numbers (n,); weights
        (n,), or None where all rows count alike.
    """
    judged = _judged(predicted, actual)[None]
    return float(_scores(judged, predicted.ndim == 2, weights, quantile)[0])


def blend_shares(
    predictions: Sequence[np.ndarray],
    actual: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    quantile: float | None = None,
    seed: int = 0,
) -> list[float]:
    """Choose on many draws of the rows, and average: of few rows, one draw may say anything.

    Candidates that count for hardly anything are left out.

    >>> right, poor = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.1, 0.9], [0.9, 0.1]])
    >>> blend_shares([poor, right], np.array([0, 1]))
    [0.0, 1.0]

    Shape: predictions: each (n, n_classes) or (n,), of the rows of actual (n,) and weights
        (n,) -> one share a candidate, which sum to 1.
    """
    classes = predictions[0].ndim == 2
    judged = np.stack([_judged(predicted, actual) for predicted in predictions])
    rng, n = np.random.default_rng(seed), len(actual)
    draws = [rng.integers(0, n, min(n, MOST_ROWS)) for _ in range(DRAWS)]
    own = [None if weights is None else weights[rows] for rows in draws]
    pairs = zip(draws, own, strict=True)
    shares = np.mean(
        [_greedy_shares(judged[:, rows], classes, w, quantile) for rows, w in pairs], axis=0
    )
    shares[shares < LEAST_SHARE] = 0
    return [float(share) for share in shares / shares.sum()]


def _greedy_shares(
    judged: np.ndarray, classes: bool, weights: np.ndarray | None, quantile: float | None
) -> np.ndarray:
    """Add the candidate that improves the blend most, again and again; the best blend counts.

    Shape: (C, n) -> (C,).
    """
    total, counts = np.zeros(judged.shape[1]), np.zeros(len(judged))
    best_score, best = np.inf, counts
    for n in range(1, ROUNDS + 1):
        scores = _scores((total + judged) / n, classes, weights, quantile)
        chosen = int(scores.argmin())
        total += judged[chosen]
        counts[chosen] += 1
        if scores[chosen] < best_score:
            best_score, best = scores[chosen], counts / n
    return best


def _judged(predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """What a score depends on: the probability of the true class, or by how much a number is off.

    That of a blend is the mean of its candidates'.
    """
    if predicted.ndim == 1:
        return np.asarray(predicted - actual)
    true: np.ndarray = predicted[np.arange(len(actual)), actual.astype(np.int64)]
    return true


def _scores(
    judged: np.ndarray, classes: bool, weights: np.ndarray | None, quantile: float | None
) -> np.ndarray:
    """Shape: (C, n) -> (C,)."""
    if classes:
        return -np.average(np.log(judged.clip(_LEAST)), axis=1, weights=weights)
    if quantile is not None:
        pinball = 0.5 * np.abs(judged) + (0.5 - quantile) * judged
        return np.average(pinball, axis=1, weights=weights)
    return np.sqrt(np.average(np.square(judged), axis=1, weights=weights))
