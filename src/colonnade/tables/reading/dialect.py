"""Guess how a text file is written: its encoding and what separates its columns."""

from __future__ import annotations

import csv
import io
from typing import TypedDict

from colonnade.tables.reading.file_signatures import guessed_encoding

SEPARATORS = (",", ";", "\t", "|")
LOOKED_AT = 2**20


class TextOptions(TypedDict, total=False):
    """How a text file is written, where that is not as usual."""

    encoding: str
    separator: str


def text_options(data: bytes) -> TextOptions:
    """The `encoding` and `separator` that the catalog should name, where they are not usual.

    Args: data: the file's first bytes; a MiB is enough.
    """
    encoding = _encoding(data)
    text = data[:LOOKED_AT].decode(encoding, errors="ignore").removeprefix("\ufeff")
    options: TextOptions = {} if encoding == "utf-8" else {"encoding": encoding}
    separator = _separator(text)
    if separator != ",":
        options["separator"] = separator
    return options


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # a letter may be cut where the looked-at bytes end
    whole = data if len(data) < LOOKED_AT else data[: data.rfind(b"\n") + 1]
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return guessed_encoding(whole) or "utf-8"
    # plain letters in UTF-16 are UTF-8 as well, with a zero beside each
    return guessed_encoding(whole) or "utf-8" if b"\0" in whole else "utf-8"


def _separator(text: str) -> str:
    """The one that gives the first lines the same number of columns, and most of them."""
    best, most = ",", 1
    for separator in SEPARATORS:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            widths = [len(row) for row, _ in zip(rows, range(20), strict=False) if row]
        except csv.Error:
            continue
        if widths and len(set(widths)) == 1 and widths[0] > most:
            best, most = separator, widths[0]
    return best if most > 1 or not _separated_by_blanks(text) else " "


def _separated_by_blanks(text: str) -> bool:
    """Whether single blanks give the first lines the same number of columns."""
    lines = [line for line in text.splitlines()[:20] if line]
    widths = {len(line.split()) for line in lines}
    single = all(" ".join(line.split()) == line for line in lines)
    return single and len(lines) > 1 and len(widths) == 1 and max(widths) > 1
