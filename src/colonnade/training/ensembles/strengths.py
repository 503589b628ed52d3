"""Which columns a model may read: the adaptive lasso, its strength chosen inside the train rows.

A column to which a first training without the lasso gives large weights is penalized little; one
that it hardly uses is driven to zero. The common strength is chosen by cross-validation: the
largest whose loss on the held-out rows is within one standard error of the least.

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
from colonnade.training.components.losses.row_weighted import RowWeighted
from colonnade.training.engine.forward import Validation
from colonnade.training.engine.placement import thread_count
from colonnade.training.ensembles.members import run_members
from colonnade.training.models.calibration.temperature import fit_temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from colonnade.training.engine.job import MemberConfig, TrainingJob
    from colonnade.training.ensembles.members import TrainedMember
    from colonnade.training.ensembles.phases import TrainingResult
    from colonnade.training.training_params import LassoParams

# Keeps the penalty of an unused column finite; in units of weights of standardized columns.
_LEAST_WEIGHT = 1e-3


@dataclasses.dataclass(frozen=True)
class Sparsity:
    """What was chosen.

    penalties: of each input column (n_features,). strength: their common factor.
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
    job: TrainingJob, members: Sequence[MemberConfig], params: LassoParams
) -> list[tuple[MemberConfig, Sparsity | None]]:
    """Give each member the penalties that the parameters ask for, if they ask for any."""
    if not params.active:
        return [(member, None) for member in members]
    with thread_count(1):  # small products throughout
        found = choose_sparsities(job, members, params)
    return [
        (dataclasses.replace(member, penalty=own.penalties), own)
        for member, own in zip(members, found, strict=True)
    ]


def choose_sparsities(
    job: TrainingJob, members: Sequence[MemberConfig], params: LassoParams
) -> list[Sparsity]:
    """Choose each column's penalty from each member's train rows alone.

    All members' trials train together; each finds what it finds alone, within float rounding.
    Raises: DataError if a member has fewer train rows than folds.
    """
    alone = _without_phases(job)
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
        found.append(_choose(alone, share, trials, params.strengths))
    return found


def _choose(
    job: TrainingJob,
    share: Tensor,
    trials: Sequence[Sequence[TrainedMember]],
    strengths: Sequence[float],
) -> Sparsity:
    """Choose among one member's trials: of each strength, one a fold."""
    logits = [[_left_out(job, one) for one in folds] for folds in trials]
    row_losses = [np.concatenate([_row_losses(job, *one) for one in folds]) for folds in logits]
    weights = _weights(job, logits[0])
    chosen = largest_within_one_error(row_losses, weights)
    return Sparsity(
        share * strengths[chosen],
        strengths[chosen],
        _temperature(job, logits[chosen]),
        _mean_curve(trials[chosen]),
        {s: _mean(rows, weights) for s, rows in zip(strengths, row_losses, strict=True)},
    )


def cross_validated(result: TrainingResult, found: Sparsity | None) -> TrainingResult:
    """Use the losses on held-out folds where there are no validation rows.

    They give the learning curve's validation loss, and the temperature if one is asked for.
    """
    if found is None:
        return result
    result = dataclasses.replace(result, l1_strength=found.strength)
    validated = not math.isnan(result.history.validation_loss[-1][0])
    if validated or not found.validation_loss:
        return result
    n = len(result.flat)
    curve = [[value] * n for value in found.validation_loss]
    history = dataclasses.replace(result.history, validation_loss=curve)
    wanted = result.job.params.temperature and found.temperature is not None
    temperatures = [found.temperature or 1.0] * (n + 1) if wanted else result.temperatures
    return dataclasses.replace(result, history=history, temperatures=temperatures)


def _without_phases(job: TrainingJob) -> TrainingJob:
    """The same job, trained once to its last epoch, with no validation of its own."""
    once = {"refit": False, "temperature": False, "early_stopping": None, "members": 1}
    return dataclasses.replace(job, params=job.params.model_copy(update=once))


def _on(member: MemberConfig, fold: tuple[Tensor, Tensor]) -> MemberConfig:
    rows, left_out = fold
    return dataclasses.replace(member, rows=rows, validation_rows=left_out)


def _shares(job: TrainingJob, members: Sequence[MemberConfig], params: LassoParams) -> list[Tensor]:
    """Each column's penalty before the common strength: 1 / its weight without the lasso.

    Shape: -> for each member (n_features,).
    """
    n_features = job.network.inputs.n_features
    if not params.adaptive:
        return [torch.ones(n_features, dtype=torch.float64) for _ in members]
    shares = []
    for one in run_members(job, members):
        weights = job.network.parameters.views(one.flat)
        read = torch.cat([weights[name][0] for name in job.network.input_weights])
        length = torch.linalg.vector_norm(read.to("cpu", torch.float64), dim=0)
        shares.append(1 / (length + _LEAST_WEIGHT))
    return shares


def _folds(job: TrainingJob, member: MemberConfig, n_folds: int) -> list[tuple[Tensor, Tensor]]:
    """Row positions learned from and left out; classes are spread evenly."""
    from sklearn.model_selection import KFold, StratifiedKFold

    rows = torch.arange(len(job.train)) if member.rows is None else member.rows
    codes = job.train.labels.cpu()[rows].numpy()
    classes = job.loss.n_classes > 0
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


def _left_out(job: TrainingJob, one: TrainedMember) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and codes of the rows that a member was not trained on."""
    held = Validation(job, [one.member])
    return held.exact_logits(one.flat, one.buffers), held.rows.targets, held.rows.labels


def _row_losses(job: TrainingJob, logits: Tensor, targets: Tensor, codes: Tensor) -> np.ndarray:
    """Log-loss of each row, or the training loss where numbers are predicted, by no weight."""
    if job.loss.n_classes:
        shares = job.loss.probabilities(logits)[0]
        found = -shares.gather(1, codes.reshape(-1, 1).long()).clamp_min(1e-12).log()
    else:
        loss = job.loss.loss if isinstance(job.loss, RowWeighted) else job.loss
        found = loss.per_example_loss(logits, targets[..., : loss.n_logits].double())
    return found.reshape(-1).cpu().numpy()


def _weights(job: TrainingJob, left_out: Sequence[tuple[Tensor, ...]]) -> np.ndarray | None:
    """The rows' own weights, if they have any, of every fold's rows left out."""
    if not job.loss.by_rows:
        return None
    found = [job.loss.row_weights(targets) for _, targets, _ in left_out]
    return torch.cat([own.reshape(-1) for own in found if own is not None]).cpu().double().numpy()


def _mean(rows: np.ndarray, weights: np.ndarray | None) -> float:
    return float(rows.mean() if weights is None else np.average(rows, weights=weights))


def largest_within_one_error(
    row_losses: Sequence[np.ndarray], weights: np.ndarray | None = None
) -> int:
    """Give the last place whose mean loss is within one standard error of the least.

    Shape: row_losses: for each strength, smallest first, (n_rows,), as the weights.
    """
    means = np.array([_mean(rows, weights) for rows in row_losses])
    best = int(means.argmin())
    error = row_losses[best].std() / np.sqrt(len(row_losses[best]))
    if weights is not None:
        # of a weighted mean: that of the sum of what each row adds, by its weight
        error = np.linalg.norm(weights * (row_losses[best] - means[best])) / weights.sum()
    return int(np.flatnonzero(means <= means[best] + error).max())


def _temperature(job: TrainingJob, logits: Sequence[tuple[Tensor, Tensor, Tensor]]) -> float | None:
    if not job.loss.n_classes:
        return None
    together = torch.cat([one for one, _, _ in logits], dim=1)
    codes = torch.cat([codes.reshape(-1) for _, _, codes in logits])
    weights = _weights(job, logits)
    own = None if weights is None else torch.from_numpy(weights)
    return fit_temperature(job.loss, together.cpu(), codes.cpu(), own)


def _mean_curve(trained: Sequence[TrainedMember]) -> tuple[float, ...]:
    curves = np.array([one.validation_loss for one in trained])
    return tuple(float(value) for value in curves.mean(axis=0))
