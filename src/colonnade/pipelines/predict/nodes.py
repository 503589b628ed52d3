"""The node of the prediction pipeline."""

import logging
from typing import Any

import pandas as pd

from colonnade.errors import ParameterError
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.tables.schema.problems import plural
from colonnade.tables.source import SYNTHETIC, RawTable
from colonnade.training.models.batch import Batch, predict_batch
from colonnade.training.models.conformal import fewest_errors
from colonnade.training.models.trained import TrainedModel

logger = logging.getLogger(__name__)

SET_ASIDE, REFUSE = "set_aside", "refuse"


def predict(
    model: TrainedModel, rows: RawTable | pd.DataFrame, params: EvaluationParams, bad_rows: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Predict every row; columns that the model does not read, such as an id, are carried along."""
    if bad_rows not in (SET_ASIDE, REFUSE):
        raise ParameterError(f"`bad_rows` is {SET_ASIDE} or {REFUSE} (got {bad_rows!r}).")
    name = model.table or model.standardizer.target
    logger.info("%s: %s", name, model.describe_origin())
    if _trained_on_drawn_rows(model):
        logger.warning(
            "%s: the model was trained on a synthetic sample: of real rows it knows nothing. Train "
            "on your own: kedro run --pipeline %s --params raw=FILE",
            name,
            name,
        )
    raw = RawTable.of(rows, f"{model.table}.rows" if model.table else "rows")
    batch = predict_batch(
        model, raw, coverage=params.prediction_interval, refuse=bad_rows == REFUSE
    )
    for message in _describe_batch(batch, len(raw.frame) + len(raw.set_aside)):
        logger.warning("%s: %s", raw.source.name, message)
    if model.standardizer.task == "regression":
        logger.info(_describe_interval(model, params.prediction_interval))
    return batch.predictions, batch.predictions, batch.refused


def _trained_on_drawn_rows(model: TrainedModel) -> bool:
    reference = model.standardizer.reference
    source = None if reference is None else reference.source
    return source is not None and source.note == SYNTHETIC


def _describe_batch(batch: Batch, n_rows: int) -> list[str]:
    """Rows that were set aside, and columns that have another name now."""
    messages = [
        f"column '{old}' has the name of an output column, and is kept as '{new}'"
        for old, new in batch.renamed.items()
    ]
    if n_refused := batch.n_refused:
        first = batch.refused.iloc[0]
        column = f"column '{first['column']}', " if first["column"] else ""
        messages.append(
            f"{n_refused} of {n_rows} {plural('row', n_rows)} cannot be predicted and "
            f"{'was' if n_refused == 1 else 'were'} set aside (predictions_refused.csv), as "
            f"{column}{first['reason']}"
        )
    return messages


def _describe_interval(model: TrainedModel, coverage: float) -> str:
    """What the interval is and rests on, or why there is none."""
    half, held_out = model.half_width(coverage), model.held_out
    if held_out is None:
        return "no interval: no rows were held out. Raise split.validation_fraction and train again"
    if half is None:
        return (
            f"no interval: {coverage:g} needs {fewest_errors(coverage)} validation rows, and there "
            f"were {held_out.n_rows}. Lower evaluation.prediction_interval, or raise "
            "split.validation_fraction and train again"
        )
    return (
        f"interval: prediction +- {half:.6g} should cover {coverage:.4g} of new rows, from errors "
        f"on {held_out.n_rows} {held_out.origin}"
        f"{model.interval_caveat and '; it may cover somewhat fewer: '}{model.interval_caveat}"
    )
