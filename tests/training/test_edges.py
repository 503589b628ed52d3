"""Where silent wrong answers hide: smallest tables, extreme numbers, options that meet."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import torch

from colonnade.errors import DataError, ParameterError, TrainingError
from colonnade.training import Member, ModelParams, TrainingParams, fit_many, train_model
from colonnade.training.components.regularizers import Average, Clip
from colonnade.training.networks.base import Inputs
from colonnade.training.networks.binding.spec import NetworkSpec
from colonnade.training.networks.binding.stacked import StackedParameters

MLP = {"hidden": [6, 5]}
NORM = {"hidden": [6], "batch_norm": True}


def same_weights(one, other):
    return set(one.weights) == set(other.weights) and all(
        torch.equal(one.weights[name], other.weights[name]) for name in one.weights
    )


def test_averaged_weights_have_averaged_batch_norm_statistics():
    stack = StackedParameters(
        NetworkSpec(ModelParams.model_validate(NORM), Inputs(2), 1, 1),
        1,
        torch.float64,
        torch.device("cpu"),
    )
    stack.start(0, stack.spec.build())
    average = Average(stack.flat, stack.buffers, 0.2)
    stack.buffers.fill_(3)
    average()  # decay min(0.2, 2/11): means from 0 towards 3, variances from 1
    means, variances = average.buffers[0].view(2, 6).tolist()
    assert means == pytest.approx([3 * 9 / 11] * 6)
    assert variances == pytest.approx([1 + 2 * 9 / 11] * 6)


@pytest.mark.parametrize("early", [None, {"patience": 2}])
def test_an_averaged_batch_norm_model_is_the_one_that_was_validated(fit, table, early):
    training = {"ema": 0.95, "epochs": 8, "early_stopping": early, "batch_size": 8}
    done = fit("classification", NORM, training)
    _, validation, standardizer = table("classification")
    shares = done.model.probabilities(validation[standardizer.feature_names].to_numpy())
    expected = -np.log(shares[np.arange(len(validation)), validation["y"]]).mean()
    judged = done.history["validation_loss"]
    judged = judged.iloc[-1] if early is None else judged.min()
    assert judged == pytest.approx(expected, rel=1e-5)


def test_two_ordered_classes_are_a_binary_logistic_regression(fit):
    two = {"n_classes": 2}
    ordered = fit("ordinal", MLP, {"loss": "ordinal"}, two)
    binary = fit("ordinal", MLP, {"loss": "bce_with_logits"}, two)
    assert same_weights(ordered.model, binary.model)
    X = np.zeros((1, 4))
    np.testing.assert_allclose(ordered.model.probabilities(X), binary.model.probabilities(X))


def test_a_target_that_never_varies_is_predicted_as_it_is(table):
    train, validation, standardizer = table("regression")
    flat = standardizer.model_copy(update={"target_center": 7.0, "target_scale": 1.0})
    train, validation = train.assign(y=7.0), validation.assign(y=7.0)
    model = ModelParams.model_validate({"kind": "linear", "initializer": "zeros"})
    done = train_model(train, validation, flat, model, TrainingParams(epochs=2))
    assert done.model.predict_array(np.ones((2, 4))).tolist() == [7.0, 7.0]


def test_huge_targets_train_as_small_ones(table):
    train, validation, standardizer = table("regression")
    words = (ModelParams.model_validate(MLP), TrainingParams(epochs=3))
    center, scale = standardizer.target_center, standardizer.target_scale
    wide = standardizer.model_copy(
        update={"target_center": center * 2.0**150, "target_scale": scale * 2.0**150}
    )
    far = [part.assign(y=part["y"] * 2.0**150) for part in (train, validation)]
    small = train_model(train, validation, standardizer, *words)
    huge = train_model(*far, wide, *words)
    assert same_weights(small.model, huge.model)
    X = np.ones((1, 4))
    assert huge.model.predict_array(X) == pytest.approx(small.model.predict_array(X) * 2.0**150)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_not_finite_is_refused(table, value):
    train, validation, standardizer = table("regression")
    train = train.copy()
    train.loc[train.index[3], "y"] = value
    with pytest.raises(DataError) as caught:
        train_model(train, validation, standardizer, ModelParams(), TrainingParams())
    assert str(caught.value) == "column 'y' holds numbers that are not finite."


def test_a_batch_larger_than_the_table_is_the_table(fit):
    assert same_weights(
        fit("ordinal", MLP, {"batch_size": 44}).model,
        fit("ordinal", MLP, {"batch_size": 10**6}).model,
    )


def test_no_epoch_is_refused_and_one_is_trained(fit):
    with pytest.raises(ParameterError, match="epochs"):
        TrainingParams.model_validate({"epochs": 0})
    done = fit("ordinal", MLP, {"epochs": 1, "scheduler": "cosine", "early_stopping": {}})
    assert len(done.history) == 1 == done.model.facts["epochs_run"]


def test_weights_broken_by_the_very_last_batch_are_noticed(fit):
    # Predictions near 1e12, a loss near 1e24 and a gradient near 1e12 can still be represented.
    model = {"kind": "linear", "initializer": {"name": "constant", "value": 1e12}}
    training = {"epochs": 1, "batch_size": 44, "optimizer": {"name": "sgd", "lr": 1e30}}
    with pytest.raises(TrainingError, match=r"training loss is not finite in epoch 1, batch 1\."):
        fit("regression", model, training)


def test_a_lone_row_of_a_member_has_no_batch_norm(table):
    with pytest.raises(ParameterError, match="batches of 2 rows or more"):
        fit_many(
            *table("ordinal"),
            ModelParams.model_validate(NORM),
            TrainingParams(),
            members=[Member(), Member(rows=np.array([5]))],
        )


def test_no_members_are_no_models(table):
    assert fit_many(*table("ordinal"), ModelParams(), TrainingParams(), members=[]) == []


def test_clipping_is_torchs():
    spec = NetworkSpec(ModelParams.model_validate(MLP), Inputs(4), 3, 3)
    stack = StackedParameters(spec, 2, torch.float64, torch.device("cpu"))
    stack.grad.normal_(generator=torch.Generator().manual_seed(0))
    stack.grad[1] /= 1e3  # short enough as it is
    expected = stack.grad.clone()
    for row in expected:
        weight = torch.zeros_like(row, requires_grad=True)
        weight.grad = row
        torch.nn.utils.clip_grad_norm_([weight], 1.5)
    Clip(stack.grad, 1.5)()
    torch.testing.assert_close(stack.grad, expected, rtol=1e-14, atol=0)


def test_each_member_meets_its_own_plateau(table):
    words = {
        "epochs": 12,
        "optimizer": {"name": "sgd", "lr": 0.5},
        "scheduler": {"name": "plateau", "patience": 0, "factor": 0.5, "threshold": 0.05},
    }
    prepared, model = table("classification"), ModelParams.model_validate(MLP)
    training, rates = TrainingParams.model_validate(words), [0.5, 0.01, 2.0]
    together = fit_many(
        *prepared, model, training, members=[Member(lr=rate) for rate in rates], workers=1
    )
    curves = set()
    for rate, found in zip(rates, together, strict=True):
        optimizer = {"name": "sgd", "lr": rate}
        alone = TrainingParams.model_validate({**words, "optimizer": optimizer})
        expected = train_model(*prepared, model, alone).history["lr"]
        assert found.history["lr"].tolist() == expected.tolist()
        curves.add(tuple(found.history["lr"] / rate))
    assert len(curves) > 1


def test_validation_rows_are_judged_in_pieces_that_change_nothing(fit, monkeypatch):
    whole = fit("ordinal", MLP, {"temperature": True})
    monkeypatch.setattr("colonnade.training.engine.batches.EVALUATION_FLOATS", 18)
    pieces = fit("ordinal", MLP, {"temperature": True})  # 3 rows at once
    columns = ["train_loss", "validation_loss"]
    np.testing.assert_allclose(pieces.history[columns], whole.history[columns], rtol=1e-6)
    assert pieces.model.facts["temperature"] == pytest.approx(whole.model.facts["temperature"])


def test_a_full_disk_keeps_the_last_checkpoint_and_resuming_ends_with_the_same_bits(
    fit, tmp_path, monkeypatch
):
    path, words = tmp_path / "run.safetensors", {"checkpoint_every": 1, "epochs": 4}
    whole = fit("ordinal", MLP, words)
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 2:  # a file and its folder were written
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(TrainingError) as caught:
            fit("ordinal", MLP, words, checkpoint=path)
    message = str(caught.value)
    assert message.startswith(f"the checkpoint {path} cannot be written: No space left on device. ")
    assert message.endswith("then resume: the last checkpoint is kept.")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    done = fit("ordinal", MLP, words, checkpoint=path, resume=True)
    assert same_weights(done.model, whole.model)


def test_resuming_where_nothing_was_written_starts_anew(fit, tmp_path):
    done = fit("ordinal", MLP, checkpoint=tmp_path / "run.safetensors", resume=True)
    assert same_weights(done.model, fit("ordinal", MLP).model)
