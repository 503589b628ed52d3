"""Find columns that a model should not learn from: copies of the target, and running numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.messages.catalog import _
from colonnade.tables.schema.labels import FEWEST_OF_A_CLASS, classes_of, codes_of
from colonnade.tables.schema.problems import listed, quoted

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import SchemaParams

MOST_ROWS = 5000
"""So many rows, evenly drawn, tell what is suspicious."""
FEWEST_ROWS = 20
N_BINS = 20
MOST_VALUES = 50
"""A column with more values is put into bins."""
ALONE = 0.98
"""The share of what the commonest class gets wrong that a column must get right alone."""
COPY = 0.999
"""The correlation from which a column is nearly a copy of a number to be predicted."""
FEW_OF_A_CLASS = 10
"""With fewer rows, one or two of a class are tested."""
_RARE = 5
"""So many rows beside the commonest class are needed to say so."""


def suspicious_columns(table: pd.DataFrame, schema: SchemaParams) -> list[str]:
    """Sentences on columns that may be copies of the target, or known only after it, or that count.

    Args: table: (n_rows, ...) typed, as ingest leaves it.
    """
    table = evenly_drawn(table)
    names = [
        str(name)
        for name in table.columns
        if name != schema.target and schema.column(str(name)).is_feature
    ]
    if len(table) < FEWEST_ROWS:
        return []
    sentences = [_suspect_running(table[name]) for name in names]
    if len(names) > 1 and schema.target:  # what a single column tells is all that there is
        judge, target = _suspect_copy, table[schema.target]
        if schema.task != "regression":
            judge, target = _suspect_alone, _codes(table, schema)
            # one row of a rare class, which no column can tell, would hide that it tells the others
            often = (target.map(target.value_counts()) >= _RARE).to_numpy()
            table, target = table[often], target[often]
        sentences += [judge(table[name], target, schema) for name in names]
    return [sentence for sentence in sentences if sentence]


def small_classes(labels: pd.Series) -> list[str]:
    """Sentences on classes that are tested, and hardly learned, since they have so few rows."""
    counts = labels.value_counts(sort=False).sort_index()
    few = counts[(counts >= FEWEST_OF_A_CLASS) & (counts < FEW_OF_A_CLASS)]
    if not len(few):
        return []
    shown = listed([f"{quoted(str(value))} ({count} rows)" for value, count in few.items()])
    return [
        f"Column '{labels.name}': too few rows to learn a class from, and to judge by: {shown}. "
        "Add rows, or join it with another class."
    ]


def evenly_drawn(table: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_ROWS rows, evenly spaced, in their order."""
    if len(table) <= MOST_ROWS:
        return table
    return table.iloc[np.linspace(0, len(table) - 1, MOST_ROWS).astype(np.int64)]


def _suspect_running(cells: pd.Series) -> str:
    if cells.dtype.kind not in "iu" or not (
        cells.is_monotonic_increasing or cells.is_monotonic_decreasing
    ):
        return ""
    if not cells.is_unique:
        return ""
    return _(
        "Column '{name}' rises or falls with every row: if it is a running number, set "
        "`schema.columns.{name}.kind: identifier`, since new rows lie beyond it.", name=cells.name,
    )  # fmt: skip


def _suspect_copy(cells: pd.Series, target: pd.Series, schema: SchemaParams) -> str:
    known = cells.notna()
    if cells.dtype.kind not in "iuf" or known.sum() < FEWEST_ROWS:
        return ""
    pairs = pd.DataFrame({"x": cells[known], "y": target[known]}).astype(np.float64)
    if pairs.nunique().min() < MOST_VALUES / 5:
        return ""
    found = max(abs(_correlation(pairs)), abs(_correlation(pairs.rank())))
    if found < COPY:
        return ""
    what = _("Column '{name}' is nearly a copy of '{target}'", **_named(cells, schema))
    return _advice(what, cells)


def _correlation(pairs: pd.DataFrame) -> float:
    return float(np.corrcoef(pairs.to_numpy().T)[0, 1])


def _suspect_alone(cells: pd.Series, target: pd.Series, schema: SchemaParams) -> str:
    if cells.hasnans and _skill(cells.isna().to_numpy(np.int64), target.to_numpy()) >= ALONE:
        what = _(
            "Whether column '{name}' has a value predicts '{target}' almost alone",
            **_named(cells, schema),
        )
        return _advice(what, cells)
    if _skill(_bins(cells), target.to_numpy()) >= ALONE:
        what = _("Column '{name}' predicts '{target}' almost alone", **_named(cells, schema))
        return _advice(what, cells)
    return ""


def _named(cells: pd.Series, schema: SchemaParams) -> dict[str, object]:
    return {"name": cells.name, "target": schema.target}


def _advice(what: str, cells: pd.Series) -> str:
    return _(
        "{what}: if it is made from the target, or known only after it, set "
        "`schema.columns.{name}.kind: ignored`.", what=what, name=cells.name,
    )  # fmt: skip


def _codes(table: pd.DataFrame, schema: SchemaParams) -> pd.Series:
    target = table[schema.target]
    return codes_of(target, classes_of(target, schema), schema.target)


def _bins(cells: pd.Series) -> np.ndarray:
    """A code for each value, or for each of twenty ranges that hold as many rows; 0 is missing."""
    if cells.dtype.kind in "iufM" and cells.nunique() > MOST_VALUES:
        ranges = pd.qcut(cells, N_BINS, labels=False, duplicates="drop")
        return ranges.fillna(-1).to_numpy(np.int64) + 1
    codes = pd.factorize(cells)[0]
    return np.asarray(codes + 1)


def _skill(bins: np.ndarray, codes: np.ndarray) -> float:
    """What of the commonest class's errors the commonest class of each bin gets right.

    Learned from half of the rows, judged on the others.

    Shape: (n_rows,) and (n_rows,), codes from 0.
    """
    half = np.random.default_rng(0).permutation(len(codes)) % 2 == 0
    counts = np.zeros((bins.max() + 1, codes.max() + 1), dtype=np.int64)
    np.add.at(counts, (bins[half], codes[half]), 1)
    commonest = int(np.bincount(codes[half]).argmax())
    predicted = np.where(counts.any(axis=1), counts.argmax(axis=1), commonest)
    judged, truth = predicted[bins[~half]], codes[~half]
    n_wrong = int((truth != commonest).sum())
    return 1 - (judged != truth).sum() / n_wrong if n_wrong >= _RARE else 0.0
