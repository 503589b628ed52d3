"""Rows that count more or less than others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from colonnade.training.components.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor


class RowWeighted(Loss):
    """Another loss, times the weight of each row, which stands last in its targets.

    A row of weight 2 counts as the row twice. Over batches, that is so on average: each batch's sum
    is divided by its number of rows, times the mean weight of all train rows. Dividing by the
    batch's own weights would let heavy rows count less, the smaller the batches are.
    """

    by_rows = True

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.link, self.needs, self.predicts_mean = loss.link, loss.needs, loss.predicts_mean
        super().__init__(loss.n_classes)
        self.n_logits, self.n_outputs = loss.n_logits, loss.n_outputs

    @override
    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        """Leave a place for the row's weight, which is 1 until another is written there."""
        from torch.nn.functional import pad

        return pad(self.loss.encode(target, dtype), (0, 1), value=1.0)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.loss.per_example_loss(logits, targets[..., :-1]) * targets[..., -1]

    @override
    def weights(self, targets: Tensor) -> Tensor:
        return self.loss.weights(targets[..., :-1]) * targets[..., -1]

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.loss.grad_logits(logits, targets[..., :-1], out)
        out.mul_(targets[..., -1:])

    @override
    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.loss.errors(logits, labels)

    @override
    def numbers(self, logits: Tensor) -> Tensor:
        return self.loss.numbers(logits)

    @override
    def outputs_for(self, numbers: Tensor) -> Tensor:
        return self.loss.outputs_for(numbers)

    @override
    def probabilities(self, logits: Tensor) -> Tensor:
        return self.loss.probabilities(logits)
