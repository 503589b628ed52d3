"""Fit each column's transform on train rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from colonnade.errors import DataError
from colonnade.parameters import Params
from colonnade.tables.features.target_curve import LogCurve
from colonnade.tables.features.transforms import (
    DAY,
    CategoryColumn,
    DateColumn,
    FittedColumn,
    NumberColumn,
    Scale,
    StepColumn,
    microseconds_of,
    numbers_of,
    signed_log1p,
)
from colonnade.tables.schema.dates import read_dates

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import ColumnParams

NumericMethod = Literal["standard", "robust", "quantile", "none"]
CategoricalMethod = Literal["onehot", "embedding"]
OrderedMethod = Literal["codes", "onehot", "thermometer"]

MOST_QUANTILES = 1000


class ColumnStandardizeParams(Params):
    """What becomes of one column, where it differs from its kind."""

    numeric: NumericMethod | None = None
    log1p: bool | None = None
    bins: int | None = Field(None, ge=0)
    categorical: CategoricalMethod | None = None
    minimum_count: int | None = Field(None, ge=1)
    ordered: OrderedMethod | None = None


class StandardizeParams(Params):
    """What becomes of each kind of column before the model sees it."""

    numeric: NumericMethod = "standard"
    """Of numbers, and of truth values unless it is robust or quantile, which do not suit them."""
    log1p: bool = False
    """Whether log(1 + x) comes first; below 0 it is mirrored."""
    bins: int = Field(0, ge=0)
    """So many bins of equally many train rows stand beside each number, for the network to bend at:
    how far the number has come through each."""
    categorical: CategoricalMethod = "onehot"
    minimum_count: int = Field(1, ge=1)
    """Categories with fewer train rows are pooled with those never seen."""
    ordered: OrderedMethod = "codes"
    target: Literal["standard", "none", "log", "quantile"] = "standard"
    """What is learned of a number: it is centered and scaled, by itself or as log(1 + x), mirrored
    below 0; or the normal deviate of its rank. Predictions are in raw units, and means."""
    columns: dict[str, ColumnStandardizeParams] = Field(default_factory=dict)

    def of(self, name: str) -> StandardizeParams:
        """The parameters that hold for one column."""
        own = self.columns.get(name)
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


def fit_column(
    name: str, cells: pd.Series, column: ColumnParams, params: StandardizeParams
) -> FittedColumn:
    """The transform of one typed column.

    Raises: DataError if the column has no value to learn from.
    """
    if cells.isna().all() and column.missing in ("mean", "median"):
        raise DataError(
            f"column '{name}' has no value in any train row, so it has no {column.missing}. "
            f"Set `schema.columns.{name}.missing: constant`, or `kind: ignored`."
        )
    if column.kind == "categorical":
        return _fit_categories(name, cells, column, params)
    if column.kind == "datetime":
        return _fit_dates(name, cells, column, params)
    if column.kind == "ordered":
        return _fit_ordered(name, cells, column, params)
    return _fit_numbers(name, cells, column, params)


def fit_scale(values: np.ndarray, method: NumericMethod, log1p: bool = False) -> Scale:
    """Center and spread of train values, or their quantiles.

    Shape: (n_rows,), none missing.
    """
    if log1p:
        values = signed_log1p(values)
    if method == "none":
        return Scale(log1p=log1p)
    if method == "quantile":
        ranks = np.linspace(0, 100, min(MOST_QUANTILES, len(values)))
        quantiles = np.maximum.accumulate(np.percentile(values, ranks))
        return Scale(log1p=log1p, quantiles=quantiles.tolist())
    center, scale = _robust(values) if method == "robust" else _standard(values)
    return Scale(log1p=log1p, center=float(center), scale=float(scale))


def fit_log_curve(numbers: np.ndarray) -> LogCurve:
    """The curve of numbers whose logarithm is learned.

    Shape: (n_rows,), none missing.
    """
    scale = fit_scale(numbers, "standard", log1p=True)
    return LogCurve(center=scale.center, scale=scale.scale)


def _standard(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation, bit for bit those of StandardScaler.

    Source: sklearn.utils.extmath._incremental_mean_and_var, sklearn.preprocessing.StandardScaler.
    """
    n_rows = len(values)
    mean = values.sum() / n_rows
    rest = values - mean
    # ddof=0: StandardScaler divides by n; the correction removes the rounding of the mean
    variance = ((rest**2).sum() - rest.sum() ** 2 / n_rows) / n_rows
    eps = np.finfo(np.float64).eps
    constant = variance <= n_rows * eps * variance + (n_rows * mean * eps) ** 2
    return mean, 1.0 if constant else np.sqrt(variance)


def _robust(values: np.ndarray) -> tuple[float, float]:
    """Median and interquartile range.

    Source: sklearn.preprocessing.RobustScaler.
    """
    lower, upper = np.percentile(values, (25.0, 75.0))
    spread = upper - lower
    return float(np.median(values)), spread if spread > 10 * np.finfo(np.float64).eps else 1.0


def _fit_numbers(
    name: str, cells: pd.Series, column: ColumnParams, params: StandardizeParams
) -> NumberColumn:
    values = numbers_of(cells)
    fill, indicator = _fill(values, column, column.fill)
    method = params.numeric
    if column.kind == "boolean" and method in ("robust", "quantile"):
        method = "standard"
    log1p = params.log1p and column.kind == "numeric"
    filled = np.where(np.isnan(values), fill, values) if fill is not None else values
    scale = fit_scale(filled, method, log1p)
    edges = fit_edges(filled, params.bins) if column.kind == "numeric" else None
    return NumberColumn(name=name, fill=fill, indicator=indicator, scale=scale, edges=edges)


def fit_edges(values: np.ndarray, bins: int) -> list[float] | None:
    """Quantiles of train values between which lie equally many; None where there is but one bin.

    Shape: (n_rows,), none missing.
    """
    if bins < 2 or len(np.unique(values)) < 3:
        return None
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    return edges.tolist() if len(edges) > 2 else None


def _fill(
    values: np.ndarray, column: ColumnParams, constant: float | str | None
) -> tuple[float | None, bool]:
    """What stands for a missing value, and whether a column marks that it was missing."""
    if column.missing == "error":
        return None, False
    missing = np.isnan(values)
    if column.missing == "constant":
        fill = float(constant or 0)
    elif column.missing == "mean":
        fill = float(np.nanmean(values))
    else:
        fill = float(np.nanmedian(values))
    return fill, bool(column.indicator and missing.any())


def _fit_ordered(
    name: str, cells: pd.Series, column: ColumnParams, params: StandardizeParams
) -> NumberColumn | StepColumn:
    values = [str(value) for value in column.values or []]
    codes = numbers_of(cells, values)
    constant = values.index(str(column.fill)) if column.fill is not None else None
    fill, indicator = _fill(codes, column, constant)
    if fill is not None and column.missing == "median":
        fill = float(np.floor(fill))  # the median of an even number of rows may fall between values
    if params.ordered != "codes":
        thermometer = params.ordered == "thermometer"
        return StepColumn(
            name=name, values=values, fill=fill, indicator=indicator, thermometer=thermometer
        )
    filled = np.where(np.isnan(codes), fill, codes) if fill is not None else codes
    scale = fit_scale(filled, "none" if params.numeric == "none" else "standard")
    return NumberColumn(name=name, values=values, fill=fill, indicator=indicator, scale=scale)


def _fit_categories(
    name: str, cells: pd.Series, column: ColumnParams, params: StandardizeParams
) -> CategoryColumn:
    fill = str(column.fill) if column.missing == "constant" else None
    counts = (cells if fill is None else cells.fillna(fill)).value_counts()
    frequent = counts[counts >= params.minimum_count].sort_index()
    # an embedding's untrained vector is next to nothing already
    embedded = params.categorical == "embedding"
    all_known = not embedded and 0 < len(frequent) == len(counts)
    return CategoryColumn(
        name=name,
        categories=[str(category) for category in frequent.index],
        fill=fill,
        own_missing=column.missing == "category",
        shares=(frequent / frequent.sum()).tolist() if all_known else None,
        embedded=embedded,
    )


def _fit_dates(
    name: str, cells: pd.Series, column: ColumnParams, params: StandardizeParams
) -> DateColumn:
    missing = cells.isna().to_numpy()
    moments = microseconds_of(cells)
    known = moments[~missing] if not missing.all() else np.zeros(1, dtype=np.int64)
    fill = _date_fill(known, column)
    origin = int(known.min())
    filled = np.where(missing, fill, moments) if fill is not None else moments
    scale = fit_scale((filled - origin) / DAY, "none" if params.numeric == "none" else "standard")
    clock = bool((known % DAY != 0).any())
    return DateColumn(
        name=name,
        origin=origin,
        cycles=["year", "week", "day"] if clock else ["year", "week"],
        fill=fill,
        indicator=bool(column.missing != "error" and column.indicator and missing.any()),
        scale=scale,
    )


def _date_fill(known: np.ndarray, column: ColumnParams) -> int | None:
    if column.missing == "constant":
        dates, _ = read_dates(pd.Series([str(column.fill)], dtype="str"), column.format)
        return int(microseconds_of(dates)[0])
    if column.missing in ("mean", "median"):
        middle = np.mean if column.missing == "mean" else np.median
        # from the earliest moment, so that the sum keeps its digits
        return int(known.min() + middle(known - known.min()))
    return None
