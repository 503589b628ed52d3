"""A small table of every kind of column, and its model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainedModel, TrainingParams, train_model

COLUMNS = {
    "rooms": {"kind": "numeric", "minimum": 0, "missing": "median"},
    "area": {"kind": "numeric"},
    "city": {"kind": "categorical", "missing": "category"},
    "grade": {"kind": "ordered", "values": ["low", "middle", "high"]},
    "garden": {"kind": "boolean"},
    "sold": {"kind": "datetime"},
}


def draw_homes(n: int = 120) -> pd.DataFrame:
    """Text, as a file has it; some cells of rooms and city are empty."""
    rng = np.random.default_rng(3)
    rooms, area = rng.integers(1, 9, n), rng.normal(100, 30, n).round(3)
    city = rng.choice(["Bonn", "Köln", "Trier"], n)
    price = 10 * rooms + 0.5 * area + 20 * (city == "Bonn") + rng.normal(0, 3, n)
    homes = pd.DataFrame(
        {
            "rooms": rooms.astype(str),
            "area": area.astype(str),
            "city": city,
            "grade": rng.choice(["low", "middle", "high"], n),
            "garden": rng.choice(["yes", "no"], n),
            "sold": [f"2024-{month:02}-15" for month in rng.integers(1, 13, n)],
            "price": price.round(2).astype(str),
        }
    )
    homes.loc[::9, "rooms"] = ""
    homes.loc[::7, "city"] = ""
    return homes


def train_homes(
    task: str = "regression", seed: int = 0, classes: int = 3, **words: object
) -> TrainedModel:
    """A model of the price, or of its class."""
    homes = draw_homes()
    if task != "regression":
        price = homes["price"].astype(float)
        homes["price"] = pd.cut(
            price, [-np.inf, *[90, 120][: classes - 1], np.inf], labels=["c", "b", "a"][:classes]
        )
        homes["price"] = homes["price"].astype("str")
    said = {"target": "price", "task": task, "columns": COLUMNS}
    if task == "ordinal":
        said["classes"] = ["c", "b", "a"]
    schema = SchemaParams.model_validate(said)
    typed = ingest_table(homes, schema)
    standardizer = fit_standardizer(typed[:90], schema, StandardizeParams.model_validate(words))
    rows = standardizer.transform(typed)
    training = TrainingParams.model_validate({"epochs": 3, "seed": seed})
    return train_model(
        rows[:90], rows[90:], standardizer, ModelParams(kind="linear"), training
    ).model


@pytest.fixture(scope="session")
def homes() -> pd.DataFrame:
    """Rows without prices, some unlike the train rows, columns in another order."""
    rows = draw_homes().drop(columns="price")
    rows.loc[3, "city"] = "Ulm"
    rows.loc[4, "area"] = "9000.25"
    rows.loc[5, "rooms"] = "3.75"
    return rows[list(rows)[::-1]]


@pytest.fixture(scope="session")
def priced() -> TrainedModel:
    """A regression."""
    torch.set_num_threads(1)
    return train_homes()
