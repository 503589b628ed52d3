"""How far a training is: told to whoever draws it, else about ten plain lines in a log."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_LINES = 10
_RECENT = 30
"""The pace is that of so many epochs: the first ones are slower."""


@dataclass(frozen=True)
class Progress:
    """How far a table's stage is.

    what: what is counted, or what goes on where nothing is (total 0). seconds_left: None where it
    is not known yet. at_most: it may end sooner.
    """

    table: str
    what: str
    done: int = 0
    total: int = 0
    note: str = ""
    seconds_left: float | None = None
    at_most: bool = False


Watcher = Callable[[Progress], object]
_watchers: dict[int, Watcher] = {}


def watch(watcher: Watcher | None) -> None:
    """Tell all progress in this process to one who draws it; None: to nobody."""
    _watchers.clear()
    if watcher is not None:
        _watchers[os.getpid()] = watcher  # a forked worker draws nothing


def tell(progress: Progress) -> bool:
    """Tell whoever draws; whether there is one."""
    watcher = _watchers.get(os.getpid())
    if watcher is not None:
        watcher(progress)
    return watcher is not None


class TrainingProgress:
    """Hears of each phase and each epoch of a training.

    Args: table: its name. write: gets plain lines where nobody draws. refits: whether a second
        training follows the first. may_stop: whether a training may end before its last epoch.
    """

    def __init__(
        self,
        table: str,
        write: Callable[[str], object],
        *,
        refits: bool = False,
        may_stop: bool = False,
    ) -> None:
        self.table, self.write = table, write
        self.refits, self.may_stop = refits, may_stop
        self._started = time.perf_counter()
        self._reached: deque[tuple[int, float]] = deque(maxlen=_RECENT)
        self._trainings = 0

    def phase(self, what: str) -> None:
        """Hear what begins, where it has no epochs to count."""
        tell(Progress(self.table, what))

    def epoch(self, epoch: int, epochs: int, train_loss: float, validation_loss: float) -> None:
        """Hear that an epoch has ended."""
        now = time.perf_counter()
        if not self._reached or epoch <= self._reached[-1][0]:
            self._reached.clear()
            self._trainings += 1
        self._reached.append((epoch, now))
        follows = self.refits and self._trainings == 1
        losses = _losses(train_loss, validation_loss)
        what = "refit epoch" if self._trainings > 1 else "epoch"
        drawn = tell(
            Progress(
                self.table,
                what,
                epoch,
                epochs,
                losses,
                self._left(epochs - epoch + (epochs if follows else 0)),
                at_most=self.may_stop and self._trainings == 1,
            )
        )
        shown = epoch == 1 or epoch * _LINES // epochs > (epoch - 1) * _LINES // epochs
        if shown and not drawn:
            passed = now - self._started
            self.write(f"{self.table}.train: epoch {epoch}/{epochs}, {losses}, {passed:.1f} s")

    def _left(self, epochs: int) -> float | None:
        """Seconds for so many epochs at the pace of the latest ones."""
        (first, since), (last, now) = self._reached[0], self._reached[-1]
        return epochs * (now - since) / (last - first) if last > first else None


def _losses(train_loss: float, validation_loss: float) -> str:
    text = f"loss {train_loss:.4g}"
    if not math.isnan(validation_loss):
        text += f", validation {validation_loss:.4g}"
    return text
