"""The rates of each step: of learning, of dropout, of weight decay. Plain numbers, no tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from colonnade.training.engine.loop.stopping import numbers_of_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.components.schedulers import SchedulerParams
    from colonnade.training.engine.job import MemberConfig
    from colonnade.training.training_params import TrainingParams


class Rates:
    """Each member's learning rate at a step, and what multiplies dropout and weight decay.

    given: each epoch's learning rates, in place of the scheduler's.
    """

    def __init__(
        self,
        params: TrainingParams,
        members: Sequence[MemberConfig],
        steps: int,
        given: list[list[float]] | None = None,
    ) -> None:
        self.params, self.members, self.steps, self.given = params, members, steps, given
        self.plateau = Plateau(params.scheduler, len(members))
        schedulers = (params.scheduler, params.dropout_scheduler, params.weight_decay_scheduler)
        self.every_step = any(scheduler.interval == "step" for scheduler in schedulers)

    def learning(self, epoch: int, step: int) -> list[float]:
        """Give every member's learning rate; epochs and steps count from 0."""
        if self.given is not None:
            return self.given[epoch]
        factor = self._factor(self.params.scheduler, epoch, step)
        own = [member.lr * factor for member in self.members]
        return [self.plateau.rate(i, rate) for i, rate in enumerate(own)]

    def dropout(self, epoch: int, step: int) -> float:
        """Give the factor of every dropout rate."""
        return self._factor(self.params.dropout_scheduler, epoch, step)

    def weight_decay(self, epoch: int, step: int) -> float:
        """Give the factor of the weight decay."""
        return self._factor(self.params.weight_decay_scheduler, epoch, step)

    def _factor(self, scheduler: SchedulerParams, epoch: int, step: int) -> float:
        return scheduler.multiplier(epoch, self.params.epochs, step, self.steps)


class Plateau:
    """Lower a member's rate when its loss has not fallen for more than `patience` epochs.

    Epochs of a warm-up do not count: their low rates say nothing of a standstill.
    Source: torch.optim.lr_scheduler.ReduceLROnPlateau, relative threshold, no cooldown.
    """

    def __init__(self, params: SchedulerParams, n_members: int) -> None:
        self.params, self.active = params, params.name == "plateau"
        self.scale = [1.0] * n_members
        self.best = [math.inf] * n_members
        self.waited = [0] * n_members

    def update(self, epoch: int, losses: Sequence[float]) -> None:
        """Take an epoch's losses; epochs count from 1."""
        if not self.active or epoch <= (self.params.warmup_epochs or 0):
            return
        threshold = self.params.threshold or 0.0
        patience, factor = self.params.patience or 0, self.params.factor or 1.0
        for member, loss in enumerate(losses):
            if loss < self.best[member] * (1 - threshold):
                self.best[member], self.waited[member] = loss, 0
            else:
                self.waited[member] += 1
            if self.waited[member] > patience:
                self.scale[member] *= factor
                self.waited[member] = 0

    def rate(self, member: int, rate: float) -> float:
        """Give the member's rate, not below `minimum`."""
        if not self.active or self.scale[member] == 1.0:
            return rate
        return max(rate * self.scale[member], min(rate, self.params.minimum or 0.0))

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint must hold."""
        best = [None if math.isinf(value) else value for value in self.best]
        return {"scale": self.scale, "best": best, "waited": self.waited}

    def load(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint's state.

        Raises: ValueError, TypeError, KeyError if it is not of so many members.
        """
        n = len(self.best)
        self.scale, self.best = (
            numbers_of_members(state["scale"], n),
            numbers_of_members(state["best"], n),
        )
        self.waited = [int(value) for value in numbers_of_members(state["waited"], n)]
