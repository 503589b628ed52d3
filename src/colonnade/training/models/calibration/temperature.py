"""One number that divides logits, so that probabilities are calibrated.

Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colonnade.tables.features.row_weights import worth_in_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from colonnade.training.components.losses.loss import Loss

_GOLDEN = (math.sqrt(5) - 1) / 2
_LIMIT = math.log(20.0)


def fit_temperature(
    loss: Loss,
    logits: Tensor,
    codes: Tensor,
    weights: Tensor | None = None,
    *,
    spread: float = 1.0,
) -> float:
    """Find the temperature whose averaged probabilities give the codes the least log-loss.

    The logarithm of the temperature is taken to be normal around 0: a few rows that are all
    predicted rightly would make the model certain otherwise, and many rows outweigh it.

    Args: spread: its standard deviation. weights: of the rows, if they differ.

    Shape: logits (M, n, n_logits), codes, weights (n,). Between 1/20 and 20; 1 if it cannot be
        improved.
    """
    logits, index, n = logits.to(torch.float64), codes.long()[:, None], float(len(codes))
    share = None
    if weights is not None:
        share = weights.double() / weights.double().sum()
        n = worth_in_rows(share.numpy())

    def cost(log_temperature: float) -> float:
        shares = loss.probabilities(logits / math.exp(log_temperature)).mean(0)
        # The smallest positive number: a class that was held impossible costs much, not infinity.
        logs = shares.gather(1, index).clamp_min(1e-300).log()
        known = logs.mean() if share is None else share @ logs[:, 0]
        return float(-known) + (log_temperature / spread) ** 2 / (2 * n)

    best = _golden_section(cost, -_LIMIT, _LIMIT)
    return math.exp(best) if cost(best) < cost(0.0) else 1.0


def _golden_section(
    value: Callable[[float], float], low: float, high: float, tolerance: float = 1e-6
) -> float:
    """Find the lowest point of a function with one valley (Kiefer 1953)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = value(right)
    return (low + high) / 2
