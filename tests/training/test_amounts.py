"""Losses of amounts: what they predict is in raw units, and what it is meant to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ModelError
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


SKLEARNS = {
    "poisson": ("PoissonRegressor", {}),
    "gamma": ("GammaRegressor", {}),
    "tweedie": ("TweedieRegressor", {"power": 1.5, "link": "log"}),
}


@pytest.fixture
def counts():
    """Counts whose mean is exp(1 + x / 2), every number times a unit."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=500)
    return pd.DataFrame({"x": x, "y": rng.poisson(np.exp(1 + x / 2)).astype(float)})


@pytest.mark.parametrize("target", ["standard", "none"])
@pytest.mark.parametrize("loss", SKLEARNS)
def test_a_linear_model_of_amounts_is_sklearns_regressor(counts, loss, target):
    from sklearn import linear_model

    name, options = SKLEARNS[loss]
    raw = counts.assign(y=counts["y"] + (loss == "gamma"))
    theirs = getattr(linear_model, name)(alpha=0, tol=1e-10, max_iter=1000, **options)
    expected = theirs.fit(raw[["x"]].to_numpy(), raw["y"]).predict(raw[["x"]].to_numpy())
    model = train(raw, loss, target=target)
    assert model.predict(raw)["prediction"].to_numpy() == pytest.approx(expected, rel=1e-4)


def test_predicted_counts_have_the_mean_of_the_train_rows(counts):
    predicted = train(counts, "poisson").predict(counts)["prediction"]
    assert predicted.mean() == pytest.approx(counts["y"].mean(), rel=1e-5)
    assert (predicted > 0).all()


def test_units_of_an_amount_change_nothing_but_its_units(counts):
    euros, cents = counts, counts.assign(y=counts["y"] * 100)
    adam = {"optimizer": "adam", "epochs": 3}
    one, other = (train(raw, "tweedie", training=adam) for raw in (euros, cents))
    assert other.predict(cents)["prediction"].to_numpy() == pytest.approx(
        100 * one.predict(euros)["prediction"].to_numpy(), rel=1e-5
    )


def test_an_interval_around_a_count_is_as_wide_as_the_errors_held_out(counts):
    model = train(counts, "poisson", n_validation=100)
    held_out = counts[-100:]
    errors = np.sort((held_out["y"] - model.predict(held_out)["prediction"]).abs())
    # the rank ceil(101 * 0.9) of a hundred errors
    assert model.half_width() == pytest.approx(errors[90])


def test_members_average_their_numbers_and_not_the_logarithms(counts):
    adam = {"optimizer": {"name": "adam", "lr": 0.1}, "epochs": 2, "batch_size": 100}
    network = {"kind": "mlp", "hidden": [4]}
    model = train(counts, "poisson", model=network, training={**adam, "members": 3})
    X = model.standardizer.features(counts)
    outputs = [model.module(i)(*model.spec.inputs.split(to_float(X))) for i in range(3)]
    expected = np.mean([out.detach().exp().numpy() for out in outputs], axis=0)[:, 0]
    assert model.predict_array(X) == pytest.approx(expected * counts["y"].mean(), rel=1e-5)


def to_float(X):
    import torch

    return torch.from_numpy(X).float()


def test_realmlp_keeps_predicted_counts_within_those_of_train_rows(counts):
    words = {"kind": "realmlp", "hidden": [8], "numeric_embedding": "none"}
    model = train(counts, "poisson", model=words, training={"optimizer": "adam", "epochs": 3})
    far = pd.DataFrame({"x": [-1e6, 1e6]})
    predicted = model.predict_quietly(far)["prediction"]
    assert predicted.between(0, counts["y"].max() * (1 + 1e-6)).all()


@pytest.mark.parametrize(
    ("loss", "amounts", "problem"),
    [
        (
            "poisson",
            [1, -2, 3],
            "training.loss poisson needs numbers of 0 or more, and column 'y' has others in 1 "
            "train and validation row, such as -2. Correct them, or choose another loss: mse takes "
            "every number, tweedie takes 0.",
        ),
        (
            "gamma",
            [0, 0, 3],
            "training.loss gamma needs numbers above 0, and column 'y' has others in 2 train and "
            "validation rows, such as 0. Correct them, or choose another loss: mse takes every "
            "number, tweedie takes 0.",
        ),
        (
            "tweedie",
            [0, 0, 0],
            "column 'y' is 0 in every train row: training.loss tweedie has nothing to learn.",
        ),
    ],
)
def test_amounts_that_a_loss_cannot_learn_are_refused(loss, amounts, problem):
    with pytest.raises(DataError) as caught:
        train(pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": amounts}), loss)
    assert str(caught.value) == problem


def test_amounts_of_validation_rows_are_refused_too(counts):
    counts.loc[counts.index[-1], "y"] = -1.0
    with pytest.raises(DataError, match=r"has others in 1 train and validation row, such as -1\."):
        train(counts, "poisson", n_validation=10)


def test_a_linear_model_of_logarithms_has_no_slopes_in_raw_units(counts):
    with pytest.raises(ModelError, match="only a linear regression has slopes"):
        train(counts, "poisson").linear_coefficients()
