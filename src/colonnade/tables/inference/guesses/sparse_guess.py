"""Guess what to do with a column that is nearly all missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from colonnade.tables.inference.guesses.number_guess import numbers_of_text
from colonnade.tables.schema.cells import TRUE_WORDS
from colonnade.tables.schema.number_format import NumberFormat
from colonnade.tables.schema.problems import plural, quoted

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.inference.guesses.guess import Guess

FEWEST_KNOWN = 6
"""Of fewer values all may be outside the train rows: 0.3^6 < 0.001."""
FEWEST_LEARNED = 3
"""From fewer values nothing is learned."""
FEW_ROWS = 20
"""In fewer rows a value or two may be worth keeping."""
_NUMBER_WORDS = ("decimal", "thousands", "unit")


def why_too_few(n_known: int, n_missing: int) -> str:
    """Why so few values are left out of learning, or nothing."""
    n_rows = n_known + n_missing
    if n_known >= FEWEST_LEARNED or n_rows < FEW_ROWS:
        return ""
    return f"{n_known} {plural('value', n_known)} in {n_rows} rows: too few to learn from"


def with_constant(guess: Guess, text: pd.Series, n_rows: int) -> Guess:
    """A guess with a constant for missing cells where train rows may have no median.

    Args: text: (n_known,) the cells that hold a value. n_rows: how many cells there are in all.
    """
    if guess.schema.get("missing") != "median" or not len(text) < FEWEST_KNOWN <= n_rows / 2:
        return guess
    word = str(text.mode().iloc[0])
    fill: str | float = word
    if guess.kind == "boolean":
        fill = float(word.lower() in TRUE_WORDS)
    elif guess.kind == "numeric":
        format = NumberFormat(**{k: v for k, v in guess.schema.items() if k in _NUMBER_WORDS})
        fill = float(np.nanmedian(numbers_of_text(text, format)))
    reason = f"{guess.reason}, so that {quoted(fill)} stands for the others"
    schema = {**guess.schema, "missing": "constant", "fill": fill}
    return replace(guess, reason=reason, schema=schema)
