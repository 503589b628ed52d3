"""What `kedro table add` writes of a random table, training accepts; else `add` has refused it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from colonnade.cli.table_yaml.new_table import add_table
from colonnade.errors import UserError
from colonnade.pipelines.table.parameter_groups import read_groups
from colonnade.tables.check import table_problems
from colonnade.tables.features.standardizer import fit_standardizer
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.column import is_missing
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.splitting.split import rows_of, split_table
from colonnade.training.ensembles.single import check_single
from colonnade.training.fit import train_model
from tests.tables.random_tables import random_table


def added(seed: int, folder: Path) -> tuple[Any, dict[str, Any]] | None:
    """The table of a seed and its parameter groups; None where `add` has refused it."""
    table = random_table(seed)
    path = folder / "t.csv"
    path.write_bytes(table.data)
    # a blend trains forty networks: every fifth table is enough to try it on
    effort = "quick" if seed % 5 else "normal"
    try:
        add_table(folder, "t", path, table.target, force=True, effort=effort, **table.options)
    except UserError:
        return None
    words = yaml.safe_load((folder / "parameters_t.yml").read_text(encoding="utf-8"))["t"]
    catalog = yaml.safe_load((folder / "catalog_t.yml").read_text(encoding="utf-8"))["t.raw"]
    groups, problems = read_groups(words)
    assert not problems, table.made_of
    encoding = catalog["encoding"].removesuffix("}").rpartition(",")[2]
    separator = catalog.get("separator")
    known = None if encoding == "null" else encoding
    return read_raw_table(str(path), encoding=known, separator=separator).frame, groups


@pytest.mark.parametrize(("first", "end"), [(0, 40), pytest.param(40, 200, marks=pytest.mark.slow)])
def test_table_that_add_accepts_passes_every_check_of_a_run(
    first: int, end: int, tmp_path: Path
) -> None:
    accepted = 0
    for seed in range(first, end):
        found = added(seed, tmp_path)
        if found is None:
            continue
        raw, groups = found
        accepted += 1
        begin = partial(check_single, model=groups["model"], training=groups["training"])
        assert not table_problems(
            raw, groups["schema"], groups["split"], groups["standardize"], begin
        ), random_table(seed).made_of
    assert accepted > 0.3 * (end - first)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 2000, 250))
def test_table_that_add_accepts_is_trained_on_and_every_row_predicted(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, first + 250):
        found = added(seed, tmp_path)
        if found is None:
            continue
        predictions = predictions_of_two_epochs(*found)
        assert predictions["prediction"].notna().all(), random_table(seed).made_of
        numbers = predictions.select_dtypes("number").to_numpy(dtype=np.float64)
        assert np.isfinite(numbers).all(), random_table(seed).made_of


def predictions_of_two_epochs(raw: pd.DataFrame, groups: dict[str, Any]) -> pd.DataFrame:
    """What a model trained for two epochs says of the rows that have a label."""
    schema = groups["schema"]
    labeled = raw[~is_missing(raw[schema.target], schema.unlabelled_cells())]
    table = ingest_table(raw, schema)
    parts = split_table(table, schema, groups["split"])
    train = rows_of(table, parts, "train")
    standardizer = fit_standardizer(train, schema, groups["standardize"])
    fitted = train_model(
        standardizer.transform(train),
        standardizer.transform(rows_of(table, parts, "validation")),
        standardizer,
        groups["model"],
        groups["training"].model_copy(update={"epochs": 2}),
    )
    return fitted.model.predict(labeled.drop(columns=schema.target))
