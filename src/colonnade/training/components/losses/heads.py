"""From a network's outputs to a loss's logits or numbers, whatever the network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable


class OrdinalHead(nn.Module):
    """Logits of "above cut k" of one score: s - c_k, for cut points that stay ordered.

    Source: McCullagh 1980, Regression Models for Ordinal Data.
    """

    no_weight_decay: ClassVar[frozenset[str]] = frozenset({"cuts"})

    def __init__(self, n_cuts: int) -> None:
        super().__init__()
        self.cuts = nn.Parameter(torch.zeros(n_cuts))

    def forward(self, score: Tensor) -> Tensor:
        """Subtract the cut points.

        Shape: (..., n, 1) -> (..., n, n_cuts).
        """
        return score - cut_points(self.cuts).unsqueeze(-2)


class RangeHead(nn.Module):
    """Keeps predicted numbers within the range of the train rows; in training they are free.

    low, high: the outputs at the ends of that range: their logarithms, where those are learned.
    """

    low: Tensor
    high: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.full((1,), -math.inf))
        self.register_buffer("high", torch.full((1,), math.inf))

    def forward(self, numbers: Tensor) -> Tensor:
        """Shape: (..., n, n_outputs) -> the same."""
        if self.training:
            return numbers
        return torch.clamp(numbers, self.low.unsqueeze(-1), self.high.unsqueeze(-1))


def first_cuts(counts: Tensor) -> Tensor:
    """Start the cut points at the cumulative log-odds of the training rows.

    Half a row is added to each class: an empty one has odds too.
    Shape: counts (M, n_classes) -> raw numbers (M, n_classes - 1).
    """
    counts = counts.to(torch.float64) + 0.5
    above = counts.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    cuts = (counts.sum(-1, keepdim=True) - above).log() - above.log()
    raw = cuts.clone()
    # The inverse of softplus: gaps = log(1 + exp(raw)).
    raw[:, 1:] = torch.log(torch.expm1(cuts.diff(dim=-1)))
    return raw


def cut_points(raw: Tensor) -> Tensor:
    """Turn the first cut and the raw gaps into cuts that rise whatever the raw numbers are."""
    gaps = torch.nn.functional.softplus(raw[..., 1:])
    return torch.cat([raw[..., :1], gaps], -1).cumsum(-1)


def _average_softmax(logits: Tensor) -> Tensor:
    return logits.log_softmax(-1).logsumexp(-3) - math.log(logits.shape[-3])


def _average_sigmoid(logits: Tensor) -> Tensor:
    # The logit of the mean: its odds are the summed shares for, by the summed shares against.
    log_sigmoid = nn.functional.logsigmoid
    return log_sigmoid(logits).logsumexp(-3) - log_sigmoid(-logits).logsumexp(-3)


AVERAGES: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": _average_softmax,
    "sigmoid": _average_sigmoid,
    "identity": lambda logits: logits.mean(-3),
    # The logarithm of the mean number.
    "log": lambda logits: logits.logsumexp(-3) - math.log(logits.shape[-3]),
}
"""Logits of the average prediction of several models, by what makes predictions of logits.

Shape: (..., n_models, n, n_logits) -> (..., n, n_logits).
"""
