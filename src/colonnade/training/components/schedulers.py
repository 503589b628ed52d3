"""The learning rate of each epoch (or step), as closed formulas of the position alone.

A formula of the position needs no state: a resumed run has the right rate without remembering it.
Only `plateau` looks at what happened, and keeps its state in the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from colonnade.training.components.named_choice import NamedChoice


@dataclass(frozen=True)
class Position:
    """Where training stands after the warm-up: `index` of `total` updates, `epoch` as a float."""

    index: int
    total: int
    epoch: float


@dataclass(frozen=True)
class Scheduler:
    """One entry of the table: factor(position, params) multiplies the optimizer's rate."""

    factor: Callable[[Position, Any], float]
    options: Mapping[str, Any] = field(default_factory=dict)


def _step(at: Position, p: Any) -> float:
    return float(p.gamma ** (math.floor(at.epoch) // p.step_size))


def _multistep(at: Position, p: Any) -> float:
    return float(p.gamma ** sum(m <= at.epoch for m in p.milestones))


def _exponential(at: Position, p: Any) -> float:
    return float(p.gamma**at.epoch)


def _cosine(at: Position, p: Any) -> float:
    """Source: Loshchilov & Hutter 2017, SGDR, (5), one cycle; ends near `final` x the rate."""
    wave = 0.5 * (1 + math.cos(math.pi * at.index / at.total))
    return float(p.final + (1 - p.final) * wave)


def _one_cycle(at: Position, p: Any) -> float:
    """Source: Smith & Topin 2018; the formulas of torch.optim.lr_scheduler.OneCycleLR."""
    start, end = 1 / p.div_factor, 1 / (p.div_factor * p.final_div_factor)
    peak, last = p.pct_start * at.total - 1, at.total - 1
    if at.index <= peak:
        low, high, share = start, 1.0, at.index / peak if peak > 0 else 1.0
    else:
        low, high, share = 1.0, end, (at.index - peak) / (last - peak) if last > peak else 1.0
    return float(high + (low - high) / 2 * (1 + math.cos(math.pi * share)))


def _coslog4(at: Position, p: Any) -> float:
    """Four waves, each twice as long as the one before it. Source: Holzmueller et al. 2024."""
    return float(0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * at.index / at.total))))


def _flat_cosine(at: Position, p: Any) -> float:
    """1 in the first half, then a cosine to 0. Source: Holzmueller et al. 2024."""
    late = max(0.0, 2 * at.index / at.total - 1)
    return 0.5 * (1 + math.cos(math.pi * late))


_WARM: dict[str, Any] = {"warmup_epochs": 0, "interval": "epoch"}

SCHEDULERS: dict[str, Scheduler] = {
    "none": Scheduler(lambda at, p: 1.0, _WARM),
    "step": Scheduler(_step, {"step_size": 30, "gamma": 0.1, **_WARM}),
    "multistep": Scheduler(_multistep, {"milestones": (30, 60, 90), "gamma": 0.1, **_WARM}),
    "exponential": Scheduler(_exponential, {"gamma": 0.95, **_WARM}),
    "cosine": Scheduler(_cosine, {"final": 0.0, **_WARM}),
    "flat_cos": Scheduler(_flat_cosine, _WARM),
    "coslog4": Scheduler(_coslog4, {**_WARM, "interval": "step"}),
    "one_cycle": Scheduler(
        _one_cycle,
        {"pct_start": 0.3, "div_factor": 25.0, "final_div_factor": 1e4, "interval": "epoch"},
    ),
    "plateau": Scheduler(
        lambda at, p: 1.0,
        {"factor": 0.1, "patience": 10, "threshold": 1e-4, "minimum": 0.0, "warmup_epochs": 0},
    ),
}


class SchedulerParams(NamedChoice):
    """How the rate changes: a name in SCHEDULERS.

    warmup_epochs: the rate climbs in equal steps and is whole in the epoch after them.
    interval: change the rate every epoch, or every step.
    Units: step_size, milestones, patience in epochs, counted after the warm-up.
    """

    kind: ClassVar[str] = "scheduler"
    table: ClassVar[Mapping[str, Scheduler]] = SCHEDULERS
    default: ClassVar[str] = "none"

    warmup_epochs: int | None = Field(None, ge=0)
    interval: Literal["epoch", "step"] | None = None
    step_size: int | None = Field(None, ge=1)
    milestones: tuple[int, ...] | None = None
    gamma: float | None = Field(None, gt=0, le=1)
    final: float | None = Field(None, ge=0, le=1)
    pct_start: float | None = Field(None, gt=0, lt=1)
    div_factor: float | None = Field(None, ge=1)
    final_div_factor: float | None = Field(None, ge=1)
    factor: float | None = Field(None, gt=0, lt=1)
    patience: int | None = Field(None, ge=0)
    threshold: float | None = Field(None, ge=0)
    minimum: float | None = Field(None, ge=0)

    @field_validator("milestones")
    @classmethod
    def _ordered(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (list(value) != sorted(set(value)) or min(value, default=0) < 1):
            raise ValueError(f"milestones must rise from 1 or more, each once (got {list(value)})")
        return value

    def problems(self, epochs: int) -> list[str]:
        """Name what cannot be done within so many epochs."""
        found = []
        warmup = self.warmup_epochs or 0
        if warmup and warmup >= epochs:
            found.append(
                f"scheduler.warmup_epochs {warmup} leaves none of the {epochs} epochs at the full "
                "rate: lower it, or raise training.epochs."
            )
        if self.name == "one_cycle" and self.interval == "epoch" and epochs < 2:
            found.append(
                "scheduler one_cycle climbs and falls, and of a single epoch only its last, lowest "
                "rate is left: set its interval to `step`, or raise training.epochs."
            )
        late = [m for m in self.milestones or () if m >= epochs - warmup]
        if late:
            found.append(
                f"scheduler.milestones {late} lie beyond the last of {epochs} epochs: "
                "remove them, or raise training.epochs."
            )
        return found

    def multiplier(self, epoch: int, epochs: int, step: int = 0, steps: int = 1) -> float:
        """Give the factor of the rate at a step of an epoch, both counted from 0."""
        warmup = self.warmup_epochs or 0
        if self.interval != "step":
            step, steps = 0, 1
        index = epoch * steps + step
        if epoch < warmup:
            return (index + 1) / (warmup * steps + 1)
        index -= warmup * steps
        at = Position(index, (epochs - warmup) * steps, index / steps)
        return SCHEDULERS[self.name].factor(at, self)
