"""The node of the prediction pipeline."""

import logging

import pandas as pd

from colonnade.errors import DataError
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.tables.source import Source
from colonnade.training.models.conformal import fewest_errors
from colonnade.training.models.trained import TrainedModel

logger = logging.getLogger(__name__)


def predict(
    model: TrainedModel, rows: pd.DataFrame, params: EvaluationParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict every row; columns that the model does not read, such as an id, are carried along."""
    name = Source.of(rows).name
    if not len(rows):
        raise DataError(f"{name}: the table has no rows. Add rows to it.")
    known = {*model.standardizer.inputs, model.standardizer.target}
    carried = rows[[name for name in rows.columns if str(name).strip() not in known]]
    answers = model.predict(rows, coverage=params.prediction_interval)
    _refuse_clashes(carried, answers, name)
    if model.standardizer.task == "regression":
        logger.info(_interval_told(model, params.prediction_interval))
    predictions = pd.concat([carried, answers], axis=1)
    return predictions, predictions


def _refuse_clashes(carried: pd.DataFrame, answers: pd.DataFrame, name: str) -> None:
    problems = [
        f"{name}: column '{column}' has the name of an answer. Rename it, or leave it out."
        for column in answers.columns
        if column in carried.columns
    ]
    if problems:
        raise DataError(problems)


def _interval_told(model: TrainedModel, coverage: float) -> str:
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
        f"interval: prediction +- {half:.6g} should hold {coverage:.4g} of new rows, by the errors "
        f"on {held_out.n_rows} {held_out.origin}"
    )
