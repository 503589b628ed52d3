"""What a trained model says, and what an ensemble and a temperature make of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.conftest import draw_table

from colonnade.errors import ModelError, ParameterError
from colonnade.training import ModelParams, TrainingParams, train_model

MLP = {"hidden": [6, 5]}
ALL_ON = {
    "hidden": [6, 5],
    "dropout": 0.2,
    "batch_norm": True,
    "activation": "prelu",
    "kind": "mlp_skip",
}


@pytest.mark.parametrize("task", ["ordinal", "regression"])
def test_ensemble_averages_its_members(fit, table, task):
    together = fit(task, MLP, {"members": 3, "seed": 5})
    _, validation, standardizer = table(task)
    X = validation[standardizer.feature_names].to_numpy()
    alone = [fit(task, MLP, {"seed": 5 + i}).model for i in range(3)]
    if task == "ordinal":
        expected = np.mean([model.probabilities(X) for model in alone], axis=0)
        found = together.model.probabilities(X)
    else:
        expected = np.mean([model.predict_array(X) for model in alone], axis=0)
        found = together.model.predict_array(X)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert together.model.facts["n_members"] == 3
    assert together.model.summary().startswith("3 members, each:")


def test_temperature_lowers_the_validation_log_loss(fit, table):
    words = {"epochs": 150, "optimizer": {"name": "adam", "lr": 0.05}}
    cold = fit("classification", {"hidden": [32]}, words)
    warm = fit("classification", {"hidden": [32]}, {**words, "temperature": True})
    _, validation, standardizer = table("classification")
    X, y = validation[standardizer.feature_names].to_numpy(), validation["y"].to_numpy()

    def log_loss(model):
        return -np.log(model.probabilities(X)[np.arange(len(y)), y]).mean()

    assert warm.model.facts["temperature"] > 1.1
    assert log_loss(warm.model) < log_loss(cold.model)
    assert (warm.model.predict_array(X) == cold.model.predict_array(X)).all()


def test_columns_may_come_in_any_order(fit):
    model = fit("ordinal", MLP).model
    raw = draw_table("ordinal")
    shuffled = raw[["x2", "y", "x0", "x3", "x1"]]
    pd.testing.assert_frame_equal(model.predict(raw), model.predict(shuffled))
    names = ["prediction", "probability_0", "probability_1", "probability_2", "outside"]
    assert list(model.predict(raw.drop(columns="y"))) == names


@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
@pytest.mark.parametrize("model", [MLP, {**MLP, "batch_norm": True}], ids=["plain", "batch norm"])
def test_one_row_or_many_predict_the_same(fit, task, model):
    trained = fit(task, model).model
    X = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    together = trained.scores(X)
    alone = np.concatenate([trained.scores(X[i : i + 1]) for i in (0, 5, 8191, 8192, 8999)])
    np.testing.assert_allclose(alone, together[[0, 5, 8191, 8192, 8999]], rtol=0, atol=1e-9)


def test_module_computes_the_same(fit):
    trained = fit("ordinal", ALL_ON).model
    X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    with torch.no_grad():
        logits = trained.module()(torch.from_numpy(X)).double()
    np.testing.assert_allclose(
        trained.loss.probabilities(logits), trained.probabilities(X), atol=1e-5
    )


def test_linear_regression_tells_slopes_in_raw_units(fit):
    done = fit("regression", None, {"optimizer": "lbfgs", "epochs": 5}, {"n": 400})
    slopes, intercept = done.model.linear_coefficients()
    # y = 40 + 5 (x0 - 0.5 x1 + 0.25 x2) + noise of deviation 1.5
    assert list(slopes.values()) == pytest.approx([5, -2.5, 1.25, 0], abs=0.1)
    assert intercept == pytest.approx(40, abs=0.3)
    raw = draw_table("regression", n=5)
    by_hand = raw[list(slopes)].to_numpy() @ np.array(list(slopes.values())) + intercept
    np.testing.assert_allclose(done.model.predict(raw)["prediction"], by_hand, rtol=1e-5)


def test_only_a_linear_regression_has_slopes(fit):
    with pytest.raises(ModelError, match="only a linear regression"):
        fit("regression", MLP).model.linear_coefficients()


def test_an_array_of_another_width_is_refused(fit):
    with pytest.raises(ModelError, match="reads 4 features, but got an array of shape"):
        fit("regression").model.scores(np.zeros((2, 3), dtype=np.float32))


def test_temperature_is_for_classes(fit):
    with pytest.raises(ParameterError, match=r"training\.temperature is for classes"):
        fit("regression", None, {"temperature": True})


def test_real_phone_table_is_learned_as_an_order(phone_price_dir):
    from sklearn.model_selection import train_test_split

    from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
    from colonnade.tables.schema.table_schema import SchemaParams

    raw = pd.read_csv(phone_price_dir / "train.csv")
    train, test = train_test_split(raw, test_size=0.2, random_state=42)
    schema = SchemaParams.model_validate({"target": "price_range", "task": "ordinal"})
    standardizer = fit_standardizer(train, schema, StandardizeParams())
    words = {
        "optimizer": {"name": "adamw", "lr": 0.2},
        "scheduler": "cosine",
        "epochs": 200,
        "batch_size": 64,
    }
    done = train_model(
        standardizer.transform(train),
        standardizer.transform(train[:0]),
        standardizer,
        ModelParams.model_validate({"kind": "linear"}),
        TrainingParams.model_validate(words),
    )
    found = done.model.predict(test)["prediction"]
    assert float((found == test["price_range"]).mean()) >= 0.98
