"""Mistakes that a user can mend: told in plain words, without a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class UserError(Exception):
    """What is wrong, where, and what to do, for every problem found at once.

    Args: problems: one sentence or more for each problem. table: whose they are, once known.
    """

    def __init__(self, problems: str | Iterable[str], table: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.table = table
        super().__init__("\n".join(self.problems))

    def __str__(self) -> str:
        return "\n".join(f"{self.table}: {p}" if self.table else p for p in self.problems)

    def __reduce__(self) -> tuple[type[UserError], tuple[list[str], str]]:
        return type(self), (self.problems, self.table)


class DataError(UserError):
    """The table cannot be used as it is."""


class ParameterError(UserError):
    """A parameter is unknown, out of range, or does not go with another."""


class ModelError(UserError):
    """A saved model or checkpoint cannot be used: truncated, altered, or made by another recipe."""


class TrainingError(UserError):
    """Training cannot go on, for example after a loss that is not finite."""


class TrackingError(UserError):
    """The tracking store cannot be reached or written."""
