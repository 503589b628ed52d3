"""The layers of the hand-derived path: buffers made once, forward and backward in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from colonnade.training.network import NORM_EPS, NORM_MOMENTUM, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.activations import Kernels

# Rows of hidden outputs start at multiples of 16 floats, one cache line: measured faster.
_ALIGNMENT = 16


class Dropout:
    """Draws each member's masks from its own generator, layer after layer, step after step."""

    def __init__(self, rates: Sequence[float], stack: Stack) -> None:
        self.keep = [1 - rate for rate in rates]
        self.active = any(rate > 0 for rate in rates)
        self.generators = [torch.Generator(device=stack.flat.device) for _ in rates]
        scale = 1 / torch.tensor(self.keep, dtype=torch.float64)
        self.scale = scale.to(stack.flat).view(-1, 1, 1)
        self.single = len(self.keep) == 1

    def seed(self, seeds: Sequence[int]) -> None:
        """Begin an epoch: its masks follow from the seeds alone."""
        for generator, seed in zip(self.generators, seeds, strict=True):
            generator.manual_seed(seed)

    def draw(self, mask: Tensor) -> None:
        """Fill `mask` with 0 or 1 / keep.

        Shape: (n, width) for one member, else (M, n, width).
        """
        rows = (mask,) if self.single else mask.unbind(0)
        for row, keep, generator in zip(rows, self.keep, self.generators, strict=True):
            if keep < 1:
                row.bernoulli_(keep, generator=generator)
            else:
                row.fill_(1)
        mask.mul_(self.scale[0] if self.single else self.scale)


class Hidden:
    """One hidden layer on batches of one size: product, batch norm, activation, dropout."""

    def __init__(
        self, stack: Stack, kernels: Kernels, dropout: Dropout, layer: int, n_rows: int
    ) -> None:
        name, width = f"hidden.{layer}", stack.plan.widths[layer]
        self.kernels, self.dropout, self.layer = kernels, dropout, layer
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        block, grad = stack.block(name, stack.flat), stack.block(name, stack.grad)
        self.bias = stack.plan.piece(name).bias
        self.weight = block[..., :-1] if self.bias else block
        self.transposed, self.grad = block.mT, grad
        shape = stack.batch_shape(n_rows, width)
        padded = -(-(width + 1) // _ALIGNMENT) * _ALIGNMENT
        self.buffer = block.new_ones((*shape[:-1], padded))
        self.out, self.with_one = self.buffer[..., :width], self.buffer[..., : width + 1]
        self.delta = block.new_empty(shape)
        self.delta_t = self.delta.mT
        self.mask = block.new_empty(shape) if dropout.active else None
        self.a = block.new_empty(shape) if dropout.active else self.out
        own_z = not kernels.from_output or stack.plan.prelu
        self.z = block.new_empty(shape) if own_z else self.a
        self.norm = BatchNorm(stack, layer, shape) if stack.plan.batch_norm else None
        self.prelu = Prelu(stack, layer, shape) if stack.plan.prelu else None

    def forward(self, x: Tensor) -> None:
        """Compute `out` of x, which ends in a 1 where the layer has a bias."""
        if self.norm is None:
            self.multiply(x, self.transposed, out=self.z)
        else:
            self.multiply(x, self.transposed, out=self.norm.x)
            self.norm.forward(self.z)
        if self.prelu is None:
            self.kernels.forward(self.z, self.a)
        else:
            self.prelu.forward(self.z, self.a)
        if self.mask is not None:
            self.dropout.draw(self.mask)
            torch.mul(self.a, self.mask, out=self.out)

    def backward(self, x: Tensor, delta_in: Tensor | None) -> None:
        """Turn dL/d(out), lying in `delta`, into the layer's gradient and dL/dx."""
        delta = self.delta
        if self.mask is not None:
            delta.mul_(self.mask)
        if self.prelu is not None:
            self.prelu.backward(delta, self.z)
        elif self.kernels.backward is not None:
            self.kernels.backward(delta, self.z, self.a)
        if self.norm is not None:
            self.norm.backward(delta)
        self.multiply(self.delta_t, x, out=self.grad)
        if delta_in is not None:
            self.multiply(delta, self.weight, out=delta_in)


class BatchNorm:
    """Batch normalization before the activation (Ioffe & Szegedy 2015)."""

    def __init__(self, stack: Stack, layer: int, shape: tuple[int, ...]) -> None:
        name = f"hidden.{layer}.norm"
        block, grad = stack.block(name, stack.flat), stack.block(name, stack.grad)
        self.gain, self.shift = block[..., :1, :], block[..., 1:, :]
        self.gain_grad, self.shift_grad = grad[..., :1, :], grad[..., 1:, :]
        self.running = stack.norm_statistics(layer)
        self.x, self.inverse = block.new_empty(shape), block.new_empty(())

    def forward(self, z: Tensor) -> None:
        """Normalise x in place and write gain * x + shift into z."""
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


def update_running(running: Tensor, mean: Tensor, variance: Tensor, n_rows: int) -> None:
    """Move the running statistics a tenth of the way to the batch's (unbiased variance)."""
    running[..., :1, :].lerp_(mean, NORM_MOMENTUM)
    running[..., 1:, :].lerp_(variance * (n_rows / (n_rows - 1)), NORM_MOMENTUM)


class Prelu:
    """Leaky relu whose slope is learned, one a layer (He et al. 2015)."""

    def __init__(self, stack: Stack, layer: int, shape: tuple[int, ...]) -> None:
        name = f"hidden.{layer}.slope"
        self.slope = stack.block(name, stack.flat).unsqueeze(-1)
        self.grad = stack.block(name, stack.grad)
        self.negative = self.slope.new_empty(shape)

    def forward(self, z: Tensor, a: Tensor) -> None:
        """a = max(z, 0) + slope min(z, 0)."""
        torch.clamp_max(z, 0, out=self.negative)
        a.copy_(z).clamp_min_(0).addcmul_(self.negative, self.slope)

    def backward(self, delta: Tensor, z: Tensor) -> None:
        """Fill the slope's gradient; turn dL/da into dL/dz in place."""
        self.grad.copy_((delta * self.negative).sum((-2, -1)).unsqueeze(-1))
        delta.mul_(torch.where(z > 0, 1.0, self.slope))


class OrdinalHead:
    """Logits of one score: s - c_k for cut points that stay ordered."""

    def __init__(self, stack: Stack, n_rows: int) -> None:
        self.raw, self.grad = stack.block("cuts", stack.flat), stack.block("cuts", stack.grad)
        shape = stack.batch_shape(n_rows, 1)
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
