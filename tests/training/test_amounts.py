"""Losses of amounts: what they predict is in raw units, and what it is meant to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ModelError, ParameterError
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.features.target_curve import LogCurve
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model
from colonnade.training.ensembles.fold_training import Fold, fit_folds
from colonnade.training.models.target import Target, kept_residuals


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
    model = train(skewed, {"name": "quantile", "quantile": 0.9}, training={"epochs": 2})
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


@pytest.fixture
def lognormal():
    """1 + y is lognormal: its logarithm is 3 + x / 2, with a standard deviation of 0.8."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=20_000)
    return pd.DataFrame({"x": x, "y": np.expm1(3 + x / 2 + rng.normal(size=len(x)) * 0.8)})


def test_numbers_of_a_curve_are_means_over_the_residuals():
    target = Target(0.0, 1.0, LogCurve(center=0.0, scale=1.0), True, (-1.0, 1.0))
    expected = (np.expm1(1) + np.expm1(3)) / 2
    assert target.raw(np.array([2.0])).tolist() == [pytest.approx(expected)]
    assert target.errors(np.array([2.0]), np.array([1.0]))[0] == pytest.approx(
        expected - np.expm1(1)
    )


def test_kept_residuals_have_the_mean_and_the_exponentials_mean_of_all():
    residuals = np.random.default_rng(0).normal(size=100_001)
    kept = np.array(kept_residuals(residuals))
    assert len(kept) == 200
    assert kept.mean() == pytest.approx(residuals.mean(), abs=1e-12)
    assert np.exp(kept).mean() == pytest.approx(np.exp(residuals).mean(), rel=0.005)


@pytest.mark.parametrize("n_validation", [0, 2000])
def test_what_is_learned_as_a_logarithm_is_predicted_as_a_mean(lognormal, n_validation):
    model = train(lognormal, "mse", n_validation=n_validation, target="log")
    predicted = model.predict_quietly(pd.DataFrame({"x": [-1.0, 0.0, 1.0]}))["prediction"]
    mean = np.exp(3 + np.array([-0.5, 0, 0.5]) + 0.8**2 / 2) - 1
    assert predicted.to_numpy() == pytest.approx(mean, rel=0.03)


def test_a_median_on_a_curve_stays_a_median(lognormal):
    adam = {"optimizer": {"name": "adam", "lr": 0.02}, "epochs": 10, "batch_size": 256}
    model = train(lognormal, "mae", training=adam, target="log")
    predicted = model.predict_quietly(pd.DataFrame({"x": [-1.0, 1.0]}))["prediction"]
    assert predicted.to_numpy() == pytest.approx(np.expm1([2.5, 3.5]), rel=0.05)
    assert "residuals" not in model.facts


def test_what_is_learned_as_a_rank_is_predicted_as_a_mean(lognormal):
    model = train(lognormal, "mse", target="quantile")
    predicted = model.predict_quietly(lognormal)["prediction"]
    assert predicted.mean() == pytest.approx(lognormal["y"].mean(), rel=0.02)


def test_residuals_are_those_of_validation_rows_where_there_are_enough(lognormal):
    rows = lognormal[:200]
    network = {"kind": "mlp", "hidden": [32]}
    model = train(rows, "mse", n_validation=100, model=network, target="log")
    curve, held_out = model.standardizer.target_curve, rows[100:]
    outputs = model.scores(model.standardizer.features(held_out))
    expected = np.sort(curve.learned(held_out["y"].to_numpy()) - outputs)
    assert model.facts["residuals"] == pytest.approx(expected, abs=1e-5)


def test_intervals_of_a_curve_hold_the_errors_of_its_predictions(lognormal):
    model = train(lognormal[:600], "mse", n_validation=99, target="log")
    held_out = lognormal[501:600]
    errors = np.sort((held_out["y"] - model.predict_quietly(held_out)["prediction"]).abs())
    assert model.half_width() == pytest.approx(errors[89])


@pytest.mark.parametrize("members", [1, 2])
def test_folds_on_curves_are_their_single_trainings(lognormal, members):
    words = {"optimizer": {"name": "adam", "lr": 0.05}, "epochs": 5, "members": members}
    training, model = TrainingParams.model_validate(words), ModelParams(kind="linear")
    folds = []
    for start in (0, 100):
        raw = lognormal[start : start + 100]
        own, standardizer = standardized(raw, target="log")
        folds.append(Fold(own[:60], own[60:], standardizer))
    for fold, fitted in zip(folds, fit_folds(folds, model, training), strict=True):
        alone = train_model(fold.train, fold.validation, fold.standardizer, model, training).model
        X = fold.standardizer.features(lognormal[:50])
        assert fitted.model.predict_array(X) == pytest.approx(alone.predict_array(X), rel=1e-5)


def test_a_refit_on_a_curve_goes_on_where_it_was_interrupted(lognormal, tmp_path):
    rows, standardizer = standardized(lognormal[:120], target="log")
    words = {"epochs": 4, "refit": True, "checkpoint_every": 1}
    given = (rows[:80], rows[80:], standardizer, ModelParams(kind="linear"))
    training = TrainingParams.model_validate(words)
    whole = train_model(*given, training).model
    epochs = []

    def stop_in_the_refit(epoch, *_):
        epochs.append(epoch)
        if epochs == [1, 2, 3, 4, 1, 2]:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_model(*given, training, checkpoint=file, progress=stop_in_the_refit)
    resumed = train_model(*given, training, checkpoint=file, resume=True).model
    assert resumed.facts["residuals"] == whole.facts["residuals"]
    assert resumed.held_out == whole.held_out
    assert resumed.predict_quietly(lognormal).equals(whole.predict_quietly(lognormal))


def test_submodels_average_their_counts_and_not_the_logarithms(counts):
    words = {"kind": "tabm", "k": 3, "hidden": "4", "dropout": 0.0}
    model = train(counts, "poisson", model=words, training={"optimizer": "adam", "epochs": 2})
    X = model.standardizer.features(counts)
    # In training the logits of each submodel are given.
    outputs = model.module().train()(*model.spec.inputs.split(to_float(X)))
    expected = outputs.detach().exp().mean(-3)[:, 0].numpy() * counts["y"].mean()
    assert outputs.shape == (3, 500, 1)
    assert model.predict_array(X) == pytest.approx(expected, rel=1e-5)


def test_a_saved_curve_predicts_as_before(lognormal, tmp_path):
    model = train(lognormal[:300], "mse", target="quantile")
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model").predict_quietly(lognormal)
    assert again.equals(model.predict_quietly(lognormal))


def test_a_logarithm_is_not_learned_of_a_logarithm(counts):
    with pytest.raises(ParameterError, match="learns the logarithm of a number itself: set"):
        train(counts, "poisson", target="log")


def test_a_linear_model_on_a_curve_has_no_slopes_in_raw_units(counts):
    with pytest.raises(ModelError, match="only a linear regression has slopes"):
        train(counts, "mse", target="log").linear_coefficients()
