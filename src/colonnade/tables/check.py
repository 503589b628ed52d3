"""Every problem of a table and its parameters, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.errors import UserError
from colonnade.tables.ingest import ingest_table
from colonnade.tables.split import PARTS, rows_of, split_table
from colonnade.tables.standardize import fit_standardizer

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.fitting import StandardizeParams
    from colonnade.tables.schema import SchemaParams
    from colonnade.tables.split import SplitParams


def table_problems(
    raw: pd.DataFrame, schema: SchemaParams, split: SplitParams, standardize: StandardizeParams
) -> list[str]:
    """What keeps the table from being trained on, sentence by sentence; empty if nothing does.

    Later stages are tried only where the earlier ones left them something to work on.
    """
    try:
        table = ingest_table(raw, schema)
    except UserError as error:
        return error.problems
    try:
        parts = split_table(table, schema, split)
    except UserError as error:
        # the standardizer is still worth a try on all rows
        return [*error.problems, *_standardizer_problems(table, schema, standardize)]
    try:
        standardizer = fit_standardizer(rows_of(table, parts, "train"), schema, standardize)
        for part in PARTS:
            standardizer.transform(rows_of(table, parts, part))
    except UserError as error:
        return error.problems
    return []


def _standardizer_problems(
    table: pd.DataFrame, schema: SchemaParams, standardize: StandardizeParams
) -> list[str]:
    try:
        fit_standardizer(table, schema, standardize)
    except UserError as error:
        return error.problems
    return []
