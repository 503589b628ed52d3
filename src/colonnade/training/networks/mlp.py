"""The multilayer perceptron, with or without a straight path beside it; none hidden: linear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dense import Embedding, HiddenLayer, Linear

if TYPE_CHECKING:
    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.mlp_params import MlpParams


class Mlp(nn.Module):
    """Numbers and a vector for each category, hidden layers, an output.

    running: batch norm's means and variances, of all hidden layers side by side.
    skip: a straight path from inputs to outputs.
    """

    running: Tensor | None

    def __init__(
        self, inputs: Inputs, outputs: Outputs, params: MlpParams, generator: torch.Generator
    ) -> None:
        super().__init__()
        widths, initializer = params.widths, params.initializer
        vectors = [(n, params.width_of(n)) for n in inputs.cardinalities]
        self.embedding = nn.ModuleList(Embedding(n, width, generator) for n, width in vectors)
        self.n_inputs = n_in = inputs.n_numeric + sum(width for _, width in vectors)
        hidden = []
        for width in widths:
            hidden.append(
                HiddenLayer(
                    n_in,
                    width,
                    generator,
                    initializer,
                    activation=params.activation,
                    batch_norm=params.batch_norm,
                    dropout=params.dropout,
                )
            )
            n_in = width
        self.hidden = nn.ModuleList(hidden)
        self.widths = widths
        self.output = Linear(n_in, outputs.width, generator, initializer, bias=outputs.bias)
        self.skip: Linear | None = None
        if params.kind == "mlp_skip":
            self.skip = Linear(self.n_inputs, outputs.width, generator, initializer, bias=False)
        running = torch.stack([torch.zeros(sum(widths)), torch.ones(sum(widths))])
        self.register_buffer("running", running if params.batch_norm else None)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Compute the outputs, before any head.

        Shape: numeric (..., n, n_numeric), categorical (..., n, n_categorical) codes ->
            (..., n, n_outputs).
        """
        x = self._inputs(numeric, categorical)
        h, start = x, 0
        for layer, width in zip(self.hidden, self.widths, strict=True):
            statistics = None
            if self.running is not None:
                statistics = self.running[..., start : start + width]
                start += width
            h = layer(h, statistics)
        out: Tensor = self.output(h)
        return out if self.skip is None else out + self.skip(x)

    def _inputs(self, numeric: Tensor, categorical: Tensor | None) -> Tensor:
        if categorical is None or not self.embedding:
            return numeric
        parts = [table(categorical[..., i]) for i, table in enumerate(self.embedding)]
        return torch.cat([numeric.expand(*parts[0].shape[:-1], numeric.shape[-1]), *parts], -1)

    @property
    def input_weights(self) -> tuple[str, ...]:
        """Name the weights that read the inputs: the first layer's and the straight path's."""
        first = "hidden.0.weight" if self.widths else "output.weight"
        return (first,) if self.skip is None else (first, "skip.weight")
