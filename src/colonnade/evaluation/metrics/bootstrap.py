"""Intervals that say how far a number from so few rows may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colonnade.evaluation.metrics.scores import HEADLINES, Metric, rarest_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from colonnade.evaluation.observations import Observations

Array = NDArray[Any]
Interval = tuple[float, float]

# Resamples are drawn in batches of so many values, so that a large table does not fill memory.
_BATCH_VALUES = 2_000_000


def headline_intervals(
    rows: Observations, *, resamples: int, confidence: float, seed: int
) -> dict[str, float]:
    """Bootstrap the headline metrics: `accuracy_low`, `accuracy_high` and so on.

    A model without a mistake, or without a hit, gets the exact binomial interval for its accuracy:
    resampling equal rows would claim certainty.
    Source: Efron 1979, Bootstrap Methods; Clopper and Pearson 1934.
    """
    if resamples == 0 or len(rows) < 2:
        return {}
    found: dict[str, float] = {}
    lopsided = rows.probabilities is not None and rarest_class(rows.actual) is not None
    rare: tuple[Metric, ...] = ("rare_pr_auc",) if lopsided else ()
    for metric in HEADLINES[rows.task] + rare:
        if metric == "accuracy" and len(set(row_values(rows, metric))) == 1:
            interval = _exact_share(row_values(rows, metric), confidence)
        else:
            interval = _bootstrap(
                (row_values(rows, metric), _truth(rows, metric)),
                _STATISTICS[metric],
                resamples,
                confidence,
                seed,
            )
        if np.isfinite(interval).all():
            found[f"{metric}_low"], found[f"{metric}_high"] = interval
    return found


def difference_interval(
    ours: Observations,
    theirs: Observations,
    metric: Metric,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> Interval | None:
    """Interval of our metric minus theirs, on the same rows, resampled in pairs."""
    if resamples == 0 or len(ours) < 2:
        return None
    statistic = _STATISTICS[metric]

    def difference(a: Array, b: Array, actual: Array, axis: int = -1) -> Array:
        return np.asarray(statistic(a, actual, axis=axis) - statistic(b, actual, axis=axis))

    data = (row_values(ours, metric), row_values(theirs, metric), _truth(ours, metric))
    found = _bootstrap(data, difference, resamples, confidence, seed)
    return found if np.isfinite(found).all() else None


def row_values(rows: Observations, metric: Metric) -> Array:
    """What each row adds to a metric: a hit, a loss, an error, or a score to be ranked by."""
    values: Array = rows.predicted - rows.actual
    if metric == "accuracy":
        values = values == 0
    elif metric == "rank_error":
        values = np.abs(values)
    elif metric == "rare_pr_auc":
        if rows.probabilities is None:
            raise ValueError("rare_pr_auc needs probabilities")
        values = rows.probabilities[:, rarest_class(rows.actual)]
    elif metric == "log_loss":
        if rows.probabilities is None:
            raise ValueError("log_loss needs probabilities")
        p = rows.probabilities[np.arange(len(rows)), rows.actual]
        # scikit-learn's log_loss clips at the same number.
        values = -np.log(np.maximum(p, np.finfo(np.float64).eps))
    return values.astype(np.float64)


def _truth(rows: Observations, metric: Metric) -> Array:
    """What a metric holds a row's value against: the target, or whether it is of the rarest."""
    return rows.actual == rarest_class(rows.actual) if metric == "rare_pr_auc" else rows.actual


def _mean(values: Array, actual: Array, axis: int = -1) -> Array:
    return np.asarray(values.mean(axis=axis))


def _rmse(errors: Array, actual: Array, axis: int = -1) -> Array:
    return np.asarray(np.sqrt((errors**2).mean(axis=axis)))


def _mae(errors: Array, actual: Array, axis: int = -1) -> Array:
    return np.asarray(np.abs(errors).mean(axis=axis))


def _r2(errors: Array, actual: Array, axis: int = -1) -> Array:
    """Minus infinity of a resample whose rows are all equal: no error is small beside no spread."""
    # Not the variance: that of equal numbers may be a rounding error above 0.
    equal = np.ptp(actual, axis=axis) == 0
    spread = np.where(equal, 1, actual.var(axis=axis))
    return np.where(equal, -np.inf, 1 - (errors**2).mean(axis=axis) / spread)


def _average_precision(scores: Array, hits: Array, axis: int = -1) -> Array:
    """One resample after the other; NaN where it holds no row of the class: none can be found."""
    from sklearn.metrics import average_precision_score

    n = hits.shape[axis]
    pairs = zip(hits.reshape(-1, n), scores.reshape(-1, n), strict=True)
    found = [average_precision_score(hit, p) if hit.any() else np.nan for hit, p in pairs]
    return np.reshape(found, hits.shape[:axis])


_STATISTICS: dict[Metric, Callable[..., Array]] = {
    "accuracy": _mean,
    "rank_error": _mean,
    "log_loss": _mean,
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
    "rare_pr_auc": _average_precision,
}


def _bootstrap(
    data: tuple[Array, ...],
    statistic: Callable[..., Array],
    resamples: int,
    confidence: float,
    seed: int,
) -> Interval:
    """Percentiles of the statistic over resamples in which it is defined; an end may be infinite.

    An end is NaN where it falls between an infinite and a finite value, or nothing is defined.
    """
    rng, n = np.random.default_rng(seed), len(data[0])
    batch = max(1, _BATCH_VALUES // n)
    sizes = (min(batch, resamples - done) for done in range(0, resamples, batch))
    draws = (rng.integers(0, n, (size, n)) for size in sizes)
    found = [statistic(*(column[drawn] for column in data)) for drawn in draws]
    values = np.concatenate(found)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return np.nan, np.nan
    values.sort()
    tail = (1 - confidence) / 2
    return _quantile(values, tail), _quantile(values, 1 - tail)


def _quantile(ordered: Array, share: float) -> float:
    """Linear between two neighbors, in the order of operations of scipy.stats.quantile.

    NaN between an infinite and a finite value.
    """
    place = share * len(ordered) + (1 - share) - 1
    below = int(place)
    weight = place - below
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    if weight == 0 or low == high:
        return low
    found = (1 - weight) * low + weight * high
    return found if np.isfinite(found) else np.nan


def _exact_share(hits: Array, confidence: float) -> Interval:
    from scipy.stats import binomtest

    found = binomtest(int(hits.sum()), len(hits)).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)
