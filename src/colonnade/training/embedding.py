"""The hand-derived path's learned vectors: forward and backward in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from colonnade.training.network import Stack


@dataclass(frozen=True)
class _Column:
    """One feature of codes: its table, its gradient, and its places among the inputs."""

    feature: int
    table: Tensor
    grad: Tensor
    inputs: Tensor
    delta: Tensor


class Embedding:
    """What the first layer reads of batches of one size, codes replaced by their vectors.

    Source: Guo & Berkhahn 2016, Entity Embeddings of Categorical Variables.
    """

    def __init__(self, stack: Stack, n_rows: int) -> None:
        plan, flat = stack.plan, stack.flat
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        n_numbers = len(plan.numbers)
        self.places = torch.tensor(plan.numbers, dtype=torch.int64, device=flat.device)
        # The last column stays 1, for the bias.
        self.inputs = flat.new_ones(stack.batch_shape(n_rows, plan.n_inputs + 1))
        self.numbers = self.inputs[..., :n_numbers]
        self.delta = flat.new_empty(stack.batch_shape(n_rows, plan.n_inputs - n_numbers))
        self.columns: list[_Column] = []
        start = 0
        for i, one in enumerate(plan.embedded):
            table, grad = (stack.block(f"embedding.{i}", part) for part in (flat, stack.grad))
            own = slice(start, start + one.width)
            vectors = self.inputs[..., n_numbers:-1][..., own]
            self.columns.append(_Column(one.feature, table, grad, vectors, self.delta[..., own]))
            start += one.width
        first = "hidden.0" if plan.widths else "output"
        readers = [first, "skip"] if plan.skip else [first]
        self.weights = [stack.block(name, flat)[..., n_numbers : plan.n_inputs] for name in readers]
        self.codes: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """Give the inputs, which end in a 1.

        Shape: x (n, n_features + 1) -> (n, n_inputs + 1); M in front if many.
        """
        self.numbers.copy_(x.index_select(-1, self.places))
        self.codes = []
        for column in self.columns:
            codes = x[..., column.feature].long().unsqueeze(-1).expand(column.inputs.shape)
            column.inputs.copy_(column.table.gather(-2, codes))
            self.codes.append(codes)
        return self.inputs

    def backward(self, *deltas: Tensor) -> None:
        """Fill the tables' gradients.

        deltas: dL/d(sums) of the first layer, then of the straight path if there is one.
        """
        first, *others = self.weights
        self.multiply(deltas[0], first, out=self.delta)
        for delta, weight in zip(deltas[1:], others, strict=False):
            self.delta.add_(self.multiply(delta, weight))
        for column, codes in zip(self.columns, self.codes, strict=True):
            column.grad.zero_().scatter_add_(-2, codes, column.delta)
