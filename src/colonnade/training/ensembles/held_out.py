"""By how much the members' numbers are missed, on rows that they have not learned from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.training.engine.forward import Validation
from colonnade.training.models.conformal import held_out_errors
from colonnade.training.models.target import kept_residuals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.engine.loop.trainer import Trainer

# Of fewer validation rows the mean of what residuals make would say less than train rows do.
_FEWEST_RESIDUALS = 30


Residuals = dict[str, list[list[float]]]


def measure_held_out(trainer: Trainer) -> dict[str, Any]:
    """Give the errors on validation rows, and the residuals of numbers learned on a curve.

    Returns: `held_out`, as `held_out_errors` gives it, and `residuals`, of each member `alone` and
        `together` with those that share its rows; empty without a curve. Plain data.
    """
    validation, own = trainer.validation, trainer.job.target
    nothing: list[list[float]] = [[] for _ in range(len(trainer.members) + 1)]
    found: dict[str, Any] = {"held_out": {"n_rows": 0, "raw_errors": nothing}, "residuals": {}}
    if own is None:
        return found
    targets = [own, *(member.target or own for member in trainer.members)]
    if own.smears:
        found["residuals"] = kept = _measure_residuals(trainer)
        targets = [
            dataclasses.replace(target, residuals=tuple(residuals))
            for target, residuals in zip(
                targets, [kept["together"][0], *kept["alone"]], strict=True
            )
        ]
    if len(validation):
        predicted, actual, weights = _numbers(trainer, validation)
        found["held_out"] = held_out_errors(predicted, actual, targets, weights)
    return found


def residual_facts(residuals: Residuals, members: list[int]) -> dict[str, Any]:
    """The residuals of some members as one model, if there are any."""
    if not residuals:
        return {}
    return {"residuals": residuals["alone" if len(members) == 1 else "together"][members[0]]}


def _measure_residuals(trainer: Trainer) -> Residuals:
    """What the members' numbers lack on validation rows or, if those are few, on train rows."""
    members = trainer.members
    rows, places = trainer.validation, [member.validation_rows for member in members]
    if len(rows) < _FEWEST_RESIDUALS:
        job = dataclasses.replace(trainer.job, validation=trainer.job.train)
        places = [member.rows for member in members]
        seen = zip(members, places, strict=True)
        rows = Validation(job, [dataclasses.replace(m, validation_rows=own) for m, own in seen])
    predicted, actual, weights = _numbers(trainer, rows)
    actual = np.broadcast_to(actual, predicted.shape)
    each: Sequence[np.ndarray | None] = [None] * len(members)
    if weights is not None:
        each = list(np.broadcast_to(weights, predicted.shape))
    groups = [[i for i, other in enumerate(places) if other is own] for own in places]
    return {
        "alone": [
            kept_residuals(own, weight)
            for own, weight in zip(actual - predicted, each, strict=True)
        ],
        "together": [
            kept_residuals(actual[i] - predicted[group].mean(0), each[i])
            for i, group in enumerate(groups)
        ],
    }


def _numbers(
    trainer: Trainer, rows: Validation
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What the members predict, what is right, as it is learned, and what rows weigh if they do.

    Shape: -> (M, n), and (n,) or (M, n) where each has rows of its own, twice.
    """
    loss = trainer.job.loss
    predicted = loss.numbers(rows.exact_logits(*trainer.result()))
    weights = loss.row_weights(rows.rows.targets)
    own = None if weights is None else weights.cpu().double().numpy()
    return predicted.cpu().numpy(), rows.rows.labels.cpu().numpy(), own
