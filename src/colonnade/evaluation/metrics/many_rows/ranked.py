"""Areas under curves of scores, and their bootstrap, from one sort: for tables of many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Up to so many rows scikit-learn ranks them, every row is resampled by itself, and baselines are
# fitted on all of them.
MANY_ROWS = 50_000


@dataclass(frozen=True)
class Ranked:
    """Rows in falling order of their score; every area is one pass over them.

    Shape: hits (n,) 0 or 1; weights (n,); order (n,) places in the table; ends (m,): where rows of
    one score end.
    """

    hits: Array
    weights: Array
    order: Array
    ends: Array

    @classmethod
    def of(cls, scores: Array, hits: Array, weights: Array | None = None) -> Ranked:
        """Sort once."""
        order = np.argsort(-scores)
        falling = scores[order]
        ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(scores) - 1)
        counted = np.ones(len(scores)) if weights is None else weights[order].astype(np.float64)
        return cls(hits[order].astype(np.float64), counted, order, ends)

    def curve(self, times: Array | None = None) -> tuple[Array, Array]:
        """Hits and rows down to each score, by weight.

        Args: times: how often each row of the table is drawn; None: once.
        """
        weights = self.weights if times is None else self.weights * times[self.order]
        return np.cumsum(weights * self.hits)[self.ends], np.cumsum(weights)[self.ends]

    def roc_auc(self) -> float:
        """Area under the ROC curve, by trapezoids; NaN where rows are of one kind."""
        hits, rows = self.curve()
        misses = rows - hits
        if hits[-1] == 0 or misses[-1] == 0:
            return np.nan
        area = np.trapezoid(np.append(0.0, hits), np.append(0.0, misses))
        return float(area / hits[-1] / misses[-1])

    def average_precision(self, times: Array | None = None) -> float:
        """Precision at each score, weighted by the recall it adds; NaN where nothing is a hit."""
        hits, rows = self.curve(times)
        if hits[-1] == 0:
            return np.nan
        precision = np.divide(hits, rows, out=np.zeros_like(hits), where=rows > 0)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])
