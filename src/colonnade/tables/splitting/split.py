"""Give each row to one part: train, validation or test."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.errors import DataError, ParameterError
from colonnade.tables.schema.problems import listed, plural, quoted
from colonnade.tables.splitting.duplicates import repeated_rows, telling_shared_rows
from colonnade.tables.splitting.kfold import fold_parts
from colonnade.tables.splitting.strategies import (
    NONE,
    PARTS,
    TEST,
    TRAIN,
    UNUSED,
    SplitParams,
    all_rows,
    column_parts,
    draw_parts,
    group_codes,
    group_parts,
    moments,
    part_column,
    rare_rows,
    strata_of,
    stretch_parts,
    time_parts,
)

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import SchemaParams

__all__ = ["PARTS", "UNUSED", "SplitParams", "rows_of", "split_table"]

log = logging.getLogger(__name__)


def split_table(table: pd.DataFrame, schema: SchemaParams, params: SplitParams) -> pd.DataFrame:
    """The part of each row: train, validation, test, or unused.

    Shape: table (n_rows, ...) -> (n_rows, 1 + folds * repeats): "part", then "fold_1" ..., where
        each column says what the rows are in that fold.
    Raises: DataError if there are too few rows, groups or moments, or a class has no train row.
    """
    rows, used = table, np.arange(len(table))
    if params.drop_duplicates:
        used = np.flatnonzero(~repeated_rows(table, schema))
        rows = table.iloc[used]
    split = pd.DataFrame({"part": _spread(_parts(rows, schema, params), used, table)})
    if params.folds and schema.task == "anomaly":
        raise ParameterError("split.folds does not go with `schema.task: anomaly`: set it to 0.")
    if params.folds:
        for place, parts in enumerate(fold_parts(rows, schema, params), 1):
            _refuse_unseen_classes(rows, parts, schema, f"fold {place}")
            split[f"fold_{place}"] = _spread(parts, used, table)
    _warn_of_shared_rows(table, split, schema)
    return split


def rows_of(
    table: pd.DataFrame, split: pd.DataFrame, part: str, column: str = "part"
) -> pd.DataFrame:
    """The table's rows of one part, in the table's order.

    Args: column: "part", or "fold_1" ... of a cross-validation.
    """
    return table[(split[column] == part).to_numpy()]


def _parts(table: pd.DataFrame, schema: SchemaParams, params: SplitParams) -> np.ndarray:
    n_test, n_validation = _sizes(len(table), params)
    if n_test + n_validation >= len(table):
        n_rows = len(table)
        raise DataError(
            f"the table has {n_rows} {plural('row', n_rows)}, of which the split leaves none to "
            "train on. Add rows, or lower `split.test_fraction` and `split.validation_fraction`."
        )
    if params.strategy == "column":
        parts = column_parts(table, str(params.column))
    elif params.strategy == "group":
        groups = group_codes(table, str(params.column))
        parts = group_parts(groups, n_test, n_validation, params.seed)
    elif params.strategy == "rolling":
        times = moments(table, str(params.column))
        start = np.sort(times)[-n_test] if n_test else np.inf
        window = params.window_of(len(table))
        parts = stretch_parts(times, start, np.inf, n_validation, window)
    elif params.forward:
        parts = time_parts(moments(table, str(params.column)), n_test, n_validation)
    else:
        parts = _drawn_parts(table, schema, params)
    if schema.label and schema.learn_from == "normal":
        parts[schema.is_odd(table[schema.label])] = TEST
    _refuse_unseen_classes(table, parts, schema)
    return parts


def _sizes(n_rows: int, params: SplitParams) -> tuple[int, int]:
    """How many of so many rows are tested, and how many validated."""
    return math.ceil(params.test_fraction * n_rows), math.ceil(params.validation_fraction * n_rows)


def _drawn_parts(table: pd.DataFrame, schema: SchemaParams, params: SplitParams) -> np.ndarray:
    """Rows drawn by chance, every class in its proportion; rare classes are train rows alone."""
    strata = strata_of(table, schema, params)
    if strata is None:
        return draw_parts(len(table), *_sizes(len(table), params), None, params.seed)
    n_parts = 1 + (params.test_fraction > 0) + (params.validation_fraction > 0)
    rare = rare_rows(strata, n_parts)
    if rare.any():
        _tell_rare_classes(table[schema.target], strata, rare, n_parts, schema)
    parts = all_rows(TRAIN, len(table))
    spread = np.flatnonzero(~rare)
    sizes = _sizes(len(spread), params)
    parts[spread] = draw_parts(len(spread), *sizes, strata[spread], params.seed)
    return parts


def _spread(parts: np.ndarray, used: np.ndarray, table: pd.DataFrame) -> pd.Series:
    """Parts of the used rows, put where they stand among all rows."""
    spread = all_rows(NONE, len(table))
    spread[used] = parts
    return part_column(spread, table.index)


def _tell_rare_classes(
    target: pd.Series, strata: np.ndarray, rare: np.ndarray, n_parts: int, schema: SchemaParams
) -> None:
    """Warn of classes with fewer rows than parts.

    Raises: DataError if the schema says so, or if fewer than two classes have more.
    """
    counts = target[rare].value_counts().sort_index()
    if schema.rare_classes == "error" or len(np.unique(strata[~rare])) < 2:
        raise DataError(
            f"column '{target.name}': class {quoted(label)} has {count} {plural('row', count)}, "
            f"fewer than the {n_parts} parts that need one each. Add rows of it, remove it, or set "
            "`split.strategy: random`."
            for label, count in counts.items()
        )
    log.warning(
        "column '%s': classes with fewer than %d rows are only in train, so that it is not "
        "measured how well they are predicted (`schema.rare_classes: drop` leaves them out): %s.",
        target.name,
        n_parts,
        listed([f"{quoted(label)} ({count})" for label, count in counts.items()]),
    )


def _refuse_unseen_classes(
    table: pd.DataFrame, parts: np.ndarray, schema: SchemaParams, where: str = "this split"
) -> None:
    if not (parts == TRAIN).any():
        raise DataError(f"{where} leaves no row to train on. Change `split`.")
    if schema.task in ("regression", "anomaly"):
        return
    labels = table[schema.target]
    unseen = set(labels[parts != NONE].unique()) - set(labels[parts == TRAIN].unique())
    if unseen:
        names = ", ".join(quoted(label) for label in sorted(unseen))
        raise DataError(
            f"column '{schema.target}': class {names} has no train row in {where}. "
            "Add rows of it, remove it, or change `split`."
        )


def _warn_of_shared_rows(table: pd.DataFrame, split: pd.DataFrame, schema: SchemaParams) -> None:
    for part, shared in telling_shared_rows(table, split, schema).items():
        if shared:
            n_rows = int((split["part"] == part).sum())
            log.warning(
                "%d of %d %s rows equal a train row, which inflates the metrics if they are "
                "copies: set `split.drop_duplicates: true`, or split by group.",
                shared,
                n_rows,
                part,
            )
