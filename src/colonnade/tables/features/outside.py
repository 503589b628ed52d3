"""Mark rows unlike the train rows: numbers far out, words never seen, values newly missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from colonnade.errors import MOST_CELLS_SHOWN
from colonnade.tables.features.reference import as_numbers, as_words
from colonnade.tables.features.transforms import has_missing
from colonnade.tables.schema.problems import plural, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from colonnade.tables.features.reference import ColumnReference

Word = Literal["low", "high", "new", "missing"]

FAR = 0.5
"""A number is far outside if it is beyond the train rows' range by half of that range's width.

Of 100 exponential values, say, about one new one in 100 is above the greatest, and one in 1,000
by so much more."""


@dataclass(frozen=True)
class Mark:
    """Cells of one column that are unlike those of the train rows in one way.

    Args: end: the least or greatest value in training, of a number or date beyond it.

    Shape: rows (n_marked,) positions from 0; cells the same.
    """

    column: str
    word: Word
    rows: np.ndarray
    cells: pd.Series
    end: Any = None

    def describe(self) -> str:
        """Count the cells, and say what they are beyond."""
        count = f"{len(self.rows)} {plural('row', len(self.rows))}"
        if self.word == "missing":
            return f"column '{self.column}': no value in {count}"
        if self.word == "new":
            counts = self.cells.value_counts()
            shown = [
                f"{quoted(value)} in {n} {plural('row', n)}"
                for value, n in counts.head(MOST_CELLS_SHOWN).items()
            ]
            more = len(counts) - len(shown)
            end = f" and {more} more {plural('value', more)}" if more else ""
            return f"column '{self.column}': never seen {', '.join(shown)}{end}"
        low = self.word == "low"
        way, end = ("below", "least") if low else ("above", "greatest")
        worst = self.cells.min() if low else self.cells.max()
        return (
            f"column '{self.column}': {count} far {way} {quoted(self.end)}, the {end} in training, "
            f"such as {quoted(worst)}"
        )


def find_outside(
    typed: Mapping[str, pd.Series], reference: Mapping[str, ColumnReference]
) -> list[Mark]:
    """Hold typed cells against the train rows.

    Args: typed: the cells of each column, as they were read, before anything stands for a missing
        one.
    """
    return [
        Mark(name, word, np.flatnonzero(found), cells[found], end)
        for name, cells in typed.items()
        if name in reference
        for word, found, end in _unlike(cells, reference[name])
        if found.any()
    ]


def _unlike(cells: pd.Series, reference: ColumnReference) -> Iterator[tuple[Word, np.ndarray, Any]]:
    """Where cells are unlike the train rows', in each way that there is."""
    if reference.missing == 0 and has_missing(cells):
        yield "missing", cells.isna().to_numpy(), None
    if reference.quantiles:
        least, greatest = reference.quantiles[0], reference.quantiles[-1]
        far, values = FAR * (greatest - least), as_numbers(cells)
        yield "low", values < least - far, _shown(least, cells)
        yield "high", values > greatest + far, _shown(greatest, cells)
    elif reference.shares and not reference.n_more:
        words = as_words(cells)
        yield "new", ~words.isin(list(reference.shares)) & words.notna(), None


def _shown(end: float, cells: pd.Series) -> Any:
    """A number as it is, a date as one."""
    return pd.Timestamp(round(end), unit="us") if cells.dtype.kind == "M" else end


def outside_column(marks: list[Mark], n_rows: int) -> np.ndarray:
    """Say for each row which columns are unlike the train rows, and how: "ram high; city new".

    Shape: -> (n_rows,) text, empty for a row like the train rows.
    """
    column = np.full(n_rows, "", dtype=object)
    for mark in marks:
        column[mark.rows] += f"; {mark.column} {mark.word}"
    marked = np.flatnonzero(column != "")
    column[marked] = [text[2:] for text in column[marked]]
    return column


def describe_outside(marks: list[Mark], n_rows: int) -> str:
    """One line for the log: how many of so many rows are unlike the train rows, and in what."""
    n_marked = len(np.unique(np.concatenate([mark.rows for mark in marks])))
    are = "is" if n_marked == 1 else "are"
    described = "; ".join(mark.describe() for mark in marks)
    return (
        f"{n_marked} of {n_rows} {plural('row', n_rows)} {are} unlike the train rows "
        f"(marked in `outside`): {described}."
    )
