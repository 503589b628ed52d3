"""What the train rows looked like, column by column: what new rows are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from colonnade.tables.features.transforms import microseconds_of, numbers_of
from colonnade.tables.source import Source  # pydantic reads it

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import ColumnParams, SchemaParams

N_QUANTILES = 101
MOST_VALUES = 10_000
"""Of a column with more values the commonest are kept; then no value is called unseen."""


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ColumnReference(_Described):
    """One raw column in the train rows: its quantiles or the shares of its values.

    Units: those of the column; of dates microseconds since 1970.
    """

    missing: float
    """Share of the rows without a value."""
    quantiles: list[float] | None = None
    """Of numbers and dates, at evenly spaced ranks: the least, ..., the median, ..., the greatest;
    none where no row had a value."""
    shares: dict[str, float] | None = None
    """Of words and truth values: the share of each among the rows that had one."""
    n_more: int = 0
    """How many rarer values `shares` leaves out."""
    refuse_missing: bool = True
    """Whether a missing cell is refused: the YAML says `missing: error`."""

    @property
    def median(self) -> float | None:
        """The middle value of numbers and dates, if any row had one."""
        return self.quantiles[N_QUANTILES // 2] if self.quantiles else None

    def fill(self, column: ColumnParams) -> Any:
        """What stands for a missing cell where no train row missed one; None: no known value.

        The median; of truth values the commoner one; of categories none, which is the model's
        unknown category.
        """
        if column.kind == "datetime":
            return None if self.median is None else pd.Timestamp(round(self.median), unit="us")
        shares = self.shares or {}
        if column.kind == "boolean":
            return shares.get("true", 0.0) >= shares.get("false", 0.0)
        if column.kind == "ordered":
            values = [str(value) for value in column.values or []]
            below = np.cumsum([shares.get(value, 0.0) for value in values])
            return values[int(np.searchsorted(below, 0.5))]
        return self.median  # of words there is none


class Reference(_Described):
    """The train rows: how many, where from, and each column that the model reads."""

    n_rows: int
    columns: dict[str, ColumnReference]
    target: ColumnReference
    source: Source | None = None


def describe_rows(
    train: pd.DataFrame, inputs: list[str], schema: SchemaParams, source: Source | None = None
) -> Reference:
    """Describe the train rows.

    Args: train: typed. inputs: the columns that the model reads. source: of the whole table.

    Shape: train (n_rows, columns).
    """
    columns = {name: describe_column(train[name], schema.column(name)) for name in inputs}
    numeric = schema.task == "regression"
    if not schema.target:
        return Reference(
            n_rows=len(train), columns=columns, target=ColumnReference(missing=0.0), source=source
        )
    target = _numbers(train[schema.target]) if numeric else _values(train[schema.target])
    return Reference(n_rows=len(train), columns=columns, target=target, source=source)


def describe_column(cells: pd.Series, column: ColumnParams) -> ColumnReference:
    """Describe one typed column.

    >>> from colonnade.tables.schema.table_schema import ColumnParams
    >>> found = describe_column(pd.Series([3.0, 1.0, None, 2.0]), ColumnParams(missing="median"))
    >>> found.missing, found.quantiles[0], found.median, found.quantiles[-1]
    (0.25, 1.0, 2.0, 3.0)
    """
    words = column.kind in ("categorical", "ordered", "boolean")
    found = _values(cells) if words else _numbers(cells)
    # who wrote nothing of missing cells has not refused them
    refuse = column.missing == "error" and "missing" in column.model_fields_set
    return found.model_copy(update={"refuse_missing": refuse})


def as_numbers(cells: pd.Series) -> np.ndarray:
    """Typed numbers or dates as float64, NaN where a value is missing.

    Units: of dates microseconds since 1970.
    """
    if cells.dtype.kind != "M":
        return numbers_of(cells)
    return np.where(cells.isna().to_numpy(), np.nan, microseconds_of(cells))


def as_words(cells: pd.Series) -> pd.Index[str]:
    """Typed words, or truth values as words; NaN where a value is missing."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        cells = cells.map({True: "true", False: "false"})
    words: pd.Index[str] = pd.Index(cells, dtype="str")
    return words


def _numbers(cells: pd.Series) -> ColumnReference:
    values = as_numbers(cells)
    known = np.sort(values[~np.isnan(values)])
    quantiles = None
    if len(known):
        places = np.linspace(0, len(known) - 1, N_QUANTILES)
        quantiles = np.interp(places, np.arange(len(known)), known).tolist()
    return ColumnReference(missing=_share(len(known), len(cells)), quantiles=quantiles)


def _values(cells: pd.Series) -> ColumnReference:
    counts = as_words(cells).value_counts()
    kept = counts.head(MOST_VALUES) / max(1, counts.sum())
    return ColumnReference(
        missing=_share(counts.sum(), len(cells)),
        shares={str(value): float(share) for value, share in kept.items()},
        n_more=len(counts) - len(kept),
    )


def _share(n_known: int, n_rows: int) -> float:
    return 1 - int(n_known) / n_rows if n_rows > n_known else 0.0
