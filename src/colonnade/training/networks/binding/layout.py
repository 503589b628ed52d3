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

from colonnade.training.components.layers import Linear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class ParameterSlice:
    """One tensor of a module in the flat row.

    weight_decay: the factor of the decay that it takes; biases and the like keep their freedom.
    """

    name: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    weight_decay: float = 1.0

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

    @cached_property
    def widest(self) -> int:
        """The longest side of any parameter: what a layer makes of a row is no longer."""
        return max(side for one in self.slices for side in one.shape)


def lay_out_parameters(modules: Sequence[nn.Module]) -> ParameterLayout:
    """Lay the parameters of modules out, in the order in which they register them.

    A linear layer's bias is the last column of its weight's block: so one product with inputs that
    end in a 1 gives both, and so does its gradient.
    Raises: ValueError if two modules call a parameter alike.
    """
    slices: list[ParameterSlice] = []
    offset = 0
    for name, owner, parameter in (own for module in modules for own in _own_parameters(module)):
        shape, size = tuple(parameter.shape), parameter.numel()
        joined = isinstance(owner, Linear) and owner.bias is not None
        if joined and parameter is owner.weight:
            n_out, n_in = shape
            slices.append(ParameterSlice(name, offset, shape, (n_in + 1, 1)))
            size += n_out
        elif joined and parameter is owner.bias:
            weight = slices[-1]
            start, step = weight.offset + weight.shape[1], weight.stride[0]
            slices.append(ParameterSlice(name, start, shape, (step,), 0.0))
            size = 0
        else:
            decay = _weight_decay(owner, name, parameter)
            slices.append(ParameterSlice(name, offset, shape, _contiguous(shape), decay))
        offset += size
    return _layout(slices, offset)


def lay_out_buffers(modules: Sequence[nn.Module]) -> ParameterLayout:
    """Lay out what modules remember of their batches, such as running statistics."""
    slices: list[ParameterSlice] = []
    offset = 0
    for name, buffer in (own for module in modules for own in module.named_buffers()):
        shape = tuple(buffer.shape)
        slices.append(ParameterSlice(name, offset, shape, _contiguous(shape)))
        offset += buffer.numel()
    return _layout(slices, offset)


def bind(module: nn.Module, tensors: Mapping[str, Tensor], *, trainable: bool = False) -> None:
    """Put tensors in the place of a module's parameters and buffers, by their names.

    The tensors themselves, not copies: a module bound to views of a row computes with the row.
    """
    for name, owner, _ in list(_own_parameters(module)):
        parameter = nn.Parameter(tensors[name], requires_grad=trainable)
        setattr(owner, name.rpartition(".")[2], parameter)
    for name, _ in list(module.named_buffers()):
        path, _, own = name.rpartition(".")
        setattr(module.get_submodule(path), own, tensors[name])


def _layout(slices: Sequence[ParameterSlice], size: int) -> ParameterLayout:
    names = [one.name for one in slices]
    if len(set(names)) < len(names):
        raise ValueError(f"a body and its head both name a parameter alike: {sorted(names)}")
    return ParameterLayout(tuple(slices), size)


def _own_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    for prefix, owner in module.named_modules():
        path = f"{prefix}." if prefix else ""
        for name, parameter in owner.named_parameters(recurse=False):
            yield path + name, owner, parameter


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _weight_decay(owner: nn.Module, name: str, parameter: nn.Parameter) -> float:
    """Matrices decay; what shifts or scales single units is a vector, or named by its module."""
    free = name.rpartition(".")[2] in getattr(owner, "no_weight_decay", ())
    return 0.0 if free or parameter.ndim < 2 else 1.0
