"""A small table, split, and plans for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.experiments.plans.plan import PlanParams
from colonnade.experiments.trial_rows import Rows
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, split_table

GROUPS = {
    "standardize": {},
    "model": {"kind": "mlp", "hidden": [8]},
    "training": {"epochs": 4, "batch_size": 16},
}


def draw_rows(task="classification", validation=0.2, n=120, folds=3):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 3))
    score = X @ [1.0, -0.5, 0.0] + rng.normal(size=n) * 0.3
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    table["y"] = score if task == "regression" else (score > 0).astype(int)
    schema = SchemaParams.model_validate({"target": "y", "task": task})
    split = split_table(table, schema, SplitParams(validation_fraction=validation))
    return Rows(table, split, schema, folds)


@pytest.fixture
def rows():
    return draw_rows


@pytest.fixture
def plan():
    def make(**words):
        return PlanParams.model_validate(
            {"vary": {"training.optimizer.lr": [0.001, 0.05], "model.dropout": [0, 0.3]}, **words}
        )

    return make
