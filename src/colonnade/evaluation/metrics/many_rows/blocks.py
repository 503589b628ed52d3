"""Bootstrap of many rows: blocks that rows were dealt into are resampled instead of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colonnade.evaluation.metrics.many_rows.ranked import Ranked

if TYPE_CHECKING:
    from colonnade.evaluation.metrics.scores import Metric

Array = NDArray[Any]

# The spread of 2,000 blocks is known to 1.6 %; that of 200 resamples to 5 %.
BLOCKS = 2_000


def resampled_by_blocks(
    metric: Metric,
    values: Array,
    truth: Array,
    weights: Array | None,
    *,
    resamples: int,
    seed: int,
) -> Array:
    """A metric over resamples of blocks, which are equally many rows each, dealt at random.

    Every metric but a ranking one is a function of means, and a mean is a ratio of sums of blocks:
    one pass over the rows serves all resamples. Blocks of independent rows vary as the rows do.
    Args: values, truth: what each row adds to the metric, and what it is held against; (n,) each.
    Returns: one value a resample, NaN where it is not defined; the same draws for the same seed.
    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 8.
    """
    rng = np.random.default_rng(seed)
    dealt = rng.permutation(len(values)) % BLOCKS
    drawn = rng.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), resamples)
    if metric == "rare_pr_auc":
        ranked = Ranked.of(values, truth, weights)
        return np.array([ranked.average_precision(times[dealt]) for times in drawn])

    def means(*columns: Array) -> list[Array]:
        counted = np.ones(len(values)) if weights is None else weights
        total = drawn @ np.bincount(dealt, counted, BLOCKS)
        return [drawn @ np.bincount(dealt, one * counted, BLOCKS) / total for one in columns]

    if metric == "rmse":
        return np.asarray(np.sqrt(means(values**2)[0]))
    if metric == "r2":
        away = truth - truth.mean()  # so that little is lost to rounding below
        error, center, square = means(values**2, away, away**2)
        variance = square - center**2
        return np.asarray(1 - error / np.where(variance > 0, variance, np.nan))
    return means(np.abs(values) if metric == "mae" else values)[0]
