"""The hand-derived backward pass: every product goes straight into a buffer made beforehand.

One member uses 2-D products, many use batched ones over the same buffers with a member axis in
front; the code is the same. Checked against autograd in float64 for every activation and loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from colonnade.training.engine.fast_mlp.hidden import Blocks, Hidden, OrdinalHead, batch_shape
from colonnade.training.engine.fast_mlp.vectors import Embedding
from colonnade.training.networks.kinds.mlp_params import MlpParams
from colonnade.training.networks.mlp import Mlp

if TYPE_CHECKING:
    from colonnade.training.components.layers.dropout import DropoutMasks
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.binding.stacked import StackedParameters


class HandDerivedGradients:
    """Loss gradients of one batch size, in `stack.grad`.

    mean_weights: of each member's train rows (M,), where rows have weights of their own.
    """

    def __init__(
        self,
        stack: StackedParameters,
        loss: Loss,
        dropout: DropoutMasks,
        n_rows: int,
        mean_weights: Tensor | None = None,
    ) -> None:
        spec, own, grads = stack.spec, Blocks(stack, stack.flat), Blocks(stack, stack.grad)
        self.loss = loss
        self.multiply = torch.mm if stack.n_members == 1 else torch.bmm
        self.embedding = Embedding(stack, n_rows) if spec.inputs.codes else None
        params = cast("MlpParams", spec.params)
        kernels, n_layers = params.activation.kernels(), len(params.widths)
        self.layers = [Hidden(stack, kernels, dropout, i, n_rows) for i in range(n_layers)]
        self.head = OrdinalHead(stack, n_rows) if spec.ordinal else None
        block, grad = own.matrix("output"), grads.matrix("output")
        self.bias = own.has_bias("output")
        self.weight = block[..., :-1] if self.bias else block
        self.transposed, self.grad = block.mT, grad
        self.skip: tuple[Tensor, Tensor] | None = None
        skip = "skip.weight" in spec.parameters
        if skip:
            self.skip = (own.matrix("skip").mT, grads.matrix("skip"))
        # What follows each layer reads its outputs with a 1 at their end, or without.
        readers = [*(layer.bias for layer in self.layers), self.bias]
        self.chain = [
            (layer, layer.with_one if reads_one else layer.out)
            for layer, reads_one in zip(self.layers, readers[1:], strict=True)
        ]
        pairs = zip(self.layers[1:], self.chain, strict=False)
        self.upper = [(layer, x, below.delta) for layer, (below, x) in pairs][::-1]
        self.narrow_first, self.narrow = not readers[0], skip or not readers[0]
        self.delta = block.new_empty(batch_shape(stack, n_rows, spec.n_logits))
        self.out_delta = self.delta if self.head is None else self.head.delta
        self.out_delta_t = self.out_delta.mT
        self.scale = block.new_full((1,), 1 / n_rows)
        if mean_weights is not None:
            self.scale = self.scale / mean_weights.view(-1, *[1] * (self.delta.ndim - 1))
        self.by_batch = loss.weighted and mean_weights is None

    def gradient(
        self, numeric: Tensor, categorical: Tensor | None, targets: Tensor, logits: Tensor
    ) -> None:
        """Write the batch's logits, and the gradient of its mean loss into `stack.grad`.

        Shape: numeric (n, n_numeric + 1) whose last column is 1, categorical (n, n_categorical),
            logits (n, n_logits); M in front if many.
        """
        x = numeric
        if self.embedding is not None and categorical is not None:
            x = self.embedding.forward(numeric, categorical)
        bare = x[..., :-1] if self.narrow else x
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
        self.loss.grad_logits(logits, targets, self.delta)
        if self.by_batch:
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


def derived_by_hand(spec: NetworkSpec) -> bool:
    """Whether there is a hand-derived program for the network."""
    params = spec.params
    if not isinstance(params, MlpParams) or type(spec.template.body) is not Mlp:
        return False
    return params.activation.name == "prelu" or params.activation.kernels() is not None
