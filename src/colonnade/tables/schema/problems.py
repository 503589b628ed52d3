"""Everything wrong with a table, collected to be reported at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.errors import MOST_CELLS_KEPT, DataError, Problem
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import pandas as pd

LONGEST_CELL = 40


@dataclass(frozen=True)
class WrongCells:
    """Cells of one column that are wrong in one way.

    Shape: rows (n_cells,) positions from 0.
    """

    column: str
    rows: np.ndarray
    what: str


class BadCellsError(DataError):
    """Some cells cannot be used; rows without one of them can.

    Args: cells: which, each kind of fault and column on its own.
    """

    def __init__(
        self, problems: Iterable[str | Problem], cells: Iterable[WrongCells] = (), table: str = ""
    ) -> None:
        super().__init__(problems, table)
        self.cells = list(cells)

    def __reduce__(self) -> tuple[type[BadCellsError], tuple[Any, ...]]:
        return type(self), (self.problems, self.cells, self.table)


class Problems:
    """Gathers problems of one table; cells are named as an editor or a reader counts them.

    Args: name: the file's or table's name. index: the frame's index; one named "line" holds line
        numbers of the file, any other stands for rows counted from 1.
    """

    def __init__(self, name: str, index: pd.Index) -> None:
        self.name = name
        self._index = index
        self._found: list[Problem] = []
        self._cells: list[WrongCells] = []
        self._of_cells_alone = True

    def add(self, what: str, column: str = "") -> None:
        """Note a problem of the table as a whole, or of a column as a whole."""
        self._of_cells_alone = False
        self._found.append(Problem(what, self.name, column))

    def advise(self, what: str) -> None:
        """Add to what was noted a sentence that is no problem of its own."""
        self._found.append(Problem(what, self.name))

    def add_cells(
        self, column: str, rows: np.ndarray, values: Sequence[Any], what: str, cure: str
    ) -> None:
        """Note cells of one column that are wrong in one way.

        Args: rows: positions counted from 0. values: what the first of those cells
            hold.
        """
        self._cells.append(WrongCells(column, rows, what))
        places = tuple(self.place(row) for row in rows[:MOST_CELLS_KEPT])
        shown = tuple(quoted(value) for value in values)
        self._found.append(Problem(what, self.name, column, places, shown, cure, len(rows)))

    def place(self, row: int) -> str:
        """Where a reader finds the row: "line 18" of a text file, or "row 17"."""
        if self._index.name == "line":
            return f"line {self._index[int(row)]}"
        return f"row {int(row) + 1}"

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def raise_if_any(self) -> None:
        """Raise a DataError that holds all of them, if there are any.

        BadCellsError, if rows without the cells noted would have none.
        """
        if self._found and self._of_cells_alone:
            raise BadCellsError(self._found, self._cells)
        if self._found:
            raise DataError(self._found)


def quoted(value: Any) -> str:
    """A cell as an error shows it: text in quotes, cut where it is long."""
    if not isinstance(value, str):
        return f"{value:.12g}" if isinstance(value, float) else str(value)
    text = repr(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}...'"


def plural(noun: str, count: int) -> str:
    """The noun with an s unless there is one."""
    return noun if count == 1 else f"{noun}s"


def listed(items: list[str], most: int = 5) -> str:
    """The first few of many, and how many more there are."""
    more = len(items) - most
    some = _(", ").join(items[:most])
    return _("{names} and {n} more", names=some, n=more) if more > 0 else some
