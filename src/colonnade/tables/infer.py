"""Guess a schema from a table's cells, and say for each guess what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import DataError
from colonnade.parameters import nearest
from colonnade.tables.column import is_missing
from colonnade.tables.column_guesses import (
    guess_columns,
    refuse_doubt,
    refuse_missing_header,
    told_alike,
    told_labels,
)
from colonnade.tables.kinds import Guess, known_text, usual_order
from colonnade.tables.number_format import NumberFormat
from colonnade.tables.number_guess import PLAIN, NumberGuess, numbers_of_text
from colonnade.tables.problems import plural
from colonnade.tables.schema import MISSING_WORDS, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    number: NumberGuess = PLAIN
    """How a number to be predicted is written."""
    told: list[str] = field(default_factory=list)
    """What the guesses make of cells and rows that could be meant otherwise."""
    unlabelled_words: list[str] = field(default_factory=list)
    """Words of the target that stand for no label, as the user says."""
    n_unlabelled: int = 0
    n_rows: int = 0
    """Rows with a label."""

    def schema(self) -> dict[str, Any]:
        """The `schema` group of the YAML."""
        found: dict[str, Any] = {"target": self.target, "task": self.task}
        if self.classes:
            found["classes"] = self.classes
        found |= self.number.words()
        if self.unlabelled_words:
            found["unlabelled_words"] = self.unlabelled_words
        if self.n_unlabelled:
            found["unlabelled"] = "drop"
        columns = {name: dict(guess.schema) for name, guess in self.columns.items()}
        if "decimal" in found:  # that of the target is also that of columns which name none
            for words in columns.values():
                if words["kind"] == "numeric":
                    words.setdefault("decimal", ".")
        return {**found, "others": "error", "columns": columns}

    def standardize(self) -> dict[str, Any]:
        """The `standardize` group of the YAML."""
        own = {name: guess.standardize for name, guess in self.columns.items() if guess.standardize}
        return {"columns": own} if own else {}

    def lines(self) -> list[str]:
        """What was decided and why, a sentence a line."""
        told = [f"note: {sentence}" for sentence in self.told]
        told += [f"{self.target}: predicted by {self.task}, {self.task_reason}"]
        for name, guess in self.columns.items():
            told.append(f"{name}: {guess.kind}, {guess.reason}")
        return told


def infer_table(
    raw: pd.DataFrame,
    target: str,
    *,
    task: Task | None = None,
    ordered: bool = False,
    said: Mapping[str, Mapping[str, Any]] | None = None,
    decimal_commas: bool | None = False,
) -> Inference:
    """Guess what each column means.

    Args: raw: cells as text or typed. task: what to predict, if the user says so. ordered: whether
        the classes have an order; words are put in the order that is usual for them, or sorted.
        said: what the user says of columns, in the words of `schema.columns`. decimal_commas: None
        where the file may write decimals behind commas.

    Raises: DataError if there is no such target, or no column to learn from; or if cells may mean
        two things.
    """
    raw = raw.rename(columns=lambda name: str(name).strip())
    names = [str(name) for name in raw.columns]
    if target not in names:
        raise DataError(f"there is no column '{target}' to predict. {nearest(target, names)}")
    table, raw = raw, raw.set_axis(range(len(raw)))
    said = said or {}
    _refuse_unknown(said, names)
    unlabelled_words = [str(word) for word in said.get(target, {}).get("missing_words", [])]
    refuse_missing_header(raw)
    labeled = raw[~is_missing(raw[target], [*MISSING_WORDS, *unlabelled_words])]
    if not len(labeled):
        raise DataError(f"column '{target}' has no value in any row: there is nothing to predict.")
    n_unlabelled = len(raw) - len(labeled)
    unlabelled = raw[target].drop(labeled.index)
    rows, raw = labeled.index.to_numpy(), labeled.set_axis(range(len(labeled)))
    columns, number = guess_columns(raw, target, said, decimal_commas=decimal_commas)
    refuse_doubt(table, rows, columns, target, number)
    if not any(guess.kind not in ("identifier", "ignored") for guess in columns.values()):
        raise DataError(
            f"no column besides '{target}' holds anything to learn from: "
            + "; ".join(f"{name} is {guess.reason}" for name, guess in columns.items())
        )
    found, reason, classes = _task(raw[target], number, task, ordered)
    number = number if found == "regression" else PLAIN
    read_otherwise = {target: number.told(known_text(raw[target]))}
    read_otherwise |= {name: guess.told for name, guess in columns.items()}
    told = [f"{name}: {what}" for name, what in read_otherwise.items() if what]
    return Inference(
        target,
        found,
        reason,
        classes,
        columns,
        number,
        [
            *told_labels(target, unlabelled),
            *told,
            *told_alike(raw, columns, "" if found == "regression" else target),
        ],
        unlabelled_words=unlabelled_words,
        n_unlabelled=n_unlabelled,
        n_rows=len(raw),
    )


def _refuse_unknown(said: Mapping[str, Any], names: list[str]) -> None:
    for name in said:
        if name not in names:
            raise DataError(
                f"there is no column '{name}', which --column names. {nearest(name, names)}"
            )


def _task(
    cells: pd.Series, number: NumberGuess, task: Task | None, ordered: bool
) -> tuple[Task, str, list[int | str] | None]:
    text = known_text(cells)
    format = number.format or NumberFormat()
    numbers = numbers_of_text(text, format)
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
    if is_number and format.is_plain:
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
