"""Between a target's raw numbers and those that a network is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.tables.features.target_curve import LogCurve, QuantileCurve
    from colonnade.training.components.losses.loss import Loss

MOST_RESIDUALS = 200
# So many columns say why a row is odd.
_REASONS = 3


@dataclass(frozen=True)
class Target:
    """How the numbers of a table are learned.

    center, scale: of what is learned, in raw units. curve: what is learned in place of that.
    smears: whether a mean is predicted that the curve bends: what it makes of the mean of what is
    learned is nearer to the median. residuals: by how much what was learned of rows was missed.
    """

    center: float
    scale: float
    curve: LogCurve | QuantileCurve | None = None
    smears: bool = False
    residuals: tuple[float, ...] = ()

    def learned(self, raw: np.ndarray) -> np.ndarray:
        """Raw numbers in the units that are learned."""
        raw = raw.astype(np.float64)
        if self.curve is not None:
            return np.asarray(self.curve.learned(raw))
        return np.asarray((raw - self.center) / self.scale)

    def raw(self, learned: np.ndarray) -> np.ndarray:
        """Learned numbers in raw units: the mean over what the residuals would make of them.

        Source: Duan 1983, Smearing Estimate: A Nonparametric Retransformation Method.
        """
        if self.curve is None:
            return np.asarray(learned * self.scale + self.center)
        if not self.residuals:
            return np.asarray(self.curve.raw(learned))
        total: np.ndarray = np.zeros_like(learned)
        for residual in self.residuals:
            total += self.curve.raw(learned + residual)
        total /= len(self.residuals)
        return total

    def errors(self, predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
        """Raw errors of learned numbers."""
        if self.curve is None:
            return np.asarray((predicted - actual) * self.scale)
        return np.asarray(self.raw(predicted) - self.curve.raw(actual))


def target_of(standardizer: Standardizer, loss: Loss, residuals: Sequence[float] = ()) -> Target:
    """How a loss learns the numbers of a table: as they are standardized, or divided by their mean.

    A number whose logarithm is learned keeps its zero. With `standardize.target: none` it is
    learned in raw units.
    """
    if loss.link == "log":
        return Target(0.0, standardizer.target_center or 1.0)
    curve = standardizer.target_curve
    smears = curve is not None and loss.predicts_mean
    center, scale = standardizer.target_center, standardizer.target_scale
    return Target(center, scale, curve, smears, tuple(residuals))


def kept_residuals(residuals: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """All residuals in order, or the means of two hundred equal shares of them, or of the weight.

    Shape: (n,) -> at most 200.
    """
    order = np.argsort(residuals, kind="stable")
    ordered, n = residuals[order], len(residuals)
    if weights is not None:
        own, n_kept = weights[order] / weights.sum(), min(n, MOST_RESIDUALS)
        reached, total = (np.concatenate([[0.0], np.cumsum(part)]) for part in (own, own * ordered))
        ends = np.interp(np.linspace(0, 1, n_kept + 1), reached, total)
        return [float(mean) for mean in np.diff(ends) * n_kept]
    if n <= MOST_RESIDUALS:
        return [float(residual) for residual in ordered]
    total = np.concatenate([[0.0], np.cumsum(ordered)])
    ends = np.interp(np.linspace(0, n, MOST_RESIDUALS + 1), np.arange(n + 1), total)
    return [float(mean) for mean in np.diff(ends) * MOST_RESIDUALS / n]


def odd_rows(
    errors: np.ndarray, standardizer: Standardizer, threshold: float | None, index: pd.Index
) -> pd.DataFrame:
    """How odd rows are, whether they are flagged, and which columns say so.

    Shape: errors (n, n_features), squared -> "score", their mean; "odd", whether it is above the
        threshold; "because", the columns with the largest shares of it, as "ram 41 %; fc 20 %".
    """
    import pandas as pd

    names = standardizer.inputs
    starts = np.cumsum([0, *(len(column.outputs) for column in standardizer.columns)])[:-1]
    parts = np.add.reduceat(errors, starts, axis=1) if len(names) else errors
    shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    first = np.argsort(-shares, axis=1, kind="stable")[:, :_REASONS]
    score = errors.mean(axis=1)
    because = [
        "; ".join(f"{names[i]} {share[i]:.0%}".replace("%", " %") for i in places)
        for places, share in zip(first, shares, strict=True)
    ]
    odd = score > (np.inf if threshold is None else threshold)
    return pd.DataFrame({"score": score, "odd": odd, "because": because}, index=index)
