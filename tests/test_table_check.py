"""A typed table is held to its YAML, column by column and row by row."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.hooks.table_check import check_typed
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams

COLUMNS = {
    "id": {"kind": "identifier", "unique": True},
    "ram": {"minimum": 0, "maximum": 16},
    "color": {"kind": "categorical", "values": ["red", "blue"], "missing": "category"},
    "size": {"kind": "ordered", "values": ["s", "m", "l"]},
    "new": {"kind": "boolean"},
    "sold": {"kind": "datetime"},
    "weight": {"missing": "mean"},
    "note": {"kind": "ignored"},
}
ROWS = {
    "id": ["a", "b", "c"],
    "ram": ["1", "2", "16"],
    "color": ["red", "", "blue"],
    "size": ["s", "l", "m"],
    "new": ["yes", "no", "yes"],
    "sold": ["2021-01-01", "2021-02-03", "2021-05-06"],
    "weight": ["1.5", "", "3"],
    "note": ["x", "y", "z"],
    "extra": ["1", "2", "3"],
    "y": ["0", "1", "0"],
}


def schema(**keys: Any) -> SchemaParams:
    given = {"target": "y", "task": "classification", "columns": COLUMNS, **keys}
    return SchemaParams.model_validate(given)


def table(**cells: list) -> pd.DataFrame:
    return ingest_table(pd.DataFrame(ROWS, dtype="str"), schema()).assign(**cells)


def problems_of(frame: pd.DataFrame, **keys: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        check_typed(frame, schema(**keys), "t.primary")
    return caught.value.sentences()


def test_an_ingested_table_fits_its_own_schema() -> None:
    check_typed(table(), schema(), "t.primary")
    check_typed(table(), schema(classes=[0, 1]), "t.primary")
    number = ingest_table(pd.DataFrame(ROWS, dtype="str"), schema(task="regression", maximum=1))
    check_typed(number, schema(task="regression", maximum=1), "t.primary")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"ram": [1, -4, 3]}, "column 'ram', row 2: -4 is below the minimum 0."),
        ({"ram": [1, 2, 17]}, "column 'ram', row 3: 17 is above the maximum 16."),
        ({"ram": [1, None, 3]}, "column 'ram', row 2: nan counts as missing."),
        ({"color": ["red", "green", None]}, "column 'color', row 2: 'green' is none of the 2 val"),
        ({"size": ["s", "m", None]}, "column 'size', row 3: nan counts as missing."),
        ({"sold": ["a", "b", "c"]}, "column 'sold', row 1: 'a' is not a date"),
        ({"extra": ["a", "b", "c"]}, "column 'extra', row 1: 'a' is not a number."),
        ({"y": [0.5, 1, 0]}, "column 'y', row 1: 0.5 is not a class label."),
        ({"id": ["a", "b", "a"]}, "column 'id', row 3: 'a' stands in an earlier row too."),
    ],
)
def test_what_does_not_fit_is_reported_with_column_and_row(cells: dict, problem: str) -> None:
    assert problems_of(table(**cells))[0].startswith(f"t.primary: {problem}")


def test_labels_and_columns_are_held_to_the_yaml() -> None:
    assert (
        "column 'y', row 1: 0 is not one of the classes 1, 2."
        in problems_of(table(), classes=[1, 2])[0]
    )
    missing = problems_of(table().drop(columns=["ram", "y"]))
    assert [problem.split(",")[0] for problem in missing] == [
        "t.primary: there is no column 'y'",
        "t.primary: there is no column 'ram'",
    ]
    (extra,) = problems_of(table(), others="error")
    assert extra.startswith("t.primary: column 'extra' is not in `schema.columns`.")


def test_the_table_that_is_checked_stays_as_it_is() -> None:
    typed = table()
    before = typed.copy()
    check_typed(typed, schema(), "t.primary")
    pd.testing.assert_frame_equal(typed, before)
