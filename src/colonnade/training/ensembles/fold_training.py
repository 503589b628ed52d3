"""Training on every fold of a cross-validation, folds of one size as one program."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from colonnade.tables.features.row_weights import weights_of
from colonnade.training.engine.cores import available_cores
from colonnade.training.engine.placement import run_side_by_side
from colonnade.training.ensembles.outcome import Fitted, ensemble, history_frame, trained_model
from colonnade.training.ensembles.phases import run_training
from colonnade.training.ensembles.single import train_single
from colonnade.training.ensembles.strengths import cross_validated, with_penalties
from colonnade.training.models.conformal import HeldOut, kept_errors
from colonnade.training.networks.kinds.auto_params import AutoParams
from colonnade.training.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.engine.job import MemberConfig, TrainingJob
    from colonnade.training.ensembles.strengths import Sparsity
    from colonnade.training.models.trained import TrainedModel
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams

# Members of one program: so many fill the caches, and further programs the cores; networks of few
# weights need more members to outweigh a step's overhead.
_TOGETHER = 8
_TOGETHER_WEIGHTS = 2**19

FOLDS = 5
FEWEST_ROWS, MOST_ROWS = 10, 2_000
"""Between these, a table without validation rows gets its errors from folds of its train rows."""


@dataclass(frozen=True)
class Fold:
    """Rows of one fold, prepared by a standardizer that saw its train rows alone."""

    train: pd.DataFrame
    validation: pd.DataFrame
    standardizer: Standardizer


def fit_folds(
    folds: Sequence[Fold],
    model: ModelParams,
    training: TrainingParams,
    *,
    workers: int | None = None,
    trained: Callable[[int], object] = lambda n_folds: None,
) -> list[Fitted]:
    """Train on every fold; each result equals train_model's on that fold within float rounding.

    Folds with equal row counts and networks share programs, whose products are batched; programs
    run side by side on `workers` Python threads (all cores), one torch thread each. How folds are
    grouped does not depend on the cores, so that neither does any bit of the result.
    trained: called with the number of folds each time that some are done.
    Raises: what train_model raises.
    """
    if folds:
        validated = all(len(fold.validation) for fold in folds)
        training = training.completed(model, folds[0].standardizer.task, validated=validated)
    if isinstance(model, AutoParams) or _one_by_one(training):
        return [_fit_alone(fold, model, training, trained) for fold in folds]

    jobs = [
        prepare(fold.train, fold.validation, fold.standardizer, model, training) for fold in folds
    ]

    def run(chosen: list[int]) -> list[Fitted]:
        fitted = _fit([folds[i] for i in chosen], [jobs[i] for i in chosen], model)
        trained(len(chosen))
        return fitted

    programs = group_folds(jobs, training.members)
    outcomes = run_side_by_side(run, programs, workers or available_cores())
    found = {
        i: fitted
        for chosen, outcome in zip(programs, outcomes, strict=True)
        for i, fitted in zip(chosen, outcome, strict=True)
    }
    return [found[i] for i in range(len(folds))]


def _fit_alone(
    fold: Fold, model: ModelParams, training: TrainingParams, trained: Callable[[int], object]
) -> Fitted:
    fitted = train_single(fold.train, fold.validation, fold.standardizer, model, training)
    fitted = with_fold_errors(fitted, fold.train, fold.validation)
    trained(1)
    return fitted


def _one_by_one(training: TrainingParams) -> bool:
    """Whether a training is a program of its own already, or cannot share one.

    An ensemble's one temperature needs a program whose members are all validated on the same rows.
    """
    ensemble = training.members > 1 and training.temperature
    return training.optimizer.full_batch or ensemble


def group_folds(jobs: Sequence[TrainingJob], n_members: int) -> list[list[int]]:
    """Group folds of one shape, and cut large groups into near-equal programs."""
    groups: dict[object, list[int]] = {}
    for i, job in enumerate(jobs):
        shape = (job.network, len(job.train), len(job.validation), job.loss.by_rows)
        groups.setdefault(shape, []).append(i)
    programs = []
    for group in groups.values():
        network = jobs[group[0]].network
        most = max(_TOGETHER, _TOGETHER_WEIGHTS // network.parameters.size)
        if not network.kind.member_axis:
            most = n_members
        n_programs = -(-len(group) * n_members // most)
        size = -(-len(group) // min(len(group), n_programs))
        programs += [group[start : start + size] for start in range(0, len(group), size)]
    return programs


def _fit(folds: Sequence[Fold], jobs: Sequence[TrainingJob], model: ModelParams) -> list[Fitted]:
    """Run the folds as one program, and take each fold's members out of it."""
    training = jobs[0].params
    job, members, sparsities = _stack(jobs, model)
    result = run_training(job, members)
    found = []
    for i, (fold, sparsity) in enumerate(zip(folds, sparsities, strict=True)):
        numbers = range(i * training.members, (i + 1) * training.members)
        own = cross_validated(result, sparsity)
        trained = trained_model(own, numbers, fold.standardizer, model, training, threads=1)
        found.append(Fitted(trained, history_frame(own, numbers)))
    return found


def _stack(
    jobs: Sequence[TrainingJob], model: ModelParams
) -> tuple[TrainingJob, list[MemberConfig], list[Sparsity | None]]:
    """Put every fold's rows under one another; each fold's members keep to their own.

    A fold's rows were standardized, and a number's target scaled, by its own train rows: the same
    row of the table stands here once a fold, each time in other units.
    """
    job, params = jobs[0], jobs[0].params
    n_train, n_validation = len(job.train), len(job.validation)
    parts = [part for own in jobs for part in (own.train, own.validation)]
    rows = parts[0].join(*parts[1:])
    stacked = dataclasses.replace(job, train=rows, validation=rows.take(slice(0)))
    ensembles = []
    for i in range(len(jobs)):
        start = i * (n_train + n_validation)
        positions = torch.arange(start, start + n_train + n_validation)
        train, held_out = positions[:n_train], positions[n_train:] if n_validation else None
        ensembles.append(
            [
                dataclasses.replace(
                    member, rows=train, validation_rows=held_out, target=jobs[i].target
                )
                for member in ensemble(model, params)
            ]
        )
    # A fold's members share their columns' penalties.
    pairs = with_penalties(stacked, [members[0] for members in ensembles], params.l1)
    members = [
        dataclasses.replace(member, penalty=first.penalty)
        for (first, _), fold_members in zip(pairs, ensembles, strict=True)
        for member in fold_members
    ]
    return stacked, members, [sparsity for _, sparsity in pairs]


def with_fold_errors(fitted: Fitted, train: pd.DataFrame, validation: pd.DataFrame) -> Fitted:
    """Measure a number's errors on folds of the train rows where there are no validation rows."""
    if len(validation) or fitted.model.held_out is not None:
        return fitted
    errors = errors_of_folds(train, fitted.model)
    return dataclasses.replace(fitted, model=dataclasses.replace(fitted.model, held_out=errors))


def errors_of_folds(train: pd.DataFrame, trained: TrainedModel) -> HeldOut | None:
    """Errors of the model's parameters without validation rows: each fifth predicted from the rest.

    None for classes. The strength of the lasso is the model's, not searched again.

    They are those of models that saw fewer rows, so that intervals tend to be too wide rather than
    too narrow. Larger tables get none: they can spare validation rows.
    Source: Vovk 2015, Cross-conformal predictors; Barber et al. 2021, Predictive inference with the
        jackknife+ (which is why no coverage is guaranteed here, as it is with validation rows).
    """
    standardizer, training = trained.standardizer, trained.training
    if standardizer.task != "regression" or not FEWEST_ROWS <= len(train) <= MOST_ROWS:
        return None
    l1 = training.l1.model_copy(update={"strength": trained.facts.get("l1_strength") or 0.0})
    same = training.model_copy(update={"l1": l1, "refit": False})
    order = np.random.default_rng(training.seed).permutation(len(train))
    number = np.empty(len(train), dtype=np.int64)
    number[order] = np.arange(len(train)) % FOLDS
    folds = [Fold(train[number != k], train[number == k], standardizer) for k in range(FOLDS)]
    names, target = standardizer.feature_names, standardizer.target
    errors = []
    for fold, fitted in zip(folds, fit_folds(folds, trained.model, same, workers=1), strict=True):
        predicted = fitted.model.predict_array(fold.validation[names].to_numpy(dtype=np.float32))
        errors.append(predicted - fold.validation[target].to_numpy())
    weights = weights_of(standardizer.table_schema, *(fold.validation for fold in folds))
    kept = kept_errors(np.concatenate(errors), None if weights is None else np.concatenate(weights))
    return HeldOut(
        errors=kept, n_rows=len(train), origin="train rows, each fifth predicted from the rest"
    )
