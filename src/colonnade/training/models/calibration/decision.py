"""At which probability of the positive class a row is called positive, of two classes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.tables.features.row_weights import part_weights

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.training_params import DecisionParams

FEWEST_ROWS = 20
logger = logging.getLogger(__name__)


def check_decision(
    params: DecisionParams | None, standardizer: Standardizer, n_validation: int, *, refit: bool
) -> None:
    """Refuse, before anything trains, what a threshold cannot be chosen for.

    Raises: ParameterError.
    """
    if params is None:
        return
    problems, classes = [], standardizer.classes or []
    if len(classes) != 2:
        problems.append("`training.decision` needs a target of two classes.")
    elif params.positive is not None and params.positive not in classes:
        words = [str(label) for label in classes]
        problems.append(
            f"`training.decision.positive`: {params.positive!r} is no class. "
            f"{nearest(str(params.positive), words)}"
        )
    if n_validation < FEWEST_ROWS:
        problems.append(
            f"`training.decision` is chosen by validation rows, at least {FEWEST_ROWS}, and there "
            f"are {n_validation}. Raise `split.validation_fraction`."
        )
    if refit:
        problems.append(
            "`training.decision` does not go with `refit`, which trains on the validation rows."
        )
    if problems:
        raise ParameterError(problems)


def fit_decision(
    probabilities: np.ndarray,
    validation: pd.DataFrame,
    table: Standardizer,
    params: DecisionParams,
) -> dict[str, Any]:
    """Choose the threshold on validation rows: plain data for the model's facts.

    positive: the class's code. threshold: a row of so high a probability is called positive.

    Shape: probabilities (n, 2), of the validation rows.
    """
    classes = list(table.classes or [])
    positive = 1 if params.positive is None else classes.index(params.positive)
    shares = probabilities[:, positive]
    is_positive = validation[table.target].to_numpy() == positive
    weights = part_weights(table.table_schema, validation)
    if weights is None:
        weights = np.ones(len(validation))
    threshold, value = best_threshold(shares, is_positive, np.asarray(weights, float), params)
    logger.info(
        "%s is predicted where its probability is %.4g or more: %s %.4g on %d validation rows",
        classes[positive],
        threshold,
        params.aim,
        value,
        len(validation),
    )
    return {"positive": positive, "threshold": threshold, "aim": params.aim, "value": value}


def best_threshold(
    shares: np.ndarray, is_positive: np.ndarray, weights: np.ndarray, params: DecisionParams
) -> tuple[float, float]:
    """The threshold that serves the aim best, the nearest to 1/2 of equals, and how well it does.

    Candidates lie midway between neighboring probabilities, so that a hair of rounding changes no
    decision of a validation row.

    Shape: each (n,).
    Raises: ParameterError if no threshold reaches the precision that is asked for.
    """
    thresholds, found = threshold_curve(shares, is_positive, weights, params)
    score = -found if params.aim == "cost" else found
    best = np.flatnonzero(score >= score.max() - 1e-12)
    if not np.isfinite(score.max()):
        raise ParameterError(
            f"`training.decision.precision`: no threshold has a precision of {params.precision:g} "
            "on the validation rows. Ask for less."
        )
    chosen = best[np.abs(thresholds[best] - 0.5).argmin()]
    return float(thresholds[chosen]), float(found[chosen])


def threshold_curve(
    shares: np.ndarray, is_positive: np.ndarray, weights: np.ndarray, params: DecisionParams
) -> tuple[np.ndarray, np.ndarray]:
    """What every threshold is worth: F1, balanced accuracy, mean cost a row, or recall.

    Recall is -inf where the precision is below the one asked for.

    Shape: (n,) -> (n_thresholds,) twice.
    """
    values = np.unique(shares)
    thresholds = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    order = np.argsort(shares)
    at_or_above = np.searchsorted(shares[order], thresholds)
    own = (weights * is_positive)[order], (weights * ~is_positive)[order]
    true, false = (_from(one)[at_or_above] for one in own)
    n_positive, n_negative = own[0].sum(), own[1].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        if params.aim == "f1":
            return thresholds, np.nan_to_num(2 * true / (true + false + n_positive))
        if params.aim == "balanced_accuracy":
            return thresholds, (true / n_positive + 1 - false / n_negative) / 2
        if params.aim == "cost":
            cost = params.false_positive * false + params.false_negative * (n_positive - true)
            return thresholds, cost / weights.sum()
        enough = true >= (params.precision or 0) * (true + false)
        return thresholds, np.where(enough & (true > 0), true / n_positive, -np.inf)


def _from(values: np.ndarray) -> np.ndarray:
    """Sums of all values from each place to the end."""
    return np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])


def decided(shares: np.ndarray, decision: dict[str, Any] | None) -> np.ndarray:
    """Codes: the likeliest class, or as a threshold decides.

    Shape: (n, n_classes) -> (n,) int64.
    """
    if not decision:
        return np.asarray(shares.argmax(axis=1), dtype=np.int64)
    positive = int(decision["positive"])
    called = shares[:, positive] >= float(decision["threshold"])
    return np.where(called, positive, 1 - positive).astype(np.int64)
