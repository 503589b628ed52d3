"""The hand-derived backward pass: every product goes straight into a buffer made beforehand.

One member uses 2-D products, many use batched ones over the same buffers with a member axis in
front; the code is the same. Checked against autograd in float64 for every activation and loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from colonnade.training.activations import Kernels
from colonnade.training.losses import Loss
from colonnade.training.network import NORM_EPS, NORM_MOMENTUM, Stack

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
        shape: tuple[int, ...] = (n_rows, width)
        if stack.n_members > 1:
            shape = (stack.n_members, *shape)
        empty = lambda: block.new_empty(shape)  # noqa: E731  # five buffers of one shape
        padded = -(-(width + 1) // _ALIGNMENT) * _ALIGNMENT
        self.buffer = block.new_ones((*shape[:-1], padded))
        self.out, self.with_one = self.buffer[..., :width], self.buffer[..., : width + 1]
        self.delta, self.delta_t = (d := empty()), d.mT
        self.mask = empty() if dropout.active else None
        self.a = empty() if dropout.active else self.out
        own_z = not kernels.from_output or stack.plan.prelu
        self.z = empty() if own_z else self.a
        self.norm = BatchNorm(stack, layer, empty) if stack.plan.batch_norm else None
        self.prelu = Prelu(stack, layer, empty) if stack.plan.prelu else None

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
        if self.prelu is None:
            self.kernels.backward(delta, self.z, self.a)  # type: ignore[misc]  # checked by accepts
        else:
            self.prelu.backward(delta, self.z)
        if self.norm is not None:
            self.norm.backward(delta)
        self.multiply(self.delta_t, x, out=self.grad)
        if delta_in is not None:
            self.multiply(delta, self.weight, out=delta_in)


class BatchNorm:
    """Batch normalization before the activation (Ioffe & Szegedy 2015)."""

    def __init__(self, stack: Stack, layer: int, empty: Callable[[], Tensor]) -> None:
        name = f"hidden.{layer}.norm"
        block, grad = stack.block(name, stack.flat), stack.block(name, stack.grad)
        self.gain, self.shift = block[..., :1, :], block[..., 1:, :]
        self.gain_grad, self.shift_grad = grad[..., :1, :], grad[..., 1:, :]
        self.running = stack.norm_statistics(layer)
        self.x, self.inverse = empty(), block.new_empty(())

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

    def __init__(self, stack: Stack, layer: int, empty: Callable[[], Tensor]) -> None:
        name = f"hidden.{layer}.slope"
        self.slope = stack.block(name, stack.flat).unsqueeze(-1)
        self.grad = stack.block(name, stack.grad)
        self.negative = empty()

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
        shape: tuple[int, ...] = (n_rows, 1)
        if stack.n_members > 1:
            shape = (stack.n_members, *shape)
        self.score, self.delta = self.raw.new_empty(shape), self.raw.new_empty(shape)
        self.steps, self.slopes = torch.empty_like(self.raw), torch.empty_like(self.raw)
        self.cuts = torch.empty_like(self.raw)
        self.raw_first, self.first = self.raw[..., :1], self.steps[..., :1]
        self.first_slope, self.cuts_row = self.slopes[..., :1], self.cuts.unsqueeze(-2)
        n = self.raw.shape[-1]
        self.minus_later = -torch.ones(n, n, dtype=self.raw.dtype, device=self.raw.device).tril()
        self.softplus = torch.ops.aten.softplus.out

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


class HandDerived:
    """Loss gradients of one batch size, in `stack.grad`."""

    def __init__(
        self, stack: Stack, kernels: Kernels, loss: Loss, dropout: Dropout, n_rows: int
    ) -> None:
        plan = stack.plan
        self.loss, self.n_inputs = loss, plan.n_inputs
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        self.layers = [Hidden(stack, kernels, dropout, i, n_rows) for i in range(len(plan.widths))]
        self.head = OrdinalHead(stack, n_rows) if plan.ordinal else None
        block, grad = stack.block("output", stack.flat), stack.block("output", stack.grad)
        self.bias = plan.piece("output").bias
        self.weight = block[..., :-1] if self.bias else block
        self.transposed, self.grad = block.mT, grad
        self.skip: tuple[Tensor, Tensor] | None = None
        if plan.skip:
            self.skip = (stack.block("skip", stack.flat).mT, stack.block("skip", stack.grad))
        first_bias = self.layers[0].bias if self.layers else self.bias
        self.narrow_first, self.narrow = not first_bias, plan.skip or not first_bias
        shape: tuple[int, ...] = (n_rows, plan.n_logits)
        if stack.n_members > 1:
            shape = (stack.n_members, *shape)
        self.delta = block.new_empty(shape)
        self.out_delta = self.delta if self.head is None else self.head.delta
        self.out_delta_t = self.out_delta.mT
        self.scale = block.new_full((1,), 1 / n_rows)

    def gradient(self, x: Tensor, targets: Tensor, logits: Tensor) -> None:
        """Write the batch's logits, and the gradient of its mean loss into `stack.grad`.

        Shape: x (n, n_inputs + 1) whose last column is 1, logits (n, n_logits); M in front if many.
        """
        bare = x[..., : self.n_inputs] if self.narrow else x
        first = bare if self.narrow_first else x
        h = first
        for layer in self.layers:
            layer.forward(h)
            h = layer.with_one
            if not self._takes_one(layer.layer):
                h = layer.out
        self._outputs(h, bare, logits)
        self._losses(targets, logits)
        self._backward(first, bare, h)

    def _takes_one(self, layer: int) -> bool:
        following = self.layers[layer + 1 :]
        return following[0].bias if following else self.bias

    def _outputs(self, h: Tensor, bare: Tensor, logits: Tensor) -> None:
        out = logits if self.head is None else self.head.score
        self.multiply(h, self.transposed, out=out)
        if self.skip is not None:
            out.add_(self.multiply(bare, self.skip[0]))
        if self.head is not None:
            self.head.forward(logits)

    def _losses(self, targets: Tensor, logits: Tensor) -> None:
        self.loss.delta(logits, targets, self.delta)
        if self.loss.weighted:
            self.delta.div_(targets[..., -1:].sum(-2, keepdim=True))
        else:
            self.delta.mul_(self.scale)
        if self.head is not None:
            self.head.backward(self.delta)

    def _backward(self, first: Tensor, bare: Tensor, h: Tensor) -> None:
        self.multiply(self.out_delta_t, h, out=self.grad)
        if self.skip is not None:
            self.multiply(self.out_delta_t, bare, out=self.skip[1])
        if not self.layers:
            return
        self.multiply(self.out_delta, self.weight, out=self.layers[-1].delta)
        for i in range(len(self.layers) - 1, 0, -1):
            below = self.layers[i - 1]
            x = below.with_one if self.layers[i].bias else below.out
            self.layers[i].backward(x, below.delta)
        self.layers[0].backward(first, None)


class ByAutograd:
    """The same gradients by autograd over the plain forward pass, at any batch size."""

    def __init__(self, stack: Stack, kernels: Kernels, loss: Loss, dropout: Dropout) -> None:
        self.stack, self.kernels, self.loss, self.dropout = stack, kernels, loss, dropout

    def gradient(self, x: Tensor, targets: Tensor, logits: Tensor) -> None:
        """Do what HandDerived.gradient does."""
        from colonnade.training.network import forward, split_pieces

        stack, plan = self.stack, self.stack.plan
        moments: list[tuple[Tensor, Tensor]] | None = [] if plan.batch_norm else None
        with torch.enable_grad():
            flat = stack.flat.detach().requires_grad_()
            out = forward(
                plan,
                self.kernels,
                split_pieces(plan, flat),
                x[..., : plan.n_inputs],
                masks=self._masks(x.shape[-2]),
                moments=moments,
            )
            rows, weights = self.loss.rows(out, targets), self.loss.weights(targets)
            # Members don't share parameters: the gradient of the sum is each one's own.
            total = (rows.sum(-1) / weights.sum(-1)).sum()
            (gradient,) = torch.autograd.grad(total, flat)
        stack.grad.copy_(gradient)
        logits.copy_(out.detach().view_as(logits))
        for layer, (mean, variance) in enumerate(moments or []):
            running = stack.norm_statistics(layer)
            shape = (*running.shape[:-2], 1, running.shape[-1])
            update_running(running, mean.view(shape), variance.view(shape), x.shape[-2])

    def _masks(self, n_rows: int) -> list[Tensor] | None:
        if not self.dropout.active:
            return None
        masks = []
        for width in self.stack.plan.widths:
            mask = self.stack.flat.new_empty(self.stack.n_members, n_rows, width)
            self.dropout.draw(mask[0] if self.stack.n_members == 1 else mask)
            masks.append(mask)
        return masks
