"""One feature, one number: the learned line beside least squares and the truth, in raw units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.errors import ModelError

if TYPE_CHECKING:
    from colonnade.evaluation.metrics.groups import Values
    from colonnade.evaluation.observations import Observations, Predictor
    from colonnade.tables.features.transforms import NumberColumn
    from colonnade.tables.source import Source


@dataclass(frozen=True)
class LineData:
    """A table's only feature, and its rows as points: columns part, x and y, in raw units."""

    feature: str
    points: pd.DataFrame


def line_metrics(
    model: Predictor, train: Observations, source: Source | None = None
) -> dict[str, Values]:
    """Slope and intercept that the model learned, that least squares finds, and that are true.

    Returns: groups `line`, `least_squares` of the same train rows, and `true` if the source has
    it; nothing unless the model is linear in its only feature.
    Units: raw units of target and feature.
    """
    column = _only_column(model)
    found = linear_coefficients(model) if column is not None else None
    if column is None or found is None or len(train) < 2:
        return {}
    from sklearn.linear_model import LinearRegression

    slopes, intercept = found
    feature = column.name
    x = train.X.astype(np.float64) * column.scale.scale + column.scale.center
    fitted = LinearRegression().fit(x, train.actual, train.weights)
    lines = {
        "line": {"slope": slopes[feature], "intercept": intercept},
        "least_squares": {
            "slope": float(fitted.coef_[0]),
            "intercept": float(fitted.intercept_),
        },
    }
    if source is not None and feature in source.coefficients:
        lines["true"] = {"slope": source.coefficients[feature]}
        if source.intercept is not None:
            lines["true"]["intercept"] = source.intercept
    return dict(lines)


def line_data(model: Predictor, primary: pd.DataFrame, split: pd.DataFrame) -> LineData | None:
    """Rows as points; None unless there is one feature."""
    feature = only_feature(model)
    if feature is None or model.standardizer.task != "regression":
        return None
    points = pd.DataFrame(
        {
            "part": split["part"].to_numpy(),
            "x": primary[feature].to_numpy(dtype=np.float64),
            "y": primary[model.standardizer.target].to_numpy(dtype=np.float64),
        }
    )
    return LineData(feature, points)


def only_feature(model: Predictor) -> str | None:
    """The raw column that is the model's only feature, if there is one that is merely scaled."""
    column = _only_column(model)
    return None if column is None else column.name


def linear_coefficients(model: Any) -> tuple[dict[str, float], float] | None:
    """Slope of each raw column and the intercept, if the model is linear."""
    tell = getattr(model, "linear_coefficients", None)
    if tell is None:
        return None
    try:
        found: tuple[dict[str, float], float] = tell()
    except ModelError:
        return None
    return found


def _only_column(model: Predictor) -> NumberColumn | None:
    from colonnade.tables.features.transforms import NumberColumn

    columns = model.standardizer.columns
    if len(columns) != 1 or not isinstance(columns[0], NumberColumn):
        return None
    column = columns[0]
    bent = column.scale.log1p or column.scale.quantiles is not None
    return None if bent or len(column.outputs) > 1 or column.values else column
