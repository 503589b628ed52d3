"""What models, schemas, metrics and experiments print of themselves."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import colonnade
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.messages.printed import Printed, some_of
from colonnade.tables.schema.table_schema import SchemaParams


@pytest.fixture(scope="module")
def model():
    frame = pd.DataFrame({"x": [i % 7 + 0.5 for i in range(40)], "<b>": [1.0, 2.5, 4.0, 6.5] * 10})
    frame["y"] = 3.0 * frame["x"] + frame["<b>"]
    return colonnade.fit(frame, target="y", model="linear", training={"epochs": 3})


def test_a_model_says_what_it_predicts_from_what(model):
    text = repr(model)
    assert text.startswith("TrainedModel\n")
    lines = dict(re.findall(r"^  (\w+) +(.*)$", text, re.MULTILINE))
    assert lines["predicts"].startswith("y, a number")
    assert lines["reads"] == "2 columns: x, <b>"
    assert lines["network"] == "linear, 3 parameters"
    assert lines["trained"].startswith("3 epochs")
    assert str(model) == text


def test_names_of_a_table_cannot_become_markup(model):
    html = model._repr_html_()
    assert "x, &lt;b&gt;" in html
    assert "<b>" not in html


def test_a_blend_names_its_parts(penguins_blend):
    line = re.search(r"network +(.*)", repr(penguins_blend)).group(1)
    assert line.startswith("a blend of ")
    assert sum(int(share) for share in re.findall(r"(\d+)%", line)) in range(98, 103)


@pytest.fixture(scope="module")
def penguins_blend():
    frame = pd.DataFrame({"x": [i % 7 + 0.5 for i in range(60)], "y": ["a", "b", "b"] * 20})
    words = {"kind": "auto", "candidates": ["linear", "mlp_skip"], "folds": 2}
    return colonnade.fit(frame, target="y", model=words, training={"epochs": 2})


def test_a_schema_lists_its_columns_by_kind():
    schema = SchemaParams.model_validate(
        {
            "target": "price",
            "task": "ordinal",
            "classes": ["low", "high"],
            "columns": {"ram": {}, "city": {"kind": "categorical"}, "id": {"kind": "identifier"}},
        }
    )
    assert str(schema).split("\n") == [
        "Schema",
        "  target       price (ordinal, classes low, high)",
        "  numeric      1: ram",
        "  categorical  1: city",
        "  identifier   1: id",
        "  others       numeric",
    ]


def test_metrics_stand_with_their_intervals():
    flat = {"test/accuracy": 0.9, "test/accuracy_low": 0.85, "test/accuracy_high": 0.94}
    text = repr(Metrics.from_flat({**flat, "train/loss": 0.123456}))
    assert text == "Metrics\n  test   accuracy 0.9 (0.85 to 0.94)\n  train  loss 0.1235"


def test_a_frame_among_the_facts_stays_aligned_in_text_and_is_a_table_in_html():
    class Ranking(Printed):
        def printed(self):
            return "Ranking", [("best", pd.DataFrame({"lr": [0.1], "score": [0.5]}))]

    lines = repr(Ranking()).split("\n")
    assert lines == ["Ranking", "  best", "         lr  score", "        0.1    0.5"]
    assert "<td>0.1</td>" in Ranking()._repr_html_()


def test_many_names_are_cut():
    assert some_of(range(20), most=3) == "0, 1, 2 and 17 more"
    assert some_of("ab", most=3) == "a, b"
