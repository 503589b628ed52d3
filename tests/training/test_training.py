"""What train_model promises: exactness, clear failures, nothing changed that is not its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.errors import DataError, ParameterError, TrainingError
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


@pytest.mark.parametrize("model", [MLP, ALL_ON], ids=["plain", "everything"])
def test_same_seed_gives_the_same_bits(fit, model):
    training = {"ema": 0.9, "clip_norm": 1.0, "l1": 0.001, "seed": 4, "batch_size": 8}
    one, other = fit("ordinal", model, training), fit("ordinal", model, training)
    assert same_weights(one.model, other.model)
    pd.testing.assert_frame_equal(numbers(one.history), numbers(other.history), check_exact=True)


def test_global_generators_are_left_alone(fit):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fit("classification", ALL_ON)
    assert torch.equal(torch.rand(3), expected)


def test_another_seed_gives_other_weights(fit):
    one = fit("classification", MLP, {"seed": 1})
    assert not same_weights(one.model, fit("classification", MLP, {"seed": 2}).model)


def test_both_gradient_paths_train_alike_and_are_named(fit):
    derived = fit("ordinal", ALL_ON)
    plain = fit("ordinal", ALL_ON, {"gradients": "autograd"})
    assert derived.model.facts["path"] == "hand-derived"
    assert plain.model.facts["path"] == "autograd"
    np.testing.assert_allclose(numbers(derived.history), numbers(plain.history), rtol=1e-4)


def test_training_equals_a_plain_torch_loop(table):
    """Rows in the same order, torch's own modules, autograd and Adam: the same weights."""
    from colonnade.training.engine.batches import permute

    train, validation, standardizer = table("classification")
    training = TrainingParams.model_validate({"epochs": 3, "batch_size": 8, "seed": 2})
    done = train_model(train, validation, standardizer, ModelParams.model_validate(MLP), training)
    torch.manual_seed(2)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 6),
        torch.nn.ReLU(),
        torch.nn.Linear(6, 5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 3),
    )
    optimizer = torch.optim.Adam(network.parameters())
    X = torch.tensor(train[standardizer.feature_names].to_numpy(np.float32))
    y = torch.tensor(train["y"].to_numpy())
    for epoch in range(3):
        for batch in permute([2], epoch, [None], len(X))[0].split(8):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(X[batch]), y[batch]).backward()
            optimizer.step()
    expected = network[0].weight.detach()
    torch.testing.assert_close(
        done.model.weights["hidden.0.weight"][0], expected, atol=1e-5, rtol=1e-4
    )


def test_validation_loss_is_the_loss_of_the_final_weights(fit, table):
    done = fit("classification", {**MLP, "dropout": 0.5, "batch_norm": True}, {"epochs": 3})
    _, validation, standardizer = table("classification")
    shares = done.model.probabilities(validation[standardizer.feature_names].to_numpy())
    expected = -np.log(shares[np.arange(len(validation)), validation["y"]]).mean()
    assert done.history["validation_loss"].iloc[-1] == pytest.approx(expected, rel=1e-5)


def test_no_validation_rows_leave_nan(fit):
    done = fit("classification", MLP, sizes={"n_validation": 0})
    assert done.history["validation_loss"].isna().all()
    assert list(done.history) == ["epoch", "lr", "train_loss", "validation_loss", "seconds"]
    assert done.history["epoch"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("checkpointed", [False, True])
def test_a_loss_that_is_not_finite_names_epoch_and_batch(fit, tmp_path, checkpointed):
    options = {"checkpoint": tmp_path / "run.safetensors"} if checkpointed else {}
    training = {
        "optimizer": {"name": "sgd", "lr": 1e4},
        "batch_size": 22,
        "epochs": 80,
        "checkpoint_every": 1,
    }
    with pytest.raises(TrainingError) as caught:
        fit("regression", None, training, **options)
    said = str(caught.value)
    assert said.startswith("the training loss is not finite in epoch ")
    assert "Try a lower `training.optimizer.lr` (now 10000), set `training.clip_norm`" in said
    if checkpointed:
        from safetensors.torch import load_file

        assert bool(torch.isfinite(load_file(options["checkpoint"])["flat"]).all())


def test_a_validation_loss_that_is_not_finite_stops_the_run(table):
    train, validation, standardizer = table("regression")
    validation = validation.copy()
    validation.iloc[0, 0] = 1e38
    with pytest.raises(
        TrainingError, match=r"the validation loss is not finite in epoch 1\. Try a"
    ):
        train_model(train, validation, standardizer, ModelParams(), TrainingParams())


def test_a_single_class_is_refused(table):
    prepared = table("classification", n_classes=1)
    with pytest.raises(DataError) as caught:
        train_model(*prepared, ModelParams(), TrainingParams())
    assert str(caught.value) == "column 'y' has a single class: there is nothing to learn."


def test_features_that_are_not_finite_are_named(table):
    train, validation, standardizer = table("ordinal")
    train = train.copy()
    train.iloc[3, 1] = np.inf
    with pytest.raises(DataError) as caught:
        train_model(train, validation, standardizer, ModelParams(), TrainingParams())
    assert str(caught.value) == "features 'x1' hold numbers that are not finite."


def test_inputs_are_not_changed(table):
    train, validation, standardizer = table("ordinal")
    before = train.copy(), validation.copy()
    train_model(train, validation, standardizer, ModelParams.model_validate(MLP), TrainingParams())
    pd.testing.assert_frame_equal(train, before[0])
    pd.testing.assert_frame_equal(validation, before[1])


def test_progress_hears_of_every_epoch(fit):
    heard = []
    done = fit("ordinal", MLP, progress=lambda *args: heard.append(args))
    assert [(epoch, epochs) for epoch, epochs, *_ in heard] == [(i, 5) for i in range(1, 6)]
    assert [args[2] for args in heard] == done.history["train_loss"].tolist()


def test_asked_for_threads_are_recorded_and_given_back(fit):
    before = torch.get_num_threads()
    assert fit("ordinal", MLP, {"threads": 2}).model.facts["threads"] == 2
    assert fit("ordinal", MLP).model.facts["threads"] == 1
    assert torch.get_num_threads() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused(fit):
    with pytest.raises(ParameterError) as caught:
        fit("ordinal", MLP, {"device": "cuda"})
    assert str(caught.value) == (
        "training.device is `cuda`, but torch finds no CUDA device: use `auto` or `cpu`."
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
def test_cuda_trains_alike(fit):
    there, here = fit("ordinal", MLP, {"device": "cuda"}), fit("ordinal", MLP, {"device": "cpu"})
    assert there.model.facts["device"] == "cuda"
    np.testing.assert_allclose(numbers(there.history), numbers(here.history), rtol=1e-3)


def test_trainings_side_by_side_keep_their_thread_count():
    from colonnade.training.engine.placement import thread_count

    torch.set_num_threads(2)
    outer, inner = thread_count(1), thread_count(1)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == 2
