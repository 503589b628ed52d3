"""What acts on all weights around a step: decay, clipping, the lasso, the average of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


class WeightDecay:
    """Pull weights towards 0: through the gradient, or beside it (AdamW).

    factors: by which each parameter takes it; where it is decoupled, times that of its rate.
    Shape: flat, grad (M, P), factors (1, P).
    Source: Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization.
    """

    def __init__(
        self, flat: Tensor, grad: Tensor, decays: Sequence[float], factors: Tensor, decoupled: bool
    ) -> None:
        self.flat, self.grad, self.decoupled = flat, grad, decoupled
        self.strength = factors * _column(decays, flat)
        # written in place: rates may change at every step, and fresh memory costs more than sums
        self.scheduled, self.keep = self.strength.clone(), self.strength.clone()
        self.factor = 1.0

    def set_factor(self, factor: float) -> None:
        """Multiply its strength from now on; `set_rates` has to follow."""
        if factor != self.factor:
            self.factor = factor
            torch.mul(self.strength, factor, out=self.scheduled)

    def set_rates(self, rates: Sequence[float]) -> None:
        """Take the rates of the coming steps."""
        if self.decoupled:
            torch.mul(self.scheduled, _column(rates, self.flat), out=self.keep)
            self.keep.neg_().add_(1)

    def __call__(self) -> None:
        """Act on the gradient, or shrink the weights."""
        if self.decoupled:
            self.flat.mul_(self.keep)
        else:
            self.grad.addcmul_(self.flat, self.scheduled)


class Clip:
    """Shorten a member's gradient to `longest` (Pascanu et al. 2013)."""

    def __init__(self, grad: Tensor, longest: float) -> None:
        self.grad, self.longest = grad, longest

    def __call__(self) -> None:
        """Scale the gradient; 1e-6 as in torch.nn.utils.clip_grad_norm_."""
        norms = torch.linalg.vector_norm(self.grad, dim=1, keepdim=True)
        self.grad.mul_((self.longest / (norms + 1e-6)).clamp_max_(1))


class Lasso:
    """After each step, soft thresholding of what reads the inputs, so that zeros are exact.

    by_column: an input's weights to all outputs shrink together by rate x penalty in length; else
    each alone.
    Shape: weights: each (M, n_outputs, n_features), penalties (M, n_features).
    Source: Parikh & Boyd 2014, Proximal Algorithms, 6.5; Yuan & Lin 2006 (groups).
    """

    def __init__(self, weights: Sequence[Tensor], penalties: Tensor, by_column: bool) -> None:
        self.weights, self.by_column = weights, by_column
        self.penalties = penalties.to(weights[0]).unsqueeze(1)
        self.threshold = torch.zeros_like(self.penalties)

    def set_rates(self, rates: Sequence[float]) -> None:
        """Take the rates of the coming steps."""
        self.threshold = _column(rates, self.penalties).unsqueeze(-1) * self.penalties

    def __call__(self) -> None:
        """Shrink."""
        for weight in self.weights:
            # Of one output, a column is one weight.
            if self.by_column and weight.shape[-2] > 1:
                length = torch.linalg.vector_norm(weight, dim=-2, keepdim=True)
                weight.mul_((1 - self.threshold / length.clamp_min(1e-30)).clamp_min_(0))
            else:
                weight.sub_(weight.clamp(-self.threshold, self.threshold))


class Average:
    """An exponential moving average of the weights (Polyak & Juditsky 1992).

    Early on it forgets faster, (1 + t) / (10 + t), so that the start has no weight at the end.
    buffers: batch norm's statistics, averaged alike: those of the last steps' weights would not
    fit the average (torch.optim.swa_utils.AveragedModel with use_buffers does the same).
    """

    def __init__(self, flat: Tensor, buffers: Tensor | None, decay: float) -> None:
        self.source, self.source_buffers, self.decay, self.steps = flat, buffers, decay, 0
        self.flat = flat.clone()
        self.buffers = None if buffers is None else buffers.clone()

    def __call__(self) -> None:
        """Move towards the weights."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.flat.lerp_(self.source, 1 - decay)
        if self.buffers is not None and self.source_buffers is not None:
            self.buffers.lerp_(self.source_buffers, 1 - decay)

    def weights(self, sparse: bool) -> Tensor:
        """Give the average; what the lasso has set to 0 is 0 in it, too."""
        return self.flat * (self.source != 0) if sparse else self.flat


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).to(like).unsqueeze(-1)
