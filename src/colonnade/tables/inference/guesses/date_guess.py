"""Guess how the dates of one column are written, and ask where it could be meant otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from colonnade.tables.inference.guesses.guess import Guess, with_gaps
from colonnade.tables.schema.dates import (
    LOOKED_AT,
    best_format,
    compact_format,
    has_short_years,
    latest_year_of,
    not_after,
    read_dates,
    zoned,
)
from colonnade.tables.schema.problems import plural, quoted

if TYPE_CHECKING:
    import pandas as pd


MOSTLY = 0.8
"""A column of which so many cells are dates means dates: the others are odd."""


def guess_dates(text: pd.Series, cells: pd.Series) -> Guess | None:
    """Dates written in one way, if the column holds them.

    Args: text: (n_known,) the cells that hold a value. cells: (n_rows,) all of them.
    """
    format, doubt = _date_format(text)
    if not format:
        return None
    dates, _ = read_dates(text, None if format == "ISO8601" else format)
    odd = text[dates.isna()]
    if format != "ISO8601":
        return replace(_read_as(format, doubt, text.drop(odd.index), cells), odd=odd)
    guess = with_gaps("datetime", "dates", len(cells) - len(text), cells)
    return replace(guess, odd=odd, note=_describe_zones(text, dates))


def _describe_zones(text: pd.Series, dates: pd.Series) -> str:
    """How many times say a zone, with one as it is read."""
    with_zone = zoned(text)
    if not with_zone.any():
        return ""
    count, example = int(with_zone.sum()), str(text[with_zone].iloc[0])
    moment = f"{dates[with_zone].iloc[0]:%Y-%m-%d %H:%M} UTC"
    return f"{count} {plural('cell', count)} such as {quoted(example)} -> {moment}"


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
    note = (
        f"{len(text)} {plural('cell', len(text))} such as {quoted(str(text.iloc[0]))} -> "
        f"{first:%Y-%m-%d} (years of two digits, up to {latest}: `latest_year`)"
    )
    schema = {**guess.schema, "latest_year": latest}
    return replace(guess, schema=schema, note=note, doubt=doubt, ways=ways if doubt else ())


def _date_format(text: pd.Series) -> tuple[str, str]:
    """The format that reads nearly every cell as a date, and another that does so too.

    Nothing where the column does not mean dates.
    """
    if text.str.contains(r"\d", regex=True).mean() < MOSTLY:
        return "", ""
    format, n_read, doubt = best_format(text)
    n_looked_at = min(len(text), LOOKED_AT)
    few_odd = n_looked_at - n_read <= (1 - MOSTLY) * n_looked_at
    return (format, doubt) if n_read and few_odd else ("", "")
