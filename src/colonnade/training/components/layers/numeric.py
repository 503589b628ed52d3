"""What numeric columns go through before the first layer: scale, clip, embeddings, gains.

Source: Holzmueller et al. 2024, Better by Default; Gorishniy et al. 2022, On Embeddings for
Numerical Features.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

CLIP = 3.0
"""No scaled number is farther from 0."""
# Rows beyond these tell no more of a quantile, and cost the memory of a copy.
_MOST_ROWS = 2**20


class RobustSmoothClip(nn.Module):
    """(x - median) / interquartile range, bent so that it never leaves (-3, 3).

    A column whose quartiles agree is scaled by half its range, a constant one becomes 0.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(n_columns))
        self.register_buffer("scale", torch.ones(n_columns))

    def start(self, x: Tensor) -> None:
        """Take center and scale from train rows.

        Shape: (n, n_columns).
        """
        ordered = x[:: -(-len(x) // _MOST_ROWS)].sort(0).values
        low, middle, high = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
        width = high - low
        width = torch.where(width > 0, width, 0.5 * (ordered[-1] - ordered[0]))
        self.center.copy_(middle)
        self.scale.copy_(torch.where(width > 0, 1 / width.clamp_min(1e-30), 0.0))

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (..., n, n_columns) -> the same."""
        x = (x - self.center) * self.scale
        return x * (1 + (x / CLIP).square()).rsqrt()


def _quantile(ordered: Tensor, share: float) -> Tensor:
    place = share * (len(ordered) - 1)
    return ordered[math.floor(place)].lerp(ordered[math.ceil(place)], place % 1)


class PeriodicEmbedding(nn.Module):
    """PBLD: of each number, learned mixtures of cosines of it, beside the number itself.

    Shape: w2 cos(2 pi w1 x + b1) + b2 of every column, (..., n, n_columns) ->
        (..., n, n_columns * n_mixtures + n_columns).
    """

    lr_factors: ClassVar[dict[str, float]] = dict.fromkeys(
        ("frequency", "phase", "weight", "bias"), 0.1
    )
    weight_decay_factors: ClassVar[dict[str, float]] = dict.fromkeys(
        ("frequency", "phase", "weight", "bias"), 0.1
    )

    def __init__(
        self, n_columns: int, n_frequencies: int, std: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        n_mixtures, bound = 3, n_frequencies**-0.5

        def uniform(bound: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))

        start = torch.empty(n_columns, n_frequencies).normal_(0, std, generator=generator)
        self.frequency = nn.Parameter(start)
        self.phase = uniform(math.pi, n_columns, n_frequencies)
        self.weight = uniform(bound, n_columns, n_mixtures, n_frequencies)
        self.bias = uniform(bound, n_columns, n_mixtures)
        self.width = n_columns * (n_mixtures + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Embed every number."""
        weights = (self.frequency, self.phase, self.weight, self.bias)
        if self.training and not x.requires_grad:
            mixed: Tensor = _Mixtures.apply(x, *weights)  # type: ignore[no-untyped-call]
        else:
            mixed = _mixtures(x, *weights)[0]
        return torch.cat([mixed.movedim(-1, 0).flatten(-2), x], -1)


def _mixtures(
    x: Tensor, frequency: Tensor, phase: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Give the mixtures of every column, (columns, mixtures, n), and angles and cosines of each."""
    angles = torch.addcmul(
        phase.unsqueeze(1), (2 * math.pi) * frequency.unsqueeze(1), x.mT.unsqueeze(-1)
    )
    waves = angles.cos()
    return torch.baddbmm(bias.unsqueeze(-1), weight, waves.mT), angles, waves


class _Mixtures(torch.autograd.Function):
    """The mixtures with their derivative written down, for numbers that need none themselves."""

    @staticmethod
    def forward(  # noqa: PLR0917 (as torch calls it)
        context: Any, x: Tensor, frequency: Tensor, phase: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        mixed, angles, waves = _mixtures(x, frequency, phase, weight, bias)
        context.save_for_backward(x, weight, angles, waves)
        return mixed

    @staticmethod
    def backward(context: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, angles, waves = context.saved_tensors
        weight_grad = torch.bmm(grad, waves)
        slopes = torch.bmm(grad.mT, -weight).mul_(angles.sin_())
        frequency_grad = torch.bmm(x.mT.unsqueeze(1), slopes).squeeze(1).mul_(2 * math.pi)
        return None, frequency_grad, slopes.sum(1), weight_grad, grad.sum(-1)


class ColumnGains(nn.Module):
    """One learned factor for each input of the first layer, at six times the rate."""

    lr_factors: ClassVar[dict[str, float]] = {"gain": 6.0}
    weight_decay_factors: ClassVar[dict[str, float]] = {"gain": 6.0}

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(n_columns))

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (..., n, n_columns) -> the same."""
        return x * self.gain
