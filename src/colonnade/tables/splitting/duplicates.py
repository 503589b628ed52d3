"""Find rows that stand in a table more than once, and those that a test part shares with train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.tables.source import hash_rows

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import SchemaParams


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


def telling_shared_rows(
    table: pd.DataFrame, split: pd.DataFrame, schema: SchemaParams
) -> dict[str, int]:
    """How many validation and test rows equal a train row, where chance does not explain it.

    Chance: independent columns. Of a single column equal rows say nothing.
    """
    shared = shared_rows(table, split, schema)
    names = [str(name) for name in table.columns if _is_feature(str(name), schema)]
    if not any(shared.values()) or len(names) < 2:
        return dict.fromkeys(shared, 0)
    in_train = (split["part"] == "train").to_numpy()
    likelihood = np.ones(len(table))
    for name in names:
        codes, _ = pd.factorize(table[name], use_na_sentinel=False)
        likelihood *= (np.bincount(codes[in_train], minlength=codes.max() + 1) / in_train.sum())[
            codes
        ]
    equals_one = 1 - (1 - likelihood) ** in_train.sum()
    expected = {
        part: float(equals_one[(split["part"] == part).to_numpy()].sum()) for part in shared
    }
    return {
        part: count if count > expected[part] + 3 * np.sqrt(expected[part]) else 0
        for part, count in shared.items()
    }


def _is_feature(name: str, schema: SchemaParams) -> bool:
    return name != schema.target and schema.column(name).is_feature


def _counts(name: str, schema: SchemaParams) -> bool:
    return name == schema.target or _is_feature(name, schema)
