"""What to do about categories so rare that little is learned of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 50
"""A column with more categories has its rare ones pooled."""

POOLED_BELOW = (10, 5, 2)
"""The first of these that leaves at most a tenth of the rows in the pool; else the first."""

MOST_ONES = 200
"""With more categories of their own a column of codes is embedded, not spread over columns."""

TRAIN_SHARE = 0.7
"""Of the rows, as a split is unless the YAML says otherwise."""


def pool_rare(text: pd.Series) -> tuple[str, dict[str, Any]]:
    """What `standardize.columns` says of a column with many categories, and the words for it.

    Args: text: (n_rows,) the categories, none missing.
    """
    if text.nunique() <= MOST_CATEGORIES:
        return "", {}
    fewest, n_kept = _pooled_below(text)
    description = f"; those in fewer than {fewest} train rows pooled"
    if n_kept <= MOST_ONES:
        return description, {"minimum_count": fewest}
    choice = {"categorical": "embedding", "minimum_count": fewest}
    return f"{description}, the other {n_kept:,} embedded", choice


def _pooled_below(text: pd.Series) -> tuple[int, int]:
    """How many train rows a category needs of its own, so that those pooled are rare ones.

    And how many categories will likely have so many.
    """
    counts = TRAIN_SHARE * text.value_counts()
    for fewest in POOLED_BELOW:
        if counts[counts < fewest].sum() <= 0.1 * counts.sum():
            return fewest, int((counts >= fewest).sum())
    return POOLED_BELOW[0], int((counts >= POOLED_BELOW[0]).sum())
