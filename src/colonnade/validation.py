"""What a catalog entry's `validator:` may name: a table held to its YAML whenever it is loaded."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from colonnade.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd


class TableCheck:
    """Kedro's catalog validation of a typed table, by pandera, with the `schema` of its YAML.

    A run checks its raw table anyway; this is for typed tables that come from elsewhere, or from
    an earlier run. Needs the extra `validation`.

    Args: table: the table's name.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """The table itself.

        Raises: DataError that tells every column and row that do not fit.
        """
        from colonnade.pipeline_registry import config_loader
        from colonnade.tables.frame_schema import check_frame
        from colonnade.tables.schema import SchemaParams

        if not find_spec("pandera"):
            raise ParameterError(
                f"catalog: the validator of {self.table} needs pandera: "
                "pip install -e '.[validation]' -c constraints.txt"
            )
        given = config_loader()["parameters"][self.table]["schema"]
        schema = SchemaParams.model_validate(given)
        # rows are counted as they stand in the file
        check_frame(data.reset_index(drop=True), schema, f"{self.table}.primary")
        return data
