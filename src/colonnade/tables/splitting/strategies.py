"""Ways of giving rows to parts: by chance, by group, by time, or as a column says.

Shape: each way gives (n_rows,) int8 places in CATEGORIES: a byte a row, where names would be eight.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from colonnade.errors import DataError
from colonnade.parameters import Params, nearest
from colonnade.tables.schema.dates import read_dates
from colonnade.tables.schema.problems import plural, quoted
from colonnade.tables.splitting.sampling import random_draw, stratified_draw

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import SchemaParams

PARTS = ("train", "validation", "test")
UNUSED = "unused"
"""Rows of no part: repeated ones that were dropped, or those in a fold's future."""

CATEGORIES = (*PARTS, UNUSED)
TRAIN, VALIDATION, TEST, NONE = range(len(CATEGORIES))

_WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
    "unused": NONE,
}


Fraction = Annotated[float, Field(ge=0, lt=1)]


class SplitParams(Params):
    """How rows are given to parts; fractions are of all rows."""

    strategy: Literal[
        "auto", "stratified", "random", "group", "time", "expanding", "rolling", "column"
    ] = "auto"
    """auto: stratified for classes, random for a number. group: rows of one group stay together.
    time: the last rows are tested. expanding, rolling: so they are, and each of the folds tests a
    later stretch of time: after learning from all before it, or from a window of one length, as
    the model itself does. column: a column of the table names each row's part."""
    column: str | None = None
    """The column that holds the group, the time or the part."""
    test_fraction: Fraction = 0.2
    validation_fraction: Fraction = 0.1
    seed: int = Field(42, ge=0, lt=2**31)
    folds: int | None = Field(None, ge=2, le=100)
    """Cross-validation: each row is tested in one of so many folds, beside the split above."""
    repeats: int = Field(1, ge=1, le=100)
    """How often cross-validation is repeated on rows shuffled again."""
    window: float | None = Field(None, gt=0, lt=1)
    """Of rolling: the share of all rows that is learned from, those for validation included; by
    default as many as lie before the first fold."""
    drop_duplicates: bool = False
    """Whether a row that equals an earlier one is left out."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.test_fraction + self.validation_fraction >= 1:
            raise ValueError(
                f"test_fraction {self.test_fraction:g} and validation_fraction "
                f"{self.validation_fraction:g} leave no rows to train on"
            )
        needs_column = self.forward or self.strategy in ("group", "column")
        if needs_column != (self.column is not None):
            raise ValueError(
                "`column` goes with the strategies group, time, expanding, rolling and column, "
                "which need it"
            )
        if self.folds and self.strategy == "column":
            raise ValueError("`folds` does not go with `strategy: column`")
        if self.strategy in ("expanding", "rolling") and not self.folds:
            raise ValueError(
                f"`strategy: {self.strategy}` is about `folds`, and needs their number; "
                "`strategy: time` does without"
            )
        if self.window and self.strategy != "rolling":
            raise ValueError("`window` goes with `strategy: rolling`")
        if self.repeats > 1 and (not self.folds or self.forward):
            raise ValueError("`repeats` needs `folds`, and rows that may be shuffled")
        return self

    @property
    def forward(self) -> bool:
        """Whether later rows are tested by what was learned from earlier ones."""
        return self.strategy in ("time", "expanding", "rolling")

    @property
    def shuffled(self) -> bool:
        """Whether rows are given to parts by chance, one by one."""
        return self.strategy in ("auto", "stratified", "random")

    def window_of(self, n_rows: int) -> int | None:
        """How many of so many rows are learned from before a test; None: all that are earlier."""
        if self.strategy != "rolling":
            return None
        if self.window:
            return math.ceil(self.window * n_rows)
        n_folds = int(self.folds or 1)
        return n_rows - n_folds * (n_rows // (n_folds + 1))


def all_rows(part: int, n_rows: int) -> np.ndarray:
    """So many rows of one part."""
    return np.full(n_rows, part, dtype=np.int8)


def part_column(parts: np.ndarray, index: pd.Index) -> pd.Series:
    """The parts by name, as a categorical column."""
    codes = parts.astype(np.int8, copy=False)
    named = pd.Categorical.from_codes(codes, categories=pd.Index(CATEGORIES))
    return pd.Series(named, index=index)


def strata_of(table: pd.DataFrame, schema: SchemaParams, params: SplitParams) -> np.ndarray | None:
    """Class codes to keep in proportion, or None where rows are drawn without regard to them."""
    if schema.task in ("regression", "anomaly"):
        if params.strategy == "stratified":
            raise DataError(
                "`split.strategy: stratified` needs classes, and "
                f"{'the target is a number' if schema.target else 'an anomaly has none'}. "
                "Set it to random."
            )
        return None
    codes, _ = pd.factorize(table[schema.target], sort=True)
    return np.asarray(codes) if params.strategy in ("auto", "stratified") else None


def rare_rows(strata: np.ndarray, fewest: int) -> np.ndarray:
    """Where a row is of a class that has fewer rows than that.

    Shape: (n_rows,) codes from 0 -> (n_rows,) of truth values.
    """
    return np.asarray(np.bincount(strata)[strata] < fewest)


def draw_parts(
    n_rows: int, n_test: int, n_validation: int, strata: np.ndarray | None, seed: int
) -> np.ndarray:
    """Rows drawn by chance; the validation rows from those that the test left, by the same seed.

    Args: strata: (n_rows,) codes whose proportions every part keeps, or None.
    """
    parts = all_rows(TRAIN, n_rows)
    for part, n_drawn in ((TEST, n_test), (VALIDATION, n_validation)):
        if not n_drawn:
            continue
        free = np.flatnonzero(parts == TRAIN)
        if strata is None:
            drawn = random_draw(len(free), n_drawn, seed)
        else:
            drawn = stratified_draw(strata[free], n_drawn, seed)
        parts[free[drawn]] = part
    return parts


def group_parts(groups: np.ndarray, n_test: int, n_validation: int, seed: int) -> np.ndarray:
    """Whole groups drawn by chance until a part comes nearest to its number of rows.

    Args: groups: (n_rows,) codes from 0.

    Raises: DataError if there are fewer groups than parts.
    """
    n_groups = int(groups.max()) + 1
    wanted = [(part, n) for part, n in ((TEST, n_test), (VALIDATION, n_validation)) if n]
    if n_groups <= len(wanted):
        raise DataError(
            f"`split.column` has {n_groups} {plural('group', n_groups)}, "
            f"fewer than the {len(wanted) + 1} parts. "
            "Set `split.validation_fraction: 0`, or choose another column."
        )
    sizes = np.bincount(groups)
    order = np.random.default_rng(seed).permutation(n_groups)
    of_group = all_rows(TRAIN, n_groups)
    for place, (part, n_rows) in enumerate(wanted):
        free = order[of_group[order] == TRAIN]
        # at least one group here, and one for each part still to come
        most = len(free) - (len(wanted) - place)
        rows = np.cumsum(sizes[free[:most]])
        taken = int(np.argmin(np.abs(rows - n_rows))) + 1
        of_group[free[:taken]] = part
    return np.asarray(of_group[groups])


def time_parts(times: np.ndarray, n_test: int, n_validation: int) -> np.ndarray:
    """The last rows are tested, those before them validated; equal moments stay in one part.

    Raises: DataError if one moment holds so many rows that a part is empty.
    """
    parts = all_rows(TRAIN, len(times))
    ordered = np.sort(times)
    end = len(times)
    for part, n_rows in ((TEST, n_test), (VALIDATION, n_validation)):
        if not n_rows:
            continue
        start = ordered[max(end - n_rows, 0)]
        parts[(times >= start) & (parts == TRAIN)] = part
        end = int(np.searchsorted(ordered, start))
        if end == 0:
            raise DataError(
                "`split.column`: too many rows have the same time for a split by time. "
                "Choose another column or strategy."
            )
    return parts


def stretch_parts(
    times: np.ndarray, start: float, end: float, n_validation: int, window: int | None
) -> np.ndarray:
    """Rows from a moment to before another are tested, earlier ones learned from.

    Args: n_validation: how many of all rows would be validated: as large a share of those used is.
        window: of the rows before the start so many are used, and those of the same moment as the
        first of these; None: all.
    """
    ordered = np.sort(times)
    used = times < end
    if window is not None:
        used &= times >= ordered[max(int(np.searchsorted(ordered, start)) - window, 0)]
    places = np.flatnonzero(used)
    n_tested = int((times[places] >= start).sum())
    share = math.ceil(n_validation * len(places) / len(times))
    parts = all_rows(NONE, len(times))
    parts[places] = time_parts(times[places], n_tested, share)
    return parts


def column_parts(table: pd.DataFrame, name: str) -> np.ndarray:
    """Parts as a column of the table names them.

    Raises: DataError for a name that is no part.
    """
    words = _column(table, name).astype("str").str.strip().str.lower()
    parts = words.map(_WORDS)
    if parts.isna().any():
        wrong = table[name][parts.isna()].iloc[0]
        raise DataError(
            f"column '{name}': {quoted(wrong)} is not a part. Write train, validation or test."
        )
    return parts.to_numpy(dtype=np.int8)


def group_codes(table: pd.DataFrame, name: str) -> np.ndarray:
    """The group of each row, as codes from 0 in order of appearance."""
    codes, _ = pd.factorize(_column(table, name))
    return np.asarray(codes)


def moments(table: pd.DataFrame, name: str) -> np.ndarray:
    """The time of each row, from dates, numbers, or text that holds dates."""
    cells = _column(table, name)
    if cells.dtype.kind in "iuf":
        return cells.to_numpy(dtype=np.float64)
    if cells.dtype.kind != "M":
        dates, doubt = read_dates(cells.astype("str"))
        if doubt or dates.isna().any():
            raise DataError(
                f"column '{name}' does not hold times that can be put in order. "
                f"Set `schema.columns.{name}.kind: datetime` and its `format`. {doubt}".rstrip()
            )
        cells = dates
    return cells.to_numpy(dtype="datetime64[us]").astype(np.int64)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise DataError(
            f"`split.column`: the table has no column '{name}' "
            f"(ignored ones are left out; `kind: identifier` keeps them). "
            f"{nearest(name, [str(known) for known in table.columns])}"
        )
    missing = int(table[name].isna().sum())
    if missing:
        raise DataError(
            f"column '{name}' has no value in {missing} rows: fill it in to split by it."
        )
    return table[name]
