"""Guess a schema from a table's cells, with a reason for each guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from colonnade.errors import DataError
from colonnade.parameters import nearest
from colonnade.tables.inference.column_guesses import (
    describe_alike,
    describe_odd_classes,
    describe_unlabelled,
    guess_columns,
    refuse_doubt,
    refuse_missing_header,
)
from colonnade.tables.inference.guesses.guess import Guess, known_text
from colonnade.tables.inference.guesses.number_guess import PLAIN, NumberGuess
from colonnade.tables.inference.target_guess import TargetGuess, guess_target
from colonnade.tables.schema.column import is_missing
from colonnade.tables.schema.problems import Problems
from colonnade.tables.schema.table_schema import MISSING_WORDS, NO_FEATURES, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


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
    notes: list[str] = field(default_factory=list)
    """What the guesses make of cells and rows that could be meant otherwise."""
    rare_classes: str = ""
    """Classes that can only be trained on, as shown to a reader."""
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
        if self.rare_classes:
            found["rare_classes"] = "train"
        columns = {name: dict(guess.schema) for name, guess in self.columns.items()}
        if "decimal" in found:  # that of the target is also that of columns which name none
            for words in columns.values():
                if words["kind"] in ("numeric", "weight"):
                    words.setdefault("decimal", ".")
        return {**found, "others": "error", "columns": columns}

    def standardize(self) -> dict[str, Any]:
        """The `standardize` group of the YAML."""
        own = {name: guess.standardize for name, guess in self.columns.items() if guess.standardize}
        return {"columns": own} if own else {}

    def lines(self) -> list[str]:
        """What was decided and why, a sentence a line; what is left out of learning first."""
        left_out = [
            f"{name} ({guess.reason})"
            for name, guess in self.columns.items()
            if guess.kind in ("identifier", "ignored")
        ]
        lines = [f"left out of learning: {'; '.join(left_out)}"] if left_out else []
        lines += [f"note: {sentence}" for sentence in self.notes]
        lines += [f"{self.target}: predicted by {self.task}, {self.task_reason}"]
        for name, guess in self.columns.items():
            lines.append(f"{name}: {guess.kind}, {guess.reason}")
        return lines


def infer_table(
    raw: pd.DataFrame,
    target: str,
    *,
    task: Task | None = None,
    ordered: bool = False,
    weight: str | None = None,
    said: Mapping[str, Mapping[str, Any]] | None = None,
    decimal_commas: bool | None = False,
    name: str = "table",
) -> Inference:
    """Guess what each column means.

    Args: raw: cells as text or typed. task: what to predict, if the user says so. ordered: whether
        the classes have an order; words are put in the order that is usual for them, or sorted.
        weight: the column that says how much each row counts.
        said: what the user says of columns, in the words of `schema.columns`. decimal_commas: None
        where the file may write decimals behind commas. name: what errors call the table.

    Raises: DataError if there is no such target, or no column to learn from; or if cells may mean
        two things.
    """
    raw = raw.rename(columns=lambda given: str(given).strip())
    names = [str(given) for given in raw.columns]
    if target not in names:
        raise DataError(f"there is no column '{target}' to predict. {nearest(target, names)}")
    places, raw = Problems(name, raw.index), raw.set_axis(range(len(raw)))
    said = _known_words(said or {}, names, weight, target)
    unlabelled_words = [str(word) for word in said.get(target, {}).get("missing_words", [])]
    refuse_missing_header(raw, name)
    labeled, unlabelled = _labeled_rows(raw, target, unlabelled_words)
    rows, raw = labeled.index.to_numpy(), labeled.set_axis(range(len(labeled)))
    columns, number = guess_columns(raw, target, said, decimal_commas=decimal_commas)
    refuse_doubt(places, rows, columns, target, number)
    _refuse_nothing_to_learn_from(columns, target)
    guess = guess_target(raw[target].set_axis(rows), number, places, task=task, ordered=ordered)
    notes = describe_unlabelled(target, unlabelled)
    notes += _describe_cells(raw, target, guess, columns)
    return Inference(
        target,
        guess.task,
        guess.reason,
        guess.classes,
        columns,
        guess.number,
        notes,
        rare_classes=guess.rare,
        unlabelled_words=unlabelled_words,
        n_unlabelled=len(unlabelled),
        n_rows=len(raw),
    )


def _labeled_rows(
    raw: pd.DataFrame, target: str, words: list[str]
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows with a label, and the target's cells in the others."""
    missing = is_missing(raw[target], [*MISSING_WORDS, *words])
    if missing.all():
        raise DataError(f"column '{target}' has no value in any row: there is nothing to predict.")
    return raw[~missing], raw.loc[missing, target]


def _known_words(
    said: Mapping[str, Mapping[str, Any]], names: list[str], weight: str | None, target: str
) -> Mapping[str, Mapping[str, Any]]:
    """What the user says of columns, that of weights among them, if there are such columns."""
    for name in said:
        if name not in names:
            raise DataError(
                f"there is no column '{name}', which --column names. {nearest(name, names)}"
            )
    if weight is None:
        return said
    if weight not in names:
        raise DataError(f"there is no column '{weight}' of weights. {nearest(weight, names)}")
    if weight == target:
        raise DataError(f"column '{weight}' is the target: the weights have to be another column.")
    return {**said, weight: {**said.get(weight, {}), "kind": "weight"}}


def _refuse_nothing_to_learn_from(columns: Mapping[str, Guess], target: str) -> None:
    if not any(guess.kind not in NO_FEATURES for guess in columns.values()):
        raise DataError(
            f"no column besides '{target}' holds anything to learn from: "
            + "; ".join(f"{name} is {guess.reason}" for name, guess in columns.items())
        )


def _describe_cells(
    raw: pd.DataFrame, target: str, guess: TargetGuess, columns: Mapping[str, Guess]
) -> list[str]:
    """Rare classes, cells read otherwise than they stand in the file, and words that look alike."""
    rare = [f"{target}: {note}" for note in guess.notes]
    found = {target: guess.number.describe(known_text(raw[target]))}
    found |= {name: column.note for name, column in columns.items()}
    notes = [f"{name}: {note}" for name, note in found.items() if note]
    if guess.task == "regression":
        return [*rare, *notes, *describe_alike(raw, columns, "")]
    return [
        *rare,
        *describe_odd_classes(target, raw[target]),
        *notes,
        *describe_alike(raw, columns, target),
    ]
