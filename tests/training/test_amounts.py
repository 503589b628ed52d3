"""Losses of amounts: what they predict is in raw units, and what it is meant to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model


def standardized(raw, **standardize):
    schema = SchemaParams(target="y", task="regression")
    params = StandardizeParams.model_validate(standardize)
    standardizer = fit_standardizer(raw, schema, params)
    return standardizer.transform(raw), standardizer


def train(raw, loss, n_validation=0, model=None, training=None, **standardize):
    rows, standardizer = standardized(raw, **standardize)
    cut = len(rows) - n_validation
    words = {"loss": loss, "optimizer": "lbfgs", "epochs": 40, **(training or {})}
    return train_model(
        rows[:cut],
        rows[cut:],
        standardizer,
        ModelParams.model_validate(model or {"kind": "linear"}),
        TrainingParams.model_validate(words),
    ).model


@pytest.fixture
def skewed():
    """Lognormal amounts whose logarithm is 1 + x / 2, with a standard deviation of one half."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    return pd.DataFrame({"x": x, "y": np.exp(1 + x / 2 + rng.normal(size=2000) / 2)})


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_so_large_a_share_of_rows_lies_below_a_predicted_quantile(skewed, quantile):
    adam = {"optimizer": {"name": "adam", "lr": 0.02}, "scheduler": "cosine", "epochs": 60}
    model = train(skewed, {"name": "quantile", "quantile": quantile}, training=adam)
    below = (skewed["y"] < model.predict(skewed)["prediction"]).mean()
    assert below == pytest.approx(quantile, abs=0.01)


def test_the_epoch_of_a_quantile_is_not_chosen_by_squared_errors(skewed):
    early = {
        "optimizer": {"name": "adam", "lr": 0.02},
        "epochs": 60,
        "early_stopping": {"by": "error", "patience": None},
    }
    loss = {"name": "quantile", "quantile": 0.9}
    model = train(skewed, loss, n_validation=400, training=early)
    below = (skewed["y"] < model.predict(skewed)["prediction"]).mean()
    assert below == pytest.approx(0.9, abs=0.02)


def test_a_saved_quantile_is_predicted_again(skewed, tmp_path):
    model = train(skewed, {"name": "quantile", "quantile": 0.9})
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.training.loss.quantile == 0.9
    assert again.predict(skewed).equals(model.predict(skewed))
