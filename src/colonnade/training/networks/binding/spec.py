"""Everything that decides the shape of a network, and the module of that shape upon rows."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from colonnade.errors import ParameterError
from colonnade.training.components.layers.dense import HiddenLayer
from colonnade.training.components.layers.dropout import Dropout, replace_dropout
from colonnade.training.components.losses.heads import AVERAGES, OrdinalHead, RangeHead
from colonnade.training.networks.base import Inputs, MemberLoop, Network, Outputs
from colonnade.training.networks.binding.layout import (
    ParameterLayout,
    bind,
    lay_out_buffers,
    lay_out_parameters,
)
from colonnade.training.networks.kinds.own_params import OwnNetworkParams
from colonnade.training.networks.model_params import NetworkKind, kind_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.networks.model_params import ModelParams
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that decides a network's shape: two of one spec can be trained as one stack.

    n_logits: what the head makes of the body's outputs (an ordinal head: K-1 logits of one score).
    """

    params: ModelParams
    inputs: Inputs
    n_outputs: int
    n_logits: int
    link: str = "identity"

    def build(
        self,
        seed: int = 0,
        params: ModelParams | None = None,
        rows: tuple[Tensor, Tensor | None] | None = None,
    ) -> Network:
        """Build the module, its weights drawn from the seed, layer after layer.

        params: in place of its own, but of one shape. rows: numbers and codes of the train rows,
        for a body that starts by them.
        """
        outputs = Outputs(self.n_outputs, bias=not self.ordinal, numbers=self.numbers)
        generator = torch.Generator().manual_seed(seed)
        body = self.kind.builder()(self.inputs, outputs, params or self.params, generator)
        if not self.kind.member_axis:
            replace_dropout(body)
        start: Any = getattr(body, "start", None)
        if rows is not None and start is not None:
            with torch.no_grad():
                start(*rows, generator)
        return Network(body, self._head(), AVERAGES[self.link])

    def _head(self) -> nn.Module | None:
        if self.ordinal:
            return OrdinalHead(self.n_logits)
        return RangeHead() if self.clamps else None

    @property
    def numbers(self) -> bool:
        """Whether it predicts numbers."""
        return self.link in ("identity", "log")

    @property
    def clamps(self) -> bool:
        """Whether its predictions stay within the range of the train rows."""
        return self.numbers and self.params.clamps

    @cached_property
    def kind(self) -> NetworkKind:
        """The kind of network."""
        return kind_named(self.params.kind)

    def bound(self, tensors: Mapping[str, Tensor], *, trainable: bool = False) -> Network:
        """Build the module of M members upon their parameters and buffers.

        Shape: tensors: each (M, ...).
        """
        network = deepcopy(self.template)
        if not self.kind.member_axis:
            bodies = [deepcopy(network.body) for _ in next(iter(tensors.values()))]
            network.body = MemberLoop(bodies, foreign=isinstance(self.params, OwnNetworkParams))
        bind_members(network, tensors, trainable=trainable)
        return network

    def single(self, tensors: Mapping[str, Tensor]) -> Network:
        """Build one member's module upon copies of its parameters, in evaluation mode."""
        network = deepcopy(self.template)
        with torch.no_grad():
            for part in network.parts:
                for name, tensor in (*part.named_parameters(), *part.named_buffers()):
                    if name in tensors:
                        tensor.copy_(tensors[name])
        return network.eval()

    @property
    def ordinal(self) -> bool:
        """Whether an ordinal head stands behind the body."""
        return self.n_logits != self.n_outputs

    @cached_property
    def template(self) -> Network:
        """A module of this shape, to look at and to copy; its weights mean nothing."""
        return self.build()

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
        return tuple(getattr(self.template.body, "input_weights", ()))

    @cached_property
    def normalizes_batches(self) -> bool:
        """Whether batches of one row cannot be trained on."""
        return any(
            isinstance(layer, _BATCH_NORMS)
            or (isinstance(layer, HiddenLayer) and layer.norm is not None)
            for layer in self.template.body.modules()
        )

    @property
    def drops_out(self) -> bool:
        """Whether two passes over the same rows differ in training."""
        layers = self.template.body.modules()
        return any(isinstance(layer, Dropout) and layer.rate > 0 for layer in layers)

    @property
    def starts_by_rows(self) -> bool:
        """Whether its start depends on the train rows."""
        return hasattr(self.template.body, "start")

    @property
    def weight_reuse(self) -> int:
        """How often it multiplies a row by the same weights."""
        return int(getattr(self.template.body, "weight_reuse", 1))

    @property
    def multiply_adds(self) -> int:
        """About so many does one row cost forward."""
        return self.parameters.size * self.weight_reuse

    @cached_property
    def widest(self) -> int:
        """The most numbers that a layer makes of one row."""
        return max(self.parameters.widest * self.weight_reuse, self.n_logits)


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
    numeric = [name for name in names if name not in standardizer.embedded]
    ones = {*standardizer.ones_and_zeros}
    binary = tuple(i for i, name in enumerate(numeric) if name in ones)
    inputs = Inputs(len(names), codes, binary, *_picture(standardizer, numeric))
    params.check_picture(inputs.picture)
    return NetworkSpec(params, inputs, loss.n_outputs, loss.n_logits, loss.link)


def _picture(
    standardizer: Standardizer, numeric: list[str]
) -> tuple[tuple[int, int, int] | None, tuple[int, ...]]:
    """Channels, height and width of the picture, and its pixels' places among the numbers."""
    image = standardizer.table_schema.image
    if image is None:
        return None, ()
    height, width = image.shape[-2:]
    channels = image.shape[0] if len(image.shape) == 3 else 1
    pixels = image.pixels(standardizer.inputs)
    if lacking := [name for name in pixels if name not in numeric]:
        raise ParameterError(
            f"`schema.image`: the pixel '{lacking[0]}' does not go to the network as one number: "
            "make it numeric in `schema.columns`."
        )
    return (channels, height, width), tuple(map(numeric.index, pixels))
