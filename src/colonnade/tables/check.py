"""Every problem of a table and its parameters, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.errors import Problem, UserError
from colonnade.tables.features.standardizer import fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.splitting.split import PARTS, rows_of, split_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from colonnade.tables.features.column_fit import StandardizeParams
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.tables.splitting.split import SplitParams


def table_problems(
    raw: pd.DataFrame,
    schema: SchemaParams,
    split: SplitParams,
    standardize: StandardizeParams,
    prepare: Callable[[pd.DataFrame, pd.DataFrame, Standardizer], object] | None = None,
    *,
    name: str = "table",
) -> list[Problem]:
    """What keeps the table from being trained on, sentence by sentence; empty if nothing does.

    Later stages are tried only where the earlier ones left them something to work on.

    Args: prepare: what a training begins with, given train rows, validation rows and standardizer.
        name: what the table is called.
    """
    try:
        table = ingest_table(raw, schema, name=name)
    except UserError as error:
        return error.problems
    try:
        parts = split_table(table, schema, split)
    except UserError as error:
        # the standardizer is still worth a try on all rows
        return [*error.problems, *_standardizer_problems(table, schema, standardize)]
    try:
        standardizer = fit_standardizer(rows_of(table, parts, "train"), schema, standardize)
        train, validation, _ = (
            standardizer.transform(rows_of(table, parts, part)) for part in PARTS
        )
        if prepare is not None:
            prepare(train, validation, standardizer)
    except UserError as error:
        return error.problems
    return []


def _standardizer_problems(
    table: pd.DataFrame, schema: SchemaParams, standardize: StandardizeParams
) -> list[Problem]:
    try:
        fit_standardizer(table, schema, standardize)
    except UserError as error:
        return error.problems
    return []
