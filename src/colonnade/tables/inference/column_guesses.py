"""Guess the columns of a table together, report what is read otherwise, and ask where in doubt."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from colonnade.errors import DataError
from colonnade.tables.inference.column_kinds import guess_column
from colonnade.tables.inference.guesses.guess import Guess, known_text
from colonnade.tables.inference.guesses.known_words import placeholders_in
from colonnade.tables.inference.guesses.number_guess import (
    NUMBER,
    PLAIN,
    NumberGuess,
    guess_numbers,
)
from colonnade.tables.schema.column import is_missing, is_text
from colonnade.tables.schema.number_format import NumberFormat
from colonnade.tables.schema.problems import Problems, plural, quoted
from colonnade.tables.schema.table_schema import MISSING_WORDS, NO_FEATURES, ColumnParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

LOOKED_AT = 1000
"""So many of the first cells tell whether a column has decimal commas."""
MOST_WORDS = 12
"""So many odd words are named in a message."""
_NUMBER_WORDS = {"decimal", "thousands", "unit"}


def guess_columns(
    raw: pd.DataFrame,
    target: str,
    said: Mapping[str, Mapping[str, Any]],
    *,
    decimal_commas: bool | None = False,
) -> tuple[dict[str, Guess], NumberGuess]:
    """What every column but the target means, and how a number to be predicted is written.

    Args: said: what the user says of columns, in the YAML's words. decimal_commas: whether the
        file suggests decimals behind commas; None where it may.
    """
    if decimal_commas is not True and any(_has_decimal_commas(raw[name]) for name in raw):
        decimal_commas = True
    columns = {
        str(name): _guess(str(name), raw[name], said.get(str(name), {}), decimal_commas)
        for name in raw
        if name != target
    }
    number, words = PLAIN, said.get(target, {})
    if _NUMBER_WORDS & words.keys():
        words = _with_unit(words, raw[target])
        format = {word: words[word] for word in _NUMBER_WORDS & words.keys()}
        number = NumberGuess(NumberFormat(**format))
    elif is_text(raw[target]):
        number = guess_numbers(known_text(raw[target]), decimal_commas=decimal_commas)
    return columns, number


def _has_decimal_commas(cells: pd.Series) -> bool:
    if not is_text(cells):
        return False
    if not known_text(cells.head(LOOKED_AT)).str.contains(",", regex=False).any():
        return False
    found = guess_numbers(known_text(cells), decimal_commas=None)
    return found.format is not None and found.format.decimal == "," and not found.doubt


def _guess(
    name: str, cells: pd.Series, said: Mapping[str, Any], decimal_commas: bool | None
) -> Guess:
    """The guess for one column; what the user says is no guess."""
    if not said:
        return guess_column(name, cells, decimal_commas)
    ColumnParams.model_validate(dict(said))
    given = [str(word) for word in said.get("missing_words", [])]
    missing = is_missing(cells, [*MISSING_WORDS, *given])
    kind = said.get("kind")
    if kind is None and "format" in said:
        kind = "datetime"
    if kind is None and _NUMBER_WORDS & said.keys():
        kind = "numeric"
    if kind is None:
        guess = guess_column(name, cells.mask(missing), decimal_commas)
        return replace(guess, schema={**guess.schema, **said})
    schema = {"kind": kind, **(_with_unit(said, cells) if kind == "numeric" else said)}
    if missing.any() and kind not in NO_FEATURES:
        schema.setdefault("missing", "category" if kind == "categorical" else "median")
    return Guess(str(kind), "as given", schema)


def _with_unit(said: Mapping[str, Any], cells: pd.Series) -> dict[str, Any]:
    """What the user says of numbers, and the unit beside them, of which nothing was said."""
    if "unit" in said or not is_text(cells):
        return dict(said)
    format = guess_numbers(known_text(cells), decimal_commas=None).format
    unit = format.unit if format is not None else None
    return {**said, "unit": unit} if unit else dict(said)


def refuse_doubt(
    problems: Problems,
    rows: np.ndarray,
    columns: Mapping[str, Guess],
    target: str,
    number: NumberGuess,
) -> None:
    """Report every cell that is ambiguous, for the user to decide.

    Args: problems: of the whole table. rows: where in it the guessed rows are.

    Raises: DataError that lists all of it at once.
    """
    for name, guess in columns.items():
        if guess.odd is not None and len(guess.odd):
            places = rows[guess.odd.index.to_numpy()]
            words = list(dict.fromkeys(guess.odd))
            missing = _flag(name, {"missing_words": words[:MOST_WORDS]})
            word = _flag(name, {"kind": "categorical"})
            cure = (
                f"Correct it; or say that it is no value ({missing}), or that the column holds "
                f"words ({word})."
            )
            kind = "date" if guess.kind == "datetime" else "number"
            what = f"is not a {kind} as most cells of the column are"
            problems.add_cells(name, places, list(guess.odd.iloc[:3]), what, cure)
        if guess.doubt:
            _ask(name, guess, problems)
    if number.doubt:
        _ask(target, number, problems)
    problems.raise_if_any()


def _ask(name: str, guess: Guess | NumberGuess, problems: Problems) -> None:
    ways = [_flag(name, words) for words in guess.ways]
    leave = f"Write all in one way, or leave the column out: {_flag(name, {'kind': 'ignored'})}."
    advice = f"Say which: {' or '.join(ways)}." if ways else leave
    problems.add(f"{guess.doubt}. {advice}", name)


def _flag(name: str, words: Mapping[str, Any]) -> str:
    """The option that says words of the YAML for one column."""
    yaml = ", ".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in words.items()
    )
    return f"--column '{name}={{{yaml}}}'"


def describe_alike(raw: pd.DataFrame, columns: Mapping[str, Guess], target: str) -> list[str]:
    """Words that differ only in capital letters, and so are distinct values.

    Args: target: the target's name where it holds classes, else nothing.
    """
    names = {
        name: f"`schema.columns.{name}.case: fold`"
        for name, guess in columns.items()
        if guess.kind == "categorical" and guess.schema.get("case") is None
    }
    if target:
        names[target] = "`schema.case: fold`"
    notes: list[str] = []
    for name, words in names.items():
        counts = known_text(raw[name]).value_counts()
        alike = counts.groupby(counts.index.str.lower()).filter(lambda group: len(group) > 1)
        if len(alike):
            shown = ", ".join(
                f"{quoted(str(word))} ({count})"
                for word, count in alike.sort_index().head(6).items()
            )
            notes.append(
                f"{name}: {shown} look alike and are distinct values; {words} merges them."
            )
    return notes


def describe_odd_classes(target: str, cells: pd.Series) -> list[str]:
    """Classes called by what people put where nothing is known, such as `?`."""
    text = known_text(cells)
    counts = text[text.isin(placeholders_in(text))].value_counts()
    return [
        f"{count} {plural('row', count)} whose {target} is {quoted(str(word))} are a class. "
        f"If that is no label, say {_flag(target, {'missing_words': [str(word)]})}."
        for word, count in counts.items()
    ]


def describe_unlabelled(target: str, unlabelled: pd.Series) -> list[str]:
    """Rows left out because their label is a word for nothing, which may be a class."""
    words = unlabelled.dropna().astype("str").str.strip()
    counts = words[words != ""].value_counts()
    return [
        f"{count} {plural('row', count)} whose {target} is {quoted(word)} are left out, as without "
        f"a label. If {quoted(word)} is a class, list it with the others in `schema.classes`."
        for word, count in counts.items()
    ]


def refuse_missing_header(raw: pd.DataFrame, table: str) -> None:
    """Ask for a header where the names of all columns look like values of theirs.

    Whole numbers that rise, as years or the pixels of a picture, may be names.

    Args: table: what the error calls it.

    Raises: DataError.
    """
    names = [str(name) for name in raw]
    numbers = [name for name in names if re.fullmatch(NUMBER, name)]
    rising = len(numbers) == len(names) and all(map(str.isdigit, names))
    if rising and [*map(int, names)] == sorted({int(name) for name in names}):
        return
    if all(_is_value(name, raw[name]) for name in names):
        shown = ", ".join(map(quoted, names[:6]))
        raise DataError(
            f"{table}: the first line holds {shown}, which look like values, "
            "not like names. Put a line with the names of the columns above it."
        )


def _is_value(name: str, cells: pd.Series) -> bool:
    if re.fullmatch(NUMBER, name):
        return cells.dtype.kind in "if" or bool(
            known_text(cells).str.fullmatch(NUMBER).mean() > 0.8
        )
    return bool(known_text(cells).eq(name).any())
