"""Words that people put where nothing is known, beside the usual ones for a missing cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PLACEHOLDERS = ("?", "-", "--", "---", ".", "..", "...", "*", "n.a.", "n. a.", "k.a.", "k. a.")
_NO_DATE = r"0000[-/.]00[-/.]00( 00:00(:00)?)?|00[-/.]00[-/.]0000|9999-12-31([ T].*)?"


def placeholders_in(text: pd.Series) -> list[str]:
    """The words among the cells that people put where nothing is known.

    Not `-` beside `+`.
    """
    short = text[text.str.len() <= max(map(len, PLACEHOLDERS))]
    words = set(short.unique())
    found = set() if "+" in words else {word for word in words if word.lower() in PLACEHOLDERS}
    found.update(text[text.str.fullmatch(_NO_DATE)].unique())
    return sorted(found)
