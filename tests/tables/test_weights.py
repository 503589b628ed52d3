"""A column of weights: what it may hold, and what becomes of its rows."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.features.row_weights import describe_weights
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams

WORDS = {"target": "y", "task": "regression", "columns": {"w": {"kind": "weight"}}}
SCHEMA = SchemaParams.model_validate(WORDS)


def ingest(cells: list[str], **words: object) -> pd.DataFrame:
    rows = "".join(f"{place},{cell},{place * 2}\n" for place, cell in enumerate(cells))
    raw = read_text_table(f"a,w,y\n{rows}".encode(), "t.csv")[0]
    return ingest_table(raw, SchemaParams.model_validate({**WORDS, **words}), name="t.csv")


def test_weights_are_numbers_that_the_model_does_not_see() -> None:
    table = ingest(["1", "2.5", "3"])
    assert table["w"].tolist() == [1.0, 2.5, 3.0]
    standardizer = fit_standardizer(table, SCHEMA, StandardizeParams())
    assert standardizer.feature_names == ["a"]
    prepared = standardizer.transform(table)
    assert list(prepared.columns) == ["a", "y", "w"]
    assert prepared["w"].dtype == "float64"
    assert list(standardizer.transform(table[["a"]]).columns) == ["a"]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("-1", "'-1' is a weight below 0. Correct it; a row of weight 0 is left out."),
        ("", "'' is no weight. Fill it in; 0 leaves the row out."),
        ("inf", "'inf' is not a finite number. Correct it."),
        ("1e39", "'1e39' is infinite or beyond 3.4e38"),
        ("much", "'much' is not a number. Correct it"),
    ],
)
def test_a_bad_weight_is_named_with_its_line_and_the_rule(cell: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        ingest(["1", cell, "2"])
    [sentence] = caught.value.sentences()
    assert sentence.startswith(f"t.csv: column 'w', line 3: {problem}")


def test_rows_of_weight_zero_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        table = ingest(["1", "0", "0.0", "2"])
    assert table["a"].tolist() == [0, 3]
    assert table.index.tolist() == [0, 1]
    assert "t.csv: rows of weight 0 are left out: 2 of 4." in caplog.text
    with pytest.raises(DataError, match=r"t\.csv: column 'w': the weight of every row is zero"):
        ingest(["0", "0"])


def test_a_row_to_be_predicted_needs_no_weight() -> None:
    rows = ingest_table(pd.DataFrame({"a": [1.0]}), SCHEMA, labeled=False)
    assert list(rows.columns) == ["a"]


def test_a_table_has_one_column_of_weights() -> None:
    columns = {"v": {"kind": "weight"}, "w": {"kind": "weight"}}
    with pytest.raises(ParameterError, match="'v' and 'w' as `kind: weight`: a row has one"):
        SchemaParams.model_validate({**WORDS, "columns": columns})
    words = {"w": {"kind": "weight", "missing": "mean"}}
    with pytest.raises(ParameterError, match="does not go with `kind: weight`: use one of error"):
        SchemaParams.model_validate({**WORDS, "columns": words})


def test_weights_may_have_decimal_commas() -> None:
    columns = {"w": {"kind": "weight", "decimal": ","}}
    assert ingest(['"1,5"', "2"], columns=columns)["w"].tolist() == [1.5, 2.0]


def test_an_indicator_named_as_the_weights_is_refused() -> None:
    table = pd.DataFrame({"a": [1.0, np.nan], "y": [1.0, 2.0], "a_missing": [1.0, 2.0]})
    columns = {"a": {"missing": "mean"}, "a_missing": {"kind": "weight"}}
    schema = SchemaParams.model_validate({**WORDS, "columns": columns})
    with pytest.raises(DataError, match="column 'a' and the weight both give 'a_missing'"):
        fit_standardizer(table, schema, StandardizeParams())


def test_the_standardizer_counts_all_rows_alike() -> None:
    table = pd.DataFrame({"a": [0.0, 2.0], "w": [1.0, 99.0], "y": [0.0, 1.0]})
    standardizer = fit_standardizer(table, SCHEMA, StandardizeParams())
    assert standardizer.transform(table)["a"].tolist() == [-1.0, 1.0]


def test_a_new_table_takes_its_weights_from_the_column_named() -> None:
    raw = pd.DataFrame({"a": np.arange(50) % 9, "w": np.arange(50) % 7, "y": np.arange(50) * 1.5})
    inference = infer_table(raw, "y", weight="w")
    assert inference.schema()["columns"]["w"] == {"kind": "weight"}
    assert "w: weight, as given" in inference.lines()
    with pytest.raises(DataError, match="there is no column 'v' of weights"):
        infer_table(raw, "y", weight="v")
    with pytest.raises(DataError, match="column 'y' is the target"):
        infer_table(raw, "y", weight="y")


def test_the_report_says_what_the_weights_come_to() -> None:
    table = pd.DataFrame({"w": [1.0, 3.0, 1.0, 3.0]})
    # (1 + 3 + 1 + 3)^2 / (1 + 9 + 1 + 9)
    assert "1 to 3: the rows tell as much as 3 of equal weight" in describe_weights(SCHEMA, table)
    assert "changes nothing" in describe_weights(SCHEMA, table.assign(w=2.0))
