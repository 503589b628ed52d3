"""Regularization that does what it says: layers, lasso, stopping, averages, refit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.training import ModelParams, TrainingParams, train_model

MLP = {"hidden": [6, 5]}
ALL_ON = {
    "hidden": [6, 5],
    "dropout": 0.2,
    "batch_norm": True,
    "activation": "prelu",
    "kind": "mlp_skip",
}


def same_weights(one, other):
    return set(one.weights) == set(other.weights) and all(
        torch.equal(one.weights[name], other.weights[name]) for name in one.weights
    )


def numbers(history):
    return history.drop(columns="seconds")


@pytest.mark.parametrize("n_rows", [16, 17, 18, 3])
@pytest.mark.parametrize("gradients", ["auto", "autograd"])
def test_batch_norm_takes_any_last_batch(fit, n_rows, gradients):
    sizes = {"n": n_rows + 4, "n_validation": 4}
    model = {"hidden": [4], "batch_norm": True}
    done = fit("regression", model, {"batch_size": 8, "gradients": gradients}, sizes)
    assert np.isfinite(done.history["validation_loss"]).all()


def test_batch_norm_of_single_rows_is_refused(fit):
    with pytest.raises(ParameterError, match="batches of 2 rows or more"):
        fit("regression", {"hidden": [4], "batch_norm": True}, {"batch_size": 1})


def test_early_stopping_restores_the_best_epoch(fit):
    training = {
        "epochs": 200,
        "optimizer": {"name": "adam", "lr": 0.05},
        "early_stopping": {"patience": 5},
    }
    done = fit("classification", {"hidden": [32]}, training)
    history, facts = done.history, done.model.facts
    best = int(history["validation_loss"].idxmin()) + 1
    assert facts["best_epoch"] == best
    assert facts["stopped_early"]
    assert len(history) == best + 5 == facts["epochs_run"]
    again = fit(
        "classification", {"hidden": [32]}, {**training, "epochs": best, "early_stopping": None}
    )
    assert same_weights(done.model, again.model)


def test_patience_without_validation_rows_is_refused(fit):
    with pytest.raises(ParameterError) as caught:
        fit("regression", None, {"early_stopping": {}}, sizes={"n_validation": 0})
    assert str(caught.value) == (
        "training.early_stopping looks at validation rows, and there are none: raise "
        "split.validation_fraction, or leave it out."
    )


def test_l1_drops_the_column_that_says_nothing(fit):
    training = {"epochs": 150, "l1": 0.1, "optimizer": {"name": "adam", "lr": 0.02}}
    done = fit("regression", None, training, {"n": 200})
    assert done.model.facts["dropped_columns"] == ["x3"]
    assert float(done.model.weights["output.weight"][0, 0, 3]) == 0
    assert done.model.linear_coefficients()[0]["x3"] == 0


@pytest.mark.parametrize("by", ["column", "element"])
def test_strong_l1_empties_the_first_layer_and_the_straight_path(fit, by):
    training = {
        "epochs": 20,
        "l1": {"strength": 50.0, "by": by},
        "optimizer": {"name": "sgd", "lr": 0.01},
        "ema": 0.9,
    }
    done = fit("ordinal", {"kind": "mlp_skip", "hidden": [4]}, training)
    assert done.model.facts["dropped_columns"] == ["x0", "x1", "x2", "x3"]
    assert bool((done.model.weights["skip.weight"] == 0).all())
    assert bool((done.model.weights["output.weight"] != 0).any())


def test_soft_threshold_by_hand():
    from colonnade.training.components.regularizers import Clip, Lasso
    from colonnade.training.networks.base import Inputs
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.binding.stacked import StackedParameters

    spec = NetworkSpec(ModelParams.model_validate({"kind": "linear"}), Inputs(2), 2, 2)
    stack = StackedParameters(spec, 1, torch.float64, torch.device("cpu"))
    weight = stack.tensors()["output.weight"]
    weight.copy_(torch.tensor([[[3.0, 0.1], [4.0, -0.4]]]))
    lasso = Lasso([weight], torch.full((1, 2), 5.0), by_column=True)
    lasso.set_rates([0.1])
    lasso()
    # Lengths 5 and 0.41, threshold 0.5: the first keeps 9 tenths, the second nothing.
    assert weight.flatten().tolist() == pytest.approx([2.7, 0, 3.6, 0])
    lasso = Lasso([weight], torch.full((1, 2), 30.0), by_column=False)
    lasso.set_rates([0.1])
    lasso()
    assert weight.flatten().tolist() == pytest.approx([0, 0, 0.6, 0])
    stack.grad.fill_(1.0)
    Clip(stack.grad, 1.0)()
    assert stack.grad.flatten().tolist() == pytest.approx([1 / math.sqrt(6)] * 6, rel=1e-5)


def test_average_of_weights_by_hand():
    from colonnade.training.components.regularizers import Average
    from colonnade.training.networks.base import Inputs
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.binding.stacked import StackedParameters

    spec = NetworkSpec(ModelParams.model_validate({"kind": "linear"}), Inputs(1), 1, 1)
    stack = StackedParameters(spec, 1, torch.float64, torch.device("cpu"))
    average = Average(stack.flat, stack.buffers, 0.2)
    stack.flat.fill_(1)
    average()  # decay min(0.2, 2/11)
    average()  # decay min(0.2, 3/12) = 0.2
    assert average.flat.flatten().tolist() == pytest.approx([1 - 0.2 * 2 / 11] * 2)


def test_refit_trains_on_all_rows_for_the_chosen_epochs(table):
    train, validation, standardizer = table("ordinal")
    model = ModelParams.model_validate(MLP)
    words = {"epochs": 60, "scheduler": "cosine", "optimizer": {"name": "adam", "lr": 0.1}}
    early = {**words, "early_stopping": {"patience": 4}}
    done = train_model(
        train,
        validation,
        standardizer,
        model,
        TrainingParams.model_validate({**early, "refit": True}),
    )
    chosen = train_model(
        train, validation, standardizer, model, TrainingParams.model_validate(early)
    )
    best = chosen.model.facts["best_epoch"]
    assert done.model.facts["refit_epochs"] == best < 60
    pd.testing.assert_frame_equal(numbers(done.history), numbers(chosen.history))
    # By hand: all rows, the same rates, the weights after `best` of 60 epochs.
    from colonnade.training.engine.loop.stopping import FixedEnds
    from colonnade.training.engine.loop.trainer import Trainer
    from colonnade.training.ensembles.outcome import ensemble
    from colonnade.training.prepare import prepare

    params = TrainingParams.model_validate(words)
    whole = prepare(pd.concat([train, validation]), validation[:0], standardizer, model, params)
    trainer = Trainer(whole, ensemble(model, params), stopping=FixedEnds([best]))
    trainer.run()
    expected = whole.network.parameters.views(trainer.result()[0])
    assert all(torch.equal(expected[name], done.model.weights[name]) for name in expected)


def test_refit_shows_its_own_number_of_epochs(fit):
    heard = []
    words = {
        "epochs": 60,
        "optimizer": {"name": "adam", "lr": 0.1},
        "early_stopping": {"patience": 4},
    }
    done = fit("ordinal", MLP, {**words, "refit": True}, progress=lambda *a: heard.append(a[:2]))
    best = done.model.facts["best_epoch"]
    assert heard[-1] == (best, best)


def test_refit_without_validation_rows_changes_nothing(fit):
    one = fit("ordinal", MLP, {"refit": True}, sizes={"n_validation": 0})
    assert same_weights(one.model, fit("ordinal", MLP, sizes={"n_validation": 0}).model)
