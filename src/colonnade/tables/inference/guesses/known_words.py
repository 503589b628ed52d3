"""Common words: those in an order, and placeholders for missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PLACEHOLDERS = ("?", "-", "--", "---", ".", "..", "...", "*", "n.a.", "n. a.", "k.a.", "k. a.")
_NO_DATE = r"0000[-/.]00[-/.]00( 00:00(:00)?)?|00[-/.]00[-/.]0000|9999-12-31([ T].*)?"
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


def usual_order(words: set[str]) -> list[str]:
    """The words from lowest to highest, where their order is common knowledge; else nothing."""
    spelled = {word.lower().replace("_", " "): word for word in words}
    for order in ORDERS:
        if len(words) > 1 and len(spelled) == len(words) and set(spelled) <= set(order):
            return [spelled[word] for word in order if word in spelled]
    return []


def placeholders_in(text: pd.Series) -> list[str]:
    """The words among the cells that people put where nothing is known.

    Not `-` beside `+`.
    """
    short = text[text.str.len() <= max(map(len, PLACEHOLDERS))]
    words = set(short.unique())
    found = set() if "+" in words else {word for word in words if word.lower() in PLACEHOLDERS}
    found.update(text[text.str.fullmatch(_NO_DATE)].unique())
    return sorted(found)
