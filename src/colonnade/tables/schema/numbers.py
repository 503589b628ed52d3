"""Read numbers exactly, and refuse what only looks like one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.tables.schema.column import Column, as_text, is_missing, is_text, matches

FLOAT32_MAX = float(np.finfo(np.float32).max)
EXACT_WHOLE = 2**53
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?\d+$"
_SHORT_WHOLE = r"^-?\d{1,18}$"  # fits into 64 bits
_INFINITE = r"^(?i)[+-]?(inf|infinity|∞)$"
_GROUPED = r"^[+-]?\d{1,3}([,' ]\d{3})+(\.\d+)?$"
_COMMA = r"^[+-]?\d+,\d+$"
_DATE = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ].*)?$"


def read_numbers(cells: pd.Series, column: Column) -> pd.Series:
    """Numbers: int64 where every cell is a whole number, else float64."""
    numbers = _text_to_numbers(cells, column) if is_text(cells) else _typed_numbers(cells, column)
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


def read_weights(cells: pd.Series, column: Column) -> pd.Series:
    """How much each row counts: float64, none below 0."""
    weights = read_numbers(cells, column).astype("float64")
    what, cure = "is a weight below 0", "Correct it; a row of weight 0 is left out."
    column.refuse((weights < 0).to_numpy(), cells, what, cure)
    return weights


def _typed_numbers(cells: pd.Series, column: Column) -> pd.Series:
    if cells.dtype.kind == "M":
        column.problems.add(
            f"column '{column.name}' holds dates: {column.advice('datetime', 'for it')}."
        )
        return pd.Series(np.nan, index=cells.index)
    if cells.dtype.kind not in "biuf":
        column.problems.add(
            f"column '{column.name}' holds {cells.dtype}, which is not numeric. Convert it first."
        )
        return pd.Series(np.nan, index=cells.index)
    if not isinstance(cells.dtype, np.dtype) and cells.hasnans:
        if cells.dtype.kind in "iu":
            _refuse_inexact(_beyond_exact(cells.fillna(0).to_numpy()), cells, column)
        cells = cells.astype("float64")
    if cells.dtype.kind == "f":
        return cells if cells.dtype == "float64" else cells.astype("float64")
    values = cells.to_numpy()
    if len(values) and (values.max() > EXACT_WHOLE or values.min() < -EXACT_WHOLE):
        _refuse_inexact(_beyond_exact(values), cells, column)
    return cells if cells.dtype == "int64" else cells.astype("int64")


def _beyond_exact(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = (values > EXACT_WHOLE) | (values < -EXACT_WHOLE)
    return found


def _refuse_inexact(large: np.ndarray, cells: pd.Series, column: Column) -> None:
    column.refuse(
        large,
        cells,
        "is a whole number beyond 2^53 = 9007199254740992, where digits are lost",
        f"Correct it, or {column.advice('identifier', 'if the number only names the row')}.",
    )


def _text_to_numbers(cells: pd.Series, column: Column) -> pd.Series:
    given = as_text(cells)
    text = column.number_format.plain(given)
    plain = _plain_numbers(text)
    if plain is not None:
        if plain.dtype.kind == "i":
            _refuse_inexact(np.abs(plain) > EXACT_WHOLE, cells, column)
        return pd.Series(plain, index=cells.index)
    is_number = matches(text, _NUMBER)
    refused = ~is_number & ~is_missing(cells, column.missing_words)
    if refused.any():
        _refuse_words(refused, given, cells, column)
    numbers = pc.cast(pc.if_else(pa.array(is_number), text, None), pa.float64())
    values = numbers.to_numpy(zero_copy_only=False)
    large = np.abs(values) > EXACT_WHOLE
    if large.any():
        _refuse_inexact(large & matches(text, _WHOLE), cells, column)
        values = np.where(large & matches(text, _WHOLE), np.nan, values)
    return pd.Series(values, index=cells.index)


def _refuse_words(refused: np.ndarray, text: pa.Array, cells: pd.Series, column: Column) -> None:
    infinite = refused & matches(text, _INFINITE)
    if not column.number_format.is_plain:
        _refuse_unlike(refused & ~infinite, cells, column)
        refused = infinite
    grouped = refused & matches(text, _GROUPED)
    comma = refused & ~grouped & matches(text, _COMMA)
    date = refused & matches(text, _DATE)
    cure = "." if column.params.kind == "weight" else ", or leave the cell empty."
    column.refuse(infinite, cells, "is not a finite number", f"Correct it{cure}")
    column.refuse(
        grouped,
        cells,
        "is not a plain number",
        f"Write it without marks between thousands, or set `{column.key}.thousands`.",
    )
    column.refuse(
        comma,
        cells,
        "is not a number",
        f"Write it with a point, or set `{column.key}.decimal: ','` if a comma is the mark in "
        "every cell.",
    )
    column.refuse(
        date,
        cells,
        "is a date, not a number",
        f"Correct it, or {column.advice('datetime', 'if the column holds dates')}.",
    )
    column.refuse(
        refused & ~infinite & ~grouped & ~comma & ~date,
        cells,
        "is not a number",
        f"Correct it, or {column.advice('categorical', 'if the column holds words')}.",
    )


def _refuse_unlike(refused: np.ndarray, cells: pd.Series, column: Column) -> None:
    """Note cells that are not written as the YAML says that the column's numbers are."""
    format = column.number_format
    words = [f"decimals after {format.decimal!r}"]
    words += [f"{format.thousands!r} between thousands"] if format.thousands else []
    words += [f"with the unit {format.unit!r}"] if format.unit else []
    keys = ", ".join(word for word in ("decimal", "thousands", "unit") if getattr(format, word))
    column.refuse(
        refused,
        cells,
        f"is not a number written as in this column: {', '.join(words)}",
        f"Correct it, or change `{column.key}` ({keys}).",
    )


def _plain_numbers(text: pa.Array) -> np.ndarray | None:
    """The numbers of a column where every cell is a finite one; None where not. The fast way."""
    if text.null_count:
        return None
    try:
        values: np.ndarray = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    if not np.isfinite(values).all():
        return None
    if (values == np.trunc(values)).all() and matches(text, _SHORT_WHOLE).all():
        whole: np.ndarray = pc.cast(text, pa.int64()).to_numpy(zero_copy_only=False)
        return whole
    return None if (np.abs(values) > EXACT_WHOLE).any() else values
