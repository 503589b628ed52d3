"""Turn the cells of one column into what its kind says, noting every cell that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.parameters import nearest
from colonnade.tables.dates import read_dates
from colonnade.tables.problems import Problems, plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from colonnade.tables.schema import ColumnParams, SchemaParams

FLOAT32_MAX = float(np.finfo(np.float32).max)
EXACT_WHOLE = 2**53
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?\d+$"
_SHORT_WHOLE = r"^-?\d{1,18}$"  # fits into 64 bits
_INFINITE = r"^(?i)[+-]?(inf|infinity|∞)$"
_GROUPED = r"^[+-]?\d{1,3}([,' ]\d{3})+(\.\d+)?$"
_COMMA = r"^[+-]?\d+,\d+$"
TRUE_WORDS = ("true", "yes", "y", "t", "1", "1.0", "on", "ja", "oui", "是", "真")
FALSE_WORDS = ("false", "no", "n", "f", "0", "0.0", "off", "nein", "non", "否", "假")


@dataclass(frozen=True)
class Column:
    """One column under examination: its name, its meaning, and where its problems go."""

    name: str
    params: ColumnParams
    schema: SchemaParams
    problems: Problems
    key: str
    """Where the YAML speaks of it, for the advice in errors."""

    def refuse(self, wrong: np.ndarray, cells: pd.Series, what: str, cure: str) -> None:
        """Note the cells where `wrong` is true."""
        rows = np.flatnonzero(wrong)
        if len(rows):
            values = cells.iloc[rows[:3]].tolist()
            self.problems.add_cells(self.name, rows, values, what, cure)


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
    missing = values.isna().to_numpy()
    if not missing.any():
        return
    # a cell already refused for another reason is not missing as well
    missing = missing & is_missing(cells, column.schema.missing_words)
    if missing.all():
        column.problems.add(
            f"column '{column.name}' has no value in any row. Set `{column.key}.kind: ignored`."
        )
        return
    words = "category" if column.params.kind == "categorical" else "mean, median"
    cure = f"Fill it in, or set `{column.key}.missing` to {words} or constant."
    column.refuse(missing, cells, "is no value", cure)


def as_text(cells: pd.Series) -> pa.Array:
    """Cells as trimmed Arrow text, nulls kept; whole floats lose their ".0"."""
    if pd.api.types.is_float_dtype(cells.dtype):
        whole = cells.dropna() == cells.dropna().round()
        if whole.all():
            cells = cells.astype("Int64")
    text = pa.array(cells.astype("str"), type=pa.string(), from_pandas=True)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    return pc.utf8_trim_whitespace(text)


def is_missing(cells: pd.Series, words: list[str]) -> np.ndarray:
    """Where a cell holds no value, or a word for it."""
    missing: np.ndarray = cells.isna().to_numpy(dtype=bool)
    if not _is_text(cells):
        return missing
    known = pa.array([word.lower() for word in words])
    found: np.ndarray = missing | _mask(pc.is_in(pc.utf8_lower(as_text(cells)), value_set=known))
    return found


def _is_text(cells: pd.Series) -> bool:
    dtype = cells.dtype
    return isinstance(dtype, pd.CategoricalDtype) or dtype == "str" or dtype.kind == "O"


def _mask(flags: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), dtype=bool)


def _matches(text: pa.Array, pattern: str) -> np.ndarray:
    return _mask(pc.match_substring_regex(text, pattern))


def _read_identifier(cells: pd.Series, column: Column) -> pd.Series:
    if not _is_text(cells):
        return cells
    return text_series(as_text(cells), is_missing(cells, column.schema.missing_words), cells.index)


def text_series(text: pa.Array, missing: np.ndarray, index: pd.Index) -> pd.Series:
    """Arrow text as a column of pandas, NA where a value is missing."""
    if missing.any():
        text = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)
    return pd.Series(text.to_numpy(zero_copy_only=False), index=index, dtype="str")


def read_numbers(cells: pd.Series, column: Column) -> pd.Series:
    """Numbers: int64 where every cell is a whole number, else float64."""
    numbers = _text_to_numbers(cells, column) if _is_text(cells) else _typed_numbers(cells, column)
    values = numbers.to_numpy()
    if values.dtype.kind == "f":
        beyond = np.abs(values) > FLOAT32_MAX
        column.refuse(
            beyond,
            cells,
            "is infinite or beyond 3.4e38, the largest number that the model can hold",
            "Correct it.",
        )
    low, high = column.params.minimum, column.params.maximum
    if low is not None:
        what = f"is below the minimum {low:g}"
        column.refuse(values < low, cells, what, f"Correct it, or change `{column.key}.minimum`.")
    if high is not None:
        what = f"is above the maximum {high:g}"
        column.refuse(values > high, cells, what, f"Correct it, or change `{column.key}.maximum`.")
    return numbers


def _typed_numbers(cells: pd.Series, column: Column) -> pd.Series:
    if cells.dtype.kind == "M":
        column.problems.add(
            f"column '{column.name}' holds dates. Set `{column.key}.kind: datetime`."
        )
        return pd.Series(np.nan, index=cells.index)
    if cells.isna().any():
        return cells.astype("float64")
    if cells.dtype.kind in "iu":
        large = (cells > EXACT_WHOLE) | (cells < -EXACT_WHOLE)
        _refuse_inexact(large.to_numpy(dtype=bool), cells, column)
    if cells.dtype.kind in "biu":
        return cells.astype("int64")
    return cells.astype("float64")


def _refuse_inexact(large: np.ndarray, cells: pd.Series, column: Column) -> None:
    column.refuse(
        large,
        cells,
        "is a whole number beyond 2^53 = 9007199254740992, where digits get lost",
        f"Correct it; a number that only names the row is `{column.key}.kind: identifier`.",
    )


def _text_to_numbers(cells: pd.Series, column: Column) -> pd.Series:
    text = as_text(cells)
    if column.schema.decimal == ",":
        text = pc.replace_substring(text, ",", ".")
    if _matches(text, _SHORT_WHOLE).all():
        whole = pc.cast(text, pa.int64()).to_numpy(zero_copy_only=False)
        _refuse_inexact(np.abs(whole) > EXACT_WHOLE, cells, column)
        return pd.Series(whole, index=cells.index)
    is_number = _matches(text, _NUMBER)
    refused = ~is_number & ~is_missing(cells, column.schema.missing_words)
    if refused.any():
        _refuse_words(refused, text, cells, column)
    numbers = pc.cast(pc.if_else(pa.array(is_number), text, None), pa.float64())
    values = numbers.to_numpy(zero_copy_only=False)
    large = np.abs(values) > EXACT_WHOLE
    if large.any():
        _refuse_inexact(large & _matches(text, _WHOLE), cells, column)
        values = np.where(large & _matches(text, _WHOLE), np.nan, values)
    return pd.Series(values, index=cells.index)


def _refuse_words(refused: np.ndarray, text: pa.Array, cells: pd.Series, column: Column) -> None:
    infinite = refused & _matches(text, _INFINITE)
    grouped = refused & _matches(text, _GROUPED)
    comma = refused & ~grouped & _matches(text, _COMMA)
    column.refuse(infinite, cells, "is not a finite number", "Correct it, or leave the cell empty.")
    column.refuse(
        grouped,
        cells,
        "is not a number to a computer",
        "Write it without marks between thousands.",
    )
    column.refuse(
        comma,
        cells,
        "is not a number",
        "Write it with a point, or set `schema.decimal: ','` if a comma is the mark everywhere.",
    )
    column.refuse(
        refused & ~infinite & ~grouped & ~comma,
        cells,
        "is not a number",
        f"Correct it, or set `{column.key}.kind: categorical` if the column holds words.",
    )


def _read_booleans(cells: pd.Series, column: Column) -> pd.Series:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells
    text = pc.utf8_lower(as_text(cells))
    true = _mask(pc.is_in(text, value_set=pa.array(TRUE_WORDS)))
    false = _mask(pc.is_in(text, value_set=pa.array(FALSE_WORDS)))
    missing = is_missing(cells, column.schema.missing_words)
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
    text = as_text(cells)
    missing = is_missing(cells, column.schema.missing_words)
    allowed = [str(value) for value in column.params.values or []]
    if allowed:
        known = _mask(pc.is_in(text, value_set=pa.array(allowed)))
        missing &= ~known  # a category may be called "None" or "NA" where `values` says so
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
    missing = is_missing(cells, column.schema.missing_words)
    text = text_series(as_text(cells), missing, cells.index)
    dates, trouble = read_dates(text, column.params.format)
    if trouble:
        column.problems.add(
            f"column '{column.name}': {trouble} Set `{column.key}.format`, such as '%d/%m/%Y'."
        )
        return dates
    column.refuse(
        dates.isna().to_numpy() & ~missing,
        cells,
        "is not a date written like the others",
        f"Write every date alike, or set `{column.key}.format`.",
    )
    return dates


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
    "identifier": _read_identifier,
}
