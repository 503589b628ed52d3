"""The hand-derived path's learned vectors: forward and backward in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from colonnade.training.engine.fast_mlp.hidden import Blocks, batch_shape

if TYPE_CHECKING:
    from torch import Tensor

    from colonnade.training.networks.binding.stacked import StackedParameters


@dataclass(frozen=True)
class _Column:
    """One column of codes: its table, its gradient, and its places among the inputs."""

    table: Tensor
    grad: Tensor
    inputs: Tensor
    delta: Tensor


class Embedding:
    """What the first layer reads of batches of one size, codes replaced by their vectors.

    Source: Guo & Berkhahn 2016, Entity Embeddings of Categorical Variables.
    """

    def __init__(self, stack: StackedParameters, n_rows: int) -> None:
        inputs, flat = stack.spec.inputs, stack.flat
        own, grads = Blocks(stack, flat), Blocks(stack, stack.grad)
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        self.n_numeric = n_numeric = inputs.n_numeric
        names = [f"embedding.{i}.weight" for i in range(len(inputs.codes))]
        n_inputs = n_numeric + sum(own[name].shape[-1] for name in names)
        # The last column stays 1, for the bias.
        self.inputs = flat.new_ones(batch_shape(stack, n_rows, n_inputs + 1))
        self.numeric = self.inputs[..., :n_numeric]
        self.delta = flat.new_empty(batch_shape(stack, n_rows, n_inputs - n_numeric))
        self.columns: list[_Column] = []
        start = 0
        for name in names:
            part = slice(start, start + own[name].shape[-1])
            vectors = self.inputs[..., n_numeric:-1][..., part]
            column = _Column(own[name], grads[name], vectors, self.delta[..., part])
            self.columns.append(column)
            start = part.stop
        readers = [name.removesuffix(".weight") for name in stack.spec.input_weights]
        self.weights = [own.matrix(name)[..., n_numeric:n_inputs] for name in readers]
        self.codes: list[Tensor] = []

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Give the inputs, which end in a 1.

        Shape: numeric (n, n_numeric + 1), categorical (n, n_categorical) -> (n, n_inputs + 1); M in
            front if many.
        """
        self.numeric.copy_(numeric[..., : self.n_numeric])
        self.codes = []
        for i, column in enumerate(self.columns):
            codes = categorical[..., i].unsqueeze(-1).expand(column.inputs.shape)
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
