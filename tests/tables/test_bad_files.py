"""What users' files get wrong, from the bytes on the disk to the one message that tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.errors import DataError
from colonnade.tables.check import table_problems
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, split_table

N_ROWS = 40


def rows(*changes: tuple[int, str], header: str = "a,b,y") -> str:
    """A sound table of two numbers and two labels, with some rows replaced."""
    lines = [f"{i},{i * i},{i % 2}" for i in range(N_ROWS)]
    for row, text in changes:
        lines[row] = text
    return "".join(f"{line}\n" for line in (header, *lines))


def problems_of(data: bytes | str, name: str = "t.csv", **schema: object) -> list[str]:
    """What reading and checking the file tell; empty if it can be trained on."""
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    meaning = SchemaParams.model_validate({"target": "y", "task": "classification", **schema})
    try:
        raw = read_raw_table(name)
    except DataError as error:
        return error.sentences()
    groups = meaning, SplitParams(), StandardizeParams()
    return DataError(table_problems(raw.frame, *groups, name=raw.source.name)).sentences()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def numbered(value: str) -> str:
    return rows((5, f"{value},1,1"))


def labeled(*labels: str) -> str:
    return "a,y\n" + "".join(f"{i},{labels[i % len(labels)]}\n" for i in range(N_ROWS))


CELL = "t.csv: column 'a', line 7: "
LABEL = "t.csv: column 'y', line 3: "
HUGE = "is infinite or beyond 3.4e38, the largest number that the model can hold. Correct it."
BAD_FILES = {
    "NaN": (numbered("NaN"), f"{CELL}'NaN' counts as missing. Fill it in, or set"),
    "N/A": (numbered("N/A"), f"{CELL}'N/A' counts as missing. Fill it in, or set"),
    "inf": (numbered("-inf"), f"{CELL}'-inf' is not a finite number. Correct it, or leave"),
    "1e400": (numbered("1e400"), f"{CELL}'1e400' {HUGE}"),
    "1e308": (numbered("1e308"), f"{CELL}'1e308' {HUGE}"),
    "2^70": (numbered(str(2**70)), f"{CELL}'{2**70}' is a whole number beyond 2^53"),
    "all missing": (
        "a,b,y\n" + "".join(f",{i},{i % 2}\n" for i in range(N_ROWS)),
        "t.csv: column 'a' has no value in any row. Set `schema.columns.a.kind: ignored`.",
    ),
    "constant": (
        "a,b,y\n" + "".join(f"7,{i},{i % 2}\n" for i in range(N_ROWS)),
        "t.csv: column 'a' is 7 in every row: there is nothing to learn from it. Set",
    ),
    "1,234": (numbered('"1,234"'), f"{CELL}'1,234' is not a plain number. Write it"),
    "duplicate header": (
        rows(header="a,a,y"),
        "t.csv: the header names 'a' 2 times. Rename all but one.",
    ),
    "one class": (labeled("1"), "t.csv: column 'y' is 1 in every row: classification needs"),
    "class too small": (
        rows(*((i, f"{i},1,0") for i in range(1, N_ROWS, 2)), (8, "8,1,1")),
        "column 'y': class 1 has 1 row, fewer than the 3 parts that need one each. Add rows",
    ),
    "label 0.5": (labeled("0", "0.5", "1"), f"{LABEL}'0.5' is not a class label. Classes are"),
    "label NaN": (labeled("0", "NaN", "1"), f"{LABEL}'NaN' is no label. Fill it in, or remove"),
    "label of another kind": (
        labeled("0", "yes", "1"),
        f"{LABEL}'yes' is not a whole number as the other labels are. Correct it, or list",
    ),
    "empty": ("", "t.csv: the file is empty. Put a table with a header line in it."),
    "header only": ("a,y\n", "t.csv: the file has a header but no rows. Add rows to it."),
    "one row": ("a,y\n1,0\n", "t.csv: column 'y' is 0 in every row: classification needs"),
    "target missing": (
        rows(header="a,b,Y"),
        "t.csv: there is no column 'y', the `schema.target`. Did you mean `Y`?",
    ),
    "row too long": (
        rows((5, "1,2,3,4")),
        "t.csv: line 7 has 4 cells, the header has 3 columns. Correct the row;",
    ),
    "row too short": (
        rows((5, "1,2")),
        "t.csv: line 7 has 2 cells, the header has 3 columns. Correct the row;",
    ),
    "all rows too long": (
        rows(header="a,y"),
        "t.csv: every row has 3 cells, the header has 2 columns. Name the first column",
    ),
    "GBK": (
        rows(header="内存,b,y").encode("gbk"),
        "t.csv: the file is not UTF-8 (line 1). Set `encoding: gbk` in its catalog entry",
    ),
    "UTF-16": (
        rows().encode("utf-16"),
        "t.csv: the file is not UTF-8 but UTF-16. Set `encoding: utf-16` in its catalog entry.",
    ),
    "UTF-16 without its mark": (
        rows().encode("utf-16-le"),
        "t.csv: line 1 holds a NUL byte: the file is damaged, or not text. Export it again, or",
    ),
    "Latin letters": (
        rows(header="é,b,y").encode("cp1252"),
        "t.csv: the file is not UTF-8 (line 1). Set `encoding: cp1252` in its catalog entry",
    ),
    "semicolons": (
        rows().replace(",", ";"),
        "t.csv: the columns are separated by a semicolon, not by a comma. Set `separator:",
    ),
    "tabs": (
        rows().replace(",", "\t"),
        "t.csv: the columns are separated by a tab, not by a comma. Set `separator:",
    ),
    "NUL byte": (numbered("\0"), "t.csv: line 7 holds a NUL byte: the file is damaged, or not"),
    "open quote": (numbered('"1'), "t.csv: line 7 "),
    "web page": ("<!doctype html>\n<html>", "t.csv: the file is a web page, not a table. Downl"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_reported_in_one_message(name: str) -> None:
    data, expected = BAD_FILES[name]
    first, *others = problems_of(data)
    assert first.startswith(expected)
    # one more line at most stands for all further cells of the same kind, three of which are shown
    assert len(others) <= 3
    assert first.endswith((".", ")", "?"))


@pytest.mark.parametrize("text", [rows(), "\ufeff" + rows(), labeled("-1", "7"), labeled("a", "b")])
def test_what_is_only_unusual_is_read(text: str) -> None:
    assert problems_of(text) == []


def test_mixed_dates_are_reported() -> None:
    text = "a,y\n" + "".join(f"2021-01-{i % 28 + 1:02d},{i % 2}\n" for i in range(N_ROWS))
    text = text.replace("2021-01-06", "06/01/2021", 1)
    assert problems_of(text, columns={"a": {"kind": "datetime"}}) == [
        "t.csv: column 'a', line 7: '06/01/2021' is not a date written like the others. "
        "Write every date alike, or set `schema.columns.a.format`."
    ]


def test_a_word_in_a_validation_row_alone_is_reported() -> None:
    schema = SchemaParams.model_validate({"target": "y", "task": "classification"})
    Path("t.csv").write_text(rows())
    sound = read_raw_table("t.csv").frame.astype({"y": int})
    parts = split_table(sound, schema, SplitParams())["part"]
    row = int((parts.to_numpy() == "validation").argmax())
    assert problems_of(rows((row, "abc,1,1"))) == [
        f"t.csv: column 'a', line {row + 2}: 'abc' is not a number. Correct it, or set "
        "`schema.columns.a.kind: categorical` if the column holds words."
    ]


def test_one_row_cannot_be_split() -> None:
    assert problems_of("a,y\n1,0.5\n", task="regression") == [
        "the table has 1 row, of which the split leaves none to train on. Add rows, or lower "
        "`split.test_fraction` and `split.validation_fraction`."
    ]
