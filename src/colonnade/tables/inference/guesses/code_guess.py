"""Guess what digits mean that are no amount, and what becomes of categories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from colonnade.tables.inference.guesses.date_guess import guess_compact_dates
from colonnade.tables.inference.guesses.guess import Guess, guess_of, with_gaps
from colonnade.tables.inference.guesses.rare_categories import pool_rare
from colonnade.tables.schema.numbers import EXACT_WHOLE
from colonnade.tables.schema.problems import quoted

if TYPE_CHECKING:
    import pandas as pd

OWN_SHARE = 0.9
"""Codes name rows where more than this share of the rows have one of their own."""
_LEADING_ZERO = r"0\d+"
_WHOLE = r"[+-]?\d+"


def guess_digits(text: pd.Series, numbers: np.ndarray, cells: pd.Series) -> Guess | None:
    """Digits that are no amount: dates without marks, codes, and what a number cannot hold.

    Args: text: (n_known,) the cells that hold a value. numbers: those that are numbers. cells:
        (n_rows,) all of them.
    """
    if not text.str.fullmatch(_WHOLE).all():
        return None
    if dates := guess_compact_dates(text, cells):
        return dates
    if text.str.fullmatch(_LEADING_ZERO).any():
        what = "codes with leading zeros"
    elif (np.abs(numbers) > EXACT_WHOLE).any():
        what = "whole numbers beyond 2^53, more than a number holds to the digit"
    else:
        return None
    n_codes = int(text.nunique())
    if n_codes > OWN_SHARE * len(text):
        return guess_of("identifier", f"{what}, {n_codes} different ones in {len(text)} rows")
    return guess_categories(text, cells, what)


def guess_categories(text: pd.Series, cells: pd.Series, what: str) -> Guess:
    """Categories, the rare ones pooled where there are many.

    Args: what: what they are, for the reason.
    """
    n_missing, n_words = len(cells) - len(text), int(text.nunique())
    reason = f"{n_words} different {what}, such as {quoted(str(text.iloc[0]))}"
    description, choice = pool_rare(text)
    return replace(
        with_gaps("categorical", reason + description, n_missing, cells), standardize=choice
    )
