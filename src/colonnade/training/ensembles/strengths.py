"""Which columns a model may read: the adaptive lasso, its strength chosen inside the train rows.

A column that a first, free training leans on is hardly held back; one that it hardly uses is pulled
to zero. How hard is chosen by cross-validation: the hardest pull whose loss on the rows left out is
within one standard error of the least.

Source: Zou 2006, The Adaptive Lasso and Its Oracle Properties; Hastie, Tibshirani & Friedman 2009,
The Elements of Statistical Learning, 7.10 (one standard error).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from colonnade.errors import DataError
from colonnade.training.engine.forward import Validation
from colonnade.training.engine.placement import thread_count
from colonnade.training.ensembles.members import run_members
from colonnade.training.models.temperature import fit_temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from colonnade.training.engine.job import Individual, Task
    from colonnade.training.ensembles.members import Trained
    from colonnade.training.ensembles.phases import Course
    from colonnade.training.parameters import LassoParams

# Keeps the pull on an unused column finite; in units of weights of standardised columns.
_LEAST_WEIGHT = 1e-3


@dataclasses.dataclass(frozen=True)
class Sparsity:
    """What was chosen.

    penalties: how hard each input column is pulled (n_features,). strength: their common factor.
    temperature: of the rows left out, for classes; None if no cross-validation was done.
    validation_loss: mean over the folds at the chosen strength, an entry an epoch; may be empty.
    losses: mean loss of the rows left out, by strength tried.
    """

    penalties: Tensor
    strength: float
    temperature: float | None = None
    validation_loss: tuple[float, ...] = ()
    losses: dict[float, float] = dataclasses.field(default_factory=dict)


def with_penalties(
    task: Task, members: Sequence[Individual], params: LassoParams
) -> list[tuple[Individual, Sparsity | None]]:
    """Give each member the pull that the parameters ask for, if they ask for one."""
    if not params.active:
        return [(member, None) for member in members]
    with thread_count(1):  # small products throughout
        found = choose_sparsities(task, members, params)
    return [
        (dataclasses.replace(member, penalty=own.penalties), own)
        for member, own in zip(members, found, strict=True)
    ]


def choose_sparsities(
    task: Task, members: Sequence[Individual], params: LassoParams
) -> list[Sparsity]:
    """Find each column's pull from each member's train rows alone.

    All members' trials train together; each finds what it finds alone, within float rounding.
    Raises: DataError if a member has fewer train rows than folds.
    """
    alone = _without_phases(task)
    members = [dataclasses.replace(member, validation_rows=None) for member in members]
    shares = _shares(alone, members, params)
    if params.strength != "auto":
        return [Sparsity(share * params.strength, params.strength) for share in shares]
    folds = [
        _on(member, fold) for member in members for fold in _folds(alone, member, params.folds)
    ]
    fold_shares = _shares(alone, folds, params)
    tried = [
        dataclasses.replace(fold, penalty=fold_share * strength)
        for strength in params.strengths
        for fold, fold_share in zip(folds, fold_shares, strict=True)
    ]
    trained = run_members(alone, tried)
    found = []
    for i, share in enumerate(shares):
        starts = range(i * params.folds, len(trained), len(folds))
        trials = [trained[start : start + params.folds] for start in starts]
        found.append(_judge(alone, share, trials, params.strengths))
    return found


def _judge(
    task: Task, share: Tensor, trials: Sequence[Sequence[Trained]], strengths: Sequence[float]
) -> Sparsity:
    """Choose among one member's trials: of each strength, one a fold."""
    logits = [[_left_out(task, one) for one in folds] for folds in trials]
    row_losses = [np.concatenate([_row_losses(task, *one) for one in folds]) for folds in logits]
    chosen = _hardest_within_one_error(row_losses)
    return Sparsity(
        share * strengths[chosen],
        strengths[chosen],
        _temperature(task, logits[chosen]),
        _mean_curve(trials[chosen]),
        {s: float(rows.mean()) for s, rows in zip(strengths, row_losses, strict=True)},
    )


def cross_validated(course: Course, found: Sparsity | None) -> Course:
    """Let rows left out in turn speak where there are no validation rows.

    They give the learning curve's validation loss, and the temperature if one is asked for.
    """
    if found is None:
        return course
    course = dataclasses.replace(course, l1_strength=found.strength)
    judged = not math.isnan(course.history.validation_loss[-1][0])
    if judged or not found.validation_loss:
        return course
    n = len(course.flat)
    curve = [[value] * n for value in found.validation_loss]
    history = dataclasses.replace(course.history, validation_loss=curve)
    wanted = course.task.params.temperature and found.temperature is not None
    temperatures = [found.temperature or 1.0] * (n + 1) if wanted else course.temperatures
    return dataclasses.replace(course, history=history, temperatures=temperatures)


def _without_phases(task: Task) -> Task:
    """The same task, trained once to its last epoch and judged by whoever asks."""
    once = {"refit": False, "temperature": False, "early_stopping": None, "members": 1}
    return dataclasses.replace(task, params=task.params.model_copy(update=once))


def _on(member: Individual, fold: tuple[Tensor, Tensor]) -> Individual:
    rows, left_out = fold
    return dataclasses.replace(member, rows=rows, validation_rows=left_out)


def _shares(task: Task, members: Sequence[Individual], params: LassoParams) -> list[Tensor]:
    """How hard each column is pulled, before the common strength: 1 / its weight when free.

    Shape: -> for each member (n_features,).
    """
    n_features = task.network.inputs.n_features
    if not params.adaptive:
        return [torch.ones(n_features, dtype=torch.float64) for _ in members]
    shares = []
    for one in run_members(task, members):
        weights = task.network.parameters.views(one.flat)
        read = torch.cat([weights[name][0] for name in task.network.input_weights])
        length = torch.linalg.vector_norm(read.to("cpu", torch.float64), dim=0)
        shares.append(1 / (length + _LEAST_WEIGHT))
    return shares


def _folds(task: Task, member: Individual, n_folds: int) -> list[tuple[Tensor, Tensor]]:
    """Row positions learned from and left out; classes are spread evenly."""
    from sklearn.model_selection import KFold, StratifiedKFold

    rows = torch.arange(len(task.train)) if member.rows is None else member.rows
    codes = task.train.labels.cpu()[rows].numpy()
    classes = task.loss.n_classes > 0
    fewest = np.bincount(codes).min() if classes else len(codes)
    if fewest < n_folds:
        where = "the rarest class has" if classes else "there are"
        raise DataError(
            f"training.l1: {n_folds} folds need as many rows, and {where} {fewest} in the train "
            "part. Lower `training.l1.folds`, or give `training.l1.strength` a number."
        )
    kind = StratifiedKFold if classes else KFold
    folds = kind(n_folds, shuffle=True, random_state=member.seed % 2**32).split(codes, codes)
    return [(rows[torch.from_numpy(kept)], rows[torch.from_numpy(left)]) for kept, left in folds]


def _left_out(task: Task, one: Trained) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and codes of the rows that a member was not trained on."""
    held = Validation(task, [one.member])
    return held.exact_logits(one.flat, one.buffers), held.rows.targets, held.rows.labels


def _row_losses(task: Task, logits: Tensor, targets: Tensor, codes: Tensor) -> np.ndarray:
    """Log-loss of each row, or the training loss where numbers are predicted."""
    if task.loss.n_classes:
        shares = task.loss.probabilities(logits)[0]
        found = -shares.gather(1, codes.reshape(-1, 1).long()).clamp_min(1e-12).log()
    else:
        found = task.loss.rows(logits, targets.double())
    return found.reshape(-1).cpu().numpy()


def _hardest_within_one_error(row_losses: Sequence[np.ndarray]) -> int:
    means = np.array([rows.mean() for rows in row_losses])
    best = int(means.argmin())
    error = row_losses[best].std() / np.sqrt(len(row_losses[best]))
    return int(np.flatnonzero(means <= means[best] + error).max())


def _temperature(task: Task, logits: Sequence[tuple[Tensor, Tensor, Tensor]]) -> float | None:
    if not task.loss.n_classes:
        return None
    together = torch.cat([one for one, _, _ in logits], dim=1)
    codes = torch.cat([codes.reshape(-1) for _, _, codes in logits])
    return fit_temperature(task.loss, together.cpu(), codes.cpu())


def _mean_curve(trained: Sequence[Trained]) -> tuple[float, ...]:
    curves = np.array([one.validation_loss for one in trained])
    return tuple(float(value) for value in curves.mean(axis=0))
