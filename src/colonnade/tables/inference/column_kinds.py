"""Guess the kind of one column from its cells."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from colonnade.tables.inference.guesses.code_guess import guess_categories, guess_digits
from colonnade.tables.inference.guesses.date_guess import guess_dates
from colonnade.tables.inference.guesses.guess import Guess, guess_of, known_text, with_gaps
from colonnade.tables.inference.guesses.known_words import placeholders_in, usual_order
from colonnade.tables.inference.guesses.number_guess import PLAIN, guess_numbers, numbers_of_text
from colonnade.tables.inference.guesses.sparse_guess import why_too_few, with_constant
from colonnade.tables.schema.cells import FALSE_WORDS, TRUE_WORDS
from colonnade.tables.schema.column import is_text
from colonnade.tables.schema.problems import plural, quoted
from colonnade.tables.schema.table_schema import MISSING_WORDS

FEWEST_COUNTED = 20
"""In fewer rows, whole numbers may fill their range by chance."""

OFTEN, MOST_GROUPS = 3, 12
"""Among numbers, a word that stands so often in a column of so few values is one of them."""

TRUTH_WORDS = [set(pair) for pair in zip(TRUE_WORDS, FALSE_WORDS, strict=True)]
_NAMES_ROWS = re.compile(
    r"(?i:(^|[_\s.-])(p?id|ids|index|uuid|guid|key|row|row_?num|row_?names?)$|^id[_\s.-])|[a-z]I[dD]$"
)


def guess_column(name: str, cells: pd.Series, decimal_commas: bool | None = False) -> Guess:
    """The likely kind of a column, with a policy for its missing cells.

    Args: decimal_commas: whether the table has decimals behind commas; None where it is not known.
    """
    text = known_text(cells)
    placeholders = placeholders_in(text) if is_text(cells) else []
    text = text[~text.isin(placeholders)] if placeholders else text
    guess = with_constant(_guess_kind(name, text, cells, decimal_commas), text, len(cells))
    if guess.kind == "categorical" and is_text(cells):
        guess = replace(guess, note=_describe_words(cells))
    if placeholders and guess.kind not in ("identifier", "ignored"):
        n_cells = len(known_text(cells)) - len(text)
        shown = " or ".join(map(quoted, placeholders))
        note = f"{n_cells} {plural('cell', n_cells)} {shown} -> no value (`missing_words`)"
        return replace(
            guess,
            schema={**guess.schema, "missing_words": placeholders},
            note="; ".join(filter(None, [guess.note, note])),
        )
    return guess


def _guess_kind(name: str, text: pd.Series, cells: pd.Series, decimal_commas: bool | None) -> Guess:
    n_missing = len(cells) - len(text)
    useless = _why_useless(name, text, n_missing)
    if useless:
        return guess_of("ignored", useless)
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return with_gaps("datetime", "dates", n_missing, cells)
    if text.nunique() == 1:
        reason = f"{quoted(str(text.iloc[0]))} or nothing"
        return with_gaps("categorical", reason, n_missing, cells)
    if set(text.str.lower().unique()) in TRUTH_WORDS:
        shown = " and ".join(sorted(text.unique())[:2])
        return with_gaps("boolean", f"{shown} alone", n_missing, cells)
    return _guess_numbers(name, text, cells, decimal_commas) or _guess_words(text, cells)


def _describe_words(cells: pd.Series) -> str:
    """Words for a missing cell that may well be a category, such as None."""
    words = cells.dropna().astype("str").str.strip()
    counts = words[words.str.lower().isin([word for word in MISSING_WORDS if word])].value_counts()
    counted = [
        f"{count} {plural('cell', count)} {quoted(str(word))}" for word, count in counts.items()
    ]
    end = "-> no value; if that is a category, list it with the others in `values`"
    return f"{', '.join(counted)} {end}" if counted else ""


def _why_useless(name: str, text: pd.Series, n_missing: int) -> str:
    """Why nothing can be learned from the column, or nothing."""
    if not len(text):
        return "no value in any row"
    if too_few := why_too_few(len(text), n_missing):
        return too_few
    if text.nunique() == 1 and not n_missing:
        return f"{quoted(str(text.iloc[0]))} in every row"
    if name.startswith("unnamed_"):
        return "without a name: row numbers, most likely"
    return ""


def _guess_numbers(
    name: str, text: pd.Series, cells: pd.Series, decimal_commas: bool | None
) -> Guess | None:
    found = guess_numbers(text, decimal_commas=decimal_commas) if is_text(cells) else PLAIN
    if found.format is None or _are_categories(text, found.odd):
        return None
    if found.doubt:
        return Guess(
            "numeric",
            "numbers",
            {"kind": "numeric"},
            odd=found.odd,
            doubt=found.doubt,
            ways=found.ways,
        )
    numbers = numbers_of_text(text, found.format)
    known = numbers[~np.isnan(numbers)]
    if codes := guess_digits(text, known, cells):
        return codes
    whole = bool((known == np.round(known)).all())
    # an amount with a unit names no row
    counted = whole and not found.format.unit
    if counted and len(text) == len(cells) and len(np.unique(known)) == len(cells) > 1:
        if _counts_rows(known):
            reason = f"whole numbers from {known.min():g} to {known.max():g}, each once: they count"
            return guess_of("identifier", f"{reason} the rows")
        if _NAMES_ROWS.search(name):
            return guess_of("identifier", "a different whole number in every row")
    unit = f" {found.format.unit}" if found.format.unit else ""
    reason = f"{'whole numbers' if whole else 'numbers'} from {known.min():g} to {known.max():g}"
    n_missing = len(cells) - len(text)
    guess = with_gaps("numeric", reason + unit, n_missing, cells, **found.words())
    guess = replace(guess, note=found.describe(text), odd=found.odd)
    return _with_logarithm(guess, known)


def _are_categories(text: pd.Series, odd: pd.Series | None) -> bool:
    """Whether few values, the odd ones among them too, stand so often that they name groups."""
    if odd is None or not len(odd):
        return False
    often = odd.value_counts().min() >= OFTEN
    return bool(often and text.nunique() <= MOST_GROUPS and len(text) >= 3 * text.nunique())


def _counts_rows(numbers: np.ndarray) -> bool:
    """Whether different whole numbers follow each other row by row, or, of many, in any order."""
    if len(numbers) > 2 and bool((np.abs(np.diff(numbers)) == 1).all()):
        return True
    return len(numbers) >= FEWEST_COUNTED and bool(np.ptp(numbers) == len(numbers) - 1)


def _with_logarithm(guess: Guess, known: np.ndarray) -> Guess:
    """Add `log1p` for amounts that are far more skewed than their logarithms."""
    if known.min() < 0 or len(np.unique(known)) < 20:
        return guess
    raw, log = abs(_skewness(known)), abs(_skewness(np.log1p(known)))
    if raw < 3 or log > raw / 3:
        return guess
    reason = f"{guess.reason}; skewed, so its logarithm is taken"
    return replace(guess, reason=reason, standardize={"log1p": True})


def _skewness(values: np.ndarray) -> float:
    rest = values - values.mean()
    deviation = values.std()
    return float((rest**3).mean() / deviation**3) if deviation else 0.0


def _guess_words(text: pd.Series, cells: pd.Series) -> Guess:
    n_missing = len(cells) - len(text)
    if dates := guess_dates(text, cells):
        return dates
    n_words = int(text.nunique())
    if n_words > 20 and n_words > 0.5 * len(text):
        return guess_of("identifier", f"{n_words} different texts in {len(text)} rows")
    order = usual_order(set(text.unique()))
    if order and not n_missing and len(order) > 2:
        return guess_of("ordered", f"words of a known order: {', '.join(order)}", values=order)
    return guess_categories(text, cells, plural("text", n_words))
