"""Layers in the neural-tangent parametrization, which start by the rows that they will see.

z = W x / sqrt(n_in) + b, with weights of size 1: how far a step moves an output does not depend on
the width.
Source: Jacot et al. 2018, Neural Tangent Kernel; Holzmueller et al. 2024, Better by Default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import Dropout

if TYPE_CHECKING:
    from colonnade.training.components.activations import ActivationParams, Kernels

# Rows whose random mixture a bias starts at.
_MIXED_ROWS = 5


class NtkLinear(nn.Module):
    """A linear layer; its bias moves at a tenth of the rate and does not decay."""

    lr_factors: ClassVar[dict[str, float]] = {"bias": 0.1}

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.factor = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(n_out, n_in).normal_(generator=generator))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def start(self, x: Tensor, generator: torch.Generator) -> None:
        """Give every output a deviation of 1 over these rows, and a bias among its values.

        A bias is minus a random mixture of the output in five rows, so that what follows bends
        where rows are.

        Shape: (n, n_in).
        """
        deviation = self.linear(x).std(0, correction=0)
        # Where nothing reaches an output, as from constant columns alone, it stays as drawn.
        self.weight.div_(torch.where(deviation > 0, deviation, 1.0).unsqueeze(-1))
        z, n_out = self.linear(x), len(self.weight)
        rows = torch.randint(len(x), (_MIXED_ROWS, n_out), generator=generator)
        shares = torch.empty(_MIXED_ROWS, n_out).exponential_(generator=generator)
        self.bias.copy_(-(z.gather(0, rows) * shares / shares.sum(0)).sum(0))

    def linear(self, x: Tensor) -> Tensor:
        """Shape: (n, n_in) -> (n, n_out)."""
        return torch.addmm(self.bias, x, self.weight.mT, alpha=self.factor)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (n, n_in) -> (n, n_out)."""
        return self.linear(x)


class NtkHidden(NtkLinear):
    """Linear, an activation of learned strength, dropout.

    strength: of each unit, s in z + s (a(z) - z): 0 is a straight line, 1 the activation.
    """

    lr_factors: ClassVar[dict[str, float]] = {"bias": 0.1, "strength": 0.1}
    weight_decay_factors: ClassVar[dict[str, float]] = {"strength": 0.1}

    def __init__(
        self,
        n_in: int,
        n_out: int,
        generator: torch.Generator,
        *,
        activation: ActivationParams,
        dropout: float,
    ) -> None:
        super().__init__(n_in, n_out, generator)
        self.strength = nn.Parameter(torch.ones(n_out))
        self.activation, self.kernels = activation.module(), activation.kernels()
        self.dropout = Dropout(dropout) if dropout > 0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (n, n_in) -> (n, n_out)."""
        if self.training and self.kernels is not None and x.requires_grad:
            mask = None if self.dropout is None else self.dropout.mask(x, len(self.bias))
            settings = _Settings(mask, self.factor, self.kernels)
            weights = (self.weight, self.bias, self.strength)
            out: Tensor = _Hidden.apply(x, *weights, settings)  # type: ignore[no-untyped-call]
            return out
        z = self.linear(x)
        out = torch.lerp(z, self.activation(z), self.strength)
        return out if self.dropout is None else self.dropout(out)


@dataclass(frozen=True)
class _Settings:
    mask: Tensor | None
    factor: float
    kernels: Kernels


class _Hidden(torch.autograd.Function):
    """The same layer with its derivative written down: half the passes that autograd makes."""

    @staticmethod
    def forward(  # noqa: PLR0917 (as torch calls it)
        context: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        strength: Tensor,
        settings: _Settings,
    ) -> Tensor:
        z = torch.addmm(bias, x, weight.mT, alpha=settings.factor)
        a, mask = torch.empty_like(z), settings.mask
        settings.kernels.forward(z, a)
        bend = a - z
        out = torch.addcmul(z, bend, strength)
        if mask is not None:
            out.mul_(mask)
        context.save_for_backward(x, weight, strength, mask, z, a, bend)
        context.settings = settings
        return out

    @staticmethod
    def backward(context: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, strength, mask, z, a, bend = context.saved_tensors
        grad = grad.clone() if mask is None else grad * mask
        strength_grad = (bend * grad).sum(0)
        through = grad * strength
        grad.sub_(through)
        context.settings.kernels.backward(through, z, a)
        grad.add_(through)
        none, alpha = grad.new_empty(()), context.settings.factor
        x_grad = torch.addmm(none, grad, weight, beta=0, alpha=alpha)
        weight_grad = torch.addmm(none, grad.mT, x, beta=0, alpha=alpha)
        return x_grad, weight_grad, grad.sum(0), strength_grad, None
