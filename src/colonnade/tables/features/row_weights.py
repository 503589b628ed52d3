"""How much each row counts, where a column of `kind: weight` says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.errors import DataError
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.schema.table_schema import SchemaParams


def weights_of(schema: SchemaParams, *parts: pd.DataFrame) -> list[np.ndarray] | None:
    """The weights of the rows of some parts, with a mean of 1 over all of them.

    None where the schema names no column of weights, or all weights are equal: to count all rows
    the same is to count them once.

    Shape: each part -> (n_rows,) float64.
    Raises: DataError if a part lacks the column, or no row weighs anything.
    """
    name = schema.weight
    if name is None:
        return None
    if any(name not in part for part in parts):
        raise DataError(f"there is no column '{name}', which says how much each row counts.")
    found = [part[name].to_numpy(dtype=np.float64) for part in parts]
    together = np.concatenate(found)
    largest = together.max(initial=0)
    if not len(together) or together.min() == largest:
        return None
    # Divided by the largest first: the sum of large weights may be infinite.
    mean = (together / largest).mean()
    return [own / largest / mean for own in found]


def part_weights(schema: SchemaParams, part: pd.DataFrame) -> np.ndarray | None:
    """The weights of the rows of one part, as `weights_of` gives those of several."""
    found = weights_of(schema, part)
    return None if found is None else found[0]


def describe_weights(schema: SchemaParams, table: pd.DataFrame) -> str:
    """What the weights of a table's rows come to, or "" where the schema names none."""
    if schema.weight is None:
        return ""
    weights, found = table[schema.weight], part_weights(schema, table)
    if found is None:
        return _("column '{name}', equal in every row, which changes nothing", name=schema.weight)
    return _(
        "column '{name}', {low:.4g} to {high:.4g}: the rows tell as much as {worth:,.0f} of equal "
        "weight. Loss, metrics, intervals and simple models count rows by it; split, standardizer "
        "and numbers of rows do not.",
        name=schema.weight, low=weights.min(), high=weights.max(), worth=worth_in_rows(found),
    )  # fmt: skip


def worth_in_rows(weights: np.ndarray) -> float:
    """How many rows of equal weight tell as much as these: as many as there are, or fewer.

    Source: Kish 1965, Survey Sampling, 11.7 (effective sample size).
    """
    return float(weights.sum() ** 2 / (weights**2).sum())
