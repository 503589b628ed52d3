"""Refuse to judge a model by files that were made before or after it, of other rows.

A run may begin anywhere, as with `--from-nodes`, and read what earlier runs have left.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import ModelError
from colonnade.tables.source import rows_digest

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.training.models.trained import TrainedModel

_COMPARED = 200
"""So many predictions are made again: those of another model differ in the first ones."""


def refuse_other_rows(
    model: TrainedModel, train: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame
) -> None:
    """Refuse a model that may have learned from rows that are test rows now.

    Args: train, validation, test: as prepared for it.

    Raises: ModelError.
    """
    if model.trained_on is not None and model.trained_on != rows_digest(train, validation):
        raise ModelError(
            "the model was trained on other rows than the current train and validation rows: "
            "the table, its split or its standardizer has changed since. The model may have "
            f"seen test rows in training. Train again: {_again(model)}"
        )
    shared = test.index.isin(train.index.append(validation.index))
    if shared.any():
        raise ModelError(
            f"{shared.sum()} test rows are also train or validation rows: a run was interrupted "
            f"while writing them. Start again: {_again(model)}"
        )


def training_digest(model: TrainedModel) -> str:
    """SHA-256 of what the model was trained with and on."""
    parts = (model.model.model_dump_json(), model.training.model_dump_json(), model.trained_on)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def refuse_stale_cross_validation(model: TrainedModel, cross_validation: dict[str, Any]) -> None:
    """Refuse a cross-validation with other parameters, or of other rows, than the model's.

    Args: cross_validation: its document, with `training_digest` as its "recipe"; empty where there
        was none.

    Raises: ModelError.
    """
    if cross_validation and cross_validation.get("recipe") != training_digest(model):
        raise ModelError(
            "the cross-validation has other parameters, or other rows, than the model, which was "
            f"trained again since. Start there: {_again(model, 'evaluate.cross_validate')}"
        )


def refuse_stale_predictions(
    model: TrainedModel, primary: pd.DataFrame, split: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    """Refuse predictions that were made by another model, or of rows of another split or table.

    Args: predictions: as `evaluate_model` gives them.

    Raises: ModelError.
    """
    if not (_same_parts(primary, split, predictions) and _same_model(model, primary, predictions)):
        raise ModelError(
            "the evaluated rows do not match the current model, table and split: "
            f"one of them has changed since. Evaluate again: {_again(model, 'evaluate.evaluate')}"
        )


def _same_parts(primary: pd.DataFrame, split: pd.DataFrame, predictions: pd.DataFrame) -> bool:
    if len(primary) != len(split):
        return False
    judged = split["part"].isin(predictions["part"].unique()).to_numpy()
    now = dict(zip(primary.index[judged], split["part"][judged], strict=True))
    return now == dict(zip(predictions["row"], predictions["part"], strict=True))


def _same_model(model: TrainedModel, primary: pd.DataFrame, predictions: pd.DataFrame) -> bool:
    some = predictions.head(_COMPARED)
    predicted = model.predict_quietly(primary.loc[some["row"]])
    names = [name for name in predicted if str(name).startswith("probability_")] or ["prediction"]
    if not {*names} <= {*some.columns}:
        return False
    ours, theirs = (frame[names].to_numpy(dtype=np.float64) for frame in (predicted, some))
    return bool(np.allclose(ours, theirs, rtol=1e-6, atol=1e-6))


def _again(model: TrainedModel, stage: str = "") -> str:
    table = model.table or "TABLE"
    start = f" --from-nodes {table}.{stage}" if stage else ""
    return f"kedro run --pipeline {table}{start}"
