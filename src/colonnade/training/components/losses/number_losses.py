"""Losses of numbers. Each derivative is checked against autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from colonnade.training.components.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor


class Squared(Loss):
    """Mean squared error."""

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits - targets).square().squeeze(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).mul_(2)


class Absolute(Loss):
    """Mean absolute error; its derivative at 0 is 0."""

    predicts_mean = False

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits - targets).abs().squeeze(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).sign_()


class Quantile(Loss):
    """The pinball loss, least at the quantile that so large a share of the numbers lies below.

    Source: Koenker & Bassett 1978, Regression Quantiles.
    """

    predicts_mean = False

    def __init__(self, n_classes: int, quantile: float = 0.5) -> None:
        self.quantile = quantile
        super().__init__(n_classes)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        error = (logits - targets).squeeze(-1)
        # Half of it is lost on either side, and the rest as the quantile leans.
        return 0.5 * error.abs() + (0.5 - self.quantile) * error

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).sign_().mul_(0.5).add_(0.5 - self.quantile)

    @override
    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        # Squared errors would choose the mean.
        return self.per_example_loss(logits, labels.unsqueeze(-1))


class Huber(Loss):
    """Squared near 0, straight beyond `delta` (Huber 1964)."""

    def __init__(self, n_classes: int, delta: float = 1.0) -> None:
        self.limit = delta
        super().__init__(n_classes)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        error = (logits - targets).abs().squeeze(-1)
        near = error.clamp(max=self.limit)
        return near * (error - 0.5 * near)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).clamp_(-self.limit, self.limit)


class SmoothL1(Loss):
    """Huber's loss with delta = beta, divided by beta (Girshick 2015)."""

    def __init__(self, n_classes: int, beta: float = 1.0) -> None:
        self.beta = beta
        super().__init__(n_classes)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        error = (logits - targets).abs().squeeze(-1)
        near = error.clamp(max=self.beta)
        return near * (error - 0.5 * near) / self.beta

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).mul_(1 / self.beta).clamp_(-1, 1)


class Reconstruction(Loss):
    """Mean squared error over all features of a row, which are what the network is to give."""

    @override
    def _outputs(self) -> int:
        return self.n_classes

    @override
    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        return target.to(dtype)

    @override
    def weights(self, targets: Tensor) -> Tensor:
        return targets.new_ones(targets.shape[:-1])

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits - targets).square().mean(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).mul_(2 / self.n_outputs)

    @override
    def numbers(self, logits: Tensor) -> Tensor:
        return logits
