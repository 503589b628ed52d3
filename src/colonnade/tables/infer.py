"""Guess a schema from a table's cells, and say for each guess what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import DataError
from colonnade.parameters import nearest
from colonnade.tables.column import is_missing
from colonnade.tables.kinds import (
    Guess,
    guess_column,
    known_text,
    numbers_in,
    usual_order,
    with_points,
)
from colonnade.tables.problems import plural
from colonnade.tables.schema import MISSING_WORDS, Task

if TYPE_CHECKING:
    import pandas as pd

MOST_LABELS = 20
"""Whole numbers with more different values than this are numbers, not classes."""


@dataclass(frozen=True)
class Inference:
    """A guessed schema: parameters as plain data, and a reason for each."""

    target: str
    task: Task
    task_reason: str
    classes: list[int | str] | None
    columns: dict[str, Guess]
    missing_words: list[str] = field(default_factory=list)
    """Words beyond the usual ones that stand for no value, such as "?"."""
    decimal: str = "."
    n_unlabelled: int = 0
    n_rows: int = 0
    """Rows with a label."""

    def schema(self) -> dict[str, Any]:
        """The `schema` group of the YAML."""
        found: dict[str, Any] = {"target": self.target, "task": self.task}
        if self.classes:
            found["classes"] = self.classes
        if self.missing_words:
            found["missing_words"] = [*MISSING_WORDS, *self.missing_words]
        if self.decimal != ".":
            found["decimal"] = self.decimal
        if self.n_unlabelled:
            found["unlabelled"] = "drop"
        columns = {name: guess.schema for name, guess in self.columns.items()}
        return {**found, "others": "error", "columns": columns}

    def standardize(self) -> dict[str, Any]:
        """The `standardize` group of the YAML."""
        own = {name: guess.standardize for name, guess in self.columns.items() if guess.standardize}
        return {"columns": own} if own else {}

    def lines(self) -> list[str]:
        """What was decided and why, a sentence a line."""
        told = [f"{self.target}: predicted by {self.task}, {self.task_reason}"]
        for name, guess in self.columns.items():
            told.append(f"{name}: {guess.kind}, {guess.reason}")
        return told


def infer_table(
    raw: pd.DataFrame, target: str, *, task: Task | None = None, ordered: bool = False
) -> Inference:
    """Guess what each column means.

    Args: raw: cells as text or typed. task: what to predict, if the user says so. ordered: whether
        the classes have an order; words are put in the order that is usual for them, or sorted.

    Raises: DataError if there is no such target, or no column to learn from.
    """
    raw = raw.rename(columns=lambda name: str(name).strip())
    names = [str(name) for name in raw.columns]
    if target not in names:
        raise DataError(f"there is no column '{target}' to predict. {nearest(target, names)}")
    labeled = raw[~is_missing(raw[target], list(MISSING_WORDS))]
    if not len(labeled):
        raise DataError(f"column '{target}' has no value in any row: there is nothing to predict.")
    n_unlabelled = len(raw) - len(labeled)
    raw, decimal = with_points(labeled)
    columns = {name: guess_column(name, raw[name]) for name in names if name != target}
    if not any(guess.kind not in ("identifier", "ignored") for guess in columns.values()):
        raise DataError(
            f"no column besides '{target}' holds anything to learn from: "
            + "; ".join(f"{name} is {guess.reason}" for name, guess in columns.items())
        )
    found, reason, classes = _task(raw[target], task, ordered)
    words = sorted({guess.missing_word for guess in columns.values() if guess.missing_word})
    return Inference(
        target,
        found,
        reason,
        classes,
        columns,
        words,
        decimal=decimal,
        n_unlabelled=n_unlabelled,
        n_rows=len(raw),
    )


def _task(
    cells: pd.Series, task: Task | None, ordered: bool
) -> tuple[Task, str, list[int | str] | None]:
    text = known_text(cells)
    numbers = numbers_in(text)
    n_labels = text.nunique()
    labels = f"{n_labels} different {plural('value', n_labels)} in {len(text)} rows"
    is_number = bool(np.isfinite(numbers).all())
    whole = is_number and bool((numbers == np.round(numbers)).all())
    if task is None:
        many = n_labels > MOST_LABELS or n_labels > len(text) / 3
        if is_number and (many or not whole):
            return "regression", f"a number: {labels}", None
        task = "ordinal" if ordered else "classification"
    if task == "regression":
        return task, f"as asked: {labels}", None
    if is_number:
        shown = ", ".join(f"{number:g}" for number in sorted(set(numbers))[:6])
        reason = f"whole numbers that name classes: {labels} ({shown})"
        return task, reason, None
    known = usual_order(set(text))
    order = known or sorted(set(text))
    shown = ", ".join(order[:6])
    if task != "ordinal":
        return task, f"words: {labels} ({shown})", None
    if known:
        return task, f"words, taken to rise in this order: {shown}", list(order)
    reason = f"words whose order is not known; sorted by letter they are {shown}"
    return task, f"{reason}: put `schema.classes` in order", list(order)
