"""Layers whose parameters may have a member axis in front: linear, hidden, embedding.

Bound to the parameters of one network they compute it; bound to those of M networks of one shape,
all M at once: every operation looks at the last axes alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import Dropout

if TYPE_CHECKING:
    from colonnade.training.components.activations import ActivationParams
    from colonnade.training.components.initializers import InitializerParams

NORM_EPS = 1e-5
NORM_MOMENTUM = 0.1
# As fastai's: a code that no train row has keeps a vector near 0, which says nothing.
EMBEDDING_STD = 0.01
PRELU_SLOPE = 0.25


class Linear(nn.Module):
    """A matrix product, and a bias where there is one, which starts as torch's `nn.Linear`."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        generator: torch.Generator,
        initializer: InitializerParams,
        *,
        gain: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        weight = torch.empty(n_out, n_in)
        initializer.fill(weight, generator, gain)
        self.weight = nn.Parameter(weight)
        self.bias: nn.Parameter | None = None
        if bias:
            start = torch.zeros(n_out)
            if initializer.name == "default":
                bound = n_in**-0.5
                start.uniform_(-bound, bound, generator=generator)
            self.bias = nn.Parameter(start)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (..., n, n_in) -> (..., n, n_out)."""
        z = x @ self.weight.mT
        return z if self.bias is None else z + self.bias.unsqueeze(-2)


class HiddenLayer(Linear):
    """Product, batch norm, activation, dropout.

    norm: gain and shift of each unit (Ioffe & Szegedy 2015), in place of the bias. slope: of a
    leaky relu whose slope is learned, one a layer (He et al. 2015).
    """

    no_weight_decay: ClassVar[frozenset[str]] = frozenset({"norm", "slope"})

    def __init__(
        self,
        n_in: int,
        n_out: int,
        generator: torch.Generator,
        initializer: InitializerParams,
        *,
        activation: ActivationParams,
        batch_norm: bool,
        dropout: float,
    ) -> None:
        gain = activation.gain()
        super().__init__(n_in, n_out, generator, initializer, gain=gain, bias=not batch_norm)
        self.norm: nn.Parameter | None = None
        if batch_norm:
            self.norm = nn.Parameter(torch.stack([torch.ones(n_out), torch.zeros(n_out)]))
        self.slope: nn.Parameter | None = None
        self.activation: nn.Module | None = None
        if activation.name == "prelu":
            self.slope = nn.Parameter(torch.full((1,), PRELU_SLOPE))
        else:
            self.activation = activation.module()
        self.dropout = Dropout(dropout) if dropout > 0 else None

    def forward(self, x: Tensor, statistics: Tensor | None = None) -> Tensor:
        """Compute the layer; in training mode batch norm moves its running statistics.

        Shape: x (..., n, n_in), statistics (..., 2, n_out) -> (..., n, n_out).
        """
        z = super().forward(x)
        if self.norm is not None and statistics is not None:
            z = self._normalize(z, self.norm, statistics)
        if self.activation is not None:
            z = self.activation(z)
        elif self.slope is not None:
            z = z.clamp_min(0) + self.slope.unsqueeze(-1) * z.clamp_max(0)
        if self.dropout is not None:
            z = self.dropout(z)
        return z

    def _normalize(self, z: Tensor, norm: Tensor, statistics: Tensor) -> Tensor:
        if self.training:
            mean = z.mean(-2, keepdim=True)
            variance = z.var(-2, keepdim=True, correction=0)
            update_running(statistics, mean.detach(), variance.detach(), z.shape[-2])
        else:
            mean, variance = statistics[..., :1, :], statistics[..., 1:, :]
        return (z - mean) * (variance + NORM_EPS).rsqrt() * norm[..., :1, :] + norm[..., 1:, :]


def update_running(running: Tensor, mean: Tensor, variance: Tensor, n_rows: int) -> None:
    """Move the running statistics a tenth of the way to the batch's (unbiased variance)."""
    running[..., :1, :].lerp_(mean, NORM_MOMENTUM)
    running[..., 1:, :].lerp_(variance * (n_rows / (n_rows - 1)), NORM_MOMENTUM)


class Embedding(nn.Module):
    """One learned vector for each category.

    Source: Guo & Berkhahn 2016, Entity Embeddings of Categorical Variables.
    """

    def __init__(self, n_codes: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        start = torch.empty(n_codes, width).normal_(0, EMBEDDING_STD, generator=generator)
        self.weight = nn.Parameter(start)

    def forward(self, codes: Tensor) -> Tensor:
        """Look the vectors up.

        Shape: (..., n) -> (..., n, width).
        """
        codes = codes.expand(*self.weight.shape[:-2], codes.shape[-1]).unsqueeze(-1)
        return self.weight.gather(-2, codes.expand(*codes.shape[:-1], self.weight.shape[-1]))
