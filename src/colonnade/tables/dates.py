"""Read dates written in one way; refuse to guess between two."""

from __future__ import annotations

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
    "%d-%b-%Y",
)
_LOOKED_AT = 1000


def read_dates(text: pd.Series, format: str | None = None) -> tuple[pd.Series, str]:
    """Dates of a text column, and what is in doubt about the way they are written, if anything.

    The format that reads most of the first values is taken; where two read them equally well and
    differ in a date, neither is.
    """
    if format:
        return _parsed(text, format), ""
    sample = text.dropna().iloc[:_LOOKED_AT]
    if sample.empty:
        return _parsed(text, "ISO8601"), ""
    best, most, doubt = "ISO8601", 0, ""
    for candidate in FORMATS:
        dates = _parsed(sample, candidate)
        read = int(dates.notna().sum())
        if read > most:
            best, most, doubt = candidate, read, ""
        elif read == most and read and not dates.equals(_parsed(sample, best)):
            doubt = candidate
        if candidate == "ISO8601" and read == len(sample):
            break
    if doubt:
        example = sample.iloc[0]
        return _parsed(text, best), f"dates such as '{example}' read as {best} and as {doubt}."
    return _parsed(text, best), ""


def _parsed(text: pd.Series, format: str) -> pd.Series:
    dates = pd.to_datetime(text, format=format, errors="coerce", utc=format == "ISO8601")
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        dates = dates.dt.tz_localize(None)
    return dates.astype("datetime64[us]")
