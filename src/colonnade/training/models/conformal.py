"""How far off a predicted number may be, from the errors on rows held out from training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from colonnade.errors import ParameterError
from colonnade.tables.features.row_weights import worth_in_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.training.models.target import Target

COVERAGE = 0.9
"""How often an interval holds what it is about, unless the caller says otherwise."""

MOST_ERRORS = 999
"""So many errors are kept: with one more, thousandths of coverage are whole ranks."""

Origin = Literal[
    "validation rows",
    "validation rows, before the refit",
    "train rows, each fifth predicted from the rest",
    "train rows, each predicted by networks without it",
]


class HeldOut(BaseModel):
    """Absolute errors on rows that the model had not seen, ascending, in raw units.

    n_rows: how many rows they stand for; of more than 999 the errors at evenly spaced ranks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    errors: list[float] = Field(min_length=1, max_length=MOST_ERRORS)
    n_rows: int
    origin: Origin

    def half_width(self, coverage: float) -> float | None:
        """Half of the interval's width, or None where the errors are too few for the coverage."""
        return half_width(self.errors, coverage)


def half_width(errors: np.ndarray | list[float], coverage: float) -> float | None:
    """The distance from a prediction within which so large a share of new values lies.

    Of n absolute errors on rows held out, the one of rank ceil((n + 1) coverage): a new row's is as
    likely to fall into any of the n + 1 gaps between them. So the interval holds at least as often
    as promised, whatever the model, if the rows are exchangeable with new ones and had no say in
    the model. Rows that chose when to stop have: their errors are somewhat smaller than a new
    row's. None where n is too small: 0.9 needs nine errors.

    Units: those of the errors.
    Raises: ParameterError if coverage is not between 0 and 1.
    Source: Vovk et al. 2005, Algorithmic Learning in a Random World, 2.2; Lei et al. 2018,
        Distribution-Free Predictive Inference for Regression, algorithm 2 (split conformal).
    """
    if not 0 < coverage < 1:
        raise ParameterError(f"coverage {coverage:g} is not between 0 and 1, such as 0.9.")
    # 100 * 0.55 is a hair above 55, and would be rounded up to another rank
    rank = math.ceil(round((len(errors) + 1) * coverage, 9))
    if rank > len(errors):
        return None
    return float(np.partition(np.abs(errors), rank - 1)[rank - 1])


def fewest_errors(coverage: float) -> int:
    """How many errors a coverage needs."""
    return math.ceil(round(coverage / (1 - coverage), 9))


def kept_errors(errors: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """At most 999 absolute errors that promise what all of them do, or a thousandth more.

    Used as if they were all, the m errors of ranks ceil(j n / m) never give a narrower interval:
    ceil((m + 1) c) n / m >= (n + 1) c for every share c and n >= m.

    Args: weights: of the rows. Then the errors up to which j m-ths of the weight lie, as many as
        the rows are worth: a new row is taken to weigh what a row does on average, if drawn in
        proportion to the weights. It lies in its interval as often as promised, counted by weight.
    Source: Tibshirani et al. 2019, Conformal Prediction Under Covariate Shift (weighted quantiles).
    """
    order = np.argsort(np.abs(errors), kind="stable")
    ordered = np.abs(errors)[order]
    if weights is not None:
        reached = np.cumsum(weights[order])
        n_kept = min(MOST_ERRORS, max(1, math.floor(worth_in_rows(weights))))
        # A share of the whole weight may round to a hair above it.
        shares = np.arange(1, n_kept + 1) / n_kept * (1 - 1e-12)
        return [float(error) for error in ordered[np.searchsorted(reached / reached[-1], shares)]]
    if len(ordered) <= MOST_ERRORS:
        return [float(error) for error in ordered]
    ranks = -(-np.arange(1, MOST_ERRORS + 1) * len(ordered) // MOST_ERRORS)
    return [float(error) for error in ordered[ranks - 1]]


def held_out_errors(
    predicted: np.ndarray,
    actual: np.ndarray,
    targets: Sequence[Target],
    weights: np.ndarray | None = None,
) -> dict[str, Any]:
    """Errors on the members' validation rows: of their mean, then each member's own.

    Members validated on different rows are different models, and have no mean.
    Args: targets: how they are learned, together, then by each member.

    Shape: predicted (M, n), actual and weights (n,), or (M, n) where each has rows of its own.
    Units: as learned -> raw. Plain data, for a checkpoint.
    """
    shared = actual.ndim == 1
    alone = np.broadcast_to(actual, predicted.shape)
    each = [None] * len(predicted) if weights is None else np.broadcast_to(weights, alone.shape)
    own = [
        kept_errors(target.errors(numbers, right), weight)
        for target, numbers, right, weight in zip(targets[1:], predicted, alone, each, strict=True)
    ]
    mean = predicted.mean(0)
    together = kept_errors(targets[0].errors(mean, actual), weights) if shared else []
    return {"n_rows": actual.shape[-1], "raw_errors": [together, *own]}


def held_out_of(kept: dict[str, Any], members: list[int], *, refitted: bool) -> HeldOut | None:
    """The errors of some members as one model.

    Args: kept: of all members, as `held_out_errors` gave them.
    """
    errors = kept["raw_errors"][members[0] + 1 if len(members) == 1 else 0]
    if not errors:
        return None
    return HeldOut(
        errors=errors,
        n_rows=kept["n_rows"],
        origin="validation rows, before the refit" if refitted else "validation rows",
    )
