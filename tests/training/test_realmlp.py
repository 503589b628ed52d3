"""RealMLP's pieces against their formulas, and its recipe as its authors have it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from colonnade.training import ModelParams, TrainingParams, train_model
from colonnade.training.components.activations import ACTIVATIONS, ActivationParams
from colonnade.training.components.layers.dropout import DropoutMasks
from colonnade.training.components.layers.ntk import NtkHidden, NtkLinear
from colonnade.training.components.layers.numeric import (
    ColumnGains,
    PeriodicEmbedding,
    RobustSmoothClip,
)
from colonnade.training.components.schedulers import SchedulerParams
from colonnade.training.networks.base import Inputs, draw_from
from colonnade.training.networks.binding.spec import NetworkSpec

RNG = np.random.default_rng(0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("n", [5, 8, 501])
def test_columns_are_scaled_by_quartiles_and_bent(n):
    x = RNG.normal(3, 7, (n, 4))
    x[:, 1] = 2  # constant
    x[:, 2] = np.arange(n) == 0  # quartiles agree
    scale = RobustSmoothClip(4)
    scale.start(torch.from_numpy(x).float())
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    width = np.where(high > low, high - low, (x.max(0) - x.min(0)) / 2)
    expected = np.where(width > 0, (x - middle) / np.where(width > 0, width, 1), 0)
    expected = expected / np.sqrt(1 + (expected / 3) ** 2)
    found = scale(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert float(scale(torch.full((1, 4), 1e6)).abs().max()) < 3.00001


def test_numbers_become_mixtures_of_cosines_beside_themselves():
    layer, x = PeriodicEmbedding(2, 16, 0.1, generator()), torch.randn(7, 2)
    out = layer(x)
    assert out.shape == (7, layer.width) == (7, 8)
    for column in (0, 1):
        waves = torch.cos(
            2 * math.pi * x[:, column : column + 1] * layer.frequency[column] + layer.phase[column]
        )
        mixed = waves @ layer.weight[column].T + layer.bias[column]
        torch.testing.assert_close(out[:, 3 * column : 3 * column + 3], mixed)
    torch.testing.assert_close(out[:, 6:], x)
    assert float(layer.frequency.detach().std()) == pytest.approx(0.1, rel=0.4)
    assert float(layer.phase.detach().abs().max()) <= math.pi
    assert float(layer.weight.detach().abs().max()) <= 0.25


def test_the_embeddings_own_derivative_is_that_of_its_definition():
    layer, x = PeriodicEmbedding(3, 16, 0.5, generator()).double(), torch.randn(9, 3).double()
    weight, found = torch.randn(9, 12).double(), []
    for own in (x, x.clone().requires_grad_()):  # by hand, and by autograd
        out = layer(own)
        found.append((out, *torch.autograd.grad((out * weight).sum(), list(layer.parameters()))))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_a_layer_starts_with_outputs_of_size_one_and_bends_among_its_rows():
    layer, x = NtkLinear(6, 40, generator()), 5 * torch.randn(300, 6)
    with torch.no_grad():
        layer.start(x, generator(1))
        z = layer(x)
        torch.testing.assert_close(z.std(0, correction=0), torch.ones(40))
        plain = x @ layer.weight.T / math.sqrt(6)
    assert bool((-layer.bias.detach() >= plain.min(0).values).all())
    assert bool((-layer.bias.detach() <= plain.max(0).values).all())
    assert float(layer.bias.detach().std()) > 0.2


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"prelu"}))
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_the_hidden_layers_own_derivative_is_that_of_its_definition(name, rate):
    activation = ActivationParams.model_validate(name)
    layer = NtkHidden(5, 7, generator(), activation=activation, dropout=rate).double()
    with torch.no_grad():
        layer.strength.uniform_(0.3, 1.7, generator=generator(1))
    masks = DropoutMasks([rate], torch.empty(0, dtype=torch.float64))
    draw_from(layer, masks)
    x, weight = torch.randn(9, 5).double(), torch.randn(9, 7).double()
    found = []
    for kernels in (layer.kernels, None):
        layer.kernels = kernels
        masks.seed([5])
        own = x.clone().requires_grad_()
        out = layer(own)
        inputs = (own, layer.weight, layer.bias, layer.strength)
        found.append((out, *torch.autograd.grad((out * weight).sum(), inputs)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_dropout_keeps_the_share_it_should_and_the_mean():
    masks = DropoutMasks([0.15], torch.empty(0))
    masks.seed([1])
    mask = torch.empty(501, 401)
    masks.of(0).draw(mask)
    assert float((mask == 0).float().mean()) == pytest.approx(0.15, abs=0.003)
    assert float(mask.mean()) == pytest.approx(1, abs=0.003)
    masks.set_factor(0.0)
    masks.of(0).draw(mask)
    assert bool((mask == 1).all())


def test_schedules_of_the_paper():
    def factor(name, t):
        params = SchedulerParams.model_validate(name)
        return (
            params.multiplier(round(1000 * t), 1000)
            if params.interval != "step"
            else (params.multiplier(0, 1, round(1000 * t), 1000))
        )

    # four cycles of the logarithm's length: zero at t = (2^k - 1) / 15, one between
    for k in range(4):
        assert factor("coslog4", (2**k - 1) / 15) == pytest.approx(0, abs=1e-3)
        assert factor("coslog4", (2 ** (k + 0.5) - 1) / 15) == pytest.approx(1, abs=1e-3)
    assert factor("flat_cos", 0.25) == factor("flat_cos", 0.5) == 1
    assert factor("flat_cos", 0.75) == pytest.approx(0.5)
    assert factor("flat_cos", 0.999) == pytest.approx(0, abs=1e-4)


def test_rates_and_decay_by_parameter():
    spec = NetworkSpec(ModelParams(kind="realmlp", hidden=(6,)), Inputs(3), 1, 1)
    rates = {one.name: (one.lr, one.weight_decay) for one in spec.parameters.slices}
    assert rates["gains.gain"] == (6, 6)
    assert rates["hidden.0.weight"] == (1, 1)
    assert rates["hidden.0.bias"] == rates["output.bias"] == (0.1, 0)
    assert rates["hidden.0.strength"] == rates["columns.embedding.frequency"] == (0.1, 0.1)


def test_one_step_moves_each_parameter_at_its_own_rate(table):
    """One step of Adam moves every number by its rate; the whole row agrees with torch's groups."""
    from colonnade.training.engine.loop.trainer import Trainer
    from colonnade.training.ensembles.outcome import ensemble
    from colonnade.training.prepare import prepare

    model = ModelParams(kind="realmlp", hidden=(6,), dropout=0.0)
    words = {
        "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.1},
        "epochs": 1,
        "batch_size": 1000,
        "members": 2,
        "scheduler": "none",
        "weight_decay_scheduler": "none",
        "drop_last": False,
        "early_stopping": None,
    }
    training = TrainingParams.model_validate(words)
    job = prepare(*table("regression"), model, training, dtype=torch.float64)
    members = ensemble(model, training)
    trainer = Trainer(job, members)
    before = {name: t.clone() for name, t in trainer.stack.tensors().items()}
    trainer.run()
    after, spec = trainer.stack.tensors(), job.network
    for member in (0, 1):
        network = spec.bound({n: t[member : member + 1] for n, t in before.items()}, trainable=True)
        groups = []
        for name, parameter in network.body.bodies[0].named_parameters():
            one = spec.parameters[name]
            decay = 0.1 * one.weight_decay
            groups.append({"params": [parameter], "lr": 0.01 * one.lr, "weight_decay": decay})
        optimizer = torch.optim.AdamW(groups)
        out = network.train()(job.train.numeric[:, :-1])
        job.loss.per_example_loss(out, job.train.targets).mean().backward()
        optimizer.step()
        for name, parameter in network.body.bodies[0].named_parameters():
            torch.testing.assert_close(
                after[name][member], parameter.detach(), rtol=1e-7, atol=1e-9
            )


def test_the_recipe_is_the_authors_where_nothing_is_written():
    model = ModelParams(kind="realmlp")
    plain = TrainingParams().completed(model, "classification", validated=True)
    assert (plain.epochs, plain.batch_size, plain.drop_last) == (256, 256, True)
    assert (plain.optimizer.lr, plain.optimizer.beta2, plain.optimizer.weight_decay) == (
        0.04,
        0.95,
        0.02,
    )
    assert plain.scheduler.name == "coslog4"
    assert plain.dropout_scheduler.name == plain.weight_decay_scheduler.name == "flat_cos"
    assert (plain.early_stopping.by, plain.early_stopping.patience) == ("error", None)
    assert TrainingParams().completed(model, "regression", validated=True).optimizer.lr == 0.2
    own = TrainingParams(epochs=7).completed(model, "regression", validated=False)
    assert (own.epochs, own.early_stopping, own.batch_size) == (7, None, 256)
    assert (
        TrainingParams().completed(ModelParams(), "regression", validated=True) == TrainingParams()
    )


def test_null_takes_a_word_back():
    words = {"epochs": None, "optimizer": None, "early_stopping": None, "batch_size": 9}
    training = TrainingParams.model_validate(words)
    found = training.completed(ModelParams(kind="realmlp"), "regression", validated=True)
    assert (found.epochs, found.optimizer.lr, found.early_stopping) == (256, 0.2, None)
    assert found.batch_size == 9


def test_numbers_stay_within_those_of_the_train_rows(table):
    prepared = table("regression")
    words = {"epochs": 2, "optimizer": {"name": "sgd", "lr": 1e-4}}
    model = ModelParams(kind="realmlp", hidden=(6,))
    trained = train_model(*prepared, model, TrainingParams.model_validate(words)).model
    target = prepared[0][prepared[2].target]
    far = 1e9 * np.ones((4, len(prepared[2].feature_names)))
    far[1::2] *= -1
    predicted = trained.predict_array(far)
    assert predicted.min() >= target.min() - 1e-3
    assert predicted.max() <= target.max() + 1e-3


def test_categories_few_and_many():
    inputs = Inputs(4, codes=((1, 3), (3, 40)))
    spec = NetworkSpec(ModelParams(kind="realmlp", hidden=(6,)), inputs, 2, 2, "softmax")
    body = spec.build(1).body
    numeric, codes = (
        torch.randn(50, 2),
        torch.stack([torch.arange(50) % 3, torch.arange(50) % 40], 1),
    )
    with torch.no_grad():
        body.start(numeric, codes, generator())
    assert isinstance(body.columns.vectors[0], nn.Embedding)
    # two numbers embedded in 4 each, 3 ones and zeros, a vector of 8
    assert body.columns.width == 2 * 4 + 3 + 8
    assert body(numeric, codes).shape == (50, 2)
    assert [one.name for one in spec.parameters.slices if "vectors" in one.name] == [
        "columns.vectors.0.weight"
    ]


def test_gains_multiply_columns():
    gains = ColumnGains(3)
    with torch.no_grad():
        gains.gain.copy_(torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(gains(torch.ones(2, 3)), torch.tensor([[1.0, 2.0, 3.0]] * 2))
