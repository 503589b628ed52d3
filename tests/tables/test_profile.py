from __future__ import annotations

import json

import numpy as np
import pandas as pd

from colonnade.tables.check import table_problems
from colonnade.tables.features.column_fit import StandardizeParams
from colonnade.tables.profile import profile_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.source import Source
from colonnade.tables.splitting.split import SplitParams, split_table

NB = "\N{NO-BREAK SPACE}"
SCHEMA = SchemaParams.model_validate(
    {
        "target": "y",
        "task": "classification",
        "columns": {
            "a": {"missing": "mean"},
            "c": {"kind": "categorical"},
            "d": {"kind": "datetime"},
        },
    }
)


def raw() -> pd.DataFrame:
    n_rows = 200
    return pd.DataFrame(
        {
            "a": [np.nan, np.nan, *range(2, n_rows)],
            "c": ["x", "z"] * 100,
            "d": pd.date_range("2020-01-01", periods=n_rows),
            "y": [0] * 100 + [1] * 99 + [2],
        }
    )


def ingested(**cells: object) -> pd.DataFrame:
    """As an earlier ingest left it, with columns since put in place of others."""
    return ingest_table(raw(), SCHEMA).assign(**{"c": "x", **cells})


def test_profile_tells_what_the_report_needs() -> None:
    table = ingested()
    split = pd.DataFrame({"part": ["train"] * 150 + ["test"] * 50})
    facts = profile_table(table, split, SCHEMA, Source.of(raw()))
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert (facts["rows"], facts["parts"]) == (200, {"train": 150, "test": 50})
    assert facts["classes"] == {"0": 100, "1": 99, "2": 1}
    assert facts["columns"]["a"] == {
        "kind": "numeric",
        "missing": 2,
        "distinct": 198,
        "minimum": 2.0,
        "mean": 100.5,
        "median": 100.5,
        "maximum": 199.0,
    }
    assert facts["columns"]["c"]["commonest"] == {"x": 200}
    assert facts["columns"]["d"]["last"] == "2020-07-18T00:00:00"
    assert facts["notes"] == [
        "Class 2 is rare: 1 of 200 rows.",
        "No test row is of class 0 (100 rows): how well it is predicted is unknown.",
        "Column 'c' has one value in every row: nothing to learn from it.",
        f"Cells are missing in 'a' (1{NB}% of the rows).",
    ]


def test_many_notes_of_one_kind_are_one() -> None:
    labels = [0] * 9_950 + [k for k in range(1, 8) for _ in range(k + 1)] + [8] * 15
    table = pd.DataFrame({"a": 1.0, "y": labels})
    for k in range(7):
        table[f"c{k}"] = [None] * (100 * (k + 1)) + [1.0] * (len(table) - 100 * (k + 1))
    split = pd.DataFrame({"part": ["train"] * len(table)})
    schema = SchemaParams.model_validate({"target": "y", "task": "classification"})
    notes = profile_table(table, split, schema, Source.of(raw()))["notes"]
    rare = next(note for note in notes if "rare" in note)
    assert rare == (
        f"8 of 9 classes are rare, with less than 1{NB}% of the 10,000 rows each: 1 (2), 2 (3), "
        "3 (4), 4 (5), 5 (6) and 3 more."
    )
    assert notes[-1] == (
        f"Cells are missing in 'c6' (7{NB}% of the rows), 'c5' (6{NB}% of the rows), 'c4' (5{NB}% "
        f"of the rows), 'c3' (4{NB}% of the rows), 'c2' (3{NB}% of the rows) and 2 more."
    )


def test_profile_counts_repeated_and_shared_rows() -> None:
    copied = [*range(150), *range(100, 150)]  # the tested ones are train rows again
    table = ingested(a=copied, d=pd.date_range("2020-01-01", periods=200)[copied])
    split = pd.DataFrame({"part": ["train"] * 150 + ["test"] * 50})
    facts = profile_table(table, split, SCHEMA, Source.of(raw()))
    # of the 50 tested ones the last is of another class than the one it copies
    assert facts["duplicates"] == {"repeated": 49, "validation_shared": 0, "test_shared": 49}
    assert facts["notes"][0] == (
        "49 test rows equal a train row, which inflates the metrics if they are copies."
    )


def test_check_tells_every_problem_of_the_stage_that_fails() -> None:
    split, standardize = SplitParams(), StandardizeParams()
    assert table_problems(raw().assign(y=[0, 1] * 100), SCHEMA, split, standardize) == []
    bad = raw().assign(a="x", c=None)
    letters, gaps = table_problems(bad, SCHEMA, split, standardize)
    assert (letters.column, letters.n_cells, letters.values[0]) == ("a", 200, "'x'")
    assert "column 'c'" in str(gaps)
    strict = SCHEMA.model_copy(update={"rare_classes": "error"})
    wrong = StandardizeParams.model_validate({"columns": {"z": {"log1p": True}}})
    assert list(map(str, table_problems(raw(), strict, split, wrong))) == [
        "column 'y': class 2 has 1 row, fewer than the 3 parts that need one each. "
        "Add rows of it, remove it, or set `split.strategy: random`.",
        "`standardize.columns.z`: no column of that name goes to the model. Known: a, c, d.",
    ]


def test_check_accepts_what_the_pipeline_accepts() -> None:
    table = ingest_table(raw().assign(y=[0, 1] * 100), SCHEMA)
    assert len(split_table(table, SCHEMA, SplitParams())) == 200


def test_classes_without_a_test_row_and_rows_left_out_are_reported() -> None:
    frame = raw().assign(y=[2, 2, 3, *[0, 1] * 98, 0])
    source = Source(name="t.csv", rows=200, columns=4, sha256="0")
    notes = []
    for rare_classes in ("train", "drop"):
        schema = SCHEMA.model_copy(update={"rare_classes": rare_classes})
        table = ingest_table(frame, schema)
        split = split_table(table, schema, SplitParams())
        notes.append(profile_table(table, split, schema, source)["notes"])
    sentence = (
        "No test row is of class 2 (2 rows), 3 (1 row): how well these are predicted is unknown."
    )
    assert sentence in notes[0]
    dropped = "3 of the 200 rows of t.csv are left out: their class has fewer than three rows."
    assert dropped in notes[1]
    assert not [note for note in notes[1] if "No test row" in note]
