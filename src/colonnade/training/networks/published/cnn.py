"""A convolutional network: the same small filters everywhere on a picture.

Source: LeCun et al. 1998, Gradient-based learning applied to document recognition, with batch norm
(Ioffe and Szegedy 2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.revisiting_params import CnnParams

# A picture with a side of less is not halved any more.
_LEAST_HALVED = 4


class Cnn(nn.Module):
    """Layers of filters, batch norm and ReLU; what they find, and other columns, meet one layer."""

    center: Tensor
    scale: Tensor

    def __init__(
        self, inputs: Inputs, outputs: Outputs, params: CnnParams, generator: torch.Generator
    ) -> None:
        super().__init__()
        if inputs.picture is None:
            raise ValueError("the table has no picture")
        self.inputs, self.picture = inputs, inputs.picture
        self.others = [i for i in range(inputs.n_numeric) if i not in set(inputs.pixels)]
        # One scale for all pixels: each on its own, those at the edge would count as much.
        self.register_buffer("center", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))
        n_others = len(self.others) + sum(inputs.cardinalities)
        with global_draws(generator):
            layers, n_found = _filters(self.picture, params)
            self.filters = nn.Sequential(*layers)
            self.dropout = nn.Dropout(params.dropout)
            self.output = nn.Linear(n_found + n_others, outputs.width, bias=outputs.bias)
        self.weight_reuse = self.picture[1] * self.picture[2]

    def start(
        self, numeric: Tensor, categorical: Tensor | None, generator: torch.Generator
    ) -> None:
        """Bring the pixels of all train rows to mean 0 and standard deviation 1, as one."""
        pixels = numeric[:, list(self.inputs.pixels)].double()
        self.center.copy_(pixels.mean())
        deviation = pixels.std(correction=0)
        self.scale.copy_(deviation if deviation > 0 else torch.ones(()))
        if categorical is not None:
            self.inputs.silence_absent(self.output.weight, categorical)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), (n, n_categorical) -> (n, n_outputs)."""
        pixels = numeric[:, list(self.inputs.pixels)]
        picture = ((pixels - self.center) / self.scale).view(-1, *self.picture)
        found = [self.dropout(self.filters(picture)), numeric[:, self.others]]
        if categorical is not None:
            codes = zip(categorical.T, self.inputs.cardinalities, strict=True)
            found += [nn.functional.one_hot(code, n).to(numeric.dtype) for code, n in codes]
        outputs: Tensor = self.output(torch.cat(found, 1))
        return outputs


def _filters(picture: tuple[int, int, int], params: CnnParams) -> tuple[list[nn.Module], int]:
    """The layers of filters, and how many numbers they make of a picture."""
    layers: list[nn.Module] = []
    given, height, width = picture
    for place, channels in enumerate(params.channels):
        layers += [
            nn.Conv2d(given, channels, params.kernel, padding=params.kernel // 2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        given = channels
        if place and min(height, width) >= _LEAST_HALVED:
            layers.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
    return [*layers, nn.Flatten()], given * height * width
