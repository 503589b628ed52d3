"""ResNet, from its authors' package.

Source: Gorishniy et al. 2021, Revisiting Deep Learning Models for Tabular Data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rtdl_revisiting_models as authors
import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.revisiting_params import ResNetParams


class ResNet(authors.ResNet):  # type: ignore[misc]
    """Blocks of two layers behind batch norm, each added to what it is given; codes are one-hot."""

    def __init__(
        self, inputs: Inputs, outputs: Outputs, params: ResNetParams, generator: torch.Generator
    ) -> None:
        with global_draws(generator):
            super().__init__(
                d_in=inputs.n_numeric + sum(inputs.cardinalities),
                d_out=outputs.width,
                n_blocks=params.blocks,
                d_block=params.width,
                d_hidden_multiplier=params.hidden_factor,
                dropout1=params.dropout,
                dropout2=params.residual_dropout,
            )
        self.inputs = inputs
        if not outputs.bias:
            self.output.linear.bias = None

    def start(
        self, numeric: Tensor, categorical: Tensor | None, generator: torch.Generator
    ) -> None:
        """Let codes that no row has say nothing."""
        if categorical is not None:
            self.inputs.silence_absent(self.input_projection.weight, categorical)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), (n, n_categorical) -> (n, n_outputs)."""
        x = numeric
        if categorical is not None:
            codes = zip(categorical.T, self.inputs.cardinalities, strict=True)
            ones = [nn.functional.one_hot(column, n).to(numeric.dtype) for column, n in codes]
            x = torch.cat([numeric, *ones], 1)
        outputs: Tensor = super().forward(x)
        return outputs
