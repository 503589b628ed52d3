"""Recognize files that are not text tables by their first bytes."""

from __future__ import annotations

from functools import cache

from colonnade.errors import DataError

_BEGINNINGS = (
    (b"PK\x03\x04", "an Excel file or a zip archive", "Name it .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save it as .xlsx or .csv"),
    (b"\x1f\x8b", "a gzip file", "Name it .csv.gz"),
    (b"PAR1", "a Parquet file", "Name it .parquet"),
    (b"SQLite format 3\x00", "an SQLite database", "Read it by pandas.SQLQueryDataset"),
    (b"%PDF", "a PDF", "Export the table itself"),
)
_LOOKED_AT = 2**20


def refuse_disguise(data: bytes, name: str) -> None:
    """Refuse what is no text table, whatever its name says.

    Raises: DataError that says what the file is and what to do.
    """
    for beginning, what, cure in _BEGINNINGS:
        if data.startswith(beginning):
            raise DataError(f"{name}: the file is not a text table but {what}. {cure}.")
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise DataError(
            f"{name}: the file is a web page, not a table. Download the table itself; "
            "a page that asks to log in is often saved in its place."
        )


def guessed_encoding(data: bytes) -> str | None:
    """The likely encoding of text that is not UTF-8; None for what is no text.

    utf-16 where every other byte is zero, gbk for Chinese letters, else cp1252.
    """
    head = data[:_LOOKED_AT]
    n_zero = head.count(0)
    if n_zero:
        halves = {"utf-16-be": head[::2].count(0), "utf-16-le": head[1::2].count(0)}
        likely = max(halves, key=lambda name: halves[name])
        # of Chinese text, the commas and line ends alone leave zeros, all in one half
        return likely if halves[likely] > 0.95 * n_zero else None
    try:
        text = head.decode("gb18030", errors="strict")
    except UnicodeDecodeError:
        return "cp1252"
    # a letter with an accent and its neighbor read as Chinese too, but as a character seldom seen
    usual = sum(letter in _usual_chinese() for letter in text)
    other = sum(ord(letter) > 127 for letter in text) - usual
    return "gbk" if usual > other else "cp1252"


@cache
def _usual_chinese() -> frozenset[str]:
    """The 3,755 characters of everyday use: level 1 of GB 2312, rows 16 to 55."""
    codes = (bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset(code.decode("gb2312", errors="ignore") for code in codes) - {""}
