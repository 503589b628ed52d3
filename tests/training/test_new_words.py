"""A new activation, initializer, loss, optimizer or schedule is one entry in its file's table."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colonnade.training import load_model, save_model
from colonnade.training.components.activations import ACTIVATIONS, Activation, Kernels
from colonnade.training.components.initializers import INITIALIZERS, Initializer
from colonnade.training.components.losses.loss import Loss
from colonnade.training.components.losses.loss_params import LOSSES, LossEntry
from colonnade.training.components.optimizers import (
    OPTIMIZERS,
    Optimizer,
    OptimizerParams,
    UpdateRule,
)
from colonnade.training.components.schedulers import SCHEDULERS, Scheduler


def hardswish(_: Any) -> Kernels:
    """Source: Howard et al. 2019, Searching for MobileNetV3."""
    derivative = torch.ops.aten.hardswish_backward
    return Kernels(
        lambda z, out: torch.ops.aten.hardswish.out(z, out=out),
        lambda d, z, a: d.copy_(derivative(d, z)),
        from_output=False,
    )


class LogCosh(Loss):
    """log cosh(e) = |e| + log(1 + exp(-2 |e|)) - log 2."""

    def per_example_loss(self, logits, targets):
        error = (logits - targets).abs().squeeze(-1)
        return error + torch.log1p(torch.exp(-2 * error)) - torch.tensor(2.0).log()

    def grad_logits(self, logits, targets, out):
        out.copy_(logits).sub_(targets).tanh_()


class Nadam(UpdateRule):
    """Adam with Nesterov's momentum (Dozat 2016), as torch.optim.NAdam."""

    slots = ("exp_avg", "exp_avg_sq", "one_minus_product")

    def move(self, rate, rows):
        params, t = self.params, self.steps
        mu, following = (params.beta1 * (1 - 0.5 * 0.96 ** (at * 0.004)) for at in (t, t + 1))
        for w, g, mean, square, rest in rows:
            rest.copy_(1 - (1 - rest) * mu)
            mean.lerp_(g, 1 - params.beta1)
            square.mul_(params.beta2).addcmul_(g, g, value=1 - params.beta2)
            root = (square / (1 - params.beta2**t)).sqrt().add_(params.eps)
            w.sub_(rate * (1 - mu) / rest * g / root)
            w.sub_(rate * following / (1 - (1 - rest) * following) * mean / root)


@pytest.fixture
def words(monkeypatch):
    adam = {"lr": 0.002, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    entries = [
        (ACTIVATIONS, "hardswish", Activation("Hardswish", lambda _: 2**0.5, hardswish)),
        (
            INITIALIZERS,
            "orthogonal",
            Initializer(lambda w, g, p, gain: torch.nn.init.orthogonal_(w, gain, generator=g)),
        ),
        (LOSSES, "log_cosh", LossEntry(LogCosh, ("regression",))),
        (OPTIMIZERS, "nadam", Optimizer(Nadam, {**adam, "decay_biases": False})),
        (SCHEDULERS, "inverse_root", Scheduler(lambda at, p: (1 + at.epoch) ** -0.5)),
    ]
    for table, name, entry in entries:
        monkeypatch.setitem(table, name, entry)


MODEL = {"kind": "mlp", "hidden": [6, 5], "activation": "hardswish", "initializer": "orthogonal"}
TRAINING = {"loss": "log_cosh", "optimizer": "nadam", "scheduler": "inverse_root", "epochs": 4}


@pytest.mark.usefixtures("words")
def test_new_words_train_are_kept_and_go_on(fit, tmp_path):
    whole = fit("regression", MODEL, TRAINING)
    assert whole.model.facts["path"] == "hand-derived"
    assert whole.history["lr"].tolist() == pytest.approx([0.002 / n**0.5 for n in (1, 2, 3, 4)])
    by_autograd = fit("regression", MODEL, {**TRAINING, "gradients": "autograd"})
    for name, weight in whole.model.weights.items():
        torch.testing.assert_close(weight, by_autograd.model.weights[name])
    save_model(whole.model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.training == whole.model.training
    assert "Hardswish" in loaded.summary()


@pytest.mark.usefixtures("words")
def test_a_new_rule_steps_as_torchs():
    params = OptimizerParams.model_validate("nadam")
    flat = torch.linspace(-1, 1, 6, dtype=torch.float64)[None]
    reference = flat.clone().requires_grad_()
    grad = torch.zeros_like(flat)
    rule, theirs = params.rule(flat, grad), torch.optim.NAdam([reference], lr=params.lr)
    rule.set_rates([params.lr])
    for _ in range(20):
        grad.copy_(flat)
        rule.step()
        reference.grad = reference.detach().clone()
        theirs.step()
    # The count of steps is a float32.
    torch.testing.assert_close(flat, reference.detach(), rtol=1e-5, atol=1e-6)
