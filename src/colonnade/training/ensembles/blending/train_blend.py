"""Train every candidate over the same folds, and blend them."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from colonnade.errors import ParameterError
from colonnade.tables.features.row_weights import part_weights
from colonnade.tables.source import rows_digest
from colonnade.training.components.losses.class_losses import CrossEntropy
from colonnade.training.engine.cores import available_cores
from colonnade.training.ensembles.blending.folds import make_folds
from colonnade.training.ensembles.blending.shares import blend_shares, score
from colonnade.training.ensembles.blending.views import contenders
from colonnade.training.ensembles.many import fit_many
from colonnade.training.ensembles.outcome import Fitted
from colonnade.training.models.blended import BlendedModel, Part
from colonnade.training.models.calibration.temperature import fit_temperature
from colonnade.training.models.conformal import HeldOut, kept_errors
from colonnade.training.models.target import kept_residuals
from colonnade.training.prepare import prepare
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.ensembles.blending.folds import Folds
    from colonnade.training.ensembles.blending.views import Contender
    from colonnade.training.models.trained import TrainedModel
    from colonnade.training.networks.kinds.auto_params import AutoParams

# Of the logarithm of a blend's temperature; chosen on the tables of tests/benchmarks/tables.py.
_SPREAD = 0.1
# Epochs by which the time is estimated; a shorter time is not worth a line.
_TRIED, _WORTH_SAYING = 2, 20
# Rows whose prediction is timed.
_PREDICTED = 1000
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """A candidate's networks as one model, and what they predict of rows that they had not seen.

    seconds: of training. prediction_seconds: of a thousand rows. share: of the blend.
    """

    name: str
    model: TrainedModel
    history: pd.DataFrame
    predicted: np.ndarray
    score: float
    seconds: float
    prediction_seconds: float
    share: float = 0.0

    @property
    def n_parameters(self) -> int:
        """Count the weights of all its networks."""
        facts = self.model.facts
        return int(facts["n_parameters"] * facts["n_members"])


def train_blend(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: AutoParams,
    training: TrainingParams,
    *,
    phase: Callable[[str], object] = lambda what: None,
) -> Fitted:
    """Do as `train_model` does, with the candidates of `model: auto`.

    Their networks are stopped by rows that they do not learn from; by their predictions of these,
    shares, temperature and intervals are chosen. It starts anew after an interruption.

    Raises: what `train_model` raises.
    """
    started = time.perf_counter()
    training, folds, chosen = _plan(train, validation, standardizer, model, training)
    actual = folds.rows[standardizer.target].to_numpy()[folds.judged]
    weights = part_weights(standardizer.table_schema, folds.rows.iloc[folds.judged])
    seconds = estimated_seconds(chosen, folds)
    if seconds > _WORTH_SAYING:
        logger.info("%d candidates: about %.0f s, or less", len(chosen), seconds)
    outcomes = []
    for i, contender in enumerate(chosen, 1):
        phase(f"candidate {i} of {len(chosen)}: {contender.name}")
        outcomes.append(_train(contender, folds, actual, weights))
    outcomes = _with_shares(outcomes, actual, weights, training)
    parts = tuple(Part(one.name, one.share, one.model) for one in outcomes if one.share)
    predicted = np.asarray(sum(one.share * one.predicted for one in outcomes))
    leading = max(outcomes, key=lambda one: one.share)
    facts, held_out = _facts(outcomes, leading), None
    if standardizer.classes is None:
        errors = kept_errors(predicted - actual, weights)
        held_out = HeldOut(errors=errors, n_rows=len(actual), origin=folds.origin)
    elif training.temperature:
        facts["temperature"] = blend_temperature(predicted, actual, weights)
    facts |= {
        "learned_from_validation_rows": folds.all_judged and len(validation) > 0,
        "seconds": round(time.perf_counter() - started, 3),
    }
    blended = BlendedModel(
        standardizer, model, training, {}, facts,
        held_out=held_out, trained_on=rows_digest(train, validation), parts=parts,
    )  # fmt: skip
    return Fitted(blended, leading.history)


def estimated_seconds(chosen: list[Contender], folds: Folds) -> float:
    """How long all candidates take if none stops early, by two epochs of one network of each."""
    total = 0.0
    for one in chosen:
        words = {**one.training.model_dump(), "epochs": _TRIED, "scheduler": "none"}
        short = TrainingParams.model_validate(words)
        rows = _rows_of(one, folds)
        [fitted] = fit_many(
            rows, rows[:0], one.standardizer, one.model, short, members=folds.members[:1], workers=1
        )
        seconds = fitted.history["seconds"].to_numpy()
        epoch = (seconds[-1] - seconds[0]) / max(len(seconds) - 1, 1)
        total += float(epoch) * one.training.epochs * len(folds.members)
    return total / min(available_cores(), len(folds.members))


def _with_shares(
    outcomes: list[Outcome],
    actual: np.ndarray,
    weights: np.ndarray | None,
    training: TrainingParams,
) -> list[Outcome]:
    predicted, quantile = [one.predicted for one in outcomes], predicted_quantile(training)
    shares = blend_shares(predicted, actual, weights, quantile=quantile, seed=training.seed)
    return [replace(one, share=share) for one, share in zip(outcomes, shares, strict=True)]


def predicted_quantile(training: TrainingParams) -> float | None:
    """The quantile that training asks for, the median for absolute errors, None for a mean."""
    if training.loss is None or training.loss.name not in ("mae", "quantile"):
        return None
    return training.loss.quantile if training.loss.name == "quantile" else 0.5


def check_blend(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: AutoParams,
    training: TrainingParams,
) -> None:
    """Raise what `train_blend` would, but for what only training shows."""
    _, folds, chosen = _plan(train, validation, standardizer, model, training)
    for one in chosen:
        rows = _rows_of(one, folds)
        prepare(rows, rows[:1], one.standardizer, one.model, one.training)


def _plan(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: AutoParams,
    training: TrainingParams,
) -> tuple[TrainingParams, Folds, list[Contender]]:
    training = training.completed(model, standardizer.task, validated=True)
    if training.refit:
        raise ParameterError("model.kind auto learns from all rows by its folds: leave refit out.")
    folds = make_folds(train, validation, standardizer, model, training)
    target = folds.rows[standardizer.target].to_numpy()
    return training, folds, contenders(model, training, standardizer, target)


def _rows_of(contender: Contender, folds: Folds) -> pd.DataFrame:
    own = contender.standardizer
    weight = own.table_schema.weight
    return folds.rows[[*own.feature_names, own.target, *([weight] if weight else [])]]


def _train(
    contender: Contender, folds: Folds, actual: np.ndarray, weights: np.ndarray | None
) -> Outcome:
    started = time.perf_counter()
    rows, own = _rows_of(contender, folds), contender.standardizer
    fitted = fit_many(
        rows, rows[:0], own, contender.model, contender.training, members=folds.members
    )
    models = [one.model for one in fitted]
    predicted = _predictions(models, rows, folds)
    seconds = time.perf_counter() - started
    error = score(predicted, actual, weights, quantile=predicted_quantile(contender.training))
    logger.info("candidate %s: %.4g on rows left out, %.1f s", contender.name, error, seconds)
    model, history = _joined(models), _mean_history(fitted)
    pace = _prediction_seconds(model, rows)
    return Outcome(contender.name, model, history, predicted, error, seconds, pace)


def _prediction_seconds(model: TrainedModel, rows: pd.DataFrame) -> float:
    """How long a thousand rows take."""
    X = rows[model.standardizer.feature_names].head(_PREDICTED).to_numpy(dtype=np.float32)
    started = time.perf_counter()
    model.predict_array(X)
    return (time.perf_counter() - started) * 1000 / len(X)


def _predictions(models: list[TrainedModel], rows: pd.DataFrame, folds: Folds) -> np.ndarray:
    """What networks that have not seen a row predict of it, on average.

    Shape: -> (rows judged, n_classes), or (rows judged,).
    """
    first = models[0]
    X = rows[first.standardizer.feature_names].to_numpy(dtype=np.float32)
    total = np.zeros((len(X), first.n_classes) if first.n_classes else len(X))
    counts = np.zeros(len(X))
    for model, member in zip(models, folds.members, strict=True):
        unseen = member.validation_rows
        total[unseen] += (
            model.probabilities(X[unseen]) if model.n_classes else (model.predict_array(X[unseen]))
        )
        counts[unseen] += 1
    seen = counts[folds.judged]
    mean: np.ndarray = total[folds.judged] / (seen[:, None] if first.n_classes else seen)
    return mean


def _joined(models: list[TrainedModel]) -> TrainedModel:
    """The networks of all folds as members of one model."""
    facts = [model.facts for model in models]
    joined: dict[str, Any] = {
        **facts[0],
        "n_members": len(models),
        "epochs_run": max(one["epochs_run"] for one in facts),
        "best_epoch": round(sum(one["best_epoch"] for one in facts) / len(facts)),
        "stopped_early": any(one["stopped_early"] for one in facts),
    }
    if "residuals" in joined:
        joined["residuals"] = kept_residuals(np.concatenate([one["residuals"] for one in facts]))
    weights = {
        name: torch.cat([model.weights[name] for model in models]) for name in models[0].weights
    }
    return replace(models[0], weights=weights, facts=joined, held_out=None)


def _mean_history(fitted: list[Fitted]) -> pd.DataFrame:
    """Each epoch's numbers, averaged over the networks that still learned."""
    epochs = pd.concat([one.history for one in fitted]).groupby("epoch", as_index=False).mean()
    return epochs.astype({"epoch": int})


def _facts(outcomes: list[Outcome], leading: Outcome) -> dict[str, Any]:
    """What happened, in plain data: how large the blend is, and how all candidates did."""
    blended = [one for one in outcomes if one.share]
    told = ("path", "device", "threads")
    return {
        **{name: leading.model.facts[name] for name in told},
        "n_parameters": sum(one.n_parameters for one in blended),
        "n_members": sum(one.model.n_members for one in blended),
        "leaderboard": [
            {
                "name": one.name,
                "score": one.score,
                "share": one.share,
                "seconds": round(one.seconds, 3),
                "prediction_seconds": round(one.prediction_seconds, 4),
                "n_parameters": one.n_parameters,
            }
            for one in sorted(outcomes, key=lambda one: one.score)
        ],
    }


def blend_temperature(
    predicted: np.ndarray, actual: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """The temperature at which blended probabilities have the least log-loss.

    What many networks agree on needs little correction.

    Shape: predicted (n, n_classes), actual (n,) codes, weights (n,).
    """
    logits = torch.from_numpy(np.log(predicted.clip(1e-300)))[None]
    codes = torch.from_numpy(actual.astype(np.int64))
    own = None if weights is None else torch.from_numpy(weights)
    return fit_temperature(CrossEntropy(predicted.shape[1]), logits, codes, own, spread=_SPREAD)
