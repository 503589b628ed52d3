"""Losses: published numbers, torch's own, and probabilities that sum to one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from colonnade.errors import ParameterError
from colonnade.training.components.losses.heads import AVERAGES
from colonnade.training.components.losses.loss_params import LossParams
from colonnade.training.models.calibration.temperature import fit_temperature


def value(word, n_classes, logits, target):
    loss = LossParams.model_validate(word).loss(n_classes)
    logits = torch.tensor(logits, dtype=torch.float64)
    encoded = loss.encode(torch.tensor(target), torch.float64)
    return float(loss.per_example_loss(logits, encoded).sum() / loss.weights(encoded).sum())


THREE = [[1.9], [2.3], [4.5]]
TWOS = [2.0, 2.0, 2.0]
TWOS_PREDICTED = [[2.0]] * 3


@pytest.mark.parametrize(
    ("word", "n_classes", "logits", "target", "expected"),
    [
        ("cross_entropy", 3, [[2, 0.5, 0.1], [0.2, 3.1, 0.5]], [0, 1], 0.21918692),
        ("bce_with_logits", 2, [[2.5], [-1.2]], [1, 0], 0.171086),
        ("mae", 0, THREE, TWOS, 0.9666667),
        ("mse", 0, THREE, TWOS, 2.1166667),
        ("smooth_l1", 0, THREE, TWOS, 0.6833333),
        ("huber", 0, THREE, TWOS, 0.6833333),
        # beta 0.2: (0.1^2 / 0.4 + 0.3 - 0.1 + 2.5 - 0.1) / 3
        ({"name": "smooth_l1", "beta": 0.2}, 0, THREE, TWOS, 2.625 / 3),
        # delta 0.2: 0.2 times that
        ({"name": "huber", "delta": 0.2}, 0, THREE, TWOS, 0.525 / 3),
        # 2.5, 0.3 above and 0.1 below the prediction: (0.9 * 2.8 + 0.1 * 0.1) / 3
        (
            {"name": "quantile", "quantile": 0.9},
            0,
            TWOS_PREDICTED,
            [1.9, 2.3, 4.5],
            (0.9 * 2.8 + 0.1 * 0.1) / 3,
        ),
        # the median's is half the absolute error
        ("quantile", 0, THREE, TWOS, 0.9666667 / 2),
        # Two cuts, class 1: above the first, not above the second: 2 log(1 + exp(-1)).
        ("ordinal", 3, [[1.0, -1.0]], [1], 2 * math.log(1 + math.exp(-1))),
        # p = 0.8 of the label: -(1 - 0.8)^2 log 0.8
        ("focal", 2, [[math.log(4), 0.0]], [0], -0.04 * math.log(0.8)),
        # gamma 0 is cross-entropy
        ({"name": "focal", "gamma": 0}, 3, [[2, 0.5, 0.1], [0.2, 3.1, 0.5]], [0, 1], 0.21918692),
        # p = 0.8, target 0.9: -0.9 log 0.8 - 0.1 log 0.2
        (
            {"name": "bce_with_logits", "label_smoothing": 0.2},
            2,
            [[math.log(4)]],
            [1],
            -0.9 * math.log(0.8) - 0.1 * math.log(0.2),
        ),
        # class 1 of 3: shares 0.1, 0.8, 0.1, so that 0.9 lies above the first cut, 0.1 above the
        # second; -0.9 log 0.8 - 0.1 log 0.2 at each of them
        (
            {"name": "ordinal", "label_smoothing": 0.3},
            3,
            [[math.log(4), -math.log(4)]],
            [1],
            2 * (-0.9 * math.log(0.8) - 0.1 * math.log(0.2)),
        ),
    ],
    ids=str,
)
def test_published_values(word, n_classes, logits, target, expected):
    assert value(word, n_classes, logits, target) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_pinball_loss_is_sklearns(quantile):
    from sklearn.metrics import mean_pinball_loss

    expected = mean_pinball_loss(TWOS, [1.9, 2.3, 4.5], alpha=quantile)
    found = value({"name": "quantile", "quantile": quantile}, 0, THREE, TWOS)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("word", "power", "amounts"),
    [
        ("poisson", 1, [0.0, 2.0, 5.0]),
        ("gamma", 2, [0.5, 2.0, 5.0]),
        ({"name": "tweedie", "power": 1.5}, 1.5, [0.0, 2.0, 5.0]),
        ({"name": "tweedie", "power": 1.1}, 1.1, [0.0, 2.0, 5.0]),
    ],
    ids=str,
)
def test_losses_of_amounts_are_sklearns_deviances(word, power, amounts):
    from sklearn.metrics import mean_tweedie_deviance

    outputs = [-1.0, 0.5, 1.5]
    expected = mean_tweedie_deviance(amounts, np.exp(outputs), power=power)
    assert value(word, 0, [[z] for z in outputs], amounts) == pytest.approx(expected)


def test_the_average_of_models_that_give_logarithms_is_that_of_their_numbers():
    logits = torch.tensor([0.0, math.log(3)]).view(2, 1, 1)
    assert AVERAGES["log"](logits).exp().tolist() == [[pytest.approx(2.0)]]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weighted_cross_entropy_is_torchs(smoothing):
    logits, target = torch.randn(7, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 2, 1, 0, 0])
    weights = [0.5, 2.0, 1.0]
    expected = functional.cross_entropy(
        logits, target, torch.tensor(weights, dtype=torch.float64), label_smoothing=smoothing
    )
    word = {"name": "cross_entropy", "class_weights": weights, "label_smoothing": smoothing}
    assert value(word, 3, logits.tolist(), target.tolist()) == pytest.approx(float(expected))


def test_balanced_weights_are_sklearns():
    from sklearn.utils.class_weight import compute_class_weight

    target = [0, 0, 0, 1, 2, 2]
    params = LossParams.model_validate({"name": "cross_entropy", "class_weights": "balanced"})
    loss = params.loss(3, [3, 1, 2])
    encoded = loss.encode(torch.tensor(target), torch.float64)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=target)
    assert loss.weights(encoded).tolist() == pytest.approx([expected[code] for code in target])


def test_focal_loss_weighs_classes_as_cross_entropy_does():
    logits, target = torch.randn(7, 3, dtype=torch.float64).tolist(), [0, 1, 2, 2, 1, 0, 0]
    options = {"class_weights": [0.5, 2.0, 1.0]}
    plain = value({"name": "cross_entropy", **options}, 3, logits, target)
    assert value({"name": "focal", "gamma": 0, **options}, 3, logits, target) == pytest.approx(
        plain
    )


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2])
def test_focal_derivative_is_finite_where_the_label_is_certain(gamma):
    loss = LossParams.model_validate({"name": "focal", "gamma": gamma}).loss(2)
    logits = torch.tensor([[300.0, -300.0], [-300.0, 300.0]], requires_grad=True)
    encoded, derivative = loss.encode(torch.tensor([0, 0]), torch.float32), torch.ones(2, 2)
    (reference,) = torch.autograd.grad(loss.per_example_loss(logits, encoded).sum(), logits)
    loss.grad_logits(logits.detach(), encoded, derivative)
    torch.testing.assert_close(derivative, torch.tensor([[0.0, 0.0], [-1.0, 1.0]]))
    torch.testing.assert_close(reference, derivative)


@pytest.mark.parametrize(
    "word",
    [
        "bce_with_logits",
        "ordinal",
        "cross_entropy",
        "focal",
        {"name": "ordinal", "label_smoothing": 0.1},
        {"name": "bce_with_logits", "label_smoothing": 0.1},
    ],
    ids=str,
)
def test_far_logits_overflow_nothing(word):
    loss = LossParams.model_validate(word).loss(3)
    logits = torch.tensor([500.0, -500.0, 0.0])[: loss.n_logits].repeat(2, 1)
    encoded = loss.encode(torch.tensor([0, 2]), torch.float32)
    assert bool(torch.isfinite(loss.per_example_loss(logits, encoded)).all())
    shares = loss.probabilities(logits)
    assert shares.sum(-1).tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("word", ["ordinal", "cross_entropy", "bce_with_logits", "focal"])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_probabilities_sum_to_one(word, n_classes):
    loss = LossParams.model_validate(word).loss(n_classes)
    logits = torch.randn(50, loss.n_logits, dtype=torch.float64) * 4
    if word == "ordinal":
        logits = logits.sort(-1, descending=True).values
    shares = loss.probabilities(logits)
    assert shares.shape == (50, n_classes)
    assert bool((shares >= 0).all())
    torch.testing.assert_close(shares.sum(-1), torch.ones(50, dtype=torch.float64))


def test_ordinal_probabilities_are_differences_of_sigmoids():
    loss = LossParams.model_validate("ordinal").loss(3)
    shares = loss.probabilities(torch.tensor([[2.0, -1.0]], dtype=torch.float64))
    high, low = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))
    assert shares[0].tolist() == pytest.approx([1 - high, high - low, low])


def test_ordinal_probabilities_keep_digits_far_out():
    loss = LossParams.model_validate("ordinal").loss(3)
    shares = loss.probabilities(torch.tensor([[60.0, 50.0]], dtype=torch.float64))
    assert float(shares[0, 1]) == pytest.approx(math.exp(-50), rel=1e-3)


def test_temperature_undoes_logits_that_are_three_times_too_sure():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=generator, dtype=torch.float64) * 2
    codes = torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]
    loss = LossParams.model_validate("cross_entropy").loss(3)
    assert fit_temperature(loss, 3 * logits[None], codes) == pytest.approx(3, abs=0.2)


def test_rows_that_are_all_answered_rightly_do_not_make_a_model_certain():
    loss = LossParams.model_validate("cross_entropy").loss(2)
    logits = torch.tensor([[4.0, 0.0]] * 10)
    found = fit_temperature(loss, logits[None], torch.zeros(10))
    # where log(1 + exp(-4 / T)) falls as fast as log(T)^2 / (2 * 10) rises
    margin = 4 / found
    assert margin / (1 + math.exp(margin)) == pytest.approx(-math.log(found) / 10, rel=1e-4)
    assert 0.5 < found < 1


@pytest.mark.parametrize(
    ("word", "task", "said"),
    [
        (
            "mse",
            "ordinal",
            "training.loss `mse` does not fit the task `ordinal`: use `cross_entropy`, "
            "`focal`, `bce_with_logits`, `ordinal`.",
        ),
        (
            "ordinal",
            "classification",
            "training.loss `ordinal` does not fit the task `classification`: use `cross_entropy`, "
            "`focal`, `bce_with_logits`.",
        ),
        (
            {"name": "cross_entropy", "class_weights": [1.0, 2.0]},
            "classification",
            "training.loss.class_weights has 2 numbers for 3 classes: give one number above 0 for "
            "each class.",
        ),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(fit, word, task, said):
    with pytest.raises(ParameterError) as caught:
        fit(task, None, {"loss": word})
    assert str(caught.value) == said
