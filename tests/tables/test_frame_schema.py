"""A table's YAML as a pandera schema."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.tables.ingest import ingest_table
from colonnade.tables.schema import SchemaParams

pytest.importorskip("pandera", reason="the extra `validation` is not installed")

from colonnade.tables.frame_schema import check_frame, frame_schema

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
        check_frame(frame, schema(**keys), "t.primary")
    return [problem.split(" Correct it,")[0] for problem in caught.value.sentences()]


def test_an_ingested_table_fits_its_own_schema() -> None:
    check_frame(table(), schema(), "t.primary")
    check_frame(table(), schema(classes=[0, 1]), "t.primary")
    number = ingest_table(pd.DataFrame(ROWS, dtype="str"), schema(task="regression", maximum=1))
    check_frame(number, schema(task="regression", maximum=1), "t.primary")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"ram": [1, -4, 3]}, "column 'ram', row 2: -4 is below the minimum 0."),
        ({"ram": [1, 2, 17]}, "column 'ram', row 3: 17 is above the maximum 16."),
        ({"ram": ["1", "2", "3"]}, "column 'ram' holds no numbers."),
        ({"ram": [1, None, 3]}, "column 'ram', row 2: nan is no value."),
        (
            {"color": ["red", "green", None]},
            "column 'color', row 2: 'green' is none of the values red, blue.",
        ),
        ({"size": ["s", "m", None]}, "column 'size', row 3: nan is no value."),
        ({"new": [1, 0, 1]}, "column 'new' holds no truth values."),
        ({"sold": ["a", "b", "c"]}, "column 'sold' holds no dates."),
        ({"extra": ["a", "b", "c"]}, "column 'extra' holds no numbers."),
        ({"y": [0.5, 1, 0]}, "column 'y' holds neither whole numbers nor text, as labels are."),
    ],
)
def test_what_does_not_fit_is_told_with_column_and_row(cells: dict, problem: str) -> None:
    assert f"t.primary: {problem}" in problems_of(table(**cells))


def test_repeated_identifiers_labels_and_columns_are_held_to_the_yaml() -> None:
    assert problems_of(table(id=["a", "b", "a"])) == [
        "t.primary: column 'id', row 1: 'a' stands in another row too.",
        "t.primary: column 'id', row 3: 'a' stands in another row too.",
    ]
    assert problems_of(table(), classes=[1, 2]) == [
        "t.primary: column 'y', row 1: 0 is none of the values 1, 2.",
        "t.primary: column 'y', row 3: 0 is none of the values 1, 2.",
    ]
    assert problems_of(table().drop(columns=["ram", "y"])) == [
        "t.primary: there is no column 'ram'.",
        "t.primary: there is no column 'y'.",
    ]
    assert problems_of(table(), others="ignored") == [
        "t.primary: column 'extra' is not in `schema.columns`."
    ]


def test_names_are_taken_as_they_are_written() -> None:
    odd = {"$\\frac$ (a|b)*": {"minimum": 0}, "北京.": {}}
    frame = pd.DataFrame({name: [1.0, 2.0] for name in odd}).assign(y=[0, 1])
    check_frame(frame, schema(columns=odd), "t.primary")
    frame["$\\frac$ (a|b)*"] = [-1.0, 2.0]
    assert problems_of(frame, columns=odd) == [
        "t.primary: column '$\\frac$ (a|b)*', row 1: -1 is below the minimum 0."
    ]
    assert set(frame_schema(schema(columns=odd)).columns) >= {*odd, "y"}
