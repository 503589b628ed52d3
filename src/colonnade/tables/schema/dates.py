"""Read dates written in one way; refuse to guess between two."""

from __future__ import annotations

import numpy as np
import pandas as pd

FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b-%Y",
    "%b-%y",
    "%b %Y",
    "%B %Y",
    "%H:%M",
    "%H:%M:%S",
)
"""Times of day are moments of one day."""
COMPACT_FORMATS = ("%Y%m%d", "%d%m%Y", "%m%d%Y")
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
LOOKED_AT = 1000
"""So many of the first dates tell how all are written."""


def read_dates(
    text: pd.Series, format: str | None = None, latest_year: int | None = None
) -> tuple[pd.Series, str]:
    """Dates of a text column, and what is in doubt about the way they are written, if anything.

    Args: latest_year: of years with two digits, the last that they may mean.

    Shape: (n_rows,) -> the same, datetime64[us], NaT where a cell is not written like the others.
    """
    if format:
        dates = _parsed(text, format)
        return (dates if latest_year is None else not_after(dates, latest_year)), ""
    found, _, doubt = best_format(text.dropna())
    if doubt:
        example = text.dropna().iloc[0]
        return _parsed(text, found), f"dates such as '{example}' read as {found} and as {doubt}."
    return _parsed(text, found), ""


def has_short_years(format: str | None) -> bool:
    """Whether years are written with two digits."""
    return format is not None and ("%y" in format or "%D" in format or "%x" in format)


def not_after(dates: pd.Series, latest_year: int) -> pd.Series:
    """Dates of years with two digits in the hundred years that end with the latest.

    Shape: (n_rows,) datetime64[us] -> the same; NaT where that year has no 29 February.
    """
    moments = dates.to_numpy(dtype="datetime64[us]")
    months = moments.astype("datetime64[M]")
    years = months.astype("datetime64[Y]").astype(np.int64) + 1970
    centuries = np.where(np.isnat(moments), 0, (years - latest_year + 99) // 100)
    moved = months - 1200 * centuries
    found = moved.astype("datetime64[us]") + (moments - months.astype("datetime64[us]"))
    found[~np.isnat(found) & (found.astype("datetime64[M]") != moved)] = np.datetime64("NaT")
    return pd.Series(found, index=dates.index)


def latest_year_of(dates: pd.Series, this_year: int) -> tuple[int, str]:
    """The last year that years with two digits mean, and what is in doubt about it.

    They span as few years as they can, and end this year or before.

    >>> latest_year_of(pd.to_datetime(pd.Series(["2050-01-01", "2069-01-01"])), 2026)
    (1969, '')
    """
    years = np.unique(dates.dropna().dt.year.to_numpy() % 100)
    gaps = np.diff([*years, years[0] + 100])
    last = int(years[int(gaps.argmax())])
    first = int(years[(int(gaps.argmax()) + 1) % len(years)])
    latest = this_year - (this_year - last) % 100
    n_years = (last - first) % 100
    if latest + 100 - n_years <= this_year:
        return (
            latest + 100,
            f"holds years of two digits, which end with {latest} or with {latest + 100}",
        )
    return latest, ""


def zoned(text: pd.Series) -> np.ndarray:
    """Where a time says its zone."""
    return text.str.contains(r"[T ]\d.*(?:[Zz]|[+-]\d\d:?(?:\d\d)?)$", regex=True).to_numpy(bool)


def lone_reading(text: pd.Series) -> str:
    """What is in doubt of a date that stands alone, where the dates beside it explain it.

    Args: text: (n_rows,), none missing.
    """
    readings = _readings(text)
    found, _, _ = _best(readings)
    for candidate, others in readings.items():
        dates = readings[found]
        unlike = others.notna() & dates.notna() & (others != dates)
        if unlike.any():
            example = text.iloc[int(unlike.to_numpy().argmax())]
            return f"the dates read as {found}, but '{example}' alone as {candidate} too."
    return ""


def same_format(text: pd.Series) -> str:
    """The format by which every cell is a date; nothing if one is none, or if digits alone.

    Args: text: (n_rows,), none missing.
    """
    if not len(text) or not text.str.contains(r"\d.*\D|\D.*\d", regex=True).all():
        return ""
    if text.str.fullmatch(_NUMBER).any():
        return ""
    format, _, _ = best_format(text)
    return format if _parsed(text, format).notna().all() else ""


def compact_format(text: pd.Series) -> tuple[str, str]:
    """The format by which every cell of eight digits is a date, and another that reads all, too.

    Years are from 1900 to 2100, and there are at least three dates: other numbers hardly are so
    by chance.

    Args: text: (n_rows,), none missing.
    """
    if not len(text) or not text.str.fullmatch(r"\d{8}").all() or text.nunique() < 3:
        return "", ""
    fits = []
    for candidate in COMPACT_FORMATS:
        dates = _parsed(text, candidate)
        if dates.notna().all() and dates.dt.year.between(1900, 2100).all():
            fits.append(candidate)
    return (fits[0], fits[1] if len(fits) > 1 else "") if fits else ("", "")


def best_format(text: pd.Series) -> tuple[str, int, str]:
    """The format that reads most of the first dates, how many, and one that reads them otherwise.

    Args: text: (n_rows,), none missing.
    """
    return _best(_readings(text))


def _best(readings: dict[str, pd.Series]) -> tuple[str, int, str]:
    best, most, doubt = "ISO8601", 0, ""
    for candidate, dates in readings.items():
        n_read = int(dates.notna().sum())
        if n_read > most:
            best, most, doubt = candidate, n_read, ""
        elif n_read == most and not dates.equals(readings[best]):
            doubt = candidate
    return best, most, doubt


def _readings(text: pd.Series) -> dict[str, pd.Series]:
    """The first dates by each format that reads any of them; where ISO 8601 reads all, by it."""
    sample = text.iloc[:LOOKED_AT]
    readings = {}
    for candidate in FORMATS:
        dates = _parsed(sample, candidate)
        if dates.notna().any():
            readings[candidate] = dates
        if candidate == "ISO8601" and dates.notna().all():
            break
    return readings


def _parsed(text: pd.Series, format: str) -> pd.Series:
    dates = pd.to_datetime(text, format=format, errors="coerce", utc=format == "ISO8601")
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        dates = dates.dt.tz_localize(None)
    return dates.astype("datetime64[us]")
