"""What people may write into a table is read back to the digit and the letter, or refused."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from colonnade.errors import DataError
from colonnade.tables.features.standardizer import (
    StandardizeParams,
    Standardizer,
    fit_standardizer,
)
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.source import Source

drawn = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
thoroughly = settings(drawn, max_examples=1_000)
# Letters of many scripts, digits and signs; no control characters, which no editor shows.
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
MARKS = [(".", None), (",", None), (".", ","), (",", "."), (".", " "), (".", "'")]


def typed(cells: list[str], **column: Any) -> pd.Series:
    raw = pd.DataFrame({"x": cells, "y": ["0", "1"] * (len(cells) // 2)}, dtype="str")
    words = {"target": "y", "task": "classification", "columns": {"x": column}}
    return ingest_table(raw, SchemaParams.model_validate(words))["x"]


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Lists of an even number of values, not all of them equal."""
    lists = st.lists(values, min_size=2, max_size=12).filter(lambda found: len(set(found)) > 1)
    return lists.map(lambda found: found * 2)


def written(value: float, decimal: str, thousands: str | None, unit: str) -> str:
    text = f"{value:,.3f}" if thousands else f"{value:.3f}"
    swapped = text.translate(str.maketrans({",": thousands or "", ".": decimal}))
    return f"{swapped} {unit}".strip()


NUMBERS = pairs(st.integers(-(10**12), 10**12).map(lambda n: n / 1000))


def numbers_are_read_to_the_digit(values: list[float], marks: tuple[str, str | None]) -> None:
    decimal, thousands = marks
    words = {"decimal": decimal} | ({"thousands": thousands} if thousands else {})
    for unit in ("", "kg"):
        cells = [written(value, decimal, thousands, unit) for value in values]
        found = typed(cells, **words, **({"unit": unit} if unit else {}))
        assert found.tolist() == values


@drawn
@given(NUMBERS, st.sampled_from(MARKS))
def test_numbers_are_read_to_the_digit(values, marks):
    numbers_are_read_to_the_digit(values, marks)


@pytest.mark.slow
@thoroughly
@given(NUMBERS, st.sampled_from(MARKS))
def test_many_numbers_are_read_to_the_digit(values, marks):
    numbers_are_read_to_the_digit(values, marks)


@drawn
@given(pairs(st.dates(date(1700, 1, 1), date(2200, 12, 31))), st.data())
def test_dates_are_read_as_their_format_says(days, data):
    format = data.draw(st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d"]))
    cells = [pd.Timestamp(day).strftime(format) for day in days]
    found = typed(cells, kind="datetime", format=format)
    assert found.dt.date.tolist() == days


def table_is_read_as_written(rows: list[list[str]], separator: str, folder: Path) -> None:
    width = len(rows[0])
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerows([[f"column {i}" for i in range(width)], *rows])
    (folder / "t.csv").write_text(stream.getvalue(), encoding="utf-8")
    try:
        found = read_raw_table(str(folder / "t.csv"), separator=separator).frame
    except DataError:
        return  # reported, never changed
    assert found.to_numpy().tolist() == rows


ROWS = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(WORDS | st.sampled_from(['"', "a,b", "a;b", "x\ty", "", "'"]) | st.just("a\nb"),
                 min_size=width, max_size=width),
        min_size=2, max_size=8,
    )
)  # fmt: skip


@drawn
@given(ROWS, st.sampled_from([",", ";", "\t"]))
def test_cells_of_a_csv_are_read_as_written_or_refused(tmp_path, rows, separator):
    table_is_read_as_written(rows, separator, tmp_path)


@pytest.mark.slow
@thoroughly
@given(ROWS, st.sampled_from([",", ";", "\t"]))
def test_many_cells_of_a_csv_are_read_as_written_or_refused(tmp_path, rows, separator):
    table_is_read_as_written(rows, separator, tmp_path)


@drawn
@given(st.lists(WORDS, min_size=2, max_size=5, unique=True))
def test_labels_keep_their_spelling(labels):
    schema = SchemaParams.model_validate(
        {"target": "y", "task": "classification", "classes": labels}
    )
    cells = [label for label in labels for _ in range(3)]
    raw = pd.DataFrame({"x": [str(i) for i in range(len(cells))], "y": cells}, dtype="str")
    assert ingest_table(raw, schema)["y"].astype("str").tolist() == cells


@drawn
@given(NUMBERS, pairs(WORDS), st.sampled_from(["standard", "robust", "quantile", "none"]))
def test_a_standardizer_is_the_same_after_json(numbers, words, numeric):
    n = min(len(numbers), len(words))
    assume(len(set(numbers[:n])) > 1 and len(set(words[:n])) > 1)
    table = pd.DataFrame({"x": numbers[:n], "w": words[:n], "y": [0, 1] * (n // 2)})
    table["w"] = table["w"].astype("str")
    schema = SchemaParams.model_validate(
        {"target": "y", "task": "classification", "columns": {"w": {"kind": "categorical"}}}
    )
    params = StandardizeParams.model_validate({"numeric": numeric})
    fitted = fit_standardizer(table, schema, params)
    again = Standardizer.model_validate_json(fitted.model_dump_json())
    assert again == fitted
    pd.testing.assert_frame_equal(again.transform(table), fitted.transform(table))


@drawn
@given(WORDS, st.integers(0, 10**9), st.dictionaries(WORDS, st.floats(allow_nan=False)))
def test_a_source_is_the_same_after_json(name, rows, coefficients):
    assume(all(abs(value) < 1e300 for value in coefficients.values()))
    source = Source(name=name, rows=rows, columns=3, sha256="ab", coefficients=coefficients)
    assert Source.model_validate_json(source.model_dump_json()) == source
