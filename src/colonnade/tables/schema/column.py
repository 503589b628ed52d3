"""One column under examination, and its cells as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.tables.schema.number_format import NumberFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.tables.schema.problems import Problems
    from colonnade.tables.schema.table_schema import ColumnParams, SchemaParams


@dataclass(frozen=True)
class Column:
    """One column under examination: its name, its meaning, and where its problems go."""

    name: str
    params: ColumnParams
    schema: SchemaParams
    problems: Problems
    key: str
    """Where the YAML speaks of it, for the advice in errors."""
    is_target: bool = False

    @property
    def missing_words(self) -> list[str]:
        """The words that mean "no value" in this column."""
        if self.is_target:
            return self.schema.unlabelled_cells()
        return [*self.schema.missing_words, *self.params.missing_words]

    @property
    def number_format(self) -> NumberFormat:
        """How the column's numbers are written."""
        params = self.params
        decimal = params.decimal or self.schema.decimal
        return NumberFormat(decimal, params.thousands or "", params.unit or "")

    def folded(self, text: pa.Array, spellings: Sequence[object]) -> pa.Array:
        """Words in the spelling given, else in small letters, where the YAML says `case: fold`."""
        if (self.schema if self.is_target else self.params).case != "fold":
            return text
        low = pc.utf8_lower(text)
        words = [str(word) for word in spellings]
        if not words:
            return low
        place = pc.index_in(low, value_set=pa.array([word.lower() for word in words]))
        return pc.coalesce(pc.take(pa.array(words), place), text)

    def advice(self, kind: str, when: str) -> str:
        """What to do about cells that are no numbers, unless they are a mistake."""
        if self.is_target:
            return "for classes to be predicted set `schema.task: classification`"
        words = f"`{self.key}.kind: {kind}`"
        if kind == "categorical" and self.schema.column(self.name).missing not in (
            "error",
            "category",
        ):
            words += " with `missing: category`"
        return f"set {words} {when}"

    def refuse(self, wrong: np.ndarray, cells: pd.Series, what: str, cure: str) -> None:
        """Note the cells where `wrong` is true."""
        rows = np.flatnonzero(wrong)
        if len(rows):
            values = cells.iloc[rows[:3]].tolist()
            self.problems.add_cells(self.name, rows, values, what, cure)


def as_text(cells: pd.Series) -> pa.Array:
    """Cells as trimmed Arrow text, nulls kept; whole floats lose their ".0"."""
    if pd.api.types.is_float_dtype(cells.dtype):
        known = cells.dropna()
        if np.isfinite(known).all() and (known == known.round()).all():
            cells = cells.astype("Int64")
    text = pa.array(cells.astype("str"), type=pa.string(), from_pandas=True)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    return pc.utf8_trim_whitespace(text)


def is_missing(cells: pd.Series, words: list[str]) -> np.ndarray:
    """Where a cell holds no value, or a word for it."""
    missing: np.ndarray = cells.isna().to_numpy(dtype=bool)
    if not is_text(cells):
        return missing
    known = pa.array([word.lower() for word in words])
    found: np.ndarray = missing | mask(pc.is_in(pc.utf8_lower(as_text(cells)), value_set=known))
    return found


def is_text(cells: pd.Series) -> bool:
    """Whether cells are words that are still to be read."""
    dtype = cells.dtype
    return isinstance(dtype, pd.CategoricalDtype) or dtype == "str" or dtype.kind == "O"


def mask(flags: pa.Array) -> np.ndarray:
    """Arrow's truth values as numpy's, null as false."""
    return np.asarray(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), dtype=bool)


def matches(text: pa.Array, pattern: str) -> np.ndarray:
    """Where a cell matches a regular expression."""
    return mask(pc.match_substring_regex(text, pattern))


def text_series(text: pa.Array, missing: np.ndarray, index: pd.Index) -> pd.Series:
    """Arrow text as a column of pandas, NA where a value is missing."""
    if missing.any():
        text = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)
    return pd.Series(text.to_numpy(zero_copy_only=False), index=index, dtype="str")
