"""Guess the kind of one column from its cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from colonnade.tables.cells import FALSE_WORDS, TRUE_WORDS
from colonnade.tables.column import is_missing
from colonnade.tables.dates import best_format
from colonnade.tables.problems import plural, quoted
from colonnade.tables.schema import MISSING_WORDS

MOST_CATEGORIES = 50
"""A column with more categories has its rare ones pooled."""

POOLED_BELOW = (10, 5, 2)
"""The first of these that leaves at most a tenth of the rows in the pool; else the first."""

MOST_ONES = 200
"""With more categories of their own a column of codes is embedded, not spread over columns."""

TRAIN_SHARE = 0.7
"""Of the rows, as a split is unless the YAML says otherwise."""

FEWEST_COUNTED = 20
"""In fewer rows, whole numbers may fill their range by chance."""

TRUTH_WORDS = [set(pair) for pair in zip(TRUE_WORDS, FALSE_WORDS, strict=True)]
ORDERS = [
    ["very low", "low", "mid", "medium", "moderate", "high", "very high"],
    ["very small", "small", "medium", "large", "very large"],
    ["xs", "s", "m", "l", "xl", "xxl"],
    ["cheap", "medium", "expensive"],
    [
        *("very bad", "bad", "poor", "fair", "average", "medium", "good", "better", "very good"),
        *("premium", "excellent", "outstanding", "best", "ideal"),
    ],
    ["never", "rarely", "sometimes", "often", "always"],
    ["very unlikely", "unlikely", "somewhat likely", "likely", "very likely"],
    ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"],
    ["first", "second", "third", "fourth"],
    ["1st", "2nd", "3rd", "4th"],
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    ["低", "中", "高"],
]
"""Words whose order everybody knows."""

_NAMES_ROWS = re.compile(
    r"(?i:(^|[_\s.-])(p?id|ids|index|uuid|guid|key|row|row_?num|row_?names?)$|^id[_\s.-])|[a-z]I[dD]$"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LEADING_ZERO = re.compile(r"0\d+")


@dataclass(frozen=True)
class Guess:
    """What a column seems to mean, and what that rests on."""

    kind: str
    reason: str
    schema: dict[str, Any] = field(default_factory=dict)
    standardize: dict[str, Any] = field(default_factory=dict)
    missing_word: str = ""


def guess_column(name: str, cells: pd.Series) -> Guess:
    """The likely kind of a column, with a policy for its missing cells."""
    text = known_text(cells)
    n_missing = len(cells) - len(text)
    useless = _why_useless(name, text, n_missing)
    if useless:
        return _guess("ignored", useless)
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return _with_gaps("datetime", "dates", n_missing, cells)
    if text.nunique() == 1:
        reason = f"{quoted(str(text.iloc[0]))} or nothing"
        return _with_gaps("categorical", reason, n_missing, cells)
    if set(text.str.lower().unique()) in TRUTH_WORDS:
        shown = " and ".join(sorted(text.unique())[:2])
        return _with_gaps("boolean", f"{shown} alone", n_missing, cells)
    return _guess_numbers(name, text, cells) or _guess_words(text, cells)


def _why_useless(name: str, text: pd.Series, n_missing: int) -> str:
    """Why nothing can be learned from the column, or nothing."""
    if not len(text):
        return "no value in any row"
    if text.nunique() == 1 and not n_missing:
        return f"{quoted(str(text.iloc[0]))} in every row"
    if name.startswith("unnamed_"):
        return "without a name: row numbers, most likely"
    return ""


def known_text(cells: pd.Series) -> pd.Series:
    """The cells that hold a value, as trimmed text."""
    if cells.dtype.kind == "f":
        known = cells.dropna()
        whole = bool(np.isfinite(known).all() and (known == known.round()).all())
        cells = cells.astype("Int64") if whole else cells
    text = cells.dropna().astype("str").str.strip()
    return text[~text.str.lower().isin(MISSING_WORDS)]


def with_points(raw: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The table with decimal points, and the mark that it is written with.

    A comma is that mark where columns of text hold numbers with a comma and none hold points.
    """
    swapped = raw.copy()
    for place, dtype in enumerate(raw.dtypes):
        if dtype != "str":
            continue
        cells = raw.iloc[:, place]
        text = known_text(cells)
        if _share(text, r"[+-]?\d+\.\d+") > 0.8:
            return raw, "."
        if _share(text, r"[+-]?\d+(,\d+)?") >= 0.8 and text.str.contains(",", regex=False).any():
            swapped.isetitem(place, cells.str.replace(",", ".", regex=False).array)
    return (raw, ".") if swapped.equals(raw) else (swapped, ",")


def _share(text: pd.Series, pattern: str) -> float:
    return float(text.str.fullmatch(pattern).mean()) if len(text) else 0.0


def numbers_in(text: pd.Series) -> np.ndarray:
    """Cells as numbers, NaN where a cell is none.

    Shape: (n_rows,) -> the same, float64.
    """
    is_number = text.str.fullmatch(_NUMBER.pattern)
    return pd.to_numeric(text.where(is_number), errors="coerce").to_numpy(dtype=np.float64)


def usual_order(words: set[str]) -> list[str]:
    """The words from lowest to highest, where everybody knows their order; else nothing."""
    spelled = {word.lower().replace("_", " "): word for word in words}
    for order in ORDERS:
        if len(words) > 1 and len(spelled) == len(words) and set(spelled) <= set(order):
            return [spelled[word] for word in order if word in spelled]
    return []


def _guess(kind: str, reason: str, missing_word: str = "", **schema: Any) -> Guess:
    return Guess(kind, reason, {"kind": kind, **schema}, missing_word=missing_word)


def _with_gaps(kind: str, reason: str, n_missing: int, cells: pd.Series, **schema: Any) -> Guess:
    """A guess with a policy for missing cells, if there are any."""
    word = str(schema.pop("missing_word", ""))
    if n_missing:
        reason += f"; {_told_missing(n_missing, cells)}"
        schema["missing"] = "category" if kind == "categorical" else "median"
    return _guess(kind, reason, word, **schema)


def _told_missing(n_missing: int, cells: pd.Series) -> str:
    """How many cells are missing; and how they are written, since a word may mean something."""
    share = n_missing / len(cells)
    told = f"{share:.1%} missing" if share >= 0.0005 else f"{n_missing} of {len(cells)} missing"
    missing = cells[is_missing(cells, list(MISSING_WORDS))].dropna()
    words = sorted(set(missing.astype("str").str.strip()))
    return f"{told} ({' or '.join(map(quoted, words))})" if any(words) else told


def _guess_numbers(name: str, text: pd.Series, cells: pd.Series) -> Guess | None:
    numbers = numbers_in(text)
    other = text[np.isnan(numbers)]
    known = numbers[~np.isnan(numbers)]
    if len(known) < 0.8 * len(text) or (text.nunique() > 2 and len(other.unique()) > len(text) / 5):
        return None
    if len(other) == 0 and text.str.fullmatch(_LEADING_ZERO.pattern).any():
        return _guess(
            "identifier", f"digits with leading zeros, such as {quoted(str(text.iloc[0]))}"
        )
    word = str(other.iloc[0]) if other.nunique() == 1 else ""
    whole = bool((known == np.round(known)).all())
    if whole and len(text) == len(cells) and len(np.unique(known)) == len(cells) > 1:
        if _counts_rows(known):
            reason = f"whole numbers from {known.min():g} to {known.max():g}, each once: they count"
            return _guess("identifier", f"{reason} the rows")
        if _NAMES_ROWS.search(name):
            return _guess("identifier", "another whole number in every row")
    what = "whole numbers" if whole else "numbers"
    reason = f"{what} from {known.min():g} to {known.max():g}"
    if word:
        reason += f", and {quoted(word)} for no value"
    elif len(other):
        return _guess(
            "numeric",
            f"{reason}, but {len(other)} {plural('cell', len(other))} that must be mended",
        )
    n_missing = len(cells) - len(known)
    guess = _with_gaps("numeric", reason, n_missing, cells, missing_word=word)
    return _with_logarithm(guess, known)


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
    return Guess(guess.kind, reason, guess.schema, {"log1p": True}, guess.missing_word)


def _skewness(values: np.ndarray) -> float:
    rest = values - values.mean()
    deviation = values.std()
    return float((rest**3).mean() / deviation**3) if deviation else 0.0


def _guess_words(text: pd.Series, cells: pd.Series) -> Guess:
    n_missing = len(cells) - len(text)
    format, doubt = _date_format(text)
    if format == "ISO8601":
        return _with_gaps("datetime", "dates", n_missing, cells)
    if format:
        reason = f"dates such as {quoted(str(text.iloc[0]))}, read as {format}"
        if doubt:
            reason += f" (they would read as {doubt} too: look!)"
        return _with_gaps("datetime", reason, n_missing, cells, format=format)
    n_words = int(text.nunique())
    if n_words > 20 and n_words > 0.5 * len(text):
        return _guess("identifier", f"{n_words} different texts in {len(text)} rows")
    order = usual_order(set(text.unique()))
    if order and not n_missing and len(order) > 2:
        return _guess("ordered", f"words of a known order: {', '.join(order)}", values=order)
    reason = f"{n_words} different {plural('text', n_words)}, such as {quoted(str(text.iloc[0]))}"
    if n_words <= MOST_CATEGORIES:
        return _with_gaps("categorical", reason, n_missing, cells)
    fewest, n_kept = _pooled_below(text)
    reason += f"; those in fewer than {fewest} train rows pooled"
    choice: dict[str, Any] = {"minimum_count": fewest}
    if n_kept > MOST_ONES:
        reason += f", the other {n_kept:,} embedded"
        choice = {"categorical": "embedding", **choice}
    guess = _with_gaps("categorical", reason, n_missing, cells)
    return Guess(guess.kind, guess.reason, guess.schema, choice)


def _pooled_below(text: pd.Series) -> tuple[int, int]:
    """How many train rows a category needs of its own, so that those pooled are rare ones.

    And how many categories will likely have so many.
    """
    counts = TRAIN_SHARE * text.value_counts()
    for fewest in POOLED_BELOW:
        if counts[counts < fewest].sum() <= 0.1 * counts.sum():
            return fewest, int((counts >= fewest).sum())
    return POOLED_BELOW[0], int((counts >= POOLED_BELOW[0]).sum())


def _date_format(text: pd.Series) -> tuple[str, str]:
    """The format that reads every cell as a date, and another that does so too; else nothing."""
    if not text.str.contains(r"\d", regex=True).all():
        return "", ""
    format, n_read, doubt = best_format(text)
    return (format, doubt) if n_read == min(len(text), 1000) else ("", "")
