"""Intervals that say how far a number from so few rows may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colonnade.evaluation.metrics.many_rows.blocks import resampled_by_blocks
from colonnade.evaluation.metrics.many_rows.ranked import MANY_ROWS
from colonnade.evaluation.metrics.scores import HEADLINES, Metric, rarest_class
from colonnade.tables.features.row_weights import worth_in_rows

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
    resampling equal rows would claim certainty. Rows are drawn alike, and counted by their weights;
    above `MANY_ROWS`, blocks of rows are.
    Source: Efron 1979, Bootstrap Methods; Clopper and Pearson 1934.
    """
    if resamples == 0 or len(rows) < 2:
        return {}
    found: dict[str, float] = {}
    lopsided = rows.probabilities is not None and rarest_class(rows.actual) is not None
    rare: tuple[Metric, ...] = ("rare_pr_auc",) if lopsided else ()
    for metric in HEADLINES[rows.task] + rare:
        if metric == "accuracy" and np.ptp(row_values(rows, metric)) == 0:
            interval = _exact_share(row_values(rows, metric), rows.weights, confidence)
        elif len(rows) > MANY_ROWS:
            given = row_values(rows, metric), _truth(rows, metric), rows.weights
            found_in = resampled_by_blocks(metric, *given, resamples=resamples, seed=seed)
            interval = _ends(found_in, confidence)
        else:
            interval = _bootstrap(
                (row_values(rows, metric), _truth(rows, metric), rows.weights),
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
    if len(ours) > MANY_ROWS:
        against = _truth(ours, metric), ours.weights
        mine, other = (
            resampled_by_blocks(
                metric, row_values(rows, metric), *against, resamples=resamples, seed=seed
            )
            for rows in (ours, theirs)
        )
        found = _ends(mine - other, confidence)
        return found if np.isfinite(found).all() else None
    statistic = _STATISTICS[metric]

    def difference(a: Array, b: Array, actual: Array, weights: Array | None) -> Array:
        return np.asarray(statistic(a, actual, weights) - statistic(b, actual, weights))

    values = (row_values(ours, metric), row_values(theirs, metric))
    data = (*values, _truth(ours, metric), ours.weights)
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


def _mean(values: Array, actual: Array, weights: Array | None) -> Array:
    if weights is None:
        return np.asarray(values.mean(axis=-1))
    return np.asarray((values * weights).sum(axis=-1) / weights.sum(axis=-1))


def _rmse(errors: Array, actual: Array, weights: Array | None) -> Array:
    return np.sqrt(_mean(errors**2, actual, weights))


def _mae(errors: Array, actual: Array, weights: Array | None) -> Array:
    return _mean(np.abs(errors), actual, weights)


def _r2(errors: Array, actual: Array, weights: Array | None) -> Array:
    """Minus infinity of a resample whose rows are all equal: no error is small beside no spread."""
    # Not the variance: that of equal numbers may be a rounding error above 0.
    equal = np.ptp(actual, axis=-1) == 0
    if weights is None:
        variance = actual.var(axis=-1)
    else:
        center = _mean(actual, actual, weights)
        variance = _mean((actual - center[..., None]) ** 2, actual, weights)
    spread = np.where(equal, 1, variance)
    return np.where(equal, -np.inf, 1 - _mean(errors**2, actual, weights) / spread)


def _average_precision(scores: Array, hits: Array, weights: Array | None) -> Array:
    """One resample after the other; NaN where it holds no row of the class: none can be found."""
    from sklearn.metrics import average_precision_score

    n = hits.shape[-1]
    rows = hits.reshape(-1, n), scores.reshape(-1, n)
    each = [None] * len(rows[0]) if weights is None else weights.reshape(-1, n)
    found = [
        average_precision_score(hit, p, sample_weight=own) if hit.any() else np.nan
        for hit, p, own in zip(*rows, each, strict=True)
    ]
    return np.reshape(found, hits.shape[:-1])


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
    data: tuple[Array, *tuple[Array | None, ...]],
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
    found = [
        statistic(*(None if column is None else column[drawn] for column in data))
        for drawn in draws
    ]
    return _ends(np.concatenate(found), confidence)


def _ends(values: Array, confidence: float) -> Interval:
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


def _exact_share(hits: Array, weights: Array | None, confidence: float) -> Interval:
    """Of rows that are all hits, or none."""
    from scipy.stats import binomtest

    n = len(hits) if weights is None else max(1, int(worth_in_rows(weights)))
    found = binomtest(n if hits[0] else 0, n).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)
