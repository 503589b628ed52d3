"""Make written files harmless: no formulas in CSV, no NaN in JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before text that a spreadsheet would run as a formula.

    Numbers written as text, such as "-5", stay as they are.

    Source: OWASP, CSV Injection.
    """
    safe = table.rename(columns=_neutralised)
    for place, dtype in enumerate(safe.dtypes):
        if dtype == "str" and not _may_be_formulas(safe.iloc[:, place]):
            continue
        if dtype.kind == "O" or dtype == "str" or isinstance(dtype, pd.CategoricalDtype):
            cells = [_neutralised(cell) for cell in safe.iloc[:, place]]
            safe.isetitem(place, np.array(cells, dtype=object))
    return safe


def _may_be_formulas(cells: pd.Series) -> bool:
    """Whether a cell of a column of text starts like a formula: asked of all cells at once."""
    starts = pc.utf8_slice_codeunits(pa.array(cells, from_pandas=True), 0, 1)
    return bool(pc.any(pc.is_in(starts, value_set=pa.array(_STARTS))).as_py())


def _neutralised(cell: Any) -> Any:
    if not isinstance(cell, str) or not cell.startswith(_STARTS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def finite_document(data: Any) -> Any:
    """The document with null for every NaN and infinity, which JSON does not have."""
    if isinstance(data, dict):
        return {str(key): finite_document(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite_document(value) for value in data]
    if isinstance(data, np.generic):
        data = data.item()
    return None if isinstance(data, float) and not math.isfinite(data) else data
