"""What went in: size, holes, repeats and the parts of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.schema import SchemaParams


@dataclass(frozen=True)
class ColumnProfile:
    """One column as a reader wants to know it."""

    name: str
    kind: str
    missing: int
    distinct: int
    least: str
    most: str


@dataclass(frozen=True)
class Profile:
    """A table's columns, the rows that say the same twice, and how many rows each part has."""

    rows: int
    columns: list[ColumnProfile]
    duplicates: int
    sizes: dict[str, int]

    @property
    def missing(self) -> int:
        """Cells without a value."""
        return sum(column.missing for column in self.columns)


def profile_table(primary: pd.DataFrame, split: pd.DataFrame, schema: SchemaParams) -> Profile:
    """Describe a typed table and its split."""
    sizes = split["part"].value_counts()
    return Profile(
        rows=len(primary),
        columns=[_column(primary[name], str(name), schema) for name in primary.columns],
        duplicates=int(primary.duplicated().sum()),
        sizes={part: int(sizes.get(part, 0)) for part in ("train", "validation", "test")},
    )


def _column(values: pd.Series, name: str, schema: SchemaParams) -> ColumnProfile:
    import pandas as pd

    kind = f"target, {schema.task}" if name == schema.target else schema.column(name).kind
    present = values.dropna()
    ordered = len(present) and pd.api.types.is_numeric_dtype(present)
    least, most = (f"{present.min():g}", f"{present.max():g}") if ordered else ("", "")
    return ColumnProfile(name, kind, int(values.isna().sum()), int(values.nunique()), least, most)
