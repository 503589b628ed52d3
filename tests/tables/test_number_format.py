"""Numbers as people write them: marks between thousands, decimal commas, units, by column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams


def ingest(cells: list[str], params: dict[str, Any], **schema: Any) -> list[Any]:
    """The column `a` of a table of these cells."""
    text = "a;y\n" + "".join(f"{cell};{place % 2}\n" for place, cell in enumerate(cells))
    words = {"target": "y", "task": "classification", "columns": {"a": params}, **schema}
    raw = read_text_table(text.encode(), "t.csv", separator=";")[0]
    return list(ingest_table(raw, SchemaParams.model_validate(words))["a"])


@pytest.mark.parametrize(
    ("cells", "params", "numbers"),
    [
        (["991", "1,004", "1,234,567"], {"thousands": ","}, [991, 1004, 1234567]),
        (["1.234,5", "-7", "1234"], {"decimal": ",", "thousands": "."}, [1234.5, -7.0, 1234.0]),
        (["1 200 €", "3\N{NO-BREAK SPACE}400€"], {"thousands": " ", "unit": "€"}, [1200, 3400]),
        (["1'200.5", "7"], {"thousands": "'"}, [1200.5, 7.0]),
        (["25%", "7.5 %"], {"unit": "%"}, [25.0, 7.5]),
        (["$1,200", "-$3", "$-4"], {"thousands": ",", "unit": "$"}, [1200, -3, -4]),
        (["12 kg", "13kg"], {"unit": "kg"}, [12, 13]),
        (["0,5", "3"], {"decimal": ","}, [0.5, 3.0]),
    ],
)
def test_numbers_are_read_as_their_column_says_they_are_written(
    cells: list[str], params: dict[str, Any], numbers: list[float]
) -> None:
    assert ingest(cells, params) == numbers


@pytest.mark.parametrize(
    ("cell", "params"),
    [
        ("12,34", {"thousands": ","}),
        ("1,2345", {"thousands": ","}),
        ("1.234", {"decimal": ","}),
        ("25", {"unit": "%"}),
        ("12 lb", {"unit": "kg"}),
        ("$5$", {"unit": "$"}),
    ],
)
def test_cell_written_unlike_its_column_is_refused_with_its_line(
    cell: str, params: dict[str, Any]
) -> None:
    with pytest.raises(DataError) as caught:
        ingest([cell, cell], params)
    assert f"column 'a', line 2: '{cell}' is not a number written as in this column" in str(
        caught.value
    )


def test_decimal_mark_of_a_column_goes_before_that_of_the_table() -> None:
    assert ingest(["1.5", "2"], {"decimal": "."}, decimal=",") == [1.5, 2.0]


def test_missing_cells_stay_missing_beside_a_unit() -> None:
    cells = ingest(["25%", "?", ""], {"unit": "%", "missing": "median", "missing_words": ["?"]})
    assert cells[0] == 25
    assert cells[1] != cells[1]
    assert cells[2] != cells[2]


def test_one_mark_cannot_mean_two_things() -> None:
    with pytest.raises(ParameterError, match="one mark"):
        SchemaParams.model_validate({"target": "y", "task": "regression", "thousands": "."})


def labels(cells: list[str], **schema: Any) -> list[Any]:
    text = "a,y\n" + "".join(f"{place},{cell}\n" for place, cell in enumerate(cells))
    words = {"target": "y", "task": "classification", **schema}
    return list(
        ingest_table(
            read_text_table(text.encode(), "t.csv")[0], SchemaParams.model_validate(words)
        )["y"]
    )


def test_number_to_be_predicted_may_have_marks_and_a_unit() -> None:
    given = ['"$3,382"', "$5", '"$1,004"']
    assert labels(given, task="regression", thousands=",", unit="$") == [3382, 5, 1004]


@pytest.mark.parametrize("cells", [["01", "1", "10"], ["+1", "-1", "+1"], ["007", "7", "07"]])
def test_labels_written_differently_stay_different(cells: list[str]) -> None:
    assert labels(cells) == cells


def test_labels_written_as_computers_write_numbers_are_numbers() -> None:
    assert labels(["10", "-1", "0", "10"]) == [10, -1, 0, 10]


def test_class_called_none_is_kept_where_the_classes_name_it() -> None:
    cells = ["None", "Light", "Severe", "None", ""]
    found = labels(cells, classes=["None", "Light", "Severe"], unlabelled="drop")
    assert found == ["None", "Light", "Severe", "None"]


def test_word_for_a_missing_cell_is_none_for_a_missing_label() -> None:
    text = "a,y\n1,low\nlow,high\n3,low\n"
    words: dict[str, Any] = {"target": "y", "task": "classification", "unlabelled": "drop"}
    words["columns"] = {"a": {"missing": "median"}}
    raw = read_text_table(text.encode(), "t.csv")[0]
    for schema in (
        {**words, "missing_words": ["", "low"]},
        {**words, "columns": {"a": {"missing": "median", "missing_words": ["low"]}}},
    ):
        table = ingest_table(raw, SchemaParams.model_validate(schema))
        assert table["y"].tolist() == ["low", "high", "low"]
        assert table["a"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", ["Int64", "UInt64"])
def test_digits_beyond_float_are_refused_where_a_cell_is_missing(
    dtype: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": pd.array([2**53 + 1, 2**53 + 2, None], dtype=dtype), "y": [0, 1, 0]})
    words = {"target": "y", "task": "classification", "columns": {"a": {"missing": "median"}}}
    pq.write_table(
        pa.Table.from_pandas(frame).replace_schema_metadata(None), tmp_path / "t.parquet"
    )
    for raw in (frame, read_raw_table(str(tmp_path / "t.parquet")).frame):
        assert raw["a"].tolist()[:2] == [2**53 + 1, 2**53 + 2]
        with pytest.raises(DataError, match="row 1: 9007199254740993 is a whole number beyond 2"):
            ingest_table(raw, SchemaParams.model_validate(words))


def test_small_whole_numbers_of_parquet_are_read_as_ever(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None], "b": [1, 2]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert list(read_raw_table(str(tmp_path / "t.parquet")).frame.dtypes) == ["float64", "int64"]


def test_case_is_folded_where_the_yaml_says_so() -> None:
    fold = {"kind": "categorical", "case": "fold"}
    assert ingest(["Gold", " gold ", "SILVER"], fold) == ["gold", "gold", "silver"]
    named = {**fold, "values": ["Gold", "Silver"]}
    assert ingest(["gold", "GOLD", "Silver"], named) == ["Gold", "Gold", "Silver"]
    assert ingest(["Gold", "gold"], {"kind": "categorical"}) == ["Gold", "gold"]
    assert labels(["Yes", "yes", "No"], case="fold") == ["yes", "yes", "no"]
    assert labels(["yes", "NO"], case="fold", classes=["Yes", "No"]) == ["Yes", "No"]
