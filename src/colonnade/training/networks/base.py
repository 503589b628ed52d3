"""The seam between networks and training: what a network is given, and what it has to be.

A network is a torch module that computes `body(numeric, categorical) -> outputs`; the head that
makes logits of them belongs to the loss, so that every body serves every task. A body may have, as
attributes:

- `start(numeric, categorical, generator)`: set parameters and buffers by its own train rows.
- `input_weights`: names of the matrices that read the columns, for the lasso to shrink.
- `n_submodels`: it gives the outputs of so many models of its own, whose losses are averaged in
  training and whose predictions are averaged after it, with their axis before that of the rows.
- `weight_reuse`: how often it multiplies a row by the same weights, such as once a token.

A module inside it may name parameters of its own in `no_weight_decay`, and in `lr_factors` and
`weight_decay_factors` what multiplies their rates.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import (
    Dropout,
    DropoutMasks,
    MemberMasks,
    global_draws,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Inputs:
    """The columns that a network is given.

    codes: (place among the columns, number of codes) of each column that holds codes of categories.
    binary: places, among the columns that are read as they are, of those of ones and zeros.
    picture: channels, height and width of the picture that some columns are, if they are one.
    pixels: their places among the columns that are read as they are.
    """

    n_features: int
    codes: tuple[tuple[int, int], ...] = ()
    binary: tuple[int, ...] = ()
    picture: tuple[int, int, int] | None = None
    pixels: tuple[int, ...] = ()

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

    def absent(self, categorical: Tensor) -> list[Tensor]:
        """Find the codes of each column that no row has.

        Shape: (n, n_categorical).
        """
        counts = [
            torch.bincount(codes, minlength=n)
            for codes, n in zip(categorical.T, self.cardinalities, strict=True)
        ]
        return [(count == 0).nonzero()[:, 0] for count in counts]

    def silence_absent(self, weight: Tensor, categorical: Tensor) -> None:
        """Set to 0 what reads a code that no row has, so that an unseen category says nothing.

        Shape: weight (n_outputs, ..., all codes of all columns, one-hot).
        """
        first = weight.shape[1] - sum(self.cardinalities)
        for codes, n in zip(self.absent(categorical), self.cardinalities, strict=True):
            weight[:, first + codes] = 0
            first += n


@dataclass(frozen=True)
class Outputs:
    """What a body gives for each row; without a bias where the head shifts its outputs.

    numbers: whether they are the numbers to be predicted, rather than logits of classes.
    """

    width: int
    bias: bool = True
    numbers: bool = False


class Network(nn.Module):
    """A body, and the head that makes logits of its outputs, if there is one.

    average: makes one model's logits of those of a body's submodels, along the axis before the
    rows'; used after training.
    """

    def __init__(
        self, body: nn.Module, head: nn.Module | None, average: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.body, self.head, self.average = body, head, average
        self.n_submodels: int = getattr(body, "n_submodels", 1)

    @property
    def parts(self) -> tuple[nn.Module, ...]:
        """Body and head; a parameter is known by its name within its part."""
        return (self.body,) if self.head is None else (self.body, self.head)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Compute logits; in training mode those of each submodel, if the body has any.

        Shape: numeric (..., n, n_numeric), categorical (..., n, n_categorical) codes ->
            (..., n, n_logits), or (..., n_submodels, n, n_logits).
        """
        outputs: Tensor = self.body(numeric, categorical)
        if self.n_submodels == 1:
            return outputs if self.head is None else self.head(outputs)
        if self.head is not None:
            # Cut points have no axis of submodels: to the head they are more rows.
            rows = self.head(outputs.flatten(-3, -2))
            outputs = rows.unflatten(-2, outputs.shape[-3:-1])
        return outputs if self.training else self.average(outputs)

    def scores(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Compute what the body gives, averaged over submodels, before any head.

        Shape: -> (..., n, n_outputs).
        """
        outputs: Tensor = self.body(numeric, categorical)
        return outputs if self.n_submodels == 1 else outputs.mean(-3)


class MemberLoop(nn.Module):
    """The bodies of M members whose layers have no member axis, one after another.

    masks: the trainer's. foreign: whether the bodies may draw from torch's own generator.
    """

    def __init__(self, bodies: Sequence[nn.Module], *, foreign: bool) -> None:
        super().__init__()
        self.bodies, self.foreign = nn.ModuleList(bodies), foreign
        self.masks: list[MemberMasks] = []

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), or (M, n, n_numeric) -> (M, n, n_outputs)."""

        def own(rows: Tensor | None, member: int) -> Tensor | None:
            return rows if rows is None or rows.ndim == 2 else rows[member]

        found = []
        for i, body in enumerate(self.bodies):
            draws = self.foreign and self.training and bool(self.masks)
            with global_draws(self.masks[i].generator) if draws else nullcontext():
                found.append(body(own(numeric, i), own(categorical, i)))
        return torch.stack(found)


def draw_from(network: nn.Module, masks: DropoutMasks | MemberMasks) -> None:
    """Let everything in a network that draws numbers draw from the trainer's generators."""
    for layer in network.modules():
        if isinstance(layer, MemberLoop) and isinstance(masks, DropoutMasks):
            layer.masks = [masks.of(i) for i in range(len(layer.bodies))]
            for own, body in zip(layer.masks, layer.bodies, strict=True):
                draw_from(body, own)
            return
        if isinstance(layer, Dropout):
            layer.masks = masks
