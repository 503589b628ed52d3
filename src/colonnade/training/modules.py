"""The same network as a torch module: for torchinfo, and for whoever wants to go on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.training.activations import ACTIVATIONS
from colonnade.training.network import NORM_EPS, NORM_MOMENTUM, cut_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.training.models import ModelParams, Plan


class OrdinalCuts(nn.Module):
    """Turn a score into the logits of "above cut k"."""

    def __init__(self, n_cuts: int) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(n_cuts))

    def forward(self, score: Tensor) -> Tensor:
        """Subtract the ordered cut points.

        Shape: (n, 1) -> (n, n_cuts).
        """
        return score - cut_points(self.raw)


class Inputs(nn.Module):
    """Replace each code by its learned vector: numbers first, then the vectors."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.numbers = list(plan.numbers)
        self.places = [one.feature for one in plan.embedded]
        self.tables = nn.ModuleList(nn.Embedding(one.n_codes, one.width) for one in plan.embedded)

    def forward(self, x: Tensor) -> Tensor:
        """Look the codes up.

        Shape: (n, n_features) -> (n, n_inputs).
        """
        vectors = [
            table(x[:, place].long()) for place, table in zip(self.places, self.tables, strict=True)
        ]
        return torch.cat([x[:, self.numbers], *vectors], -1)


class Network(nn.Module):
    """Hidden layers, an output, and what the plan sets beside and behind them."""

    def __init__(self, plan: Plan, model: ModelParams) -> None:
        super().__init__()
        self.inputs = Inputs(plan) if plan.embedded else None
        layers: list[nn.Module] = []
        n_in = plan.n_inputs
        for width in plan.widths:
            layers.append(nn.Linear(n_in, width, bias=not plan.batch_norm))
            if plan.batch_norm:
                layers.append(nn.BatchNorm1d(width, NORM_EPS, NORM_MOMENTUM))
            layers.append(_activation(model))
            if model.dropout > 0:
                layers.append(nn.Dropout(model.dropout))
            n_in = width
        self.hidden = nn.Sequential(*layers) if layers else None
        self.output = nn.Linear(n_in, plan.n_outputs, bias=not plan.ordinal)
        self.skip = nn.Linear(plan.n_inputs, plan.n_outputs, bias=False) if plan.skip else None
        self.cuts = OrdinalCuts(plan.n_logits) if plan.ordinal else None

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits.

        Shape: (n, n_features) -> (n, n_logits).
        """
        if self.inputs is not None:
            x = self.inputs(x)
        out: Tensor = self.output(x if self.hidden is None else self.hidden(x))
        if self.skip is not None:
            out = out + self.skip(x)
        return out if self.cuts is None else self.cuts(out)


def _activation(model: ModelParams) -> nn.Module:
    kind: type[nn.Module] = getattr(nn, ACTIVATIONS[model.activation.name].module)
    slope = model.activation.slope
    return kind() if slope is None else kind(slope)


def build_module(
    plan: Plan, model: ModelParams, weights: Mapping[str, Tensor], member: int
) -> Network:
    """Build the module and copy one member's weights into it."""
    network = Network(plan, model)
    own = {name: weight[member] for name, weight in weights.items()}
    if network.inputs is not None:
        for i, table in enumerate(network.inputs.tables):
            table.get_parameter("weight").data.copy_(own[f"embedding.{i}.weight"])
    _load(network.output, own, "output")
    if network.skip is not None:
        _load(network.skip, own, "skip")
    if network.cuts is not None:
        network.cuts.raw.data.copy_(own["cuts"])
    index, start = -1, 0
    for layer in network.hidden or ():
        if isinstance(layer, nn.Linear):
            index += 1
            _load(layer, own, f"hidden.{index}")
        elif isinstance(layer, nn.BatchNorm1d):
            stop = start + layer.num_features
            layer.weight.data.copy_(own[f"hidden.{index}.norm"][0])
            layer.bias.data.copy_(own[f"hidden.{index}.norm"][1])
            layer.running_mean, layer.running_var = own["running"][:, start:stop].clone().unbind(0)
            start = stop
        elif isinstance(layer, nn.PReLU):
            layer.weight.data.copy_(own[f"hidden.{index}.slope"])
    return network.eval()


def _load(layer: nn.Linear, weights: Mapping[str, Tensor], name: str) -> None:
    layer.weight.data.copy_(weights[f"{name}.weight"])
    if layer.bias is not None:
        layer.bias.data.copy_(weights[f"{name}.bias"])
