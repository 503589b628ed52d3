"""One training on one table: its members as one program, from a checkpoint or from scratch."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from colonnade.tables.source import rows_digest
from colonnade.training.engine.placement import choose_threads, thread_count
from colonnade.training.ensembles.blending.train_blend import check_blend, train_blend
from colonnade.training.ensembles.outcome import (
    Fitted,
    ensemble,
    history_frame,
    open_checkpoint,
    trained_model,
)
from colonnade.training.ensembles.phases import REFIT, RunContext, run_training
from colonnade.training.ensembles.strengths import cross_validated, with_penalties
from colonnade.training.networks.kinds.auto_params import AutoParams
from colonnade.training.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.engine.job import MemberConfig, TrainingJob
    from colonnade.training.engine.loop.checkpoint import SavedTraining
    from colonnade.training.ensembles.strengths import Sparsity
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams

logger = logging.getLogger(__name__)


def train_single(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int, float, float], object] | None = None,
    phase: Callable[[str], object] = lambda what: None,
) -> Fitted:
    """Do as `train_model` does, without the errors of folds where there are no validation rows."""
    if isinstance(model, AutoParams):
        return train_blend(train, validation, standardizer, model, training, phase=phase)
    training = training.completed(model, standardizer.task, validated=len(validation) > 0)
    job = prepare(train, validation, standardizer, model, training)
    threads = choose_threads(training, job.network.multiply_adds, training.batch_size)
    file = saved = None
    if checkpoint is not None:
        file = open_checkpoint(checkpoint, job, standardizer, model, training)
        saved = file.read() if resume else None
        if resume:
            logger.info("%s", describe_start(saved, checkpoint))
        threads = saved.threads if saved is not None else threads
        file.threads = threads
    if training.l1.active:
        phase("choosing which columns to read")
    members, sparsity = _members(job, model, training)
    with thread_count(threads):
        result = run_training(job, members, RunContext(progress, file, saved))
    result = cross_validated(result, sparsity)
    numbers = range(training.members)
    trained = trained_model(result, numbers, standardizer, model, training, threads=threads)
    trained = dataclasses.replace(trained, trained_on=rows_digest(train, validation))
    return Fitted(trained, history_frame(result, numbers))


def check_single(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
) -> None:
    """Raise what `train_single` would, but for what only training shows."""
    if isinstance(model, AutoParams):
        check_blend(train, validation, standardizer, model, training)
    else:
        prepare(train, validation, standardizer, model, training)


def describe_start(saved: SavedTraining | None, checkpoint: Path) -> str:
    """Say where a resumed training starts."""
    if saved is None:
        return f"resume: there is no {checkpoint}: training starts from scratch"
    which = "the refit" if saved.phase == REFIT else "the training"
    return f"resume: {which} continues after epoch {len(saved.tensors['history.seconds'])}"


def _members(
    job: TrainingJob, model: ModelParams, training: TrainingParams
) -> tuple[list[MemberConfig], Sparsity | None]:
    """Give the ensemble's members, which share their columns' penalties."""
    first, *others = ensemble(model, training)
    [(first, sparsity)] = with_penalties(job, [first], training.l1)
    same = [dataclasses.replace(other, penalty=first.penalty) for other in others]
    return [first, *same], sparsity
