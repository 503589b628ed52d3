"""Read a text table as text: encoding, separators and row widths checked, nothing guessed."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import suppress
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from colonnade.errors import DataError
from colonnade.tables.reading.file_signatures import guessed_encoding, refuse_disguise
from colonnade.tables.reading.text_faults import (
    WrongRows,
    refuse_blanks_between,
    refuse_lines_before_header,
    refuse_open_quote,
    refuse_other_separator,
    refuse_repeated_header,
    refuse_repeated_names,
    refuse_wrong_widths,
)

if TYPE_CHECKING:
    from colonnade.tables.source import RowAside

LONGEST_ROW = 16 * 2**20
USUAL_ROW = 2**20  # the parser's block: small enough for the processor's cache
LONGEST_HEADER = 2**20
_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_text_table(
    data: bytes,
    name: str,
    *,
    encoding: str = "utf-8-sig",
    separator: str = ",",
    set_aside: bool = False,
) -> tuple[pd.DataFrame, list[RowAside]]:
    """Cells as text, header as written; the index, named "line", is each row's line in the file.

    Args: set_aside: leave rows of another width than the header's out, and give them besides.

    Raises: DataError for wrong encodings and separators, empty files, rows of another width than
        the header's, names used twice, NUL bytes, quotes never closed and rows beyond 16 MiB.
    """
    refuse_disguise(data, name)
    text = _as_utf8(data, name, encoding)
    _refuse_nul_bytes(text, name)
    refuse_lines_before_header(text, name, separator)
    table, wrong_rows = _parse(text, name, separator)
    header = [str(column[0].as_py()) for column in table.columns]
    names = [given.strip() for given in header]
    if not any(names):
        raise DataError(f"{name}: the file is empty. Put a table with a header line in it.")
    refuse_other_separator(names, name, separator)
    refuse_blanks_between(table, name)
    table = table.slice(1)
    lines = _line_numbers(text, table.num_rows + len(wrong_rows), separator)
    refuse_open_quote(text, table, wrong_rows, name, lines)
    if not (set_aside and table.num_rows):
        refuse_wrong_widths(wrong_rows, len(names), name, lines)
    if not table.num_rows:
        raise DataError(f"{name}: the file has a header but no rows. Add rows to it.")
    refuse_repeated_names(names, name)
    kept = wrong_rows.others(lines)
    refuse_repeated_header(table, header, name, kept)
    names = [given or f"unnamed_{place}" for place, given in enumerate(names, 1)]
    frame: pd.DataFrame = table.rename_columns(names).to_pandas()
    frame.index = pd.Index(kept, name="line")
    return frame, wrong_rows.set_aside(len(names), lines)


def _parse(text: bytes, name: str, separator: str) -> tuple[pa.Table, WrongRows]:
    width = _header_width(text, name, separator)
    try:
        try:
            return _parse_blocks(text, width, separator, USUAL_ROW)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise
            return _parse_blocks(text, width, separator, LONGEST_ROW)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error) and not text.strip():
            problem = "the file is empty. Put a table with a header line in it."
        elif "Empty CSV" in str(error):
            problem = "the file has a header but no rows. Add rows to it."
        elif "straddling" in str(error):
            problem = f"a row is longer than {LONGEST_ROW} bytes: is a quote never closed?"
        else:
            problem = f"the file cannot be read as a table: {error}"
        raise DataError(f"{name}: {problem}") from None


def _parse_blocks(
    text: bytes, width: int, separator: str, block_size: int
) -> tuple[pa.Table, WrongRows]:
    """Raises: pyarrow.ArrowInvalid, which mentions straddling if a row is longer than a block."""
    wrong = WrongRows()
    table = pa_csv.read_csv(
        pa.BufferReader(text),
        # one thread: only then does the parser know the numbers of wrong rows
        read_options=pa_csv.ReadOptions(
            use_threads=False, autogenerate_column_names=True, block_size=block_size
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=wrong
        ),
        convert_options=pa_csv.ConvertOptions(
            # pandas keeps its strings so: nothing is copied
            column_types={f"f{place}": pa.large_string() for place in range(width)},
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return table, wrong


def _header_width(text: bytes, name: str, separator: str) -> int:
    head = text[:LONGEST_HEADER].decode("utf-8", errors="replace").lstrip("\r\n")
    try:
        return len(next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), []))
    except csv.Error as error:
        raise DataError(f"{name}: the header cannot be read ({error}). Correct it.") from None


def _as_utf8(data: bytes, name: str, encoding: str) -> bytes:
    """The text as UTF-8 without a byte order mark, whatever encoding it came in."""
    for mark, other in _BYTE_ORDER_MARKS:
        if data.startswith(mark) and encoding.lower().replace("_", "-").startswith("utf-8"):
            raise DataError(
                f"{name}: the file is not UTF-8 but UTF-16. "
                f"Set `encoding: {other}` in its catalog entry."
            )
    _refuse_utf8(data, name, encoding)
    try:
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
            _check_utf8(data)
            return data.removeprefix(b"\xef\xbb\xbf")
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except LookupError:
        raise DataError(
            f"{name}: '{encoding}' is not an encoding that Python knows, such as utf-8 or gbk."
        ) from None
    except UnicodeError as error:
        raise DataError(_wrong_encoding(data, name, encoding, error)) from None


def _refuse_utf8(data: bytes, name: str, encoding: str) -> None:
    """Refuse to read UTF-8 by another encoding, which may well give other letters unsaid."""
    if encoding.lower().startswith("utf") or data.isascii():
        return
    with suppress(UnicodeDecodeError):
        _check_utf8(data)
        raise DataError(
            f"{name}: the file is UTF-8, not {encoding}. Set `encoding: utf-8` in its catalog "
            "entry, or say --params encoding=utf-8 for one run."
        )


def _check_utf8(data: bytes) -> None:
    """Raises: UnicodeDecodeError where the bytes are not UTF-8.

    Block by block, since the whole as one str would take up to four times its bytes.
    """
    if data.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    blocks = memoryview(data)
    try:
        for start in range(0, len(data), LONGEST_ROW):
            decoder.decode(blocks[start : start + LONGEST_ROW])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        data.decode("utf-8")  # fails as well, and knows the place in the whole


def _wrong_encoding(data: bytes, name: str, encoding: str, error: UnicodeError) -> str:
    where = ""
    if isinstance(error, UnicodeDecodeError):
        line = data.count(b"\n", 0, error.start) + 1
        where = f" (line {line})"
    guess = guessed_encoding(data)
    if guess is None:
        return f"{name}: the file is not text{where}: it is damaged, or of another kind."
    supposed = "UTF-8" if encoding == "utf-8-sig" else encoding
    return (
        f"{name}: the file is not {supposed}{where}. "
        f"Set `encoding: {guess}` in its catalog entry, or save it as UTF-8."
    )


def _refuse_nul_bytes(text: bytes, name: str) -> None:
    place = text.find(b"\0")
    if place >= 0:
        line = text.count(b"\n", 0, place) + 1
        raise DataError(
            f"{name}: line {line} holds a NUL byte: the file is damaged, or not text. "
            "Export it again, or set `encoding: utf-16-le` if that is what it is."
        )


def _line_numbers(text: bytes, n_rows: int, separator: str) -> range | pd.Index:
    """The line on which each row begins; line 1 is the file's first."""
    ends = text.count(b"\n")
    if returns := text.count(b"\r"):
        ends += returns - text.count(b"\r\n")
    n_lines = ends + (not text.endswith((b"\n", b"\r")))
    if n_lines == n_rows + 1:
        return range(2, n_rows + 2)
    # blank lines, or cells of several lines: count as an editor does
    starts, begin = [], 1
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=separator)
    try:
        for row in reader:
            if row:
                starts.append(begin)
            begin = reader.line_num + 1
    except csv.Error:
        return range(2, n_rows + 2)  # a cell beyond 128 KiB: rows are counted instead of lines
    if len(starts) != n_rows + 1:
        return range(2, n_rows + 2)
    return pd.Index(starts[1:])
