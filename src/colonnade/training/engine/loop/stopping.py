"""When each member ends, by its validation losses. Plain numbers, no tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.training_params import EarlyStoppingParams


class Stopping:
    """When each member ends, and which epoch's weights are its result: here, the last's.

    Epochs count from 1; `stopped` is 0 while a member runs.
    """

    keeps = False
    by_error = False

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
        self.best = numbers_of_members(state["best"], n)
        self.best_epoch = [int(value) for value in numbers_of_members(state["best_epoch"], n)]
        self.stopped = [int(value) for value in numbers_of_members(state["stopped"], n)]


class EarlyStopping(Stopping):
    """End a member whose validation loss has not fallen for `patience` epochs (Prechelt 1998).

    By the error, which takes few values, the last of equally good epochs is the best.
    """

    keeps = True

    def __init__(self, params: EarlyStoppingParams, n_members: int) -> None:
        super().__init__(n_members)
        self.params, self.by_error = params, params.by == "error"

    def update(self, epoch: int, losses: Sequence[float]) -> list[int]:
        """Keep the best epoch's weights, or those of the end."""
        kept = []
        for member, loss in enumerate(losses):
            if self.stopped[member]:
                continue
            least = self.best[member] - self.params.minimum_change
            better = loss <= least if self.by_error else loss < least
            if better:
                self.best[member], self.best_epoch[member] = loss, epoch
            patience = self.params.patience
            if patience is not None and epoch - self.best_epoch[member] >= patience:
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


def numbers_of_members(values: Any, n_members: int) -> list[float]:
    """Read one number a member; JSON knows no infinity, which was written as null."""
    found = [math.inf if value is None else float(value) for value in values]
    if len(found) != n_members:
        raise ValueError(f"{len(found)} members, not {n_members}")
    return found
