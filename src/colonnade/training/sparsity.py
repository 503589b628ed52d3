"""Which columns a model may read: the adaptive lasso, its strength chosen inside the train rows.

A column that a first, free training leans on is hardly held back; one that it hardly uses is pulled
to zero. How hard is chosen by cross-validation: the hardest pull whose loss on the rows left out is
within one standard error of the least.

Source: Zou 2006, The Adaptive Lasso and Its Oracle Properties; Hastie, Tibshirani & Friedman 2009,
The Elements of Statistical Learning, 7.10 (one standard error).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from colonnade.errors import DataError
from colonnade.training.engine import thread_count
from colonnade.training.members import run_members
from colonnade.training.network import split_pieces
from colonnade.training.regularization import input_weights
from colonnade.training.temperature import fit_temperature
from colonnade.training.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from colonnade.training.members import Trained
    from colonnade.training.parameters import LassoParams
    from colonnade.training.phases import Course
    from colonnade.training.task import Individual, Task

# Keeps the pull on an unused column finite; in units of weights of standardised columns.
_LEAST_WEIGHT = 1e-3


@dataclasses.dataclass(frozen=True)
class Sparsity:
    """What was chosen.

    penalties: how hard each input column is pulled (n_inputs,). strength: their common factor.
    temperature: of the rows left out, for classes; None if no cross-validation was done.
    validation_loss: mean over the folds at the chosen strength, an entry an epoch; may be empty.
    losses: mean loss of the rows left out, by strength tried.
    """

    penalties: Tensor
    strength: float
    temperature: float | None = None
    validation_loss: tuple[float, ...] = ()
    losses: dict[float, float] = dataclasses.field(default_factory=dict)


def with_penalty(
    task: Task, member: Individual, params: LassoParams
) -> tuple[Individual, Sparsity | None]:
    """Give the member the pull that the parameters ask for, if they ask for one."""
    if not params.active:
        return member, None
    with thread_count(1):  # small products throughout
        found = choose_sparsity(task, member, params)
    return dataclasses.replace(member, penalty=found.penalties), found


def choose_sparsity(task: Task, member: Individual, params: LassoParams) -> Sparsity:
    """Find each column's pull from the member's train rows alone.

    Raises: DataError if there are fewer train rows than folds.
    """
    alone, member = _without_phases(task), dataclasses.replace(member, validation_rows=None)
    [share] = _shares(alone, [member], params)
    if params.strength != "auto":
        return Sparsity(share * params.strength, params.strength)
    folds = [_on(member, fold) for fold in _folds(alone, member, params.folds)]
    fold_shares = _shares(alone, folds, params)
    tried = [
        dataclasses.replace(fold, penalty=fold_share * strength)
        for strength in params.strengths
        for fold, fold_share in zip(folds, fold_shares, strict=True)
    ]
    trained = run_members(alone, tried)
    logits = [_left_out(alone, one) for one in trained]
    n = len(folds)
    groups = [range(start, start + n) for start in range(0, len(trained), n)]
    row_losses = [
        np.concatenate([_row_losses(alone, *logits[i]) for i in group]) for group in groups
    ]
    chosen = _hardest_within_one_error(row_losses)
    return Sparsity(
        share * params.strengths[chosen],
        params.strengths[chosen],
        _temperature(alone, [logits[i] for i in groups[chosen]]),
        _mean_curve([trained[i] for i in groups[chosen]]),
        {s: float(rows.mean()) for s, rows in zip(params.strengths, row_losses, strict=True)},
    )


def cross_validated(course: Course, found: Sparsity | None) -> Course:
    """Let rows left out in turn speak where there are no validation rows.

    They give the learning curve's validation loss, and the temperature if one is asked for.
    """
    if found is None:
        return course
    course = dataclasses.replace(course, l1_strength=found.strength)
    if len(course.task.validation) or not found.validation_loss:
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

    Shape: -> for each member (n_inputs,).
    """
    n_inputs = task.plan.n_inputs
    if not params.adaptive:
        return [torch.ones(n_inputs, dtype=torch.float64) for _ in members]
    shares = []
    for one in run_members(task, members):
        weights = split_pieces(task.plan, one.flat)
        read = torch.cat([weights[name][0] for name in input_weights(weights)])
        length = torch.linalg.vector_norm(read.to("cpu", torch.float64), dim=0)
        shares.append(1 / (length + _LEAST_WEIGHT))
    return shares


def _folds(task: Task, member: Individual, n_folds: int) -> list[tuple[Tensor, Tensor]]:
    """Row positions learned from and left out; classes are spread evenly."""
    from sklearn.model_selection import KFold, StratifiedKFold

    rows = torch.arange(len(task.train)) if member.rows is None else member.rows
    codes = task.train.codes.cpu()[rows].numpy()
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
    return held.exact_logits(one.flat, one.running), held.targets, held.codes


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
