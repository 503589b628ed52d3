"""Activations, initializers and the network's pieces, against numbers worked out or torch's own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from colonnade.training import ModelParams
from colonnade.training.components.activations import ACTIVATIONS, ActivationParams
from colonnade.training.components.initializers import INITIALIZERS, InitializerParams
from colonnade.training.components.losses.heads import cut_points, first_cuts
from colonnade.training.networks.base import Inputs
from colonnade.training.networks.binding.spec import NetworkSpec
from colonnade.training.networks.binding.stacked import StackedParameters


@pytest.mark.parametrize(
    ("word", "at_minus_one", "at_two"),
    [
        ("sigmoid", 1 / (1 + math.e), 1 / (1 + math.exp(-2))),
        ("tanh", -0.7615941559557649, 0.9640275800758169),
        ("relu", 0.0, 2.0),
        ("leaky_relu", -0.01, 2.0),
        ({"name": "leaky_relu", "slope": 0.3}, -0.3, 2.0),
        ("elu", 1 / math.e - 1, 2.0),
        (
            "selu",
            1.0507009873554805 * 1.6732632423543772 * (1 / math.e - 1),
            2 * 1.0507009873554805,
        ),
        ("gelu", -(1 - 0.8413447460685429), 2 * 0.9772498680518208),
        ("silu", -1 / (1 + math.e), 2 / (1 + math.exp(-2))),
        ("mish", -math.tanh(math.log(1 + 1 / math.e)), 2 * math.tanh(math.log(1 + math.exp(2)))),
    ],
    ids=str,
)
def test_activation_values(word, at_minus_one, at_two):
    kernels = ActivationParams.model_validate(word).kernels()
    z = torch.tensor([-1.0, 2.0], dtype=torch.float64)
    out = torch.empty_like(z)
    kernels.forward(z.clone(), out)
    expected = pytest.approx([at_minus_one, at_two], rel=1e-6)
    assert out.tolist() == expected
    assert ActivationParams.model_validate(word).module()(z).tolist() == expected


def stack_of(model, n_inputs=6, n_outputs=3, seeds=(0,)):
    params = ModelParams.model_validate(model)
    spec = NetworkSpec(params, Inputs(n_inputs), n_outputs, n_outputs)
    stack = StackedParameters(spec, len(seeds), torch.float32, torch.device("cpu"))
    for member, seed in enumerate(seeds):
        stack.start(member, spec.build(seed))
    return stack.tensors()


def test_default_start_is_bit_for_bit_torchs():
    torch.manual_seed(5)
    layers = [nn.Linear(6, 8), nn.Linear(8, 4), nn.Linear(4, 3)]
    pieces = stack_of({"hidden": [8, 4]}, seeds=(5,))
    for name, layer in zip(["hidden.0", "hidden.1", "output"], layers, strict=True):
        assert torch.equal(pieces[f"{name}.weight"][0], layer.weight)
        assert torch.equal(pieces[f"{name}.bias"][0], layer.bias)


WIDE = {"hidden": [400], "activation": "relu"}


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        ("default", 1 / math.sqrt(3 * 200)),
        ("zeros", 0),
        ("uniform", 0.1 / math.sqrt(3)),
        ({"name": "uniform", "bound": 0.3}, 0.3 / math.sqrt(3)),
        ("normal", 0.01),
        ({"name": "normal", "std": 0.2}, 0.2),
        ("xavier_uniform", math.sqrt(2 / 600)),
        ("xavier_normal", math.sqrt(2 / 600)),
        ("kaiming_uniform", math.sqrt(2 / 200)),
        ("kaiming_normal", math.sqrt(2 / 200)),
    ],
    ids=str,
)
def test_deviation_of_the_start(initializer, deviation):
    weight = stack_of({**WIDE, "initializer": initializer}, n_inputs=200)["hidden.0.weight"]
    assert float(weight.std()) == pytest.approx(deviation, rel=0.02)
    assert abs(float(weight.mean())) < 0.01


@pytest.mark.parametrize(
    ("word", "constant"),
    [
        ("zeros", 0.0),
        ("ones", 1.0),
        ("constant", 0.01),
        ({"name": "constant", "value": -2.0}, -2.0),
    ],
    ids=str,
)
def test_constant_starts_leave_biases_at_zero(word, constant):
    pieces = stack_of({"kind": "linear", "initializer": word})
    assert bool((pieces["output.weight"] == constant).all())
    assert bool((pieces["output.bias"] == 0).all())


@pytest.mark.parametrize(
    "name", [n for n in ACTIVATIONS if n in {"relu", "tanh", "selu", "sigmoid"}]
)
def test_kaiming_takes_its_gain_from_the_activation(name):
    assert ActivationParams.model_validate(name).gain() == pytest.approx(
        nn.init.calculate_gain(name)
    )


def test_leaky_relus_gain_knows_its_slope():
    gain = ActivationParams.model_validate({"name": "leaky_relu", "slope": 0.3}).gain()
    assert gain == pytest.approx(nn.init.calculate_gain("leaky_relu", 0.3))


def test_members_start_from_their_own_seeds():
    together = stack_of({"hidden": [5]}, seeds=(3, 8))
    for place, seed in enumerate((3, 8)):
        alone = stack_of({"hidden": [5]}, seeds=(seed,))
        assert all(torch.equal(together[name][place], alone[name][0]) for name in alone)


def test_every_initializer_fills(recwarn):
    for name in INITIALIZERS:
        weight = torch.full((3, 4), float("nan"))
        InitializerParams.model_validate(name).fill(weight, torch.Generator().manual_seed(0), 1.0)
        assert bool(torch.isfinite(weight).all())


def test_cut_points_rise_whatever_the_raw_numbers_are():
    cuts = cut_points(torch.tensor([3.0, -20.0, 5.0, -1.0], dtype=torch.float64))
    assert bool((cuts.diff() > 0).all())


def test_cuts_start_at_the_rows_log_odds():
    # Half a row each: 2, 1, 2 of 5; P(y > 0) = 3/5, P(y > 1) = 2/5.
    cuts = cut_points(first_cuts(torch.tensor([[1.5, 0.5, 1.5]])))
    assert cuts[0].tolist() == pytest.approx([math.log(2 / 3), math.log(3 / 2)])


def test_hidden_zeros_warn(fit):
    with pytest.warns(UserWarning, match="all hidden gradients are exactly zero"):
        done = fit("classification", {"hidden": [3], "initializer": "zeros"}, {"epochs": 2})
    assert bool((done.model.weights["hidden.0.weight"] == 0).all())


@pytest.mark.parametrize(
    ("model", "count"),
    [
        ({"kind": "linear"}, 4 * 3 + 3),
        ({"hidden": [5]}, 4 * 5 + 5 + 5 * 3 + 3),
        ({"hidden": "5x2", "batch_norm": True}, 20 + 10 + 10 + 4 + 2 * 3 + 3),
        ({"kind": "mlp_skip", "hidden": [5], "activation": "prelu"}, 25 + 1 + 18 + 12),
    ],
    ids=str,
)
def test_parameter_counts_and_the_summary(fit, model, count):
    done = fit("classification", model, {"epochs": 1})
    assert done.model.facts["n_parameters"] == count
    assert f"Total params: {count}" in done.model.summary()
