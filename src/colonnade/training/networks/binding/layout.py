"""Where each parameter of a module lies in one flat row, and modules that compute with such rows.

All parameters of a member lie in one row, their gradients in another, its buffers in a third; a
module's are views of them. So whatever works on rows (optimizers, clipping, averages, checkpoints)
never knows the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.training.components.layers.dense import Linear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class ParameterSlice:
    """One tensor of a module in the flat row.

    weight_decay, lr: the factors of the decay and of the rate that it takes; biases and the like
      do not decay.
    """

    name: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    weight_decay: float = 1.0
    lr: float = 1.0

    def view(self, rows: Tensor) -> Tensor:
        """View it in rows of all parameters.

        Shape: (M, P) -> (M, *shape).
        """
        shape, stride = (len(rows), *self.shape), (rows.stride(0), *self.stride)
        return rows.as_strided(shape, stride, rows.storage_offset() + self.offset)


@dataclass(frozen=True)
class ParameterLayout:
    """The slices of a row, in the order in which they lie."""

    slices: tuple[ParameterSlice, ...]
    size: int

    def __getitem__(self, name: str) -> ParameterSlice:
        return next(one for one in self.slices if one.name == name)

    def __contains__(self, name: object) -> bool:
        return any(one.name == name for one in self.slices)

    def views(self, rows: Tensor) -> dict[str, Tensor]:
        """View rows as named tensors.

        Shape: (M, P) -> each (M, *shape).
        """
        return {one.name: one.view(rows) for one in self.slices}

    def weight_decay(self, like: Tensor, *, everywhere: bool = False) -> Tensor:
        """Give the factor by which each number in a row takes weight decay.

        Shape: like (M, P) -> (1, P).
        """
        factors = torch.ones_like(like[:1])
        if not everywhere:
            for one in self.slices:
                one.view(factors).fill_(one.weight_decay)
        return factors

    def learning_rate(self, like: Tensor) -> Tensor:
        """Give the factor by which each number in a row takes the learning rate.

        Shape: like (M, P) -> (1, P).
        """
        factors = torch.ones_like(like[:1])
        for one in self.slices:
            one.view(factors).fill_(one.lr)
        return factors

    @cached_property
    def lr_blocks(self) -> tuple[tuple[float, slice], ...]:
        """The parts of a row that have one factor of the learning rate each."""
        starts: dict[float, int] = {}
        for one in self.slices:
            starts[one.lr] = min(one.offset, starts.get(one.lr, one.offset))
        ends = [*sorted(starts.values())[1:], self.size]
        blocks = zip(sorted(starts, key=lambda lr: starts[lr]), ends, strict=True)
        return tuple((lr, slice(starts[lr], end)) for lr, end in blocks)

    @cached_property
    def widest(self) -> int:
        """The longest side of any parameter: what a layer makes of a row is no longer."""
        return max(side for one in self.slices for side in one.shape)


def lay_out_parameters(modules: Sequence[nn.Module]) -> ParameterLayout:
    """Lay the parameters of modules out, in the order in which they register them.

    A linear layer's bias is the last column of its weight's block: so one product with inputs that
    end in a 1 gives both, and so does its gradient. Parameters of one factor of the learning rate
    lie together.
    Raises: ValueError if two modules call a parameter alike.
    """
    slices: list[ParameterSlice] = []
    offset = 0
    # The sort is stable: of one factor, they keep their order.
    for name, owner, parameter in sorted(
        _own_parameters(modules), key=lambda own: _factors(own)[0]
    ):
        shape, size = tuple(parameter.shape), parameter.numel()
        lr, decay = _factors((name, owner, parameter))
        joined = isinstance(owner, Linear) and owner.bias is not None
        if joined and parameter is owner.weight:
            n_out, n_in = shape
            slices.append(ParameterSlice(name, offset, shape, (n_in + 1, 1), decay, lr))
            size += n_out
        elif joined and parameter is owner.bias:
            weight = slices[-1]
            start, step = weight.offset + weight.shape[1], weight.stride[0]
            slices.append(ParameterSlice(name, start, shape, (step,), decay, lr))
            size = 0
        else:
            slices.append(ParameterSlice(name, offset, shape, _contiguous(shape), decay, lr))
        offset += size
    return _layout(slices, offset)


def lay_out_buffers(modules: Sequence[nn.Module]) -> ParameterLayout:
    """Lay out what modules remember of their rows, such as running statistics.

    Whole numbers, such as places of columns, stay in the modules: training does not change them.
    """
    slices: list[ParameterSlice] = []
    offset = 0
    for name, buffer in _float_buffers(modules):
        shape = tuple(buffer.shape)
        slices.append(ParameterSlice(name, offset, shape, _contiguous(shape)))
        offset += buffer.numel()
    return _layout(slices, offset)


def bind(module: nn.Module, tensors: Mapping[str, Tensor], *, trainable: bool = False) -> None:
    """Put tensors in the place of a module's parameters and buffers, by their names.

    The tensors themselves, not copies: a module bound to views of a row computes with the row.
    """
    for name, owner, _ in list(_own_parameters([module])):
        parameter = nn.Parameter(tensors[name], requires_grad=trainable)
        setattr(owner, name.rpartition(".")[2], parameter)
    for name, _ in list(_float_buffers([module])):
        path, _, own = name.rpartition(".")
        setattr(module.get_submodule(path), own, tensors[name])


def _layout(slices: Sequence[ParameterSlice], size: int) -> ParameterLayout:
    names = [one.name for one in slices]
    if len(set(names)) < len(names):
        raise ValueError(f"a body and its head both name a parameter alike: {sorted(names)}")
    return ParameterLayout(tuple(slices), size)


def _own_parameters(modules: Sequence[nn.Module]) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    for module in modules:
        for prefix, owner in module.named_modules():
            path = f"{prefix}." if prefix else ""
            for name, parameter in owner.named_parameters(recurse=False):
                yield path + name, owner, parameter


def _float_buffers(modules: Sequence[nn.Module]) -> Iterator[tuple[str, Tensor]]:
    for module in modules:
        for name, buffer in module.named_buffers():
            # An empty one, as where no column is a number, has no place in a row.
            if buffer.is_floating_point() and buffer.numel():
                yield name, buffer


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _factors(own: tuple[str, nn.Module, nn.Parameter]) -> tuple[float, float]:
    """Give a parameter's factors of the learning rate and of weight decay.

    Matrices decay; what shifts or scales single units is a vector, or named by its module.
    """
    path, owner, parameter = own
    name = path.rpartition(".")[2]
    free = parameter.ndim < 2 or name in getattr(owner, "no_weight_decay", ())
    decay = getattr(owner, "weight_decay_factors", {}).get(name, 0.0 if free else 1.0)
    return float(getattr(owner, "lr_factors", {}).get(name, 1.0)), float(decay)
