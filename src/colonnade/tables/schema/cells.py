"""Turn the cells of one column into what its kind says, noting every cell that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.parameters import nearest
from colonnade.tables.schema.column import Column, as_text, is_missing, is_text, mask, text_series
from colonnade.tables.schema.dates import has_short_years, lone_reading, read_dates, zoned
from colonnade.tables.schema.numbers import read_numbers, read_weights
from colonnade.tables.schema.problems import plural

if TYPE_CHECKING:
    from collections.abc import Callable

TRUE_WORDS = ("true", "yes", "y", "t", "1", "1.0", "on", "ja", "oui", "是", "真")
FALSE_WORDS = ("false", "no", "n", "f", "0", "0.0", "off", "nein", "non", "否", "假")


def read_cells(cells: pd.Series, column: Column) -> pd.Series:
    """The column's typed values; missing ones are NaN, NaT or NA.

    Shape: (n_rows,) -> the same, in the same order.
    """
    values = _READERS[column.params.kind](cells, column)
    if column.params.missing == "error" and column.params.kind != "identifier":
        _refuse_missing(values, cells, column)
    if column.params.unique:
        column.refuse(
            values.duplicated(keep="first").to_numpy(),
            cells,
            "stands in an earlier row too",
            f"Remove the repeated row, or drop `{column.key}.unique`.",
        )
    return values


def _refuse_missing(values: pd.Series, cells: pd.Series, column: Column) -> None:
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biu":
        return
    missing = values.isna().to_numpy()
    if not missing.any():
        return
    # a cell already refused for another reason is not missing as well
    missing = missing & is_missing(cells, column.missing_words)
    if missing.all() and len(missing) > 1:
        column.problems.add(
            f"column '{column.name}' has no value in any row. Set `{column.key}.kind: ignored`."
        )
        return
    if column.params.kind == "weight":
        column.refuse(missing, cells, "is no weight", "Fill it in; 0 leaves the row out.")
        return
    words = "category" if column.params.kind == "categorical" else "mean, median"
    cure = f"Fill it in, or set `{column.key}.missing` to {words} or constant."
    column.refuse(missing, cells, "counts as missing", cure)


def _read_identifier(cells: pd.Series, column: Column) -> pd.Series:
    if not is_text(cells):
        return cells
    return text_series(as_text(cells), is_missing(cells, column.missing_words), cells.index)


def _read_booleans(cells: pd.Series, column: Column) -> pd.Series:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells
    text = pc.utf8_lower(as_text(cells))
    true = mask(pc.is_in(text, value_set=pa.array(TRUE_WORDS)))
    false = mask(pc.is_in(text, value_set=pa.array(FALSE_WORDS)))
    missing = is_missing(cells, column.missing_words)
    column.refuse(
        ~true & ~false & ~missing,
        cells,
        "is neither true nor false",
        "Write true or false, yes or no, 1 or 0.",
    )
    if (true | false).all():
        return pd.Series(true, index=cells.index)
    return pd.Series(pd.array(true, dtype="boolean"), index=cells.index).mask(~true & ~false)


def _read_categories(cells: pd.Series, column: Column) -> pd.Series:
    allowed = [str(value) for value in column.params.values or []]
    text = column.folded(as_text(cells), allowed)
    missing = is_missing(cells, column.missing_words)
    if allowed:
        known = mask(pc.is_in(text, value_set=pa.array(allowed)))
        missing = missing & ~known  # a category may be called "None" or "NA" where `values` says so
        unknown = ~known & ~missing
        if unknown.any():
            first = str(text[int(np.flatnonzero(unknown)[0])])
            column.refuse(
                unknown,
                cells,
                f"is none of the {len(allowed)} {plural('value', len(allowed))} of "
                f"`{column.key}.values`",
                nearest(first, allowed),
            )
    return text_series(text, missing, cells.index)


def _read_datetimes(cells: pd.Series, column: Column) -> pd.Series:
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return _plain_dates(cells)
    missing = is_missing(cells, column.missing_words)
    text = text_series(as_text(cells), missing, cells.index)
    dates, trouble = read_dates(text, column.params.format, column.params.latest_year)
    if not trouble and column.params.format is None:
        trouble = lone_reading(text.dropna())
    if trouble:
        column.problems.add(
            f"column '{column.name}': {trouble} Set `{column.key}.format`, such as '%d/%m/%Y'."
        )
        return dates
    _refuse_unlike_times(dates, text, cells, column)
    column.refuse(
        dates.isna().to_numpy() & ~missing,
        cells,
        "is not a date written like the others",
        f"Write every date alike, or set `{column.key}.format`.",
    )
    return dates


def _refuse_unlike_times(
    dates: pd.Series, text: pd.Series, cells: pd.Series, column: Column
) -> None:
    """Note times without a zone beside such with one, and years that are in doubt."""
    known = text.notna().to_numpy()
    with_zone = np.zeros(len(text), dtype=bool)
    if column.params.format is None:
        with_zone[known] = zoned(text[known])
    if with_zone.any():
        column.refuse(
            known & ~with_zone,
            cells,
            "names no time zone, as other cells of the column do",
            "Write the zone in every cell, or in none.",
        )
    if has_short_years(column.params.format) and column.params.latest_year is None:
        now = np.datetime64("now")
        column.refuse(
            dates.to_numpy() > now,
            cells,
            "lies in the future, if its year is read as usual (69 is 1969, 68 is 2068)",
            f"Set `{column.key}.latest_year` to the last year that two digits may mean.",
        )


def _plain_dates(cells: pd.Series) -> pd.Series:
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
    return cells.astype("datetime64[us]")


_READERS: dict[str, Callable[[pd.Series, Column], pd.Series]] = {
    "numeric": read_numbers,
    "boolean": _read_booleans,
    "categorical": _read_categories,
    "ordered": _read_categories,
    "datetime": _read_datetimes,
    "weight": read_weights,
    "identifier": _read_identifier,
}
