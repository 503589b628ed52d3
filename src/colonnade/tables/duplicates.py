"""Find rows that stand in a table more than once, and those that a test part shares with train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.tables.hashes import hash_rows

if TYPE_CHECKING:
    from colonnade.tables.schema import SchemaParams


def row_hashes(table: pd.DataFrame, schema: SchemaParams) -> np.ndarray:
    """A number for the features and the target of each row: equal rows, equal numbers.

    Identifiers and columns kept from the model do not count: they differ in rows that are the same
    to it.

    Shape: (n_rows, ...) -> (n_rows,) uint64.
    """
    names = [name for name in table.columns if _counts(str(name), schema)]
    if not names or not len(table):
        return np.arange(len(table), dtype=np.uint64)
    return hash_rows(table[names])


def repeated_rows(table: pd.DataFrame, schema: SchemaParams) -> np.ndarray:
    """Where a row equals an earlier one.

    Shape: (n_rows, ...) -> (n_rows,) of truth values.
    """
    return pd.Series(row_hashes(table, schema)).duplicated(keep="first").to_numpy(dtype=bool)


def shared_rows(
    table: pd.DataFrame, split: pd.DataFrame, schema: SchemaParams, column: str = "part"
) -> dict[str, int]:
    """How many validation and test rows equal a train row."""
    hashes = row_hashes(table, schema)
    seen = np.sort(hashes[(split[column] == "train").to_numpy()])
    shared = {}
    for name in ("validation", "test"):
        # np.isin would hash what is a hash already; in order, the places sought lie side by side
        own = np.sort(hashes[(split[column] == name).to_numpy()])
        places = np.minimum(np.searchsorted(seen, own), len(seen) - 1)
        shared[name] = int((seen[places] == own).sum()) if len(seen) else 0
    return shared


def _counts(name: str, schema: SchemaParams) -> bool:
    return name == schema.target or schema.column(name).is_feature
