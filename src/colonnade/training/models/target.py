"""Between a target's raw numbers and those that a network is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.components.losses.loss import Loss


@dataclass(frozen=True)
class Target:
    """Center and scale of what is learned, in raw units."""

    center: float
    scale: float

    def learned(self, raw: np.ndarray) -> np.ndarray:
        """Raw numbers in the units that are learned."""
        return np.asarray((raw.astype(np.float64) - self.center) / self.scale)

    def raw(self, learned: np.ndarray) -> np.ndarray:
        """Learned numbers in raw units."""
        return np.asarray(learned * self.scale + self.center)


def target_of(standardizer: Standardizer, loss: Loss) -> Target:
    """How a loss learns the numbers of a table: standardized, or divided by their mean.

    A number whose logarithm is learned keeps its zero. With `standardize.target: none` it is
    learned in raw units.
    """
    if loss.link == "log":
        return Target(0.0, standardizer.target_center or 1.0)
    return Target(standardizer.target_center, standardizer.target_scale)
