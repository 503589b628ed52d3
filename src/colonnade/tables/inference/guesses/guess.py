"""What a column seems to mean, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.tables.inference.guesses.known_words import PLACEHOLDERS
from colonnade.tables.schema.column import is_missing
from colonnade.tables.schema.problems import quoted
from colonnade.tables.schema.table_schema import MISSING_WORDS

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLE = re.compile(r", such as '[^']*'$")


@dataclass(frozen=True)
class Guess:
    """What a column seems to mean, and why."""

    kind: str
    reason: str
    schema: dict[str, Any] = field(default_factory=dict)
    standardize: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    """How cells are read that are not written plainly, with an example."""
    odd: pd.Series | None = None
    """Cells that do not fit the others: only the user knows what they mean."""
    doubt: str = ""
    """What the cells may mean as well, so that the user has to be asked."""
    ways: tuple[dict[str, Any], ...] = ()
    """What the YAML may say, one for each meaning."""
    gaps: str = ""
    """How many cells are missing, and how that is written; part of the reason."""

    @property
    def why(self) -> str:
        """The reason without what a table of all columns shows beside it: gaps and an example."""
        reason = self.reason.replace(f"; {self.gaps}", "") if self.gaps else self.reason
        return _EXAMPLE.sub("", reason)


def known_text(cells: pd.Series) -> pd.Series:
    """The cells that hold a value, as trimmed text."""
    if cells.dtype.kind == "f":
        known = cells.dropna()
        whole = bool(np.isfinite(known).all() and (known == known.round()).all())
        cells = cells.astype("Int64") if whole else cells
    text = cells.dropna().astype("str").str.strip()
    return text[~text.str.lower().isin(MISSING_WORDS)]


def guess_of(kind: str, reason: str, **schema: Any) -> Guess:
    """A guess, with what the YAML says beside the kind."""
    return Guess(kind, reason, {"kind": kind, **schema})


def with_gaps(kind: str, reason: str, n_missing: int, cells: pd.Series, **schema: Any) -> Guess:
    """A guess with a policy for missing cells, if there are any."""
    if not n_missing:
        return guess_of(kind, reason, **schema)
    gaps = _describe_missing(n_missing, cells)
    schema["missing"] = "category" if kind == "categorical" else "median"
    return replace(guess_of(kind, f"{reason}; {gaps}", **schema), gaps=gaps)


def _describe_missing(n_missing: int, cells: pd.Series) -> str:
    """How many cells are missing; and how they are written, since a word may mean something."""
    share = n_missing / len(cells)
    description = (
        f"{share:.1%} missing" if share >= 0.0005 else f"{n_missing} of {len(cells)} missing"
    )
    missing = cells[is_missing(cells, [*MISSING_WORDS, *PLACEHOLDERS])].dropna()
    words = sorted(set(missing.astype("str").str.strip()))
    return f"{description} ({' or '.join(map(quoted, words))})" if any(words) else description
