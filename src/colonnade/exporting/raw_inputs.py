"""What an exported model is given of each raw column, and rows in that form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.exporting.column_modules import MISSING_MOMENT
from colonnade.tables.features.transforms import (
    CategoryColumn,
    DateColumn,
    microseconds_of,
    numbers_of,
)

if TYPE_CHECKING:
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.tables.features.transforms import FittedColumn


def words_of(column: FittedColumn) -> list[str] | None:
    """The words of a column whose cells are words, in the order of their codes; else None."""
    if isinstance(column, CategoryColumn):
        return list(column.categories)
    return None if isinstance(column, DateColumn) else getattr(column, "values", None)


def describe_inputs(table: Standardizer) -> list[dict[str, Any]]:
    """Name, type and missing value of every input, as plain data for JSON."""
    described = []
    for column in table.columns:
        words = words_of(column)
        said: dict[str, Any] = {"name": column.name, "type": "float64", "missing": "NaN"}
        if words is not None:
            said |= {"type": "string", "missing": "", "words": words}
        elif isinstance(column, DateColumn):
            said |= {"type": "int64", "unit": "us since 1970", "missing": MISSING_MOMENT}
        described.append(said)
    return described


def typed_inputs(table: Standardizer, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The cells of rows by column, as an exported ONNX graph takes them.

    Shape: each (n_rows,).
    Raises: DataError as `Standardizer.read`.
    """
    typed = table.read(rows)
    found: dict[str, np.ndarray] = {}
    for column in table.columns:
        cells = typed[column.name]
        if words_of(column) is not None:
            words = cells.astype("object")
            found[column.name] = words.where(words.notna(), "").to_numpy(dtype=object)
        elif isinstance(column, DateColumn):
            missing = cells.isna().to_numpy()
            found[column.name] = np.where(missing, MISSING_MOMENT, microseconds_of(cells))
        else:
            found[column.name] = numbers_of(cells)
    return found


def coded(column: FittedColumn, cells: np.ndarray) -> np.ndarray:
    """Words as codes: of a category the next two are other and missing, of a value in an order -1.

    Shape: (n_rows,) -> the same, int64.
    """
    words = words_of(column)
    if words is None:
        return cells
    codes = pd.Index(words, dtype="str").get_indexer(pd.Index(cells, dtype="str"))
    if isinstance(column, CategoryColumn):
        codes = np.where(codes < 0, len(words), codes)
        codes = np.where((cells == "") & (codes == len(words)), len(words) + 1, codes)
    return codes.astype(np.int64)


def example_tensors(table: Standardizer, n_rows: int) -> tuple[Any, ...]:
    """Cells for a program to be traced with."""
    import torch

    return tuple(
        torch.zeros(n_rows, dtype=torch.int64)
        if words_of(column) is not None or isinstance(column, DateColumn)
        else torch.zeros(n_rows, dtype=torch.float64)
        for column in table.columns
    )
