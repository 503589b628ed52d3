"""The hand-derived backward pass: every product goes straight into a buffer made beforehand.

One member uses 2-D products, many use batched ones over the same buffers with a member axis in
front; the code is the same. Checked against autograd in float64 for every activation and loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colonnade.training.embedding import Embedding
from colonnade.training.layers import Dropout, Hidden, OrdinalHead, update_running
from colonnade.training.network import Stack, forward, split_pieces

if TYPE_CHECKING:
    from colonnade.training.activations import Kernels
    from colonnade.training.loss import Loss


class HandDerived:
    """Loss gradients of one batch size, in `stack.grad`."""

    def __init__(
        self, stack: Stack, kernels: Kernels, loss: Loss, dropout: Dropout, n_rows: int
    ) -> None:
        plan = stack.plan
        self.loss, self.n_inputs = loss, plan.n_inputs
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        self.embedding = Embedding(stack, n_rows) if plan.embedded else None
        self.layers = [Hidden(stack, kernels, dropout, i, n_rows) for i in range(len(plan.widths))]
        self.head = OrdinalHead(stack, n_rows) if plan.ordinal else None
        block, grad = stack.block("output", stack.flat), stack.block("output", stack.grad)
        self.bias = plan.piece("output").bias
        self.weight = block[..., :-1] if self.bias else block
        self.transposed, self.grad = block.mT, grad
        self.skip: tuple[Tensor, Tensor] | None = None
        if plan.skip:
            self.skip = (stack.block("skip", stack.flat).mT, stack.block("skip", stack.grad))
        # What follows each layer reads its outputs with a 1 at their end, or without.
        readers = [*(layer.bias for layer in self.layers), self.bias]
        self.chain = [
            (layer, layer.with_one if reads_one else layer.out)
            for layer, reads_one in zip(self.layers, readers[1:], strict=True)
        ]
        pairs = zip(self.layers[1:], self.chain, strict=False)
        self.upper = [(layer, x, below.delta) for layer, (below, x) in pairs][::-1]
        self.narrow_first, self.narrow = not readers[0], plan.skip or not readers[0]
        self.delta = block.new_empty(stack.batch_shape(n_rows, plan.n_logits))
        self.out_delta = self.delta if self.head is None else self.head.delta
        self.out_delta_t = self.out_delta.mT
        self.scale = block.new_full((1,), 1 / n_rows)

    def gradient(self, x: Tensor, targets: Tensor, logits: Tensor) -> None:
        """Write the batch's logits, and the gradient of its mean loss into `stack.grad`.

        Shape: x (n, n_features + 1) whose last column is 1, logits (n, n_logits); M in front if
            many.
        """
        if self.embedding is not None:
            x = self.embedding.forward(x)
        bare = x[..., : self.n_inputs] if self.narrow else x
        first = bare if self.narrow_first else x
        h = first
        for layer, following in self.chain:
            layer.forward(h)
            h = following
        self._outputs(h, bare, logits)
        self._losses(targets, logits)
        self._backward(first, bare, h)

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
        if self.layers:
            self.multiply(self.out_delta, self.weight, out=self.layers[-1].delta)
            for layer, x, delta_in in self.upper:
                layer.backward(x, delta_in)
            self.layers[0].backward(first, None)
        if self.embedding is not None:
            lowest = self.layers[0].delta if self.layers else self.out_delta
            self.embedding.backward(lowest, self.out_delta)


class ByAutograd:
    """The same gradients by autograd over the plain forward pass, at any batch size."""

    def __init__(self, stack: Stack, kernels: Kernels, loss: Loss, dropout: Dropout) -> None:
        self.stack, self.kernels, self.loss, self.dropout = stack, kernels, loss, dropout

    def gradient(self, x: Tensor, targets: Tensor, logits: Tensor) -> None:
        """Do what HandDerived.gradient does."""
        stack, plan = self.stack, self.stack.plan
        moments: list[tuple[Tensor, Tensor]] | None = [] if plan.batch_norm else None
        with torch.enable_grad():
            flat = stack.flat.detach().requires_grad_()
            out = forward(
                plan,
                self.kernels,
                split_pieces(plan, flat),
                x[..., : plan.n_features],
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
