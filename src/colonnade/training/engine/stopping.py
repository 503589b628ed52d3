"""What is remembered from epoch to epoch about each member's losses. Plain numbers, no tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.components.schedulers import SchedulerParams
    from colonnade.training.training_params import EarlyStoppingParams


class Stopping:
    """When each member ends, and which epoch's weights are its result: here, the last's.

    Epochs count from 1; `stopped` is 0 while a member runs.
    """

    keeps = False

    def __init__(self, n_members: int) -> None:
        self.best = [math.inf] * n_members
        self.best_epoch = [0] * n_members
        self.stopped = [0] * n_members

    def update(self, epoch: int, losses: Sequence[float]) -> list[int]:
        """Take an epoch's validation losses; give the members whose weights are to be kept now."""
        for member, loss in enumerate(losses):
            if loss < self.best[member]:
                self.best[member], self.best_epoch[member] = loss, epoch
        return []

    def kept(self) -> list[int]:
        """Give the members whose result is the weights that were kept for them."""
        return []

    def horizon(self, epochs: int) -> int:
        """Give the last epoch that can be reached, when the parameters ask for so many."""
        return epochs

    @property
    def finished(self) -> bool:
        """Whether every member has stopped."""
        return all(self.stopped)

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint must hold."""
        return {
            "best": [None if math.isinf(value) else value for value in self.best],
            "best_epoch": self.best_epoch,
            "stopped": self.stopped,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint's state.

        Raises: ValueError, TypeError, KeyError if it is not of so many members.
        """
        n = len(self.best)
        self.best = _numbers(state["best"], n)
        self.best_epoch = [int(value) for value in _numbers(state["best_epoch"], n)]
        self.stopped = [int(value) for value in _numbers(state["stopped"], n)]


class EarlyStopping(Stopping):
    """End a member whose validation loss has not fallen for `patience` epochs (Prechelt 1998)."""

    keeps = True

    def __init__(self, params: EarlyStoppingParams, n_members: int) -> None:
        super().__init__(n_members)
        self.params = params

    def update(self, epoch: int, losses: Sequence[float]) -> list[int]:
        """Keep the best epoch's weights, or those of the end."""
        kept = []
        for member, loss in enumerate(losses):
            if self.stopped[member]:
                continue
            better = loss < self.best[member] - self.params.minimum_change
            if better:
                self.best[member], self.best_epoch[member] = loss, epoch
            if epoch - self.best_epoch[member] >= self.params.patience:
                self.stopped[member] = epoch
            if better if self.params.restore_best else self.stopped[member]:
                kept.append(member)
        return kept

    def kept(self) -> list[int]:
        """All, or those that ended early."""
        return [i for i, at in enumerate(self.stopped) if at or self.params.restore_best]


class FixedEnds(Stopping):
    """End each member after a number of epochs of its own."""

    keeps = True

    def __init__(self, ends: Sequence[int]) -> None:
        super().__init__(len(ends))
        self.ends = list(ends)

    def update(self, epoch: int, losses: Sequence[float]) -> list[int]:
        """Keep the weights of a member that ends here."""
        kept = [member for member, end in enumerate(self.ends) if end == epoch]
        for member in kept:
            self.stopped[member] = epoch
        return kept

    def horizon(self, epochs: int) -> int:
        """Give the last member's end."""
        return max(self.ends)

    def kept(self) -> list[int]:
        """All."""
        return list(range(len(self.ends)))


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
        self.scale, self.best = _numbers(state["scale"], n), _numbers(state["best"], n)
        self.waited = [int(value) for value in _numbers(state["waited"], n)]


def _numbers(values: Any, n_members: int) -> list[float]:
    """Read one number a member; JSON knows no infinity, which was written as null."""
    found = [math.inf if value is None else float(value) for value in values]
    if len(found) != n_members:
        raise ValueError(f"{len(found)} members, not {n_members}")
    return found
