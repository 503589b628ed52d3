"""How the numbers of one column are written: the decimal mark, marks between thousands, a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

MARKS = {
    ".": r"\.",
    ",": ",",
    " ": "[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]",
    "'": "['\N{RIGHT SINGLE QUOTATION MARK}]",
}
"""Each mark as a pattern."""
_BLANK = "[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]*"


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of one column are written.

    Args: decimal: the mark before the decimals. thousands: the mark between groups of three digits,
        if any. unit: what stands before or after every number, if anything.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether a computer reads such numbers as they are."""
        return self == NumberFormat()

    def plain(self, text: pa.Array) -> pa.Array:
        """The numbers as a computer reads them; null where a cell is not written in this way.

        >>> euros = NumberFormat(decimal=",", thousands=".", unit="€")
        >>> euros.plain(pa.array(["1.234,5 €", "-12 €", "€7", "1.23 €", "8"])).to_pylist()
        ['1234.5', '-12', '7', None, None]
        """
        if self.is_plain:
            return text
        fits = pc.match_substring_regex(text, self._pattern())
        if self.unit:
            unit = re.escape(self.unit)
            text = pc.replace_substring_regex(text, rf"^([+-]?){_BLANK}{unit}{_BLANK}", r"\1")
            text = pc.replace_substring_regex(text, rf"{_BLANK}{unit}$", "")
        if self.thousands:
            text = pc.replace_substring_regex(text, MARKS[self.thousands], "")
        if self.decimal != ".":
            text = pc.replace_substring(text, self.decimal, ".")
        return pc.if_else(fits, text, pa.scalar(None, text.type))

    def _pattern(self) -> str:
        mark = MARKS[self.decimal]
        whole = r"\d+"
        if self.thousands:
            whole = rf"(?:\d{{1,3}}(?:{MARKS[self.thousands]}\d{{3}})+|\d+)"
        number = rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"
        if not self.unit:
            return rf"^[+-]?{number}$"
        unit = re.escape(self.unit)
        before = rf"[+-]?{_BLANK}{unit}{_BLANK}{number}|{unit}{_BLANK}[+-]{number}"
        return rf"^(?:{before}|[+-]?{number}{_BLANK}{unit})$"
