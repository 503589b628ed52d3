"""Mistakes that a user can correct: reported in plain words, without a traceback."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SENTENCES = 20
"""At most so many sentences are shown at once."""
MOST_CELLS_SHOWN = 3
"""Of the cells that are wrong in one way, so many are shown."""
MOST_CELLS_KEPT = 100
"""So many of them are listed in JSON."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, which rule it breaks, and what to do.

    >>> print(Problem("is below the minimum 0", "phones.csv", "ram", ("line 18",), ("-4",)))
    phones.csv: column 'ram', line 18: -4 is below the minimum 0.

    Args:
        rule: what is wrong, in words; where cells are named, what is wrong with each of them.
        source: the file, or the group of parameters.
        rows: where the first hundred of the cells stand, such as "line 18". values: what the first
            of them hold. n_cells: how many there are.
        remedy: what to do, as a sentence.
    """

    rule: str
    source: str = ""
    column: str = ""
    rows: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    remedy: str = ""
    n_cells: int = 0

    def sentences(self) -> list[str]:
        """The problem in words: a sentence a cell for the first ones, then how many more."""
        remedy = f" {self.remedy}" if self.remedy else ""
        end = "" if self.rule.endswith((".", "!", "?")) or not (self.rows or remedy) else "."
        source = f"{self.source}: " if self.source else ""
        column = f"column '{self.column}'" if self.column else ""
        if not self.rows:
            return [f"{source}{column}{column and ' '}{self.rule}{end}{remedy}"]
        comma = ", " if column else ""
        sentences = [
            f"{source}{column}{comma}{row}: {value} {self.rule}{end}{remedy}"
            for row, value in zip(self.rows[:MOST_CELLS_SHOWN], self.values, strict=False)
        ]
        more = max(self.n_cells, len(self.rows)) - MOST_CELLS_SHOWN
        if more > 0:
            cells = "cell" if more == 1 else "cells"
            some = ", ".join(self.rows[MOST_CELLS_SHOWN:][:MOST_CELLS_SHOWN])
            sentences.append(f"{source}{column}: {more} more such {cells} ({some} ...).")
        return sentences

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def document(self) -> dict[str, Any]:
        """The problem as plain data for JSON."""
        return asdict(self)


class UserError(Exception):
    """What is wrong, where, and what to do, for every problem found at once.

    Args: problems: plain sentences become problems without a place. table: whose they are, once
        known.
    """

    def __init__(self, problems: str | Problem | Iterable[str | Problem], table: str = "") -> None:
        given = [problems] if isinstance(problems, str | Problem) else problems
        self.problems = [Problem(one) if isinstance(one, str) else one for one in given]
        self.table = table
        super().__init__("\n".join(self.sentences()))

    def sentences(self) -> list[str]:
        """Every problem in words, without the table's name."""
        return [sentence for problem in self.problems for sentence in problem.sentences()]

    def __str__(self) -> str:
        sentences = self.sentences()
        more = len(sentences) - MOST_SENTENCES
        if more > 0:
            sentences[MOST_SENTENCES:] = [
                f"and {more} more {'problem' if more == 1 else 'problems'}."
            ]
        return "\n".join(f"{self.table}: {line}" if self.table else line for line in sentences)

    def __reduce__(self) -> tuple[type[UserError], tuple[list[Problem], str]]:
        return type(self), (self.problems, self.table)


class DataError(UserError):
    """The table cannot be used as it is."""


class ParameterError(UserError):
    """A parameter is unknown, out of range, or does not go with another."""


class ModelError(UserError):
    """A saved model or checkpoint cannot be used: truncated, altered, or of other parameters."""


class TrainingError(UserError):
    """Training cannot go on, for example after a loss that is not finite."""


class ExperimentError(UserError):
    """An experiment has no result, as where all of its trials failed."""


class TrackingError(UserError):
    """The tracking store cannot be reached or written."""
