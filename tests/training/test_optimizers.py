"""Steps of every optimizer: published numbers, and torch's own optimizers over many steps."""

from __future__ import annotations

import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.training import ModelParams, TrainingParams
from colonnade.training.components.optimizers import OPTIMIZERS, OptimizerParams
from colonnade.training.components.regularizers import WeightDecay
from colonnade.training.networks.base import Inputs
from colonnade.training.networks.binding.spec import NetworkSpec
from colonnade.training.networks.binding.stacked import StackedParameters


def walk(options, steps):
    """From w = 1 on 0.5 w^2."""
    flat, grad = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    params = OptimizerParams.model_validate(options)
    rule = params.rule(flat, grad)
    rule.set_rates([params.lr])
    seen = []
    for _ in range(steps):
        grad.copy_(flat)
        rule.step()
        seen.append(float(flat))
    return seen


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": "sgd", "lr": 0.01, "momentum": 0.9}, [0.99, 0.9711]),
        ({"name": "adagrad", "lr": 0.01}, [0.99, 0.98296457]),
        ({"name": "rmsprop", "lr": 0.01, "alpha": 0.99}, [0.9, 0.83291799]),
        ({"name": "adam", "lr": 0.001}, [0.999, 0.998]),
        ({"name": "sgd", "lr": 0.1}, [0.9, 0.81]),
        # v = 1, then 0.9 + 0.81 = 1.71: w = 1 - 0.1 (1 + 0.9) = 0.81, and so on.
        (
            {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
            [0.81, 0.81 - 0.1 * (0.81 + 0.9 * 1.71)],
        ),
    ],
    ids=str,
)
def test_two_steps_on_a_parabola_give_the_published_numbers(options, expected):
    assert walk(options, 2) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "torch_class", "torch_options"),
    [
        ({"name": "sgd", "lr": 0.05}, "SGD", {"lr": 0.05}),
        (
            {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
            "SGD",
            {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        ),
        ({"name": "adagrad", "weight_decay": 0.1}, "Adagrad", {"weight_decay": 0.1}),
        (
            {"name": "rmsprop", "momentum": 0.9, "weight_decay": 0.1},
            "RMSprop",
            {"momentum": 0.9, "weight_decay": 0.1},
        ),
        (
            {"name": "adam", "lr": 0.03, "weight_decay": 0.1},
            "Adam",
            {"lr": 0.03, "weight_decay": 0.1},
        ),
        (
            {"name": "adamw", "lr": 0.03, "weight_decay": 0.1, "beta1": 0.8},
            "AdamW",
            {"lr": 0.03, "weight_decay": 0.1, "betas": (0.8, 0.999)},
        ),
    ],
    ids=str,
)
def test_twenty_steps_equal_torchs_optimizer(options, torch_class, torch_options):
    spec = NetworkSpec(ModelParams.model_validate({"kind": "linear"}), Inputs(4), 2, 2)
    stack = StackedParameters(spec, 3, torch.float64, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    stack.flat.normal_(generator=generator)
    params = OptimizerParams.model_validate({**options, "decay_biases": True})
    reference = stack.flat.clone().requires_grad_()
    theirs = getattr(torch.optim, torch_class)([reference], **{"lr": params.lr, **torch_options})
    rule = params.rule(stack.flat, stack.grad)
    rule.set_rates([params.lr] * 3)
    decay = WeightDecay(
        stack.flat,
        stack.grad,
        [params.weight_decay] * 3,
        spec.parameters.weight_decay(stack.flat, everywhere=True),
        params.decoupled,
    )
    decay.set_rates([params.lr] * 3)
    for _ in range(20):
        gradient = torch.randn(stack.flat.shape, dtype=torch.float64, generator=generator)
        stack.grad.copy_(gradient)
        decay()
        rule.step()
        reference.grad = gradient.clone()
        theirs.step()
    torch.testing.assert_close(stack.flat, reference.detach(), rtol=1e-9, atol=1e-12)


def test_adam_without_torchs_own_kernel_steps_alike(fit, monkeypatch):
    words = {"optimizer": {"name": "adamw", "lr": 0.05}, "members": 2}
    fused = fit("classification", {"hidden": [5]}, words)
    monkeypatch.delattr(torch, "_fused_adam_")
    plain = fit("classification", {"hidden": [5]}, words)
    for name, weight in fused.model.weights.items():
        torch.testing.assert_close(plain.model.weights[name], weight, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "lbfgs"])
def test_members_of_different_rates_step_as_if_alone(name):
    flat, grad = torch.ones(3, 5), torch.ones(3, 5)
    params = OptimizerParams.model_validate(name)
    rule = params.rule(flat, grad)
    rule.set_rates([0.1, 0.2, 0.1])
    rule.step()
    rule.step()
    for member, rate in enumerate([0.1, 0.2, 0.1]):
        alone = torch.ones(1, 5)
        own = params.rule(alone, torch.ones(1, 5))
        own.set_rates([rate])
        own.step()
        own.step()
        assert torch.equal(flat[member], alone[0])


def test_weight_decay_leaves_biases_and_cut_points_alone():
    model = ModelParams.model_validate({"kind": "mlp", "hidden": [3]})
    stack = StackedParameters(
        NetworkSpec(model, Inputs(2), 1, 2), 1, torch.float64, torch.device("cpu")
    )
    stack.flat.fill_(1)
    decay = WeightDecay(
        stack.flat, stack.grad, [0.5], stack.spec.parameters.weight_decay(stack.flat), True
    )
    decay.set_rates([0.1])
    decay()
    pieces = stack.tensors()
    assert {name: float(w.flatten()[0]) for name, w in pieces.items()} == {
        "hidden.0.weight": 0.95,
        "hidden.0.bias": 1.0,
        "output.weight": 0.95,
        "cuts": 1.0,
    }


def test_lbfgs_finds_the_least_squares_line(fit, table):
    import numpy as np

    done = fit("regression", None, {"optimizer": "lbfgs", "epochs": 4})
    train, _, standardizer = table("regression")
    X = train[standardizer.feature_names].to_numpy(dtype=float)
    solution, *_ = np.linalg.lstsq(np.c_[X, np.ones(len(X))], train["y"], rcond=None)
    expected = np.c_[X, np.ones(len(X))] @ solution
    found = done.model.predict_array(train[standardizer.feature_names].to_numpy())
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            {"optimizer": "adm"},
            "`optimizer`: optimizer 'adm' is not known. Did you mean `adam`?",
        ),
        (
            {"optimizer": {"name": "adam", "momentum": 0.9}},
            "`optimizer`: optimizer 'adam' has no option 'momentum': it takes lr, beta1, beta2, "
            "eps, weight_decay, decay_biases.",
        ),
        (
            {"optimizer": {"name": "sgd", "nesterov": True}},
            "`optimizer`: nesterov needs momentum above 0: set optimizer.momentum, e.g. 0.9.",
        ),
        (
            {"optimizer": "lbfgs", "clip_norm": 1.0},
            "training.clip_norm does not go with lbfgs, which takes steps of its own: remove it, "
            "or choose another optimizer.",
        ),
    ],
)
def test_what_does_not_go_together_is_said(written, said):
    with pytest.raises(ParameterError) as caught:
        TrainingParams.model_validate(written)
    assert str(caught.value) == said
