"""From the body of a request to a frame whose cells are read as those of a file are.

A whole number stays one and 842.9 stays 842.9, whatever else stands in the column.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Never

import numpy as np
import pandas as pd

from colonnade.errors import DataError, Problem
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.numbers import EXACT_WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "rows"
"""What errors call the rows of a request."""
_FORMS = (
    'Send a list of rows, [{"column": value, ...}, ...], or one row, or {"rows": [...]}; MLflow\'s '
    "dataframe_records and dataframe_split are read, too."
)
_CELLS = (str, int, float, bool, type(None))


class TooManyRowsError(DataError):
    """A request holds more rows than one may."""


class UnknownFormatError(DataError):
    """A body that is neither JSON nor CSV."""


def read_body(body: bytes, content_type: str, max_rows: int) -> pd.DataFrame:
    """The rows of a body.

    Args: content_type: as the request names it: JSON where it says nothing.

    Raises: DataError if it cannot be read.
    """
    kind, _, options = content_type.partition(";")
    read = _READERS.get(kind.strip().lower() or "application/json")
    if read is None:
        raise UnknownFormatError(f"{kind.strip()} is not read. Send application/json or text/csv.")
    rows = read(body, _charset(options))
    if len(rows) > max_rows:
        raise TooManyRowsError(
            f"{len(rows)} rows are more than the {max_rows} that one request may hold. Send fewer "
            "at a time."
        )
    if not len(rows):
        raise DataError("there are no rows. Send at least one.")
    return rows


def _charset(options: str) -> str:
    name, _, value = options.strip().partition("=")
    return value.strip('" ') if name.strip().lower() == "charset" else ""


def _read_csv(body: bytes, charset: str) -> pd.DataFrame:
    return read_text_table(body, NAME, encoding=_byte_order(charset))[0]


def _byte_order(charset: str) -> str:
    return "utf-8-sig" if charset.lower() in ("", "utf-8", "utf8") else charset


def _read_json(body: bytes, charset: str) -> pd.DataFrame:
    try:
        sent = json.loads(body.decode(_byte_order(charset)), parse_constant=_refuse_constant)
    except (ValueError, LookupError, RecursionError) as error:
        raise DataError(f"the body is not JSON: {error}. {_FORMS}") from None
    if isinstance(sent, dict) and isinstance(sent.get("dataframe_split"), dict):
        return _of_split(sent["dataframe_split"])
    rows = sent
    if isinstance(sent, dict):
        lists = [sent[key] for key in ("rows", "dataframe_records") if key in sent]
        rows = lists[0] if lists and isinstance(lists[0], list) else [sent]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"the body holds no rows. {_FORMS}")
    names = dict.fromkeys(name for row in rows for name in row)
    return _frame({name: [row.get(name) for row in rows] for name in names}, len(rows))


def _of_split(split: dict[str, Any]) -> pd.DataFrame:
    """Rows as MLflow's `dataframe_split` has them: {"columns": [...], "data": [[...], ...]}."""
    names, rows = split.get("columns"), split.get("data")
    if not (isinstance(names, list) and isinstance(rows, list)):
        raise DataError(f"`dataframe_split` needs `columns` and `data`. {_FORMS}")
    for place, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise DataError(f"row {place} does not have {len(names)} cells, as `columns` has.")
    if len(set(map(str, names))) < len(names):
        raise DataError("`columns` names one column twice.")
    cells = {str(name): [row[place] for row in rows] for place, name in enumerate(names)}
    return _frame(cells, len(rows))


def _refuse_constant(word: str) -> Never:
    raise ValueError(f"{word} is no number; write null for a missing value")


def _frame(columns: dict[str, list[Any]], n_rows: int) -> pd.DataFrame:
    problems = [
        problem for name, cells in columns.items() if (problem := _nested(name, cells)) is not None
    ]
    if problems:
        raise DataError(problems)
    typed = {name: _column(cells) for name, cells in columns.items()}
    return pd.DataFrame(typed, index=range(n_rows), copy=False)


def _nested(name: str, cells: list[Any]) -> Problem | None:
    """The cells that hold a list or an object."""
    wrong = [place for place, cell in enumerate(cells) if not isinstance(cell, _CELLS)]
    if not wrong:
        return None
    places = tuple(f"row {place + 1}" for place in wrong)
    shown = tuple(json.dumps(cells[place])[:40] for place in wrong[:3])
    return Problem(
        "is no cell", NAME, name, places, shown, "Send a number, text or null.", len(wrong)
    )


def _column(cells: list[Any]) -> Any:
    """Cells of one column: numbers and truth values typed where all are, else text."""
    kinds = set(map(type, cells))
    if kinds <= {int}:
        if all(-EXACT_WHOLE <= cell <= EXACT_WHOLE for cell in cells):
            return np.array(cells, dtype=np.int64)
    elif kinds <= {int, float, type(None)} and kinds != {type(None)}:
        # as text, a whole number of more digits than a double has is refused by its name
        if all(type(cell) is not int or abs(cell) <= EXACT_WHOLE for cell in cells):
            return np.array(cells, dtype=np.float64)  # null becomes NaN
    elif kinds == {bool}:
        return np.array(cells, dtype=bool)
    return pd.array([_text(cell) for cell in cells], dtype="str")


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


_READERS: dict[str, Callable[[bytes, str], pd.DataFrame]] = {
    "application/json": _read_json,
    "text/json": _read_json,
    "text/csv": _read_csv,
    "application/csv": _read_csv,
}
