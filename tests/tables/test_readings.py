"""What the report says of cells that are read otherwise than they stand in the file."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.tables.inference.readings import describe_readings
from colonnade.tables.profile import profile_table
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import ColumnParams, SchemaParams
from colonnade.tables.source import Source

TEXT = """price;hp;born;tier;y
1.234,5 €;61;01/02/50;Gold;Yes
12 €;?;02/03/51;gold;no
7 €;63;03/04/52;silver;none
8 €;64;03/04/53;silver;no
"""
WORDS: dict[str, Any] = {
    "target": "y",
    "task": "classification",
    "unlabelled": "drop",
    "case": "fold",
    "columns": {
        "price": {"decimal": ",", "thousands": ".", "unit": "€"},
        "hp": {"missing": "median", "missing_words": ["?"]},
        "born": {"kind": "datetime", "format": "%d/%m/%y", "latest_year": 2000},
        "tier": {"kind": "categorical", "case": "fold"},
    },
}
SAID = [
    "1 row without a label left out, among them 'none' (1).",
    "Column 'price': 4 cells such as '1.234,5 €' read as 1234.5 €.",
    "Column 'hp': 1 cell '?' hold no value.",
    "Column 'born': 4 cells such as '01/02/50' read as 1950-02-01.",
    "Column 'tier': 1 cell written with other capitals (`case: fold`).",
    "Column 'y': 1 cell written with other capitals (`case: fold`).",
]


def test_report_counts_what_the_yaml_made_of_cells_with_an_example() -> None:
    raw = read_text_table(TEXT.encode(), "t.csv", separator=";")[0]
    schema = SchemaParams.model_validate(WORDS)
    assert describe_readings(raw, schema) == SAID
    table = ingest_table(raw, schema)
    split = pd.DataFrame({"part": ["train", "train", "test"]})
    source = Source.of(raw).model_copy(update={"readings": SAID})
    profile = profile_table(table, split, schema, source)
    assert profile["notes"][-len(SAID) :] == SAID
    assert profile["columns"]["price"]["unit"] == "€"


def test_plain_tables_have_nothing_to_tell() -> None:
    raw = read_text_table(b"a,y\n1,0\n2,1\n", "t.csv")[0]
    words = {"target": "y", "task": "classification"}
    assert describe_readings(raw, SchemaParams.model_validate(words)) == []


@pytest.mark.parametrize("kind", ["identifier", "ignored"])
def test_column_that_is_not_learned_from_may_keep_words_for_another_kind(kind: str) -> None:
    words = {"kind": kind, "missing": "median", "thousands": ",", "minimum": 0}
    assert not ColumnParams.model_validate(words).is_feature
