"""Frames of any library and dtype, as frames of the dtypes that the schema reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.errors import Problem

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionDtype

_KEPT_AS_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_decimal,
)


def is_frame(rows: Any) -> bool:
    """Whether it is a table with named columns: of pandas, polars, Arrow and the like."""
    if isinstance(rows, pd.DataFrame):
        return True
    return hasattr(rows, "__arrow_c_stream__") and len(getattr(rows, "shape", ())) == 2


def plain_frame(rows: Any) -> pd.DataFrame:
    """The same rows, with cells that are read as those of the same CSV are.

    Whole numbers, numbers, truth values and dates stay typed; words, categories of any kind and
    decimals become text; an Arrow column is read by its type. What cannot be read stays as it is.

    Args: rows: a frame of pandas, or of a library that gives Arrow tables, as polars does.
    """
    if not isinstance(rows, pd.DataFrame):
        rows = pa.table(rows).to_pandas(types_mapper=pd.ArrowDtype)
    frame: pd.DataFrame = rows
    plain = {}
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, np.dtype):  # plain already, or never
            continue
        cells = _plain_cells(frame.iloc[:, place])
        if cells is not None and cells.dtype != dtype:
            plain[place] = cells
    if plain:
        frame = frame.copy(deep=False)
        for place, cells in plain.items():
            frame.isetitem(place, cells.array)  # a series would be aligned
    return frame


def unreadable_columns(frame: pd.DataFrame) -> list[Problem]:
    """The columns of a type that no kind of column can be read from."""
    remedy = "Convert it to numbers, dates or text, or leave it out."
    return [
        Problem(f"holds {cells.dtype}, which cannot be read.", column=str(name), remedy=remedy)
        for name, cells in frame.items()
        if _plain_cells(cells) is None
    ]


def _plain_cells(cells: pd.Series) -> pd.Series | None:
    """The cells in a dtype that the schema reads; None if there is none."""
    dtype = cells.dtype
    if isinstance(dtype, pd.SparseDtype):
        cells = cells.astype(dtype.subtype)
    elif isinstance(dtype, pd.ArrowDtype):
        return _of_arrow(cells, dtype.pyarrow_dtype)
    elif isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return cells.astype("str")
    elif pd.api.types.is_extension_array_dtype(dtype) and dtype.kind in "iufb":
        return _of_nullable(cells)
    return None if cells.dtype.kind in "cmV" else cells


def _of_nullable(cells: pd.Series) -> pd.Series:
    """Numpy's cells where none is missing; of numbers with a point, whatever is missing."""
    if cells.dtype.kind == "f":
        return pd.Series(
            cells.to_numpy(dtype="float64", na_value=float("nan")), cells.index, name=cells.name
        )
    if cells.hasnans:
        return cells
    return pd.Series(cells.to_numpy(dtype=cells.dtype.type), cells.index, name=cells.name)


def _of_arrow(cells: pd.Series, type: pa.DataType) -> pd.Series | None:
    """An Arrow column in pandas' own dtype."""
    values, types = pa.chunked_array(pa.array(cells.array)), pa.types
    if types.is_dictionary(type):
        # polars' views of text cannot be decoded as they are
        coded = values.combine_chunks()
        words = pc.take(pc.cast(coded.dictionary, pa.large_string()), coded.indices)
        values, type = pa.chunked_array([words]), pa.large_string()
    plain: Any = None
    if any(test(type) for test in _KEPT_AS_TEXT):
        plain = pd.array(pc.cast(values, pa.large_string()).to_pandas(), dtype="str")
    elif types.is_date(type) or types.is_timestamp(type):
        moments = pa.timestamp("us", tz=getattr(type, "tz", None))
        plain = pc.cast(values, moments, safe=False).to_pandas().array
    elif types.is_null(type):
        plain = float("nan")
    elif dtype := _nullable_dtype(type):
        return _of_nullable(cells.astype(dtype))
    return None if plain is None else pd.Series(plain, cells.index, name=cells.name)


def _nullable_dtype(type: pa.DataType) -> ExtensionDtype | None:
    """Pandas' dtype for an Arrow type of numbers or truth values."""
    if pa.types.is_boolean(type):
        return pd.BooleanDtype()
    if pa.types.is_integer(type):
        return pd.UInt64Dtype() if type == pa.uint64() else pd.Int64Dtype()
    return pd.Float64Dtype() if pa.types.is_floating(type) else None


def kinds_by_dtype(rows: Any) -> dict[str, dict[str, Any]]:
    """What a categorical dtype of pandas says of a column, in the words of `schema.columns`.

    Ordered categories are in that order; numbers and truth values are categories. What text means
    is left to be guessed, as is a column of one value.
    """
    if not isinstance(rows, pd.DataFrame):
        return {}
    said: dict[str, dict[str, Any]] = {}
    for name, cells in rows.items():
        dtype = cells.dtype
        if not isinstance(dtype, pd.CategoricalDtype) or cells.nunique() < 2:
            continue
        if dtype.ordered:
            said[str(name).strip()] = {
                "kind": "ordered",
                "values": [str(value) for value in dtype.categories],
            }
        elif dtype.categories.dtype.kind in "iufb":
            said[str(name).strip()] = {"kind": "categorical"}
    return said
