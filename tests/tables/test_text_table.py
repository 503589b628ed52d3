from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.reading.text_table import read_text_table

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str | bytes, **options: str) -> pd.DataFrame:
    data = text if isinstance(text, bytes) else text.encode()
    return read_text_table(data, "t.csv", **options)[0]


def error_of(text: str | bytes, **options: str) -> str:
    with pytest.raises(DataError) as caught:
        read(text, **options)
    return str(caught.value)


def test_cells_stay_text_and_the_index_holds_line_numbers() -> None:
    frame = read("a,b\n007,\nNA,x\n")
    assert frame.to_dict("list") == {"a": ["007", "NA"], "b": ["", "x"]}
    assert list(frame.index) == [2, 3]
    assert frame.index.name == "line"


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    frame = read('a,b\n1,"two\nlines"\n\n3,4\n')
    assert list(frame.index) == [2, 5]


def test_windows_and_old_mac_line_ends_are_read() -> None:
    assert list(read("a,b\r\n1,2\r\n3,4\r\n").index) == [2, 3]
    assert list(read("a,b\r1,2\r3,4\r").index) == [2, 3]


def test_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert list(read("\ufeffa,b\n1,2\n").columns) == ["a", "b"]


def test_gbk_is_read_where_it_is_asked_for_and_suggested_where_not() -> None:
    text = "内存,价格\n四,低\n".encode("gbk")
    assert read(text, encoding="gbk").to_dict("list") == {"内存": ["四"], "价格": ["低"]}
    assert error_of(text) == (
        "t.csv: the file is not UTF-8 (line 1). "
        "Set `encoding: gbk` in its catalog entry, or save it as UTF-8."
    )


def test_western_encoding_is_suggested_for_western_letters() -> None:
    assert error_of("a,b\n1,café\n".encode("cp1252")) == (
        "t.csv: the file is not UTF-8 (line 2). "
        "Set `encoding: cp1252` in its catalog entry, or save it as UTF-8."
    )


def test_utf16_is_named() -> None:
    text = "a,b\n1,2\n".encode("utf-16")
    assert read(text, encoding="utf-16").to_dict("list") == {"a": ["1"], "b": ["2"]}
    assert error_of(text) == (
        "t.csv: the file is not UTF-8 but UTF-16. Set `encoding: utf-16` in its catalog entry."
    )


def test_unknown_encoding_is_refused() -> None:
    assert error_of("a\n1\n", encoding="utf-9") == (
        "t.csv: 'utf-9' is not an encoding that Python knows, such as utf-8 or gbk."
    )


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_empty_file_is_refused(text: str) -> None:
    assert error_of(text) == "t.csv: the file is empty. Put a table with a header line in it."


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\n\n"])
def test_header_alone_is_refused(text: str) -> None:
    assert error_of(text) == "t.csv: the file has a header but no rows. Add rows to it."


def test_every_row_of_another_width_is_reported_with_its_line() -> None:
    assert error_of("a,b\n1,2\n1,2,3\n\n4\n") == (
        "t.csv: line 3 has 3 cells, the header has 2 columns. "
        "Correct the row; a cell that holds the separator needs quotes.\n"
        "t.csv: line 5 has 1 cell, the header has 2 columns. "
        "Correct the row; a cell that holds the separator needs quotes."
    )


@pytest.mark.parametrize(("row", "cells"), [("1,2,3", "3 cells"), ("1,2,", "3 cells")])
def test_rows_that_are_all_one_cell_too_long_do_not_shift_the_columns(row, cells) -> None:
    assert error_of("a,b\n" + f"{row}\n" * 40) == (
        f"t.csv: every row has {cells}, the header has 2 columns. Name the first column if it "
        "holds row numbers, or remove the separators that end the rows."
    )


def test_many_rows_wrong_in_one_way_are_counted() -> None:
    message = error_of("a,b\n1,2\n" + "1\n" * 30 + "1,2,3\n").splitlines()
    assert [
        line.partition(".")[0] for line in (word.removeprefix("t.csv: ") for word in message)
    ] == [
        "line 3 has 1 cell, the header has 2 columns",
        "line 4 has 1 cell, the header has 2 columns",
        "line 5 has 1 cell, the header has 2 columns",
        "27 more rows of 1 cell (line 6 ",
        "line 33 has 3 cells, the header has 2 columns",
    ]


def test_at_most_twenty_problems_are_reported() -> None:
    message = error_of("a,b\n" + "".join("1" + ",2" * width + "\n" for width in range(2, 32)))
    assert len(message.splitlines()) == 21
    assert message.splitlines()[-1] == "and 10 more problems."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"PK\x03\x04\x14\x00",
            "not a text table but an Excel file or a zip archive. Name it .xlsx",
        ),
        (b"\x1f\x8b\x08\x00", "not a text table but a gzip file. Name it .csv.gz."),
        (b"PAR1\x15\x04", "not a text table but a Parquet file. Name it .parquet."),
        (
            b"SQLite format 3\x00",
            "not a text table but an SQLite database. Read it by pandas.SQLQuery",
        ),
        (b"\n<!DOCTYPE html>\n<p>a,b</p>", "a web page, not a table. Download the table itself"),
        (b"\x00\x01\x02\xff\xfe\x00" * 9, "not text (line 1): it is damaged, or of another kind."),
    ],
)
def test_files_that_only_bear_the_name_of_a_table_are_distinguished(data: bytes, said: str) -> None:
    assert error_of(data).startswith(f"t.csv: the file is {said}")


def test_utf16_without_its_mark_is_recognized_by_its_zeros() -> None:
    text = "颜色,y\n" + "红色,0\n" * 5
    assert error_of(text.encode("utf-16-le")) == (
        "t.csv: the file is not UTF-8 (line 1). "
        "Set `encoding: utf-16-le` in its catalog entry, or save it as UTF-8."
    )
    assert read(text.encode("utf-16-be"), encoding="utf-16-be").shape == (5, 2)


@pytest.mark.parametrize(
    ("separator", "word", "shown"), [(";", "a semicolon", '";"'), ("\t", "a tab", r'"\t"')]
)
def test_other_separators_are_named(separator: str, word: str, shown: str) -> None:
    text = f"a{separator}b\n1{separator}2\n"
    assert error_of(text) == (
        f"t.csv: the columns are separated by {word}, not by a comma. "
        f"Set `separator: {shown}` in its catalog entry."
    )
    assert read(text, separator=separator).to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_repeated_names_are_refused() -> None:
    assert error_of("a,b,a\n1,2,3\n") == "t.csv: the header names 'a' 2 times. Rename all but one."


def test_nul_byte_is_refused_with_its_line() -> None:
    assert error_of(b"a,b\n1,2\n1,\x00\n").startswith("t.csv: line 3 holds a NUL byte")


def test_quote_that_is_never_closed_is_refused_with_its_line() -> None:
    assert error_of('a,b\n1,2\n3,"4\n5,6\n') == (
        "t.csv: line 3 opens a quote that is never closed. Close it, or double it."
    )
    assert error_of('a,b\n1,2\n"3,4\n5,6\n') == (
        "t.csv: line 3 opens a quote that is never closed. Close it, or double it."
    )


def test_row_of_200_megabytes_is_refused() -> None:
    message = error_of(b"a,b\n1," + b"x" * 200_000_000 + b"\n2,3\n")
    assert message == "t.csv: a row is longer than 16777216 bytes: is a quote never closed?"


def test_columns_without_a_name_get_one() -> None:
    assert list(read(",b\n0,1\n").columns) == ["unnamed_1", "b"]


def test_file_named_in_chinese_is_read_with_its_source(tmp_path: Path) -> None:
    path = tmp_path / "手机价格预测.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    source = read_raw_table(str(path)).source
    assert source.name == "手机价格预测.csv"
    assert (source.rows, source.columns, source.note) == (1, 2, "")
    assert source.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


def test_note_holds_only_for_the_file_it_was_written_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a\n1\n")
    note = {"note": "synthetic sample", "sha256": hashlib.sha256(b"a\n1\n").hexdigest()}
    (tmp_path / "t.source.json").write_text(json.dumps(note))
    assert read_raw_table(str(path)).source.note == "synthetic sample"
    path.write_bytes(b"a\n2\n")
    assert read_raw_table(str(path)).source.note == ""


def test_broken_note_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a\n1\n")
    (tmp_path / "t.source.json").write_text("[not json")
    assert read_raw_table(str(tmp_path / "t.csv")).source.note == ""


def test_gzip_is_unpacked_up_to_the_cap(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * 1000))
    assert len(read_raw_table(str(path)).frame) == 1000
    with pytest.raises(DataError) as caught:
        read_raw_table(str(path), max_bytes=1000)
    assert str(caught.value) == (
        "t.csv.gz: the table is larger than 1000 bytes unpacked. "
        "Set `max_bytes` in the catalog if it may be, or save it as Parquet."
    )


def test_gzip_in_several_members_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"))
    assert list(read_raw_table(str(path)).frame["a"]) == ["1", "2"]


def test_cut_and_false_gzip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * 1000)[:-9])
    with pytest.raises(DataError, match=r"the gzip file is cut off\. Copy it again\."):
        read_raw_table(str(path))
    path.write_bytes(b"a\n1\n")
    with pytest.raises(DataError, match="the file is not gzip, or is damaged"):
        read_raw_table(str(path))


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    path = tmp_path / "absent.csv"
    with pytest.raises(DataError) as caught:
        read_raw_table(str(path))
    assert str(caught.value) == (
        f"{path}: there is no such file. Put it there, or correct the path."
    )
    path.mkdir()
    with pytest.raises(DataError, match=r"this is a folder, not a file"):
        read_raw_table(str(path))


def test_tab_separated_file_is_known_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tb\n1\t2\n")
    assert read_raw_table(str(tmp_path / "t.tsv")).frame.to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.doc").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"not '\.doc'"):
        read_raw_table(str(tmp_path / "t.doc"))


def test_parquet_keeps_its_types_and_damage_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}).to_parquet(path)
    table = read_raw_table(str(path))
    assert table.frame["a"].dtype == "int64"
    assert table.source.name == "t.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"t\.parquet: the file is not Parquet, or is damaged"):
        read_raw_table(str(path))


def test_address_that_fsspec_knows_is_read() -> None:
    import fsspec

    with fsspec.open("memory://folder/t.csv", "wb") as stream:
        stream.write(b"a,b\n1,2\n")
    assert read_raw_table("memory://folder/t.csv").frame.to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_cells_are_those_of_pythons_csv_reader() -> None:
    rng = np.random.default_rng(0)
    cells = ["1", "", " x ", '"q"', "1,2", "l\nm", "\r\nz", "é", "中", "NA", "'", "=1"]
    for _ in range(200):
        width, height = rng.integers(2, 5), rng.integers(1, 6)
        rows = rng.choice(cells, (height, width)).tolist()
        out = io.StringIO(newline="")
        ends = str(rng.choice(["\n", "\r\n"]))
        csv.writer(out, lineterminator=ends).writerows([[f"c{n}" for n in range(width)], *rows])
        assert read(out.getvalue()).to_numpy().tolist() == rows


def test_bytes_of_any_kind_raise_nothing_but_data_errors() -> None:
    rng = np.random.default_rng(0)
    alphabet = np.frombuffer(b'a,b\n\r"1;\t\xe9\x80\xff\x00 .', dtype=np.uint8)
    for _ in range(2000):
        data = rng.choice(alphabet, rng.integers(0, 30)).tobytes()
        with contextlib.suppress(DataError):
            read_text_table(data, "t.csv")


def test_header_that_stands_again_among_the_rows_is_refused_with_its_lines() -> None:
    data = b'a,b\n1,2\na,b\n3,b\n"a",b\n'
    assert error_of(data) == "t.csv: the header is repeated in lines 3, 5. Remove those lines."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "sep=;\na;b\n1;2\n",
            "line 1 is an Excel instruction (sep=;), not the header. Remove that line",
        ),
        ("# made by x\n# today\na,b\n1,2\n", "lines 1 to 2 are comments (#), not the header."),
        ("# made by x, y, z\na,b\n1,2\n", "line 1 is a comment (#), not the header."),
        ("a,b\n1,2\n# the end\n", "line 3 is a comment (#), not a row. Remove it."),
        (
            "Sales of May\na,b\n1,2\n3,4\n",
            "line 1 has one cell and every row below it has 2: a title",
        ),
        ("a b y\n1 2 0\n3 4 1\n", 'separated by spaces. Set `separator: " "`'),
        ("a   b y\n1   2 0\n", "separated by spaces. Write one comma"),
    ],
)
def test_lines_that_are_no_rows_and_blanks_between_cells_are_named(text: str, said: str) -> None:
    assert said in error_of(text)


def test_header_may_begin_with_a_hash_and_cells_may_hold_blanks() -> None:
    assert list(read("#id,b\n1,2\n").columns) == ["#id", "b"]
    assert list(read("a name\nof one\nof two and\n").columns) == ["a name"]


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_utf8_is_not_read_by_another_encoding(encoding: str) -> None:
    # these four letters are readable as GBK too, as others
    data = "颜色,y\n红色,0\n".encode()
    assert error_of(data, encoding=encoding) == (
        f"t.csv: the file is UTF-8, not {encoding}. Set `encoding: utf-8` in its catalog entry, or "
        "say --params encoding=utf-8 for one run."
    )


def test_options_that_a_text_table_would_not_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_raw_table(str(tmp_path / "t.csv"), load_args={"encoding": "cp1252"})
    assert str(caught.value) == (
        "t.csv: a text table takes no load_args (encoding). Write `encoding` and `separator` "
        "beside `filepath` in its catalog entry."
    )
