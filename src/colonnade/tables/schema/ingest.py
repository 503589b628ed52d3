"""From raw cells to typed, checked columns, with every problem reported at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pandas as pd

from colonnade.errors import DataError
from colonnade.parameters import nearest
from colonnade.tables.schema.cells import read_cells
from colonnade.tables.schema.column import Column, is_missing
from colonnade.tables.schema.labels import FEWEST_OF_A_CLASS, read_target
from colonnade.tables.schema.problems import Problems, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

    from colonnade.tables.schema.table_schema import SchemaParams

log = logging.getLogger(__name__)

FEW_ROWS = 20
"""In fewer rows a column may be constant by chance."""


def ingest_table(
    raw: pd.DataFrame, schema: SchemaParams, *, name: str = "table", labeled: bool = True
) -> pd.DataFrame:
    """Typed columns in the schema's order, then the target.

    Args: raw: cells as text or typed. name: what errors call the table. labeled: False for rows to
        predict, which need no target.

    Shape: (n_rows, any columns) -> (n_rows, columns of the schema, and those it leaves open).
    Raises: DataError naming every problem of every column.
    """
    problems = Problems(name, raw.index)
    raw = raw.rename(columns=lambda given: str(given).strip())
    _check_shape(raw, problems)
    problems.raise_if_any()
    if labeled and schema.target and schema.unlabelled == "drop" and schema.target in raw:
        raw = _labeled_rows(raw, schema, name)
        _check_shape(raw, problems)
        problems.raise_if_any()
    typed = {}
    for given in _columns(raw, schema, labeled, problems):
        column = Column(given, schema.column(given), schema, problems, f"schema.columns.{given}")
        typed[given] = read_cells(raw[given], column)
    if labeled and schema.target in raw:
        params = schema.target_column()
        column = Column(schema.target, params, schema, problems, "schema", is_target=True)
        typed[schema.target] = read_target(raw[schema.target], column)
    problems.raise_if_any()
    # no copy: pandas copies a column when someone writes to it
    table = pd.DataFrame(typed, index=raw.index, copy=False)
    if labeled:
        table = _weighted_rows(table, schema, name)
        table = _common_classes(table, schema, name)
        _refuse_constants(table, schema, problems)
        problems.raise_if_any()
    table.index = pd.RangeIndex(len(table))
    return table


def read_columns(
    frame: pd.DataFrame,
    schema: SchemaParams,
    names: list[str],
    bearable: Collection[str] = (),
    *,
    table: str = "table",
) -> dict[str, pd.Series]:
    """The typed cells of the columns named, for rows that are to be predicted.

    Args: bearable: columns of which a missing cell stays missing, whatever the schema says of it.
        table: what errors call the rows.

    Raises: DataError naming every column missing and every cell that does not fit;
        BadCellsError if all that is wrong are cells.
    """
    problems = Problems(table, frame.index)
    present = {str(name).strip(): place for place, name in enumerate(frame.columns)}
    cells = [column for _, column in frame.items()]
    typed = {}
    for name in names:
        if name not in present:
            free = [other for other in present if other not in names]
            problems.add(
                f"there is no column '{name}', which the model needs.{_similar(name, free)}"
            )
            continue
        params = schema.column(name)
        if name in bearable and params.missing == "error":
            params = params.model_copy(update={"missing": "median"})
        column = Column(name, params, schema, problems, f"schema.columns.{name}")
        typed[name] = read_cells(cells[present[name]], column)
        if typed[name].name != name:
            typed[name] = typed[name].rename(name)
    if any("`schema." in str(problem) for problem in problems):
        problems.advise(
            "the model keeps the `schema` that it was trained with: after a change there, "
            "train again."
        )
    problems.raise_if_any()
    return typed


def _similar(name: str, free: list[str]) -> str:
    return f" {nearest(name, free)}" if free else ""


def _labeled_rows(raw: pd.DataFrame, schema: SchemaParams, name: str) -> pd.DataFrame:
    missing = is_missing(raw[schema.target], schema.unlabelled_cells())
    if missing.any():
        n_missing, n_rows = missing.sum(), len(raw)
        log.info("%s: rows without a label are dropped: %d of %d.", name, n_missing, n_rows)
    return raw[~missing]


def _weighted_rows(table: pd.DataFrame, schema: SchemaParams, name: str) -> pd.DataFrame:
    """The table without its rows of weight zero.

    Raises: DataError if no row is left.
    """
    if schema.weight is None:
        return table
    weightless = (table[schema.weight] == 0).to_numpy()
    if weightless.all():
        raise DataError(f"column '{schema.weight}': the weight of every row is zero.", name)
    if weightless.any():
        n_rows = len(table)
        log.info("%s: rows of weight 0 are left out: %d of %d.", name, weightless.sum(), n_rows)
    return table[~weightless]


def _common_classes(table: pd.DataFrame, schema: SchemaParams, name: str) -> pd.DataFrame:
    """The table without its rare classes, where the schema drops them."""
    if schema.rare_classes != "drop" or schema.task in ("regression", "anomaly"):
        return table
    counts = table[schema.target].value_counts()
    rare = counts[counts < FEWEST_OF_A_CLASS]
    if len(rare):
        shown = listed([quoted(label) for label in rare.index])
        n_rare, n_rows = int(rare.sum()), len(table)
        log.info(
            "%s: rows of rare classes are dropped: %d of %d (%s).", name, n_rare, n_rows, shown
        )
    return table[~table[schema.target].isin(rare.index)]


def _check_shape(raw: pd.DataFrame, problems: Problems) -> None:
    if not len(raw):
        problems.add("the table has no rows. Add rows to it.")
    for name in sorted(set(raw.columns[raw.columns.duplicated()])):
        times = list(raw.columns).count(name)
        problems.add(f"the header names '{name}' {times} times. Rename all but one.")


def _columns(
    raw: pd.DataFrame, schema: SchemaParams, labeled: bool, problems: Problems
) -> list[str]:
    """Names of the columns to read: the schema's first, then the others in the table's order."""
    present = list(raw.columns)
    if labeled and schema.target and schema.target not in present:
        problems.add(
            f"there is no column '{schema.target}', the `schema.target`. "
            f"{nearest(schema.target, present)}"
        )
    unread = ("ignored",) if labeled else ("ignored", "weight")
    kept = {name: column for name, column in schema.columns.items() if column.kind not in unread}
    for name in kept:
        if name not in present:
            taken = {*schema.columns, schema.target}
            free = [other for other in present if other not in taken]
            hint = nearest(name, free) if free else f"The table has {', '.join(present)}."
            problems.add(f"there is no column '{name}', which `schema.columns` names. {hint}")
    unnamed = [name for name in present if name not in schema.columns and name != schema.target]
    problems_before = bool(problems)
    if schema.others == "numeric":
        _refuse_nameless(unnamed, problems)
    if schema.others == "error" and not problems_before:
        for name in unnamed:
            problems.add(
                f"column '{name}' is not in `schema.columns`. "
                "Add it there; `kind: ignored` leaves it out."
            )
    others = unnamed if schema.others == "numeric" else []
    return [name for name in kept if name in present] + others


def _refuse_constants(table: pd.DataFrame, schema: SchemaParams, problems: Problems) -> None:
    for name, cells in table.items():
        if (
            name == schema.target
            or not schema.column(str(name)).is_feature
            or schema.is_pixel(str(name))
            or len(cells) < FEW_ROWS
        ):
            continue
        # most columns are cleared by their first rows, however long they are
        if _is_constant(cells.iloc[:FEW_ROWS]) and _is_constant(cells):
            problems.add(
                f"column '{name}' is {quoted(cells.iloc[0])} in every row: there is nothing to "
                f"learn from it. Set `schema.columns.{name}.kind: ignored`."
            )


def _is_constant(cells: pd.Series) -> bool:
    """Whether every cell holds the same value; one that is missing holds none."""
    return not cells.hasnans and bool(cells.eq(cells.iloc[0]).all())


def _refuse_nameless(names: list[str], problems: Problems) -> None:
    for name in names:
        if name.startswith("unnamed_"):
            problems.add(
                f"column {name.removeprefix('unnamed_')} has no name (row numbers, perhaps). "
                f"Name it, or set `schema.columns.{name}.kind: ignored`."
            )
