"""Where the model fails: the slices that it predicts worst, and its most confident mistakes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from colonnade.evaluation.metrics.formatting import span
from colonnade.evaluation.observations import weight_column
from colonnade.messages.catalog import _
from colonnade.tables.features.row_weights import worth_in_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from colonnade.evaluation.observations import Array
    from colonnade.tables.schema.table_schema import Task

_BINS = 4
_MOST_VALUES = 8
_LEAST_ROWS = 10
_MOST_DECIMALS = 6
# About 80 slices are compared: a deviation that one in a thousand reaches by chance is rare here.
_BEYOND_CHANCE = 3.0


class Slice(BaseModel):
    """Rows with like values in one column, and the headline metric among them."""

    model_config = ConfigDict(frozen=True)

    feature: str
    values: str
    rows: int
    metric: float
    overall: float
    beyond_chance: bool


class Mistake(BaseModel):
    """A row on which the model was wrong, and how sure it was.

    `certainty` is the probability of the predicted class; for a number, the absolute error.
    """

    model_config = ConfigDict(frozen=True)

    row: str
    actual: str
    prediction: str
    certainty: float
    values: dict[str, str]


def weakest_slices(
    predictions: pd.DataFrame, raw: pd.DataFrame, features: list[str], task: Task, most: int = 10
) -> list[Slice]:
    """Slices whose errors exceed the average by most standard errors, the worst first.

    Args: predictions: rows of one part. raw: the same rows of the typed table, in the same order.
    """
    errors, weights = row_errors(predictions, task), weight_column(predictions)
    if len(errors) < 2 * _LEAST_ROWS or errors.std() == 0:
        return []
    overall = float(np.average(errors, weights=weights))
    found = []
    for feature in features:
        for values, inside in _bins(raw[feature]):
            n = int(inside.sum())
            if not _LEAST_ROWS <= n < len(errors):
                continue
            own = None if weights is None else weights[inside]
            mean = float(np.average(errors[inside], weights=own))
            worth = n if own is None else worth_in_rows(own)
            excess = (mean - overall) / (errors.std() / np.sqrt(worth))
            found.append((excess, feature, values, n, mean))
    found.sort(key=lambda one: -one[0])
    return [
        Slice(
            feature=feature,
            values=values,
            rows=n,
            metric=_metric(mean, task),
            overall=_metric(overall, task),
            beyond_chance=bool(excess > _BEYOND_CHANCE),
        )
        for excess, feature, values, n, mean in found[:most]
        if excess > 1
    ]


def confident_mistakes(
    predictions: pd.DataFrame, raw: pd.DataFrame, features: list[str], task: Task, most: int = 20
) -> list[Mistake]:
    """The mistakes of which the model was surest, or the largest errors of numbers.

    Args: features: columns whose values are shown beside each mistake.
    """
    certainty = row_errors(predictions, task) ** 0.5
    if task != "regression":
        probabilities = predictions.filter(regex=r"^probability_").to_numpy()
        wrong = certainty > 0
        certainty = np.where(wrong, probabilities.max(axis=1, initial=0), 0.0)
    order = np.argsort(-certainty, kind="stable")[:most]
    shown = _to_digits_of(certainty) if task == "regression" else str
    return [
        Mistake(
            row=str(predictions["row"].iloc[i]),
            actual=shown(predictions["actual"].iloc[i]),
            prediction=shown(predictions["prediction"].iloc[i]),
            certainty=float(certainty[i]),
            values={feature: format_cell(raw[feature].iloc[i]) for feature in features},
        )
        for i in order
        if certainty[i] > 0
    ]


def _to_digits_of(errors: Array) -> Callable[[float], str]:
    """Writes numbers with the decimals that a typical error has in three digits."""
    typical = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    decimals = max(0, 2 - math.floor(math.log10(typical))) if 0 < typical < math.inf else 2

    def shown(value: float) -> str:
        text = f"{value:z,.{decimals}f}" if decimals < _MOST_DECIMALS else f"{value:.5g}"
        return text.replace("-", "\N{MINUS SIGN}")

    return shown


def row_errors(predictions: pd.DataFrame, task: Task) -> Array:
    """One for a wrong class, zero for a right one; the squared error of a number."""
    if task == "regression":
        return ((predictions["prediction"] - predictions["actual"]) ** 2).to_numpy(dtype=float)
    return (predictions["prediction"] != predictions["actual"]).to_numpy(dtype=float)


def format_value(value: object) -> str:
    """A cell as text, numbers to five digits, large ones whole."""
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    return f"{number:,.0f}" if 99_999.5 <= abs(number) < 1e15 else f"{number:.5g}"


def format_cell(value: object) -> str:
    """A feature's cell as text: a boolean, by whatever words its file has it, is yes or no."""
    if isinstance(value, bool | np.bool_):
        return _("yes") if value else _("no")
    return format_value(value)


def _metric(mean_error: float, task: Task) -> float:
    return float(np.sqrt(mean_error) if task == "regression" else 1 - mean_error)


def _bins(values: pd.Series) -> Iterator[tuple[str, Array]]:
    """Quarters of a column of numbers, or its most frequent values, each with its rows."""
    present = values.dropna()
    if present.nunique() > _MOST_VALUES and pd.api.types.is_numeric_dtype(values):
        ends = np.unique(np.quantile(present.to_numpy(dtype=float), np.linspace(0, 1, _BINS + 1)))
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        for k, (low, high) in enumerate(pairwise(ends)):
            above = numbers >= low if k == 0 else numbers > low
            yield span(format_value(low), format_value(high)), above & (numbers <= high)
    elif not pd.api.types.is_datetime64_any_dtype(values):
        for value in present.value_counts().index[:_MOST_VALUES]:
            yield format_cell(value), (values == value).to_numpy(dtype=bool, na_value=False)
    if values.isna().any():
        yield _("missing"), values.isna().to_numpy()
