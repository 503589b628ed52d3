"""What a reader may take from the page: its predictions, as a CSV file within it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.evaluation.report.content import ReportContent

MOST_BYTES = 300_000
"""A file larger than this stays beside the page; the page itself is to be mailed."""
_DIGITS = 5
_LEAST_BYTES = 10
"""No row takes less: what is far too large need not be written to know it."""


@dataclass(frozen=True)
class Download:
    """A file within the page: its name, the address that holds it, and how many rows it has."""

    name: str
    address: str
    rows: int
    whole: bool
    """Whether it has the rows of every part, or of the judged one alone."""


def predictions_link(content: ReportContent) -> Download | None:
    """Predictions as a file: of every part, or of the judged one, or none if that is too large."""
    predictions, part = content.results.predictions, content.explanation.part
    judged = predictions[predictions["part"] == part]
    for rows in (predictions, judged):
        if not 0 < len(rows) * _LEAST_BYTES <= MOST_BYTES:
            continue
        text = _csv(rows)
        if len(text) <= MOST_BYTES:
            address = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text).decode()}"
            name = f"{content.table}_predictions.csv"
            return Download(name, address, len(rows), len(rows) == len(predictions))
    return None


def _csv(rows: pd.DataFrame) -> bytes:
    """The rows as CSV; a mark at its beginning tells Excel that it is UTF-8."""
    probabilities = [name for name in rows.columns if str(name).startswith("probability_")]
    short = rows.assign(**{name: rows[name].round(_DIGITS) for name in probabilities})
    text: str = short.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")
