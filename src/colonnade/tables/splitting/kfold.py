"""Cross-validation: each row is tested once a repeat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.errors import DataError
from colonnade.tables.splitting.strategies import (
    TEST,
    TRAIN,
    SplitParams,
    all_rows,
    draw_parts,
    group_codes,
    group_parts,
    moments,
    rare_rows,
    strata_of,
    stretch_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colonnade.tables.schema.table_schema import SchemaParams


def fold_parts(
    table: pd.DataFrame, schema: SchemaParams, params: SplitParams
) -> Iterator[np.ndarray]:
    """The parts of each fold, repeat after repeat; validation rows come from what is not tested.

    Rows of a class that has fewer rows than folds are train rows in each.

    Shape: table (n_rows, ...) -> folds * repeats times (n_rows,).
    Raises: DataError if there are fewer rows or groups than folds.
    """
    n_folds = int(params.folds or 0)
    if params.forward:
        n_validation = math.ceil(params.validation_fraction * len(table))
        window = params.window_of(len(table))
        yield from _time_folds(moments(table, str(params.column)), n_folds, n_validation, window)
        return
    groups = group_codes(table, str(params.column)) if params.strategy == "group" else None
    strata = strata_of(table, schema, params)
    spread = _spread_rows(strata, n_folds, schema) if strata is not None else np.arange(len(table))
    strata = strata[spread] if strata is not None else None
    n_validation = math.ceil(params.validation_fraction * len(spread))
    for repeat in range(params.repeats):
        fold = _fold_numbers(len(spread), n_folds, strata, groups, params.seed + repeat)
        for tested in range(n_folds):
            parts = all_rows(TEST, len(spread))
            free = np.flatnonzero(fold != tested)
            if groups is not None:
                kept = pd.factorize(groups[free])[0]
                parts[free] = group_parts(kept, 0, n_validation, params.seed)
            else:
                codes = None if strata is None else strata[free]
                parts[free] = draw_parts(len(free), 0, n_validation, codes, params.seed)
            of_all = all_rows(TRAIN, len(table))
            of_all[spread] = parts
            yield of_all


def _spread_rows(strata: np.ndarray, n_folds: int, schema: SchemaParams) -> np.ndarray:
    """Rows of the classes that every fold can test; those of rarer ones are always train rows.

    All rows if the schema refuses rare classes, or if fewer than two classes are left.
    """
    rare = rare_rows(strata, n_folds)
    if schema.rare_classes == "error" or len(np.unique(strata[~rare])) < 2:
        return np.arange(len(strata))
    return np.flatnonzero(~rare)


def _fold_numbers(
    n_rows: int, n_folds: int, strata: np.ndarray | None, groups: np.ndarray | None, seed: int
) -> np.ndarray:
    """The fold in which each row is tested."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    rows = np.zeros(n_rows)
    if groups is not None:
        _refuse_few(len(np.unique(groups)), "groups", n_folds)
        folds = GroupKFold(n_folds, shuffle=True, random_state=seed).split(rows, groups=groups)
    elif strata is not None:
        _refuse_few(
            int(np.unique_counts(strata).counts.min()), "rows of its smallest class", n_folds
        )
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(rows, strata)
    else:
        _refuse_few(n_rows, "rows", n_folds)
        folds = KFold(n_folds, shuffle=True, random_state=seed).split(rows)
    numbers = np.empty(n_rows, dtype=np.int64)
    for number, (_, tested) in enumerate(folds):
        numbers[tested] = number
    return numbers


def _time_folds(
    times: np.ndarray, n_folds: int, n_validation: int, window: int | None
) -> Iterator[np.ndarray]:
    """Each fold tests a later stretch of time and trains on all before it, or on a window.

    The future is unused.
    Source: sklearn.model_selection.TimeSeriesSplit, whose max_train_size the window is.
    """
    n_test = len(times) // (n_folds + 1)
    _refuse_few(len(np.unique(times)), "moments", n_folds + 1)
    starts = np.sort(times)[len(times) - n_test * np.arange(n_folds, 0, -1)]
    _refuse_few(len(np.unique(starts)), "stretches of time of their own", n_folds)
    # rows of one moment are tested together, in one fold
    for start, end in zip(starts, [*starts[1:], np.inf], strict=True):
        yield stretch_parts(times, start, end, n_validation, window)


def _refuse_few(n_found: int, what: str, n_folds: int) -> None:
    if n_found < n_folds:
        raise DataError(
            f"the table has {n_found} {what}, fewer than {n_folds} folds need. Lower `split.folds`."
        )
