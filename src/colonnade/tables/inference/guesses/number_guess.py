"""Guess how the numbers of one column are written, and ask where it could be meant otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.tables.schema.column import matches
from colonnade.tables.schema.number_format import MARKS, NumberFormat
from colonnade.tables.schema.problems import plural, quoted

CURRENCIES = (
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "₽",
    "₩",
    "₺",
    "R$",
    "US$",
    "元",
    "kr",
    "zł",
    "Kč",
    "Rs",
    "Rs.",
)
CODES = ("USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "RMB", "SEK", "NOK", "DKK", "PLN", "BRL")
UNITS = (
    *("%", "‰", "°", "°C", "°F", "C", "F", "mg", "g", "kg", "t", "lb", "lbs", "oz", "mm", "cm"),
    *(
        "m",
        "km",
        "in",
        "inch",
        "ft",
        "mi",
        "mm²",
        "cm²",
        "m²",
        "m2",
        "km²",
        "ha",
        "sqft",
        "ml",
        "l",
    ),
    *("L", "cl", "cc", "CC", "gal", "ms", "s", "sec", "min", "h", "hr", "hrs", "d", "day", "days"),
    *("week", "weeks", "month", "months", "mo", "year", "years", "yr", "yrs", "km/h", "kmh", "mph"),
    *(
        "m/s",
        "kmpl",
        "mpg",
        "bhp",
        "hp",
        "PS",
        "kW",
        "W",
        "kWh",
        "Wh",
        "mAh",
        "V",
        "A",
        "Hz",
        "MHz",
    ),
    *("GHz", "KB", "kB", "MB", "GB", "TB", "px", "dpi", "bar", "Pa", "hPa", "N", "Nm", "J", "kJ"),
    *("kcal", "mmHg", "ppm", "dB", "pcs", "rpm"),
)
"""What stands after a number and leaves its value as it is; `k` or `M` would not."""

_CELL = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<before>[^\W\d_]{1,3}\.?|[^\w\s.,+'-]|[^\W\d_]{1,2}\$)?\s*(?P<sign2>[+-]?)"
    r"(?P<body>\d[\d.,'’\s]*(?:[eE][+-]?\d+)?|\.\d+)\s*(?P<after>[^\W\d_][^\d\s]*[²2]?|[^\w\s.,+-]\w?)?"
)
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_THREE_BEHIND_POINTS = r"[+-]?(\d+|[1-9]\d{0,2}\.\d{3})"
_ONE_GROUP = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_WAYS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))
_COMMA_GROUPS, _POINT_GROUPS = {"thousands": ","}, {"decimal": ",", "thousands": "."}
_ANSWERS: dict[str, tuple[dict[str, Any], ...]] = {
    ",": (_COMMA_GROUPS, {"decimal": ","}),
    ".": (_POINT_GROUPS, {"decimal": "."}),
    ",.": (_COMMA_GROUPS, _POINT_GROUPS),
}
"""What the YAML may say of numbers with these marks, where they may be read in two ways."""
_LONGEST, _SAMPLE = 40, 25
_BY_CHANCE = 5
"""So few numbers beside whole ones may all have three decimals by chance."""
MOST_SHOWN = 3


@dataclass(frozen=True)
class NumberGuess:
    """How a column's numbers seem to be written, and what is in doubt about it.

    Args: format: None if the column does not hold numbers. odd: cells that are no numbers at all.
        doubt: the question, where there is one. ways: what the YAML may say, one for each meaning.
    """

    format: NumberFormat | None
    odd: pd.Series | None = None
    doubt: str = ""
    ways: tuple[dict[str, Any], ...] = ()

    def words(self) -> dict[str, Any]:
        """What the YAML of the column says of it."""
        format = self.format or NumberFormat()
        words = {
            "decimal": "" if format.decimal == "." else format.decimal,
            "thousands": format.thousands,
            "unit": format.unit,
        }
        return {word: value for word, value in words.items() if value}

    def describe(self, text: pd.Series) -> str:
        """How many cells are read otherwise than they stand there, with an example.

        Args: text: (n_rows,) the cells that hold numbers.
        """
        if self.format is None or self.format.is_plain:
            return ""
        changed = text[~text.str.fullmatch(NUMBER)]
        changed = changed if len(changed) else text
        longest = max(map(str, changed.head(1000)), key=len)
        value = numbers_of_text(pd.Series([longest], dtype="str"), self.format)[0]
        unit = f" {self.format.unit}" if self.format.unit else ""
        marks = [f"{self.format.decimal!r} before decimals"]
        marks += [f"{self.format.thousands!r} between thousands"] if self.format.thousands else []
        cells = plural("cell", len(changed))
        return (
            f"{len(changed)} {cells} such as {quoted(longest)} -> {value:.12g}{unit} "
            f"({', '.join(marks)})"
        )


PLAIN = NumberGuess(NumberFormat())
_NO_NUMBERS = NumberGuess(None)


def numbers_of_text(text: pd.Series, format: NumberFormat) -> np.ndarray:
    """Cells as numbers, NaN where a cell is none that is written so.

    Shape: (n_rows,) -> the same, float64.
    """
    plain = format.plain(pa.array(text.astype("str"), type=pa.string()))
    fits = pa.array(matches(plain, f"^{NUMBER}$"))
    numbers = pc.cast(pc.if_else(fits, plain, pa.scalar(None, pa.string())), pa.float64())
    return np.asarray(pc.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False))


def guess_numbers(text: pd.Series, *, decimal_commas: bool | None = False) -> NumberGuess:
    """How the numbers of a column are written.

    Args: text: (n_rows,) trimmed, none missing. decimal_commas: whether the table writes decimals
        after commas; None where that is likely but not certain.
    """
    plain = text.str.fullmatch(NUMBER)
    if plain.all() and not _may_be_thousands(text):
        return NumberGuess(NumberFormat())
    words = text.value_counts()
    sample = [_parts(word) for word in (*words.index[:_SAMPLE], *words.index[-_SAMPLE:])]
    seldom = sum(map(bool, sample)) < len(sample) / 2
    parts = {} if seldom else {word: _parts(word) for word in words.index}
    units = {word: _unit(found) for word, found in parts.items()}
    odd = text[text.isin([word for word, unit in units.items() if unit is None])]
    unit, doubt = _one_unit(text, units)
    if unit is None or _too_many(odd, text):
        return _NO_NUMBERS
    if doubt:
        return NumberGuess(NumberFormat(), odd, doubt)
    bodies = [
        re.sub(r"\s", " ", found["body"].strip())
        for word, found in parts.items()
        if found and units[word] is not None
    ]
    marks, doubt = _marks(bodies, decimal_commas)
    found = NumberFormat(marks.decimal, marks.thousands, unit)
    read = found.plain(pa.array(text.astype("str"), type=pa.string()))
    unread = text[~matches(read, f"^{NUMBER}$")]
    if _too_many(unread, text):
        return _NO_NUMBERS
    return NumberGuess(found, unread, doubt, _ANSWERS[_marks_in(bodies)] if doubt else ())


def _too_many(odd: pd.Series, known: pd.Series) -> bool:
    """Whether so many cells are no numbers that the column does not mean numbers."""
    if len(odd) > 0.2 * len(known) or not len(known):
        return True
    return known.nunique() > 2 and odd.nunique() > len(known) / 5


def _may_be_thousands(text: pd.Series) -> bool:
    """Whether every point stands before three digits, as a mark between thousands would."""
    if not text.iloc[:100].str.fullmatch(_THREE_BEHIND_POINTS).all():
        return False
    fits = text.str.fullmatch(_THREE_BEHIND_POINTS).all()
    return bool(fits and text.str.contains(".", regex=False).any())


def _parts(word: str) -> re.Match[str] | None:
    return _CELL.fullmatch(word) if len(word) <= _LONGEST else None


def _unit(found: re.Match[str] | None) -> str | None:
    """What stands beside the number: nothing, a unit, or None for what is neither."""
    if found is None:
        return None
    before, after = found["before"] or "", found["after"] or ""
    if before:
        return before if not after and before in (*CURRENCIES, *CODES, "%") else None
    return after if not after or after in (*UNITS, *CURRENCIES, *CODES) else None


def _one_unit(known: pd.Series, units: dict[str, str | None]) -> tuple[str | None, str]:
    """The unit of every number, and what is in doubt; None for letters that are no units."""
    given = known.map(units)
    counts = given.value_counts()
    if not len(counts):
        return None, ""
    if len(counts) == 1:
        return str(counts.index[0]), ""
    if any(len(unit) == 1 and unit.isalpha() for unit in counts.index):
        return None, ""  # 12A and 12C are seats
    examples = []
    for unit, count in counts.items():
        example = quoted(str(known[given == unit].iloc[0]))
        examples.append(f"{count} with {quoted(unit)}" if unit else f"{count} without a unit")
        examples[-1] += f", such as {example}"
    return "", f"holds numbers of different units: {'; '.join(examples[:MOST_SHOWN])}"


def _marks(bodies: list[str], decimal_commas: bool | None) -> tuple[NumberFormat, str]:
    """The marks that read the numbers, or most of them; and what is in doubt."""
    marked = [body for body in bodies if not body.isdigit()]
    if marked and all(map(_ONE_GROUP.fullmatch, marked)) and len(_marks_in(marked)) == 1:
        return _one_group(marked, bodies, decimal_commas)
    read = {way: sum(_fits(body, *way) for body in bodies) for way in _WAYS}
    best = max(read, key=lambda way: read[way])
    doubt = ""
    if best == (".", ",") and read[",", "."] == read[best]:
        doubt = _two_readings(next(body for body in marked if _ONE_GROUP.fullmatch(body)))
    return NumberFormat(*best), doubt


def _marks_in(bodies: list[str]) -> str:
    return "".join(mark for mark in ",." if any(mark in body for body in bodies))


def _fits(body: str, decimal: str, thousands: str) -> bool:
    """Whether a number is written so, with groups of exactly three digits."""
    mark = MARKS[decimal]
    if thousands:
        group = rf"[1-9]\d{{0,2}}({MARKS[thousands]}\d{{3}})+"
        return bool(re.fullmatch(rf"(\d{{1,3}}|{group})({mark}\d*)?", body))
    return bool(re.fullmatch(rf"(\d+({mark}\d*)?|{mark}\d+)([eE][+-]?\d+)?", body))


def _one_group(
    marked: list[str], bodies: list[str], decimal_commas: bool | None
) -> tuple[NumberFormat, str]:
    """Decimals or thousands, where every mark stands once and before three digits."""
    mark = "," if "," in marked[0] else "."
    other = "." if mark == "," else ","
    long = any(len(body) > 3 for body in bodies if body.isdigit())
    if decimal_commas is (mark == ".") and not long:
        return NumberFormat(other, mark), ""
    if mark == "." and decimal_commas is False:
        few = len(marked) < _BY_CHANCE or len(marked) == len(bodies)
        if few or long:
            return NumberFormat(), ""
    return NumberFormat(mark), _two_readings(marked[0])


def _two_readings(number: str) -> str:
    whole, decimals = (re.sub("[.,]", mark, number) for mark in ("", "."))
    return f"holds {quoted(number)}, which may be {whole} or {decimals}"
