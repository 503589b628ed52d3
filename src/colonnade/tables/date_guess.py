"""Guess how the dates of one column are written, and ask where it could be meant otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from colonnade.tables.dates import (
    best_format,
    compact_format,
    has_short_years,
    latest_year_of,
    not_after,
    read_dates,
)
from colonnade.tables.guess import Guess, with_gaps
from colonnade.tables.problems import plural, quoted

if TYPE_CHECKING:
    import pandas as pd


def guess_dates(text: pd.Series, cells: pd.Series) -> Guess | None:
    """Dates written in one way, if the column holds them.

    Args: text: (n_known,) the cells that hold a value. cells: (n_rows,) all of them.
    """
    n_missing = len(cells) - len(text)
    format, doubt = _date_format(text)
    if not format or format == "ISO8601":
        return with_gaps("datetime", "dates", n_missing, cells) if format else None
    return _read_as(format, doubt, text, cells)


def guess_compact_dates(text: pd.Series, cells: pd.Series) -> Guess | None:
    """Dates of eight digits, such as 18012025, if the column holds nothing else."""
    format, doubt = compact_format(text)
    return _read_as(format, doubt, text, cells) if format else None


def _read_as(format: str, doubt: str, text: pd.Series, cells: pd.Series) -> Guess:
    n_missing = len(cells) - len(text)
    example = quoted(str(text.iloc[0]))
    reason = f"dates such as {example}, read as {format}"
    guess = with_gaps("datetime", reason, n_missing, cells, format=format)
    if not doubt:
        return _with_latest_year(guess, text, format) if has_short_years(format) else guess
    question = f"holds dates such as {example}, which read as {format} and as {doubt}"
    return replace(guess, doubt=question, ways=({"format": format}, {"format": doubt}))


def _with_latest_year(guess: Guess, text: pd.Series, format: str) -> Guess:
    """Add the last year that years of two digits mean: 69 may be 1969 or 2069."""
    dates, _ = read_dates(text, format)
    latest, doubt = latest_year_of(dates, datetime.now(UTC).year)
    ways = tuple({"format": format, "latest_year": year} for year in (latest - 100, latest))
    first = not_after(dates, latest).iloc[0]
    told = (
        f"{len(text)} {plural('cell', len(text))} such as {quoted(str(text.iloc[0]))} -> "
        f"{first:%Y-%m-%d} (years of two digits, up to {latest}: `latest_year`)"
    )
    schema = {**guess.schema, "latest_year": latest}
    return replace(guess, schema=schema, told=told, doubt=doubt, ways=ways if doubt else ())


def _date_format(text: pd.Series) -> tuple[str, str]:
    """The format that reads every cell as a date, and another that does so too; else nothing."""
    if not text.str.contains(r"\d", regex=True).all():
        return "", ""
    format, n_read, doubt = best_format(text)
    return (format, doubt) if n_read == min(len(text), 1000) else ("", "")
