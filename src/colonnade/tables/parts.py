"""Ways of giving rows to parts: by chance, by group, by time, or as a column says.

Shape: each way gives (n_rows,) names out of train, validation, test.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from colonnade.errors import DataError
from colonnade.parameters import nearest
from colonnade.tables.dates import read_dates
from colonnade.tables.draws import random_draw, stratified_draw
from colonnade.tables.problems import quoted

PARTS = ("train", "validation", "test")
UNUSED = "unused"
"""Rows of no part: repeated ones that were dropped, or those in a fold's future."""

_WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "unused": UNUSED,
}


def part_column(parts: np.ndarray, index: pd.Index) -> pd.Series:
    """Names of parts as a categorical column: one byte a row."""
    return pd.Series(pd.Categorical(parts, categories=[*PARTS, UNUSED]), index=index)


def draw_parts(
    n_rows: int, n_test: int, n_validation: int, strata: np.ndarray | None, seed: int
) -> np.ndarray:
    """Rows drawn by chance; the validation rows from those that the test left, by the same seed.

    Args: strata: (n_rows,) codes whose proportions every part keeps, or None.
    """
    parts = np.full(n_rows, "train", dtype=object)
    for name, n_drawn in (("test", n_test), ("validation", n_validation)):
        if not n_drawn:
            continue
        free = np.flatnonzero(parts == "train")
        if strata is None:
            drawn = random_draw(len(free), n_drawn, seed)
        else:
            drawn = stratified_draw(strata[free], n_drawn, seed)
        parts[free[drawn]] = name
    return parts


def group_parts(groups: np.ndarray, n_test: int, n_validation: int, seed: int) -> np.ndarray:
    """Whole groups drawn by chance until a part comes nearest to its number of rows.

    Args: groups: (n_rows,) codes from 0.

    Raises: DataError if there are fewer groups than parts.
    """
    n_groups = int(groups.max()) + 1
    wanted = [(name, n) for name, n in (("test", n_test), ("validation", n_validation)) if n]
    if n_groups <= len(wanted):
        raise DataError(
            f"`split.column` has {n_groups} groups, fewer than the {len(wanted) + 1} parts. "
            "Set `split.validation_fraction: 0`, or choose another column."
        )
    sizes = np.bincount(groups)
    order = np.random.default_rng(seed).permutation(n_groups)
    of_group = np.full(n_groups, "train", dtype=object)
    for place, (name, n_rows) in enumerate(wanted):
        free = order[of_group[order] == "train"]
        # at least one group here, and one for each part still to come
        most = len(free) - (len(wanted) - place)
        rows = np.cumsum(sizes[free[:most]])
        taken = int(np.argmin(np.abs(rows - n_rows))) + 1
        of_group[free[:taken]] = name
    return np.asarray(of_group[groups])


def time_parts(times: np.ndarray, n_test: int, n_validation: int) -> np.ndarray:
    """The last rows are tested, those before them validated; equal moments stay in one part.

    Raises: DataError if one moment holds so many rows that a part is empty.
    """
    parts = np.full(len(times), "train", dtype=object)
    ordered = np.sort(times)
    end = len(times)
    for name, n_rows in (("test", n_test), ("validation", n_validation)):
        if not n_rows:
            continue
        start = ordered[max(end - n_rows, 0)]
        parts[(times >= start) & (parts == "train")] = name
        end = int(np.searchsorted(ordered, start))
        if end == 0:
            raise DataError(
                "`split.column`: too many rows have the same time for a split by time. "
                "Choose another column or strategy."
            )
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
            f"column '{name}': {quoted(wrong)} is no part. Write train, validation or test."
        )
    return parts.to_numpy(dtype=object)


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
