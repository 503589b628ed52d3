"""Losses of amounts and counts, whose logarithm the network gives: predictions are above 0.

Each is the mean deviance of a Tweedie distribution, whose variance is the mean to some power.
Source: Jorgensen 1987, Exponential Dispersion Models; sklearn.metrics.mean_tweedie_deviance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from colonnade.training.components.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor


class _Amount(Loss):
    """What the three have in common: exp(output) is predicted, in units of the train rows' mean."""

    link = "log"
    needs = "numbers of 0 or more"

    @override
    def numbers(self, logits: Tensor) -> Tensor:
        return logits[..., 0].exp()

    @override
    def outputs_for(self, numbers: Tensor) -> Tensor:
        return numbers.log()

    @override
    def refused(self, numbers: Tensor) -> Tensor:
        return numbers < 0


class Poisson(_Amount):
    """For counts: the variance is the mean."""

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        found = targets.xlogy(targets) - targets * logits - targets + logits.exp()
        return 2 * found.squeeze(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).exp_().sub_(targets).mul_(2)


class Gamma(_Amount):
    """For amounts above 0: the standard deviation is in proportion to the mean."""

    needs = "numbers above 0"

    @override
    def refused(self, numbers: Tensor) -> Tensor:
        return numbers <= 0

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        found = targets * (-logits).exp() - 1 + logits - targets.log()
        return 2 * found.squeeze(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).neg_().exp_().mul_(targets).sub_(1).mul_(-2)


class Tweedie(_Amount):
    """For amounts that are often 0: the variance is the mean to a power between 1 and 2."""

    def __init__(self, n_classes: int, power: float = 1.5) -> None:
        self.power = power
        super().__init__(n_classes)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        one, two = 1 - self.power, 2 - self.power
        known = targets.pow(two) / (one * two)
        found = known - targets * (one * logits).exp() / one + (two * logits).exp() / two
        return 2 * found.squeeze(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        against = (logits * (2 - self.power)).exp_()
        out.copy_(logits).mul_(1 - self.power).exp_().mul_(targets).sub_(against).mul_(-2)
