"""The phases of a training: choose on validation rows, find the temperature, refit on all rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from colonnade.errors import ModelError
from colonnade.training.engine.job import History, MemberConfig, TrainingJob
from colonnade.training.engine.loop.checkpoint import Checkpoint, SavedTraining, restore
from colonnade.training.engine.loop.stopping import FixedEnds, Stopping
from colonnade.training.engine.loop.trainer import Trainer
from colonnade.training.ensembles.held_out import Residuals, measure_held_out
from colonnade.training.models.calibration.temperature import fit_temperature

Progress = Callable[[int, int, float, float], object]

CHOOSE, REFIT = 1, 2


@dataclasses.dataclass(frozen=True)
class RunContext:
    """Where a training reports while it runs, and what it resumes from."""

    progress: Progress | None = None
    checkpoint: Checkpoint | None = None
    saved: SavedTraining | None = None

    def writer(
        self, trainer: Trainer, phase: int, earlier: dict[str, Any]
    ) -> Callable[[], None] | None:
        """Give the function that writes a checkpoint of the trainer, if one is to be written."""
        checkpoint = self.checkpoint
        if checkpoint is None:
            return None
        return lambda: checkpoint.write(trainer, phase, earlier)


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    history, stopped, best_epochs: of the phase that had validation rows. temperatures: of all
    members together, then each one's own. held_out: what `held_out_errors` gives.
    residuals: of numbers that are learned on a curve.
    Shape: flat (M, P).
    """

    job: TrainingJob
    path: str
    flat: Tensor
    buffers: Tensor | None
    history: History
    best_epochs: list[int]
    stopped: list[int]
    temperatures: list[float]
    held_out: dict[str, Any]
    residuals: Residuals
    seconds: float
    refit_epochs: list[int] | None = None
    refit_losses: list[float] | None = None
    l1_strength: float | None = None


def run_training(
    job: TrainingJob,
    members: Sequence[MemberConfig],
    context: RunContext | None = None,
) -> TrainingResult:
    """Train the members, from the start or from what was saved.

    Raises: TrainingError, ModelError.
    """
    context = context or RunContext()
    saved = context.saved
    first = Trainer(job, members)
    if saved is not None and saved.phase == REFIT:
        ended = _restore_first_phase(first, saved)
    else:
        if saved is not None:
            restore(first, saved)
        first.run(context.progress, context.writer(first, CHOOSE, {}))
        ended = {
            "stopping": first.stopping.state(),
            "history": vars(first.history),
            "temperatures": _temperatures(first),
            **measure_held_out(first),
        }
    flat, buffers = first.result()
    result = TrainingResult(
        job=job,
        path=first.path,
        flat=flat,
        buffers=buffers,
        history=first.history,
        best_epochs=[epoch or len(first.history) for epoch in first.stopping.best_epoch],
        stopped=list(first.stopping.stopped),
        temperatures=ended["temperatures"],
        held_out=ended["held_out"],
        residuals=ended["residuals"],
        seconds=first.history.seconds[-1],
    )
    if not job.params.refit or not len(first.validation):
        return result
    return _refit(members, result, ended, context)


def _restore_first_phase(first: Trainer, saved: SavedTraining) -> dict[str, Any]:
    """Set the first phase's outcome, whose weights the second phase has replaced."""
    ended: dict[str, Any] = saved.state["earlier"]
    try:
        first.stopping.load(ended["stopping"])
        first.history = History(**ended["history"]).checked(len(first.members))
        n_outcomes = {len(ended["temperatures"]), len(ended["held_out"]["raw_errors"])}
        if not len(first.history) or n_outcomes != {len(first.members) + 1}:
            raise ValueError("a phase is missing")
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise ModelError(
            f"the checkpoint does not fit this training ({error}). Train without resume."
        ) from None
    return ended


def _temperatures(trainer: Trainer) -> list[float]:
    """Give the temperature of all members together, then each one's own; 1 if none is asked for."""
    n_members = len(trainer.members)
    if not trainer.params.temperature or not len(trainer.validation):
        return [1.0] * (n_members + 1)
    logits = trainer.validation.exact_logits(*trainer.result()).cpu()
    codes, loss = trainer.validation.rows.labels.cpu(), trainer.job.loss
    weights = loss.row_weights(trainer.validation.rows.targets.cpu())
    apart = codes.ndim == 2
    own = [
        fit_temperature(
            loss,
            logits[i : i + 1],
            codes[i] if apart else codes,
            weights[i] if apart and weights is not None else weights,
        )
        for i in range(n_members)
    ]
    # Members that were validated on different rows are different models, never one ensemble.
    alone = apart or n_members == 1
    return [own[0] if alone else fit_temperature(loss, logits, codes, weights), *own]


def _refit(
    members: Sequence[MemberConfig],
    result: TrainingResult,
    ended: dict[str, Any],
    context: RunContext,
) -> TrainingResult:
    params = result.job.params
    early = params.early_stopping is not None
    ends = result.best_epochs if early else [params.epochs] * len(members)
    job, members = _all_rows(result.job, members)
    rates = result.history.lr if params.scheduler.name == "plateau" else None
    stopping: Stopping = FixedEnds(ends)
    second = Trainer(job, members, stopping=stopping, rates=rates)
    if context.saved is not None and context.saved.phase == REFIT:
        restore(second, context.saved)
    second.run(context.progress, context.writer(second, REFIT, ended))
    flat, buffers = second.result()
    losses = [second.history.train_loss[end - 1][i] for i, end in enumerate(ends)]
    return dataclasses.replace(
        result,
        flat=flat,
        buffers=buffers,
        refit_epochs=ends,
        refit_losses=losses,
        seconds=result.seconds + second.history.seconds[-1],
    )


def _all_rows(
    job: TrainingJob, members: Sequence[MemberConfig]
) -> tuple[TrainingJob, list[MemberConfig]]:
    """Move validation rows to the train rows."""
    joined = job.train.join(job.validation)
    extra = torch.arange(len(job.train), len(joined))
    all_members = []
    for member in members:
        rows = member.rows
        if rows is not None:
            own = extra if member.validation_rows is None else member.validation_rows
            rows = torch.cat([rows, own])
        all_members.append(dataclasses.replace(member, rows=rows, validation_rows=None))
    # A member whose validation rows are its own part of the train table never sees the other table.
    train = joined if members[0].validation_rows is None else job.train
    empty = train.take(slice(0))
    return dataclasses.replace(job, train=train, validation=empty), all_members
