"""The layers of the hand-derived path: buffers made once, forward and backward in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from colonnade.training.components.layers.dense import NORM_EPS, update_running

if TYPE_CHECKING:
    from colonnade.training.components.activations import Kernels
    from colonnade.training.components.layers.dropout import DropoutMasks
    from colonnade.training.networks.binding.stacked import StackedParameters
    from colonnade.training.networks.mlp import Mlp

# Rows of hidden outputs start at multiples of 16 floats, one cache line: measured faster.
_ALIGNMENT = 16


class Blocks:
    """Views of one row of a stack as the matrices that products read; a lone member's have no axis.

    A layer's block is (n_out, n_in + 1) where it has a bias: its last column.
    """

    def __init__(self, stack: StackedParameters, rows: Tensor) -> None:
        self.layout, self.rows, self.single = stack.spec.parameters, rows, stack.n_members == 1

    def __getitem__(self, name: str) -> Tensor:
        """View a parameter."""
        return self._own(self.layout[name].view(self.rows))

    def matrix(self, layer: str) -> Tensor:
        """View a layer's weights, and its biases beside them."""
        weight = self.layout[f"{layer}.weight"]
        n_out, _n_in = weight.shape
        block = self.rows[:, weight.offset : weight.offset + n_out * weight.stride[0]]
        return self._own(block.view(len(self.rows), n_out, weight.stride[0]))

    def has_bias(self, layer: str) -> bool:
        """Whether the layer reads a 1 at the end of its inputs."""
        return f"{layer}.bias" in self.layout

    def _own(self, view: Tensor) -> Tensor:
        return view[0] if self.single else view


def batch_shape(stack: StackedParameters, n_rows: int, width: int) -> tuple[int, ...]:
    """Give the shape of a batch's buffers: (n, width), with M in front if many."""
    return (n_rows, width) if stack.n_members == 1 else (stack.n_members, n_rows, width)


class Hidden:
    """One hidden layer on batches of one size: product, batch norm, activation, dropout."""

    def __init__(
        self,
        stack: StackedParameters,
        kernels: Kernels | None,
        dropout: DropoutMasks,
        layer: int,
        n_rows: int,
    ) -> None:
        name, own, grads = f"hidden.{layer}", Blocks(stack, stack.flat), Blocks(stack, stack.grad)
        width = stack.spec.parameters[f"{name}.weight"].shape[0]
        self.dropout, self.layer = dropout, layer
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        block, grad = own.matrix(name), grads.matrix(name)
        self.bias = own.has_bias(name)
        self.weight = block[..., :-1] if self.bias else block
        self.transposed, self.grad = block.mT, grad
        shape = batch_shape(stack, n_rows, width)
        padded = -(-(width + 1) // _ALIGNMENT) * _ALIGNMENT
        self.buffer = block.new_ones((*shape[:-1], padded))
        self.out, self.with_one = self.buffer[..., :width], self.buffer[..., : width + 1]
        self.delta = block.new_empty(shape)
        self.delta_t = self.delta.mT
        self.mask = block.new_empty(shape) if dropout.active else None
        self.a = block.new_empty(shape) if dropout.active else self.out
        self.kernels: Kernels | Prelu = kernels or Prelu(stack, layer, shape)
        self.z = self.a if self.kernels.from_output else block.new_empty(shape)
        batch_norm = f"{name}.norm" in stack.spec.parameters
        self.norm = BatchNorm(stack, layer, shape) if batch_norm else None

    def forward(self, x: Tensor) -> None:
        """Compute `out` of x, which ends in a 1 where the layer has a bias."""
        if self.norm is None:
            self.multiply(x, self.transposed, out=self.z)
        else:
            self.multiply(x, self.transposed, out=self.norm.x)
            self.norm.forward(self.z)
        self.kernels.forward(self.z, self.a)
        if self.mask is not None:
            self.dropout.draw(self.mask)
            torch.mul(self.a, self.mask, out=self.out)

    def backward(self, x: Tensor, delta_in: Tensor | None) -> None:
        """Turn dL/d(out), lying in `delta`, into the layer's gradient and dL/dx."""
        delta = self.delta
        if self.mask is not None:
            delta.mul_(self.mask)
        self.kernels.backward(delta, self.z, self.a)
        if self.norm is not None:
            self.norm.backward(delta)
        self.multiply(self.delta_t, x, out=self.grad)
        if delta_in is not None:
            self.multiply(delta, self.weight, out=delta_in)


class BatchNorm:
    """Batch normalization before the activation (Ioffe & Szegedy 2015)."""

    def __init__(self, stack: StackedParameters, layer: int, shape: tuple[int, ...]) -> None:
        name = f"hidden.{layer}.norm"
        block, grad = Blocks(stack, stack.flat)[name], Blocks(stack, stack.grad)[name]
        self.gain, self.shift = block[..., :1, :], block[..., 1:, :]
        self.gain_grad, self.shift_grad = grad[..., :1, :], grad[..., 1:, :]
        self.running = _statistics(stack, layer)
        self.x, self.inverse = block.new_empty(shape), block.new_empty(())

    def forward(self, z: Tensor) -> None:
        """Normalize x in place and write gain * x + shift into z."""
        variance, mean = torch.var_mean(self.x, -2, correction=0, keepdim=True)
        update_running(self.running, mean, variance, self.x.shape[-2])
        self.inverse = (variance + NORM_EPS).rsqrt()
        self.x.sub_(mean).mul_(self.inverse)
        torch.addcmul(self.shift, self.gain, self.x, out=z)

    def backward(self, delta: Tensor) -> None:
        """Turn dL/dz into dL/dx in place, and fill the gradients of gain and shift."""
        torch.sum(delta, -2, keepdim=True, out=self.shift_grad)
        torch.sum(delta * self.x, -2, keepdim=True, out=self.gain_grad)
        n = delta.shape[-2]
        delta.sub_(self.shift_grad / n).sub_(self.x * (self.gain_grad / n))
        delta.mul_(self.gain * self.inverse)


def _statistics(stack: StackedParameters, layer: int) -> Tensor:
    """View the running mean and variance of a layer: (M, 2, width), or (2, width)."""
    if stack.buffers is None:
        raise TypeError("no batch norm in this network")
    running = stack.spec.buffers["running"].view(stack.buffers)
    widths = cast("Mlp", stack.spec.template.body).widths
    start = sum(widths[:layer])
    view = running[..., start : start + widths[layer]]
    return view[0] if stack.n_members == 1 else view


class Prelu:
    """The kernels of a leaky relu whose slope is learned, one a layer (He et al. 2015)."""

    from_output = False

    def __init__(self, stack: StackedParameters, layer: int, shape: tuple[int, ...]) -> None:
        name = f"hidden.{layer}.slope"
        self.slope = Blocks(stack, stack.flat)[name].unsqueeze(-1)
        self.grad = Blocks(stack, stack.grad)[name]
        self.negative = self.slope.new_empty(shape)

    def forward(self, z: Tensor, a: Tensor) -> None:
        """a = max(z, 0) + slope min(z, 0)."""
        torch.clamp_max(z, 0, out=self.negative)
        a.copy_(z).clamp_min_(0).addcmul_(self.negative, self.slope)

    def backward(self, delta: Tensor, z: Tensor, _: Tensor) -> None:
        """Fill the slope's gradient; turn dL/da into dL/dz in place."""
        self.grad.copy_((delta * self.negative).sum((-2, -1)).unsqueeze(-1))
        delta.mul_(torch.where(z > 0, 1.0, self.slope))


class OrdinalHead:
    """Logits of one score: s - c_k for cut points that stay ordered."""

    def __init__(self, stack: StackedParameters, n_rows: int) -> None:
        self.raw, self.grad = Blocks(stack, stack.flat)["cuts"], Blocks(stack, stack.grad)["cuts"]
        shape = batch_shape(stack, n_rows, 1)
        self.score, self.delta = self.raw.new_empty(shape), self.raw.new_empty(shape)
        self.steps, self.slopes = torch.empty_like(self.raw), torch.empty_like(self.raw)
        self.cuts = torch.empty_like(self.raw)
        self.raw_first, self.first = self.raw[..., :1], self.steps[..., :1]
        self.first_slope, self.cuts_row = self.slopes[..., :1], self.cuts.unsqueeze(-2)
        n = self.raw.shape[-1]
        self.minus_later = -torch.ones(n, n, dtype=self.raw.dtype, device=self.raw.device).tril()
        self.softplus: Any = torch.nn.functional.softplus  # its stub knows no `out`

    def forward(self, logits: Tensor) -> None:
        """Write score - cuts."""
        self.softplus(self.raw, out=self.steps)
        self.first.copy_(self.raw_first)
        torch.cumsum(self.steps, -1, out=self.cuts)
        torch.sub(self.score, self.cuts_row, out=logits)

    def backward(self, delta: Tensor) -> None:
        """Fill the cuts' gradient and dL/d(score).

        A raw gap j moves every cut from j on, by sigmoid(raw_j); the first moves them all by 1.
        """
        torch.sum(delta, -1, keepdim=True, out=self.delta)
        torch.sigmoid(self.raw, out=self.slopes)
        self.first_slope.fill_(1)
        torch.mul(delta.sum(-2) @ self.minus_later, self.slopes, out=self.grad)
