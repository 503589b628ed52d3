"""The candidates that suit a table, and what each of them reads of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.errors import ParameterError
from colonnade.tables.features.column_fit import fit_log_curve
from colonnade.tables.features.transforms import NumberColumn
from colonnade.training.networks.kinds.candidates import CANDIDATES
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    import numpy as np

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.networks.kinds.auto_params import AutoParams
    from colonnade.training.networks.kinds.candidates import Candidate


@dataclass(frozen=True)
class Contender:
    """A candidate with all that is needed to train it on one table."""

    name: str
    standardizer: Standardizer
    model: ModelParams
    training: TrainingParams


def contenders(
    params: AutoParams, training: TrainingParams, standardizer: Standardizer, target: np.ndarray
) -> list[Contender]:
    """Choose the candidates that suit the table, with the user's own words over theirs.

    Args: target: of the rows that are learned from: codes, or numbers in raw units.

    Raises: ParameterError if none suits the table, or for words that do not go with one.
    """
    named = params.candidates
    found = []
    for name, candidate in CANDIDATES.items():
        asked = name in named if isinstance(named, tuple) else _tried(candidate, named)
        if asked and _suits(candidate, training, standardizer, target):
            found.append(_contender(name, candidate, training, standardizer, target))
    if not found:
        raise ParameterError(
            f"none of model.candidates ({', '.join(named)}) suits the table: those with bins need "
            "`standardize.bins`, those named log a number that is never negative, those named "
            "ordinal classes in an order. Name others, or write: usual."
        )
    return found


def _tried(candidate: Candidate, effort: str) -> bool:
    return effort in ("best", candidate.effort)


def _suits(
    candidate: Candidate, training: TrainingParams, standardizer: Standardizer, target: np.ndarray
) -> bool:
    classes, loss = standardizer.classes, training.loss
    if training.optimizer.full_batch and candidate.model.get("kind") != "linear":
        return False  # the others drop out, which takes another loss at every look
    if candidate.bins and not any(_binned(column) for column in standardizer.columns):
        return False
    if candidate.logarithm:
        learned_as_it_is = standardizer.target_curve is None and loss is None
        return classes is None and learned_as_it_is and float(target.min()) >= 0
    if candidate.ordered:
        return _in_order(standardizer) and (loss is None or loss.name == "ordinal")
    return classes is None or loss is None or loss.name != "ordinal"


def _in_order(standardizer: Standardizer) -> bool:
    """Whether classes have an order: three or more, declared, or numbers."""
    classes = standardizer.classes or []
    declared = standardizer.task == "ordinal"
    return len(classes) > 2 and (declared or all(isinstance(label, int) for label in classes))


def _binned(column: object) -> bool:
    return isinstance(column, NumberColumn) and column.edges is not None


def _contender(
    name: str,
    candidate: Candidate,
    training: TrainingParams,
    standardizer: Standardizer,
    target: np.ndarray,
) -> Contender:
    model_words, training_words = candidate.words(len(target))
    model = ModelParams.model_validate(model_words)
    own = _view(candidate, standardizer, target)
    written = training.model_dump(include=training.model_fields_set)
    words = {**training_words, **written, "temperature": False, "members": 1}
    full = TrainingParams.model_validate(words).completed(model, own.task, validated=True)
    return Contender(name, own, model, full)


def _view(candidate: Candidate, standardizer: Standardizer, target: np.ndarray) -> Standardizer:
    """The standardizer as a candidate takes it: fewer features, or another target."""
    changes: dict[str, object] = {"reference": None, "made_with": None}
    if not candidate.bins:
        changes["columns"] = [
            column.model_copy(update={"edges": None}) if _binned(column) else column
            for column in standardizer.columns
        ]
    if candidate.logarithm:
        curve = fit_log_curve(target)
        changes |= {"target_curve": curve, "target_center": 0.0, "target_scale": 1.0}
    if standardizer.classes is not None:
        task = "ordinal" if candidate.ordered else "classification"
        schema = standardizer.table_schema.model_copy(update={"task": task})
        changes["table_schema"] = schema
    return standardizer.model_copy(update=changes)
