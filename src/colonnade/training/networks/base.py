"""The seam between networks and training: what a network is given, and what it has to be.

A network is a torch module that computes `body(numeric, categorical) -> outputs`; the head that
makes logits of them belongs to the loss, so that every body serves every task.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from colonnade.training.components.layers import Dropout, DropoutMasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from colonnade.training.components.losses.heads import OrdinalHead


@dataclass(frozen=True)
class Inputs:
    """The columns that a network is given.

    codes: (place among the columns, number of codes) of each column that holds codes of categories.
    """

    n_features: int
    codes: tuple[tuple[int, int], ...] = ()

    @cached_property
    def categorical(self) -> tuple[int, ...]:
        """Places of the columns of codes."""
        return tuple(place for place, _ in self.codes)

    @cached_property
    def numeric(self) -> tuple[int, ...]:
        """Places of the columns that are read as they are."""
        return tuple(i for i in range(self.n_features) if i not in self.categorical)

    @property
    def n_numeric(self) -> int:
        """Count the columns that are read as they are."""
        return self.n_features - len(self.codes)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """How many codes each column of codes has."""
        return tuple(n for _, n in self.codes)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Take numbers and codes apart.

        Shape: (n, n_features) -> (n, n_numeric), and (n, n_categorical) int64 or None.
        """
        if not self.codes:
            return x, None
        numeric, categorical = (
            x.index_select(-1, torch.tensor(places, dtype=torch.int64, device=x.device))
            for places in (self.numeric, self.categorical)
        )
        return numeric, categorical.long()


@dataclass(frozen=True)
class Outputs:
    """What a body gives for each row; without a bias where the head shifts its outputs."""

    width: int
    bias: bool = True


@dataclass(frozen=True)
class NetworkKind:
    """One kind of network: `build(inputs, outputs, params, generator)` gives its body.

    member_axis: whether its layers take parameters with a member axis in front, so that one module
    computes all members at once; the bodies of other kinds are run one after another.
    """

    build: Callable[[Inputs, Outputs, Any, torch.Generator], nn.Module]
    member_axis: bool = True


class Network(nn.Module):
    """A body, and the head that makes logits of its outputs, if there is one."""

    def __init__(self, body: nn.Module, head: OrdinalHead | None) -> None:
        super().__init__()
        self.body, self.head = body, head

    @property
    def parts(self) -> tuple[nn.Module, ...]:
        """Body and head; a parameter is known by its name within its part."""
        return (self.body,) if self.head is None else (self.body, self.head)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Compute logits.

        Shape: numeric (..., n, n_numeric), categorical (..., n, n_categorical) codes ->
            (..., n, n_logits).
        """
        outputs: Tensor = self.body(numeric, categorical)
        return outputs if self.head is None else self.head(outputs)


class MemberLoop(nn.Module):
    """The bodies of M members whose layers know no member axis, one after another."""

    def __init__(self, bodies: Sequence[nn.Module]) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), or (M, n, n_numeric) -> (M, n, n_outputs)."""

        def own(rows: Tensor | None, member: int) -> Tensor | None:
            return rows if rows is None or rows.ndim == 2 else rows[member]

        return torch.stack(
            [body(own(numeric, i), own(categorical, i)) for i, body in enumerate(self.bodies)]
        )


def draw_from(network: nn.Module, masks: DropoutMasks) -> None:
    """Let every dropout layer of a network draw from the trainer's generators."""
    for layer in network.modules():
        if isinstance(layer, MemberLoop):
            for member, body in enumerate(layer.bodies):
                draw_from(body, masks.of(member))
            return
        if isinstance(layer, Dropout):
            layer.masks = masks
