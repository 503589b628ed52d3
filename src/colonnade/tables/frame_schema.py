"""A table's YAML as a pandera schema: what a typed table has to look like, wherever it is read.

Ingest does not need it: it reads text and tells lines of the file. This holds a table that was
ingested before, or that another program wrote, to the same words. Needs the extra `validation`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from colonnade.errors import DataError
from colonnade.tables.problems import Problems
from colonnade.tables.schema import ColumnParams

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandera.pandas as pa

    from colonnade.tables.schema import SchemaParams

_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "numeric": ("holds no numbers", lambda dtype: dtype.kind in "iuf"),
    "boolean": ("holds no truth values", pd.api.types.is_bool_dtype),
    "categorical": ("holds no text", pd.api.types.is_string_dtype),
    "ordered": ("holds no text", pd.api.types.is_string_dtype),
    "datetime": ("holds no dates", lambda dtype: dtype.kind == "M"),
    "label": (
        "holds neither whole numbers nor text, as labels are",
        lambda dtype: dtype.kind in "iu" or pd.api.types.is_string_dtype(dtype),
    ),
}
_OURS = {"not_nullable": "is no value", "field_uniqueness": "stands in another row too"}
_CURE = "Correct it, or run the pipeline from its first node."


def frame_schema(schema: SchemaParams) -> pa.DataFrameSchema:
    """Type, range, allowed values, gaps and repetitions, as the table's YAML has them.

    Columns that the YAML does not name are numbers, or refused, as `others` says.
    """
    import pandera.pandas as pa

    columns = {
        name: _column(column, column.kind)
        for name, column in schema.columns.items()
        if column.kind != "ignored"
    }
    target = schema.target_column()
    kind = "numeric" if schema.task == "regression" else "label"
    columns[schema.target] = _column(target, kind, list(schema.classes or []))
    if schema.others == "numeric":
        named = "|".join(re.escape(name) for name in columns)
        columns[f"^(?!(?:{named})$)"] = _column(ColumnParams(), "numeric", regex=True)
    return pa.DataFrameSchema(columns, strict=True)


def check_frame(table: pd.DataFrame, schema: SchemaParams, name: str) -> None:
    """Hold a typed table to its YAML.

    Args: name: what errors call the table.

    Raises: DataError that tells every column and row that do not fit.
    """
    from pandera.errors import SchemaErrors

    try:
        frame_schema(schema).validate(table, lazy=True)
    except SchemaErrors as error:
        problems = Problems(name, table.index)
        for (column, check), cases in error.failure_cases.groupby(
            ["column", "check"], sort=False, dropna=False
        ):
            _tell(column, check, cases, problems)
        raise DataError(list(problems)) from None


def _column(
    params: ColumnParams, kind: str, values: list[Any] | None = None, *, regex: bool = False
) -> pa.Column:
    import pandera.pandas as pa

    checks = []
    if kind in _TYPES:
        what, fits = _TYPES[kind]
        checks.append(pa.Check(lambda cells: bool(fits(cells.dtype)), error=what))
    if params.minimum is not None:
        checks.append(pa.Check.ge(params.minimum, error=f"is below the minimum {params.minimum:g}"))
    if params.maximum is not None:
        checks.append(pa.Check.le(params.maximum, error=f"is above the maximum {params.maximum:g}"))
    allowed = values or [str(value) for value in params.values or []]
    if allowed:
        shown = ", ".join(str(value) for value in allowed[:12])
        checks.append(pa.Check.isin(allowed, error=f"is none of the values {shown}"))
    return pa.Column(
        checks=checks,
        nullable=params.missing != "error" or kind == "identifier",
        unique=params.unique,
        regex=regex,
        required=not regex,
    )


def _tell(column: Any, check: str, cases: pd.DataFrame, problems: Problems) -> None:
    """One kind of failure in one column, cell by cell where pandera names cells."""
    if check == "column_in_dataframe":
        for name in cases["failure_case"]:
            problems.add(f"there is no column '{name}'. {_CURE}")
    elif check == "column_in_schema":
        for name in cases["failure_case"]:
            problems.add(f"column '{name}' is not in `schema.columns`. {_CURE}")
    elif cases["index"].isna().any():
        problems.add(f"column '{column}' {_OURS.get(check, check)}. {_CURE}")
    else:
        rows = cases["index"].to_numpy(dtype="int64")
        problems.add_cells(
            column, rows, cases["failure_case"].tolist(), _OURS.get(check, check), _CURE
        )
