"""A run that begins in the middle notices what was edited since what it takes was made."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset

from colonnade.errors import ParameterError
from colonnade.hooks.selection.partial_runs import check_group_words, check_what_is_left
from colonnade.pipelines.table.nodes import split_rows
from colonnade.pipelines.table.pipeline import create_pipeline
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams

TABLE = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 5, "y": [1.0, 2.0, 3.0, 5.0] * 5})
SCHEMA = SchemaParams(target="y", task="regression")
EVALUATE = create_pipeline("t").from_nodes("t.evaluate.evaluate")


def catalog(**now: dict[str, Any]) -> DataCatalog:
    """What an earlier run left by the parameters of then, and the parameters of now."""
    _, split_params = split_rows(TABLE, SCHEMA, SplitParams(seed=1))
    standardizer = fit_standardizer(TABLE, SCHEMA, StandardizeParams())
    data = {
        "t.split_params": split_params,
        "t.standardizer": standardizer,
        "params:t.split": SplitParams(**{"seed": 1, **now.get("split", {})}),
        "params:t.standardize": StandardizeParams(**now.get("standardize", {})),
    }
    return DataCatalog({name: MemoryDataset(value) for name, value in data.items()})


def test_unchanged_parameters_let_a_run_begin_anywhere() -> None:
    for node in EVALUATE.nodes:
        check_what_is_left(EVALUATE.only_nodes(node.name), catalog())


@pytest.mark.parametrize("begin", ["train.train", "evaluate.evaluate", "report.write_report"])
def test_an_edited_split_is_noticed_and_its_node_named(begin: str) -> None:
    pipeline = create_pipeline("t").from_nodes(f"t.{begin}")
    with pytest.raises(ParameterError) as caught:
        check_what_is_left(pipeline, catalog(split={"seed": 7}, standardize={"log1p": True}))
    message = str(caught.value)
    assert message.startswith(
        "`t.split.seed` is 7 and was 1; `t.standardize.log1p` is True and was False when split and "
        "standardizer were made"
    )
    assert "kedro run --pipeline t --from-nodes t.prepare.split_rows" in message


def test_an_edited_standardizer_begins_at_its_own_node() -> None:
    edited = catalog(standardize={"columns": {"a": {"numeric": "robust"}}})
    with pytest.raises(ParameterError, match=r"--from-nodes t\.prepare\.standardize\)"):
        check_what_is_left(EVALUATE, edited)


def test_a_run_that_makes_them_anew_may_have_other_parameters() -> None:
    edited = catalog(split={"seed": 7}, standardize={"log1p": True})
    whole = create_pipeline("t")
    check_what_is_left(whole, edited)
    check_what_is_left(whole.from_nodes("t.prepare.split_rows"), edited)
    check_what_is_left(whole.only_nodes("t.ingest.ingest"), edited)
    with pytest.raises(ParameterError, match=r"`t\.split\.seed` is 7 and was 1 when split was"):
        check_what_is_left(whole.only_nodes("t.prepare.standardize"), edited)


def test_what_an_earlier_version_has_made_is_taken_as_it_is() -> None:
    edited = catalog(split={"seed": 7})
    edited["t.split_params"] = MemoryDataset()
    check_what_is_left(EVALUATE, edited)


def test_a_parameter_may_be_said_again_as_it_was_given_to_the_run_that_read_it() -> None:
    words = {"t": {"split": {"seed": 1}}}
    check_group_words(words, EVALUATE, catalog())
    with pytest.raises(ParameterError, match=r"`t\.split` is set, but nothing in this run"):
        check_group_words(words, EVALUATE, catalog(split={"seed": 7}))
