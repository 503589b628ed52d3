"""Guess what is to be predicted: classes, ordered classes or a number; refuse what cannot be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.errors import DataError
from colonnade.tables.inference.guesses.guess import known_text
from colonnade.tables.inference.guesses.known_words import usual_order
from colonnade.tables.inference.guesses.number_guess import PLAIN, NumberGuess, numbers_of_text
from colonnade.tables.schema.dates import compact_format, same_format
from colonnade.tables.schema.labels import (
    FEWEST_OF_A_CLASS,
    MANY_CLASSES,
    WRITTEN_BY_A_COMPUTER,
    label_text,
)
from colonnade.tables.schema.number_format import NumberFormat
from colonnade.tables.schema.numbers import EXACT_WHOLE
from colonnade.tables.schema.problems import listed, plural, quoted

if TYPE_CHECKING:
    from colonnade.tables.schema.problems import Problems
    from colonnade.tables.schema.table_schema import Task

MOST_LABELS = 20
"""Whole numbers with more different values than this are numbers, not classes."""
FEWEST_LABELED = 10
"""With fewer labeled rows nothing can be trained, validated and tested."""
RARE_CLASSES = f"fewer than {FEWEST_OF_A_CLASS} rows are trained on, but not tested"
_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?"
_WHOLE = r"[+-]?\d+"
_LEADING_ZERO = r"0\d+"


@dataclass(frozen=True)
class TargetGuess:
    """What is to be predicted, and what that rests on."""

    task: Task
    reason: str
    classes: list[int | str] | None = None
    number: NumberGuess = PLAIN
    """How a number to be predicted is written."""
    rare: str = ""
    """Classes with so few rows that they can only be trained on, as shown to a reader."""

    @property
    def notes(self) -> list[str]:
        """Notes for the user, as sentences."""
        return [f"classes with {RARE_CLASSES}: {self.rare}"] if self.rare else []


def guess_target(
    cells: pd.Series,
    number: NumberGuess,
    problems: Problems,
    *,
    task: Task | None = None,
    ordered: bool = False,
) -> TargetGuess:
    """What the target's cells are taken for.

    Args: cells: (n_rows,) those that hold a label, with an index of row places in the table.
        number: how numbers among them are written. task, ordered: see `infer_table`.

    Raises: DataError if they cannot be predicted.
    """
    text = known_text(cells)
    _refuse_few_or_constant(text)
    if task is None:
        _refuse_dates(cells, text)
    format = number.format or NumberFormat()
    numbers = numbers_of_text(text, format)
    is_number = bool(np.isfinite(numbers).all())
    n_labels = text.nunique()
    labels = f"{n_labels} different {plural('value', n_labels)} in {len(text)} rows"
    if task == "regression":
        _refuse_cells(text[np.isnan(numbers)], "is not a number", problems)
        return TargetGuess(task, f"as asked: {labels}", number=number)
    whole = is_number and bool((numbers == np.round(numbers)).all())
    many = n_labels > MOST_LABELS or n_labels > len(text) / 3
    if task is None and is_number and (many or not whole) and not _are_codes(text):
        _refuse_inexact(text, numbers, problems)
        return TargetGuess("regression", f"a number: {labels}", number=number)
    task = task or ("ordinal" if ordered else "classification")
    if not is_number:
        _refuse_odd(text, numbers, problems)
    return _guess_classes(text, numbers, task, labels, plain=format.is_plain)


def _refuse_few_or_constant(text: pd.Series) -> None:
    name = text.name
    if text.nunique() == 1:
        raise DataError(
            f"column '{name}' is {quoted(str(text.iloc[0]))} in every row: there is nothing to "
            "predict. Choose another column as --target."
        )
    if len(text) < FEWEST_LABELED:
        raise DataError(
            f"column '{name}' has a label in {len(text)} {plural('row', len(text))}, and a table "
            f"needs {FEWEST_LABELED} to be trained, validated and tested. Add rows."
        )


def _refuse_dates(cells: pd.Series, text: pd.Series) -> None:
    typed = cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype)
    what = ""
    if not typed and text.str.fullmatch(_TIME).all():
        what = "time of day"
    elif typed or same_format(text) or compact_format(text)[0]:
        what = "date"
    if what:
        since = "days since a fixed date" if what == "date" else "minutes since midnight"
        raise DataError(
            f"column '{text.name}' holds a {what} in every row, such as "
            f"{quoted(str(text.iloc[0]))}: a {what} cannot be predicted yet. Write it as a number, "
            f"such as {since}, or say --task classification if each one names a class."
        )


def _are_codes(text: pd.Series) -> bool:
    """Whether digits with leading zeros name something."""
    return bool(text.str.fullmatch(_LEADING_ZERO).any() and text.str.fullmatch(_WHOLE).all())


def _refuse_inexact(text: pd.Series, numbers: np.ndarray, problems: Problems) -> None:
    beyond = (np.abs(numbers) > EXACT_WHOLE) & text.str.fullmatch(_WHOLE).to_numpy()
    if beyond.any():
        problems.add_cells(
            str(text.name),
            text.index.to_numpy()[beyond],
            text[beyond].iloc[:3].tolist(),
            "is a whole number beyond 2^53 = 9007199254740992, where digits are lost",
            "Such a number is an identifier. Choose another column as --target, or round it.",
        )
        problems.raise_if_any()


def _refuse_odd(text: pd.Series, numbers: np.ndarray, problems: Problems) -> None:
    """Refuse cells among labels that are written like slips: few, and unlike all others.

    Words that stand often are classes beside numbers; so are numbers beside words.
    """
    is_number = ~np.isnan(numbers)
    odd = text[~is_number]
    if is_number.sum() < 0.8 * len(text) or odd.value_counts().min() >= FEWEST_OF_A_CLASS:
        return
    _refuse_cells(odd, "is not a number as most labels are", problems)


def _refuse_cells(odd: pd.Series, what: str, problems: Problems) -> None:
    if not len(odd):
        return
    words = ", ".join(json.dumps(str(word), ensure_ascii=False) for word in odd.unique()[:3])
    problems.add_cells(
        str(odd.name),
        odd.index.to_numpy(),
        odd.iloc[:3].tolist(),
        what,
        "Correct it, or say that it is no label: "
        f"--column '{odd.name}={{missing_words: [{words}]}}'.",
    )
    problems.raise_if_any()


def _guess_classes(
    text: pd.Series,
    numbers: np.ndarray,
    task: Task,
    labels: str,
    *,
    plain: bool,
) -> TargetGuess:
    text = pd.Series(label_text(text).to_pylist(), index=text.index, name=text.name, dtype="str")
    rare = _rare(text)
    whole = text.str.fullmatch(_WHOLE)
    exact = bool((np.abs(numbers[whole]) <= EXACT_WHOLE).all())
    if plain and exact and text.str.fullmatch(WRITTEN_BY_A_COMPUTER).all():
        shown = ", ".join(f"{number:g}" for number in sorted(set(numbers))[:6])
        reason = f"whole numbers that name classes: {labels} ({shown})"
        return TargetGuess(task, reason, rare=rare)
    known = usual_order(set(text))
    order: list[int | str] = list(known or sorted(set(text)))
    shown = ", ".join(quoted(str(word))[1:-1] for word in order[:6])
    # among labels of several kinds most would decide how all are read
    mixed = bool(whole.any() or np.isfinite(numbers).any())
    if task != "ordinal":
        reason = f"words: {labels} ({shown})"
        if known:
            reason += ", in an order that is known: --ordered puts them on one scale"
        return TargetGuess(task, reason, order if mixed else None, rare=rare)
    if known:
        reason = f"words, taken to rise in this order: {shown}"
        return TargetGuess(task, reason, order, rare=rare)
    reason = f"words whose order is not known; sorted by letter they are {shown}"
    return TargetGuess(task, f"{reason}: put `schema.classes` in order", order, rare=rare)


def _rare(text: pd.Series) -> str:
    """Which classes have so few rows that they can only be trained on.

    Raises: DataError if most rows are of such classes, or if these leave fewer than two.
    """
    name, counts = text.name, text.value_counts(sort=False).sort_index()
    rare = counts[counts < FEWEST_OF_A_CLASS]
    too_many = len(counts) > MANY_CLASSES and len(counts) * 10 > len(text)
    if too_many or rare.sum() > len(text) / 2 or len(counts) - len(rare) < 2:
        n_common = len(counts) - len(rare)
        raise DataError(
            f"column '{name}' has {len(counts)} different values in {len(text)} rows, such as "
            f"{listed([quoted(str(value)) for value in counts.index], 3)}, and {n_common} of them "
            f"{'stands' if n_common == 1 else 'stand'} in {FEWEST_OF_A_CLASS} rows or more: these "
            "are hardly classes. Choose another column as --target, or join values that mean the "
            "same."
        )
    return listed([f"{quoted(str(value))} ({count})" for value, count in rare.items()])
