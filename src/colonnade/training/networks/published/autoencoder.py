"""An autoencoder: a network that gives its input again, through a few numbers in its middle.

Source: Hinton and Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    import torch

    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.revisiting_params import AutoencoderParams


class Autoencoder(nn.Module):
    """Hidden layers to a code, and the same layers in reverse from it."""

    def __init__(
        self,
        inputs: Inputs,
        outputs: Outputs,
        params: AutoencoderParams,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        with global_draws(generator):
            self.encoder = _layers([inputs.n_numeric, *params.hidden, params.code], params.dropout)
            self.decoder = _layers([params.code, *reversed(params.hidden), outputs.width], 0.0)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric) -> (n, n_outputs)."""
        given: Tensor = self.decoder(self.encoder(numeric))
        return given


def _layers(widths: list[int], dropout: float) -> nn.Sequential:
    """Linear layers with ReLU between them; no limit is set to the last one's outputs."""
    layers: list[nn.Module] = [nn.Dropout(dropout)] if dropout else []
    for given, width in pairwise(widths):
        layers += [nn.Linear(given, width), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
