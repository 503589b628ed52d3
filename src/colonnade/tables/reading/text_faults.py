"""What can be wrong with the rows of a text table: their widths, quotes, headers and separators."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.errors import MOST_CELLS_SHOWN, DataError
from colonnade.tables.schema.problems import Problems, plural
from colonnade.tables.source import RowAside

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
LOOKED_AT = 2**16
"""So many of the first bytes are searched for what stands above the header."""
MOST_LINES = 12
"""So many lines are named of those that are wrong in one way."""


@dataclass
class WrongRows:
    """Rows that are wider or narrower than the header; the parser hands them over one by one."""

    found: list[tuple[int, int]] = field(default_factory=list)
    remarks: list[int] = field(default_factory=list)
    """The numbers of those that begin with #."""
    last: str = ""
    """The text of the last one."""

    def __call__(self, row: Any) -> str:
        """Note a row of another width; the parser goes on without it."""
        self.found.append((row.number, row.actual_columns))
        self.last = row.text
        if row.text.startswith("#"):
            self.remarks.append(row.number)
        return "skip"

    def others(self, lines: pd.Index | range) -> pd.Index | range:
        """The lines of all rows but these."""
        return pd.Index(lines).delete([n - 2 for n, _ in self.found]) if self.found else lines

    def set_aside(self, width: int, lines: pd.Index | range) -> list[RowAside]:
        """Where each of them stands, and what is wrong with it."""
        return [
            RowAside(
                number - 1,
                int(lines[number - 2]),
                f"{cells} {plural('cell', cells)}, and the header has {width}",
            )
            for number, cells in self.found
        ]

    def __len__(self) -> int:
        return len(self.found)


def refuse_other_separator(names: list[str], name: str, separator: str) -> None:
    """Name the separator that the header seems to be written with."""
    if len(names) > 1:
        return
    for other, word in SEPARATORS.items():
        if other != separator and other in names[0]:
            raise DataError(
                f"{name}: the columns are separated by {word}, not by "
                f"{SEPARATORS.get(separator, separator)}. "
                f"Set `separator: {json.dumps(other)}` in its catalog entry."
            )


def refuse_lines_before_header(text: bytes, name: str, separator: str) -> None:
    """Name what stands above the header: comments, or Excel's `sep=` line."""
    lines = text[:LOOKED_AT].decode(errors="replace").splitlines()
    first = lines[0] if lines else ""
    if re.fullmatch(r"\s*\"?sep=.\"?\s*", first, re.IGNORECASE):
        declared = json.dumps(first.strip(' "')[4:])
        raise DataError(
            f"{name}: line 1 is an Excel instruction ({first.strip()}), not the header. Remove "
            f"that line and set `separator: {declared}` in its catalog entry."
        )
    n_remarks = next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)
    # a header may begin with # as well
    if n_remarks and lines[n_remarks - 1].count(separator) != lines[n_remarks].count(separator):
        what = "line 1 is a comment" if n_remarks == 1 else f"lines 1 to {n_remarks} are comments"
        raise DataError(f"{name}: {what} (#), not the header. Remove what stands above the header.")


def refuse_blanks_between(table: pa.Table, name: str) -> None:
    """Name blanks as what separates the columns, where every line seems to be one cell."""
    if table.num_columns > 1:
        return
    rows = [str(cell).strip() for cell in table.column(0).slice(0, 20).to_pylist()]
    widths = {len(row.split()) for row in rows}
    if len(rows) < 2 or len(widths) > 1 or max(widths) < 2:
        return
    single = all(" ".join(row.split()) == row for row in rows)
    cure = (
        'Set `separator: " "` in its catalog entry'
        if single
        else "Write one comma in place of the spaces between two cells"
    )
    raise DataError(f"{name}: the columns are separated by spaces. {cure}.")


def refuse_wrong_widths(wrong: WrongRows, width: int, name: str, lines: pd.Index | range) -> None:
    """Name the rows that are wider or narrower than the header."""
    header = f"the header has {width} {plural('column', width)}"
    widths = Counter(cells for _, cells in wrong.found)
    if len(widths) == 1 and len(wrong) == len(lines) > 1:
        [cells] = widths
        if width == 1:
            raise DataError(
                f"{name}: line 1 has one cell and every row below it has {cells}: a title, not the "
                "header? Remove what stands above the header."
            )
        raise DataError(
            f"{name}: every row has {cells} {plural('cell', cells)}, {header}. Name the first "
            "column if it holds row numbers, or remove the separators that end the rows."
        )
    problems = Problems(name, pd.Index(lines, name="line"))
    for number in wrong.remarks[:MOST_CELLS_SHOWN]:
        problems.add(f"{problems.place(number - 2)} is a comment (#), not a row. Remove it.")
    for cells in widths:
        remarks = set(wrong.remarks)
        rows = [n - 2 for n, found in wrong.found if found == cells and n not in remarks]
        for row in rows[:MOST_CELLS_SHOWN]:
            problems.add(
                f"{problems.place(row)} has {cells} {plural('cell', cells)}, {header}. "
                "Correct the row; a cell that holds the separator needs quotes."
            )
        if (count := len(rows)) > MOST_CELLS_SHOWN:
            more = count - MOST_CELLS_SHOWN
            problems.add(
                f"{more} more {plural('row', more)} of {cells} {plural('cell', cells)} "
                f"({problems.place(rows[MOST_CELLS_SHOWN])} ...)."
            )
    problems.raise_if_any()


def refuse_open_quote(
    text: bytes, table: pa.Table, wrong: WrongRows, name: str, lines: pd.Index | range
) -> None:
    """Name the line that opens a quote which the file never closes."""
    if text.count(b'"') % 2 == 0 or not len(lines):
        return
    if wrong.found and wrong.found[-1][0] == len(lines) + 1:
        is_open = wrong.last.count('"') % 2 == 1
    else:
        is_open = any("\n" in str(column[-1].as_py()) for column in table.columns)
    if is_open:
        raise DataError(
            f"{name}: line {lines[-1]} opens a quote that is never closed. Close it, or double it."
        )


def refuse_repeated_names(names: list[str], name: str) -> None:
    """Name the columns that are called alike."""
    repeated = sorted({given for given in names if given and names.count(given) > 1})
    if repeated:
        raise DataError(
            [
                f"{name}: the header names '{given}' {names.count(given)} times. "
                "Rename all but one."
                for given in repeated
            ]
        )


def refuse_repeated_header(
    table: pa.Table, header: list[str], name: str, lines: pd.Index | range
) -> None:
    """Name the lines that hold the header once more, as files put together do."""
    same = pc.equal(table.column(0), header[0])
    if len(header) == 1 or not pc.any(same).as_py():
        return
    for place, given in enumerate(header):
        same = pc.and_(same, pc.equal(table.column(place), given))
    found = [int(lines[int(row)]) for row in np.flatnonzero(same.to_numpy(zero_copy_only=False))]
    if found:
        shown = ", ".join(map(str, found[:MOST_LINES])) + (
            " ..." if len(found) > MOST_LINES else ""
        )
        raise DataError(
            f"{name}: the header is repeated in {plural('line', len(found))} {shown}. "
            f"Remove {'that line' if len(found) == 1 else 'those lines'}."
        )
