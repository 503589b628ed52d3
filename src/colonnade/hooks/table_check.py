"""What a catalog entry's `validator:` may name: a typed table is held to its YAML when loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.pipeline_registry import config_loader
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams

if TYPE_CHECKING:
    import pandas as pd


class TableCheck:
    """Kedro's catalog validation of a typed table by the `schema` of its YAML.

    A run checks its raw table anyway; this is for typed tables that come from elsewhere, or from
    an earlier run.

    Args: table: the table's name.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """The table itself.

        Raises: DataError naming every column and row that do not fit.
        """
        given = config_loader()["parameters"][self.table]["schema"]
        check_typed(data, SchemaParams.model_validate(given), f"{self.table}.primary")
        return data


def check_typed(table: pd.DataFrame, schema: SchemaParams, name: str) -> None:
    """Hold a typed table to its YAML, as ingest holds a raw one; rows count from 1.

    Args: name: what errors call the table.

    Raises: DataError naming every column and row that do not fit.
    """
    ingest_table(table.reset_index(drop=True), schema, name=name)
