"""The seam between networks and training: what is built from which words, for which columns.

A network is a torch module that computes `body(numeric, categorical) -> outputs`; the head that
makes logits of them belongs to the loss, so that every body serves every task. A new kind of
network is an entry of NETWORKS.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from colonnade.training.networks.heads import OrdinalHead
from colonnade.training.networks.layers import Dropout, DropoutMasks
from colonnade.training.networks.layout import (
    ParameterLayout,
    bind,
    lay_out_buffers,
    lay_out_parameters,
    short_name,
)
from colonnade.training.networks.mlp import Mlp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from colonnade.tables.standardize import Standardizer
    from colonnade.training.initializers import InitializerParams
    from colonnade.training.loss import Loss
    from colonnade.training.models import ModelParams


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


NETWORKS: dict[str, NetworkKind] = {
    "linear": NetworkKind(Mlp),
    "mlp": NetworkKind(Mlp),
    "mlp_skip": NetworkKind(Mlp),
}


class Network(nn.Module):
    """A body, and the head that makes logits of its outputs, if there is one."""

    def __init__(self, body: nn.Module, head: OrdinalHead | None) -> None:
        super().__init__()
        self.body, self.head = body, head

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
        network = self.build()
        if NETWORKS[self.params.kind].member_axis:
            bind(network, tensors, trainable=trainable)
            return network
        bodies = [self.build().body for _ in next(iter(tensors.values()))]
        for i, body in enumerate(bodies):
            bind(body, {name: t[i] for name, t in tensors.items()}, trainable=trainable)
        if network.head is not None:
            bind(network.head, tensors, trainable=trainable)
        network.body = MemberLoop(bodies)
        return network

    def single(self, tensors: Mapping[str, Tensor]) -> Network:
        """Build one member's module upon copies of its parameters, in evaluation mode."""
        network = self.build()
        with torch.no_grad():
            for name, tensor in (*network.named_parameters(), *network.named_buffers()):
                tensor.copy_(tensors[short_name(name)])
        return network.eval()

    @property
    def ordinal(self) -> bool:
        """Whether an ordinal head stands behind the body."""
        return self.n_logits != self.n_outputs

    @cached_property
    def template(self) -> Network:
        """A module of this shape, to look at."""
        return self.build()

    @cached_property
    def parameters(self) -> ParameterLayout:
        """Where its parameters lie in a flat row."""
        return lay_out_parameters(self.template)

    @cached_property
    def buffers(self) -> ParameterLayout:
        """Where its running statistics lie in a row of their own."""
        return lay_out_buffers(self.template)

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

    @property
    def widest(self) -> int:
        """The most numbers that a layer makes of one row."""
        return max(self.parameters.widest, self.n_logits)


class StackedParameters:
    """Parameters, gradients and buffers of M members of one network.

    Shape: flat, grad (M, P); buffers (M, B), or None where the network has none.
    """

    def __init__(
        self, spec: NetworkSpec, n_members: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.spec, self.n_members = spec, n_members
        self.flat = torch.zeros(n_members, spec.parameters.size, dtype=dtype, device=device)
        self.grad = torch.zeros_like(self.flat)
        self.buffers: Tensor | None = None
        if spec.buffers.size:
            self.buffers = self.flat.new_zeros(n_members, spec.buffers.size)
            for name, buffer in spec.template.named_buffers():
                spec.buffers[short_name(name)].view(self.buffers).copy_(buffer)

    def start(self, member: int, network: Network) -> None:
        """Copy a network's parameters into a member's row."""
        own = self.spec.parameters.views(self.flat[member : member + 1])
        for name, parameter in network.named_parameters():
            own[short_name(name)].copy_(parameter.detach())

    def network(self) -> Network:
        """Build the module of all members upon these rows, in training mode."""
        return self.spec.bound(self.tensors(), trainable=True).train()

    def gradients_of(self, network: Network) -> list[Tensor]:
        """View the gradients of each parameter of a network of these rows, in its own order."""
        views = self.spec.parameters.views(self.grad)
        if not isinstance(network.body, MemberLoop):
            return [views[short_name(name)] for name, _ in network.named_parameters()]
        own = [
            views[name][member]
            for member, body in enumerate(network.body.bodies)
            for name, _ in body.named_parameters()
        ]
        return own if network.head is None else [*own, views["cuts"]]

    def tensors(self) -> dict[str, Tensor]:
        """View parameters and buffers by their names."""
        return self.spec.tensors(self.flat, self.buffers)


def spec_for(params: ModelParams, standardizer: Standardizer, loss: Loss) -> NetworkSpec:
    """Describe the network that reads what a standardizer gives, for a loss."""
    names = standardizer.feature_names
    codes = tuple((names.index(name), n) for name, n in standardizer.embedded.items())
    return NetworkSpec(params, Inputs(len(names), codes), loss.n_outputs, loss.n_logits)


def draw_from(network: nn.Module, masks: DropoutMasks) -> None:
    """Let every dropout layer of a network draw from the trainer's generators."""
    for layer in network.modules():
        if isinstance(layer, MemberLoop):
            for member, body in enumerate(layer.bodies):
                draw_from(body, masks.of(member))
            return
        if isinstance(layer, Dropout):
            layer.masks = masks
