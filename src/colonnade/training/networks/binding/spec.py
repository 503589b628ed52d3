"""Which kinds of networks there are, and everything that decides the shape of one.

A new kind of network is an entry of NETWORKS.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from colonnade.training.components.initializers import InitializerParams
from colonnade.training.components.losses.heads import OrdinalHead
from colonnade.training.networks.base import Inputs, MemberLoop, Network, NetworkKind, Outputs
from colonnade.training.networks.binding.layout import (
    ParameterLayout,
    bind,
    lay_out_buffers,
    lay_out_parameters,
)
from colonnade.training.networks.mlp import Mlp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.networks.model_params import ModelParams

NETWORKS: dict[str, NetworkKind] = {
    "linear": NetworkKind(Mlp),
    "mlp": NetworkKind(Mlp),
    "mlp_skip": NetworkKind(Mlp),
}


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that decides a network's shape: two of one spec can be trained as one stack.

    n_logits: what the head makes of the body's outputs (an ordinal head: K-1 logits of one score).
    """

    params: ModelParams
    inputs: Inputs
    n_outputs: int
    n_logits: int

    def build(self, seed: int = 0, initializer: InitializerParams | None = None) -> Network:
        """Build the module, its weights drawn from the seed, layer after layer."""
        params = self.params
        if initializer is not None:
            params = params.model_copy(update={"initializer": initializer})
        outputs = Outputs(self.n_outputs, bias=not self.ordinal)
        generator = torch.Generator().manual_seed(seed)
        body = NETWORKS[params.kind].build(self.inputs, outputs, params, generator)
        return Network(body, OrdinalHead(self.n_logits) if self.ordinal else None)

    def bound(self, tensors: Mapping[str, Tensor], *, trainable: bool = False) -> Network:
        """Build the module of M members upon their parameters and buffers.

        Shape: tensors: each (M, ...).
        """
        network = deepcopy(self.template)
        if not NETWORKS[self.params.kind].member_axis:
            bodies = [deepcopy(network.body) for _ in next(iter(tensors.values()))]
            network.body = MemberLoop(bodies)
        bind_members(network, tensors, trainable=trainable)
        return network

    def single(self, tensors: Mapping[str, Tensor]) -> Network:
        """Build one member's module upon copies of its parameters, in evaluation mode."""
        network = deepcopy(self.template)
        with torch.no_grad():
            for part in network.parts:
                for name, tensor in (*part.named_parameters(), *part.named_buffers()):
                    tensor.copy_(tensors[name])
        return network.eval()

    @property
    def ordinal(self) -> bool:
        """Whether an ordinal head stands behind the body."""
        return self.n_logits != self.n_outputs

    @cached_property
    def template(self) -> Network:
        """A module of this shape, to look at and to copy; its weights mean nothing."""
        return self.build(initializer=InitializerParams.model_validate("zeros"))

    @cached_property
    def parameters(self) -> ParameterLayout:
        """Where its parameters lie in a flat row."""
        return lay_out_parameters(self.template.parts)

    @cached_property
    def buffers(self) -> ParameterLayout:
        """Where its running statistics lie in a row of their own."""
        return lay_out_buffers(self.template.parts)

    def tensors(self, flat: Tensor, buffers: Tensor | None) -> dict[str, Tensor]:
        """View rows of parameters and of buffers as named tensors.

        Shape: flat (M, P), buffers (M, B) -> each (M, ...).
        """
        found = self.parameters.views(flat)
        return found if buffers is None else {**found, **self.buffers.views(buffers)}

    @property
    def input_weights(self) -> tuple[str, ...]:
        """Name the matrices that read the columns.

        Shape: each (n_outputs of its layer, n_features), where no column holds codes.
        """
        return cast("tuple[str, ...]", self.template.body.input_weights)

    @cached_property
    def widest(self) -> int:
        """The most numbers that a layer makes of one row."""
        return max(self.parameters.widest, self.n_logits)


def bind_members(
    network: Network, tensors: Mapping[str, Tensor], *, trainable: bool = False
) -> None:
    """Put other parameters and buffers of M members in the place of a network's own."""
    for part in network.parts:
        if isinstance(part, MemberLoop):
            for i, body in enumerate(part.bodies):
                bind(body, {name: t[i] for name, t in tensors.items()}, trainable=trainable)
        else:
            bind(part, tensors, trainable=trainable)


def spec_for(params: ModelParams, standardizer: Standardizer, loss: Loss) -> NetworkSpec:
    """Describe the network that reads what a standardizer gives, for a loss."""
    names = standardizer.feature_names
    codes = tuple((names.index(name), n) for name, n in standardizer.embedded.items())
    return NetworkSpec(params, Inputs(len(names), codes), loss.n_outputs, loss.n_logits)
