"""Where the weights start: each member draws from a generator of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from colonnade.training.components.named_choice import NamedChoice

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Initializer:
    """One entry of the table: fill(weight, generator, params, gain) writes into `weight`.

    Shape: weight (n_out, n_in).
    """

    fill: Callable[[Tensor, torch.Generator, Any, float], object]
    options: Mapping[str, Any] = field(default_factory=dict)


def _uniform(weight: Tensor, generator: torch.Generator, bound: float) -> None:
    weight.uniform_(-bound, bound, generator=generator)


def _fans(weight: Tensor) -> tuple[int, int]:
    n_out, n_in = weight.shape
    return n_in, n_out


def _default(weight: Tensor, g: torch.Generator, _: Any, gain: float) -> None:
    # kaiming_uniform with a = sqrt(5), as nn.Linear starts: the bound is 1 / sqrt(n_in).
    _uniform(weight, g, 1 / math.sqrt(weight.shape[1]))


def _xavier_uniform(weight: Tensor, g: torch.Generator, _: Any, gain: float) -> None:
    _uniform(weight, g, math.sqrt(6 / sum(_fans(weight))))


def _xavier_normal(weight: Tensor, g: torch.Generator, _: Any, gain: float) -> None:
    weight.normal_(0, math.sqrt(2 / sum(_fans(weight))), generator=g)


def _kaiming_uniform(weight: Tensor, g: torch.Generator, _: Any, gain: float) -> None:
    _uniform(weight, g, gain * math.sqrt(3 / _fans(weight)[0]))


def _kaiming_normal(weight: Tensor, g: torch.Generator, _: Any, gain: float) -> None:
    weight.normal_(0, gain / math.sqrt(_fans(weight)[0]), generator=g)


# Source: Glorot & Bengio 2010 (xavier); He et al. 2015 (kaiming, fan_in); torch.nn.init.
INITIALIZERS: dict[str, Initializer] = {
    "default": Initializer(_default),
    "zeros": Initializer(lambda w, g, p, gain: w.zero_()),
    "ones": Initializer(lambda w, g, p, gain: w.fill_(1.0)),
    "constant": Initializer(lambda w, g, p, gain: w.fill_(p.value), {"value": 0.01}),
    "uniform": Initializer(lambda w, g, p, gain: _uniform(w, g, p.bound), {"bound": 0.1}),
    "normal": Initializer(lambda w, g, p, gain: w.normal_(0, p.std, generator=g), {"std": 0.01}),
    "xavier_uniform": Initializer(_xavier_uniform),
    "xavier_normal": Initializer(_xavier_normal),
    "kaiming_uniform": Initializer(_kaiming_uniform),
    "kaiming_normal": Initializer(_kaiming_normal),
}


class InitializerParams(NamedChoice):
    """How weights start. Biases start at 0, except under `default`, which draws them as torch does.

    value: of constant. bound: of uniform, between -bound and bound. std: of normal, around 0.
    """

    kind: ClassVar[str] = "initializer"
    table: ClassVar[Mapping[str, Initializer]] = INITIALIZERS
    default: ClassVar[str] = "default"

    value: float | None = None
    bound: float | None = Field(None, gt=0)
    std: float | None = Field(None, gt=0)

    def fill(self, weight: Tensor, generator: torch.Generator, gain: float) -> None:
        """Write the starting weights."""
        INITIALIZERS[self.name].fill(weight, generator, self, gain)
