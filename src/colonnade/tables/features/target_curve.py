"""Curves between a target's raw numbers and those that a network learns, fitted on train rows.

Each is one to one, so that whatever is learned has its raw number, far from the train rows too.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from colonnade.tables.features.transforms import signed_log1p

MOST_KNOTS = 1000


class _Curve(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LogCurve(_Curve):
    """log(1 + x), mirrored below 0, then centered and scaled."""

    kind: Literal["log"] = "log"
    center: float
    scale: float

    def learned(self, raw: np.ndarray) -> np.ndarray:
        """Shape: any -> the same."""
        return np.asarray((signed_log1p(raw) - self.center) / self.scale)

    def raw(self, learned: np.ndarray) -> np.ndarray:
        """Shape: any -> the same."""
        logs = learned * self.scale + self.center
        return np.asarray(np.copysign(np.expm1(np.abs(logs)), logs))


class QuantileCurve(_Curve):
    """The normal deviate of a number's rank among train rows, in straight pieces between knots.

    Beyond the train rows it goes on straight, by one for each standard deviation of raw numbers.
    """

    kind: Literal["quantile"] = "quantile"
    values: list[float]
    """Raw numbers, ascending, all different."""
    deviates: list[float]
    spread: float

    def learned(self, raw: np.ndarray) -> np.ndarray:
        """Shape: any -> the same."""
        beyond = raw - np.clip(raw, self.values[0], self.values[-1])
        return np.asarray(np.interp(raw, self.values, self.deviates) + beyond / self.spread)

    def raw(self, learned: np.ndarray) -> np.ndarray:
        """Shape: any -> the same."""
        beyond = learned - np.clip(learned, self.deviates[0], self.deviates[-1])
        return np.asarray(np.interp(learned, self.deviates, self.values) + beyond * self.spread)


TargetCurve = Annotated[LogCurve | QuantileCurve, Field(discriminator="kind")]


def fit_quantile_curve(values: np.ndarray) -> QuantileCurve:
    """The curve through at most a thousand quantiles of the train rows; equal ones share a knot.

    Shape: (n_rows,).
    """
    from scipy.special import ndtri

    n = len(values)
    chosen = np.rint(np.linspace(0, n - 1, min(MOST_KNOTS, n))).astype(np.int64)
    ranks = (chosen + 0.5) / n
    knots, places = np.unique(np.sort(values)[chosen], return_inverse=True)
    deviates = np.bincount(places, ndtri(ranks)) / np.bincount(places)
    spread = float(np.std(values)) or 1.0
    return QuantileCurve(values=knots.tolist(), deviates=deviates.tolist(), spread=spread)
