"""The hand-derived gradients are autograd's, in float64, for everything that they accept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from colonnade.training import ModelParams, TrainingParams
from colonnade.training.components.activations import ACTIVATIONS, ActivationParams
from colonnade.training.components.layers.dropout import DropoutMasks
from colonnade.training.engine.fast_mlp.gradient import HandDerivedGradients
from colonnade.training.engine.forward import AutogradGradients
from colonnade.training.networks.base import draw_from
from colonnade.training.networks.binding.stacked import StackedParameters
from colonnade.training.prepare import prepare

LOSSES = [
    ("classification", "cross_entropy"),
    ("classification", {"name": "cross_entropy", "label_smoothing": 0.1}),
    ("classification", {"name": "cross_entropy", "class_weights": [1.0, 2.0, 0.5]}),
    (
        "classification",
        {"name": "cross_entropy", "class_weights": "balanced", "label_smoothing": 0.2},
    ),
    ("classification", "focal"),
    ("classification", {"name": "focal", "gamma": 0.7, "class_weights": [1.0, 2.0, 0.5]}),
    ("classification", "bce_with_logits"),
    ("classification", {"name": "bce_with_logits", "label_smoothing": 0.1}),
    ("ordinal", "ordinal"),
    ("ordinal", {"name": "ordinal", "label_smoothing": 0.2}),
    ("regression", "mse"),
    ("regression", "mae"),
    ("regression", {"name": "huber", "delta": 0.4}),
    ("regression", {"name": "smooth_l1", "beta": 0.6}),
    ("regression", {"name": "quantile", "quantile": 0.8}),
]
AMOUNTS = ["poisson", "gamma", {"name": "tweedie", "power": 1.3}]
MODELS = [
    {"kind": "linear"},
    {"kind": "mlp", "hidden": [5]},
    {"kind": "mlp_skip", "hidden": [5, 6]},
    {"kind": "mlp", "hidden": [5, 6], "batch_norm": True},
    {"kind": "mlp", "hidden": [5, 6], "dropout": 0.4},
    {"kind": "mlp_skip", "hidden": [6, 5], "dropout": 0.4, "batch_norm": True},
]


def both_gradients(table, task, model, loss, n_members, n_rows=9):
    training = TrainingParams.model_validate({"loss": loss})
    job = prepare(*table(task), ModelParams.model_validate(model), training, dtype=torch.float64)
    index = torch.randint(len(job.train), (n_members, n_rows), generator=torch.Generator())
    rates = [model.get("dropout", 0.0)] * n_members
    return [
        gradients_of(path, job, index, rates) for path in (HandDerivedGradients, AutogradGradients)
    ]


def gradients_of(path, job, index, rates, repeats=1):
    """Gradients, logits and buffers of one batch of rows (M, n), from random weights."""
    spec, n_members = job.network, len(index)
    stack = StackedParameters(spec, n_members, torch.float64, torch.device("cpu"))
    stack.flat.normal_(0, 0.7, generator=torch.Generator().manual_seed(3))
    rows = job.train.take(index[0] if n_members == 1 else index)
    masks = DropoutMasks(rates, stack.flat)
    masks.seed(range(n_members))
    logits = torch.zeros(*rows.numeric.shape[:-1], spec.n_logits, dtype=torch.float64)
    if path is HandDerivedGradients:
        gradients = HandDerivedGradients(stack, job.loss, masks, logits.shape[-2])
    else:
        network = stack.network()
        draw_from(network, masks)
        gradients = AutogradGradients(stack, network, job.loss)
    for _ in range(repeats):
        gradients.gradient(rows.numeric, rows.categorical, rows.targets, logits)
    return stack.grad, logits, stack.buffers


def assert_same(found):
    (derived, logits, running), (reference, plain_logits, plain_running) = found
    assert reference.abs().max() > 1e-4
    torch.testing.assert_close(derived, reference, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(logits, plain_logits, rtol=1e-11, atol=1e-13)
    if running is not None:
        torch.testing.assert_close(running, plain_running, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize(("task", "loss"), LOSSES, ids=str)
def test_every_loss_and_layout_has_autograds_gradient(table, task, loss, model, n_members):
    assert_same(both_gradients(table, task, model, loss, n_members))


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("loss", AMOUNTS, ids=str)
def test_every_loss_of_amounts_has_autograds_gradient(table, loss, model, n_members):
    def above_zero(task):
        train, validation, standardizer = table(task)
        parts = (part.assign(y=part["y"].abs() + 1) for part in (train, validation))
        return *parts, standardizer

    assert_same(both_gradients(above_zero, "regression", model, loss, n_members))


@pytest.mark.parametrize("extra", [{}, {"batch_norm": True}, {"dropout": 0.3}], ids=str)
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_autograds_gradient(table, activation, n_members, extra):
    model = {"kind": "mlp", "hidden": [6, 5], "activation": activation, **extra}
    assert_same(both_gradients(table, "classification", model, "cross_entropy", n_members))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "prelu"])
def test_kernels_fill_buffers_that_end_in_another_column(activation, dtype):
    params = ActivationParams.model_validate(activation)
    kernels = params.kernels()
    z = torch.linspace(-3, 3, 56, dtype=dtype).view(8, 7)
    z.requires_grad_()
    expected = params.module()(z)
    given = torch.linspace(1, 2, 56, dtype=dtype).view(8, 7)
    (derivative,) = torch.autograd.grad(expected, z, given)
    # a layer's outputs and their gradients are views beside the column of ones
    out, delta = (torch.zeros(8, 8, dtype=dtype)[:, :7] for _ in range(2))
    with torch.no_grad():
        kernels.forward(z, out)
        delta.copy_(given)
        kernels.backward(delta, z, out)
    torch.testing.assert_close(out, expected.detach())
    torch.testing.assert_close(delta, derivative)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_training_in_float32_goes_the_way_of_autograd(fit, activation):
    model = {"hidden": [8], "activation": activation}
    derived, automatic = (
        fit("ordinal", model, {"gradients": way}).history["train_loss"].to_numpy()
        for way in ("auto", "autograd")
    )
    np.testing.assert_allclose(derived, automatic, rtol=1e-4)


def test_bce_of_two_classes_has_autograds_gradient(table):
    def two(task):
        return table(task, n_classes=2)

    assert_same(both_gradients(two, "classification", MODELS[1], "bce_with_logits", 1))


def test_ordinal_head_of_two_classes_has_autograds_gradient(table):
    def two(task):
        return table(task, n_classes=2)

    assert_same(both_gradients(two, "ordinal", MODELS[0], "ordinal", 2))


def test_an_activation_whose_kernel_torch_lacks_is_trained_by_autograd(fit, monkeypatch):
    def absent(_):
        return torch.ops.aten.no_such_operation

    known = dataclasses.replace(ACTIVATIONS["tanh"], kernels=absent)
    monkeypatch.setitem(ACTIVATIONS, "tanh", known)
    done = fit("ordinal", {"hidden": [5], "activation": "tanh"})
    assert done.model.facts["path"] == "autograd"


def test_an_activation_without_a_derivative_falls_back_to_autograd(fit, monkeypatch):
    known = ACTIVATIONS["tanh"]

    expected = fit("ordinal", {"hidden": [5], "activation": "tanh"})
    monkeypatch.setitem(ACTIVATIONS, "tanh", dataclasses.replace(known, kernels=None))
    done = fit("ordinal", {"hidden": [5], "activation": "tanh"})
    assert expected.model.facts["path"] == "hand-derived"
    assert done.model.facts["path"] == "autograd"
    torch.testing.assert_close(
        done.model.weights["output.weight"], expected.model.weights["output.weight"]
    )
