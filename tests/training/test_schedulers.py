"""The rate of each epoch, as a list, for every scheduler."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.training import TrainingParams
from colonnade.training.components.schedulers import SchedulerParams
from colonnade.training.engine.loop.rates import Plateau


def rates(word, epochs):
    params = SchedulerParams.model_validate(word)
    return [params.multiplier(epoch, epochs) for epoch in range(epochs)]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("none", [1, 1, 1, 1]),
        ({"name": "step", "step_size": 2, "gamma": 0.1}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"name": "multistep", "milestones": [1, 3], "gamma": 0.5}, [1, 0.5, 0.5, 0.25, 0.25]),
        ({"name": "exponential", "gamma": 0.5}, [1, 0.5, 0.25, 0.125]),
        ("cosine", [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]),
        (
            {"name": "cosine", "final": 0.2},
            [1, 0.6 + 0.4 * math.sqrt(0.5), 0.6, 0.6 - 0.4 * math.sqrt(0.5)],
        ),
        ({"name": "none", "warmup_epochs": 3}, [0.25, 0.5, 0.75, 1, 1, 1]),
        ({"name": "cosine", "warmup_epochs": 1}, [0.5, 1, 0.75, 0.25]),
        (
            {"name": "one_cycle", "pct_start": 0.5, "div_factor": 10, "final_div_factor": 10},
            [0.1, 0.55, 1, 0.7525, 0.2575, 0.01],
        ),
    ],
    ids=str,
)
def test_expected_rate_of_each_epoch(word, expected):
    assert rates(word, len(expected)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("word", "torch_class", "options"),
    [
        ({"name": "step", "step_size": 3}, "StepLR", {"step_size": 3, "gamma": 0.1}),
        ({"name": "multistep", "milestones": [2, 7]}, "MultiStepLR", {"milestones": [2, 7]}),
        ({"name": "exponential", "gamma": 0.9}, "ExponentialLR", {"gamma": 0.9}),
        ("cosine", "CosineAnnealingLR", {"T_max": 12}),
        ("one_cycle", "OneCycleLR", {"max_lr": 1.0, "total_steps": 12}),
    ],
    ids=str,
)
def test_rates_are_torchs(word, torch_class, options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = getattr(torch.optim.lr_scheduler, torch_class)(optimizer, **options)
    seen = []
    for _ in range(12):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of the last of total_steps
            theirs.step()
    assert rates(word, 12) == pytest.approx(seen, abs=1e-12)


def test_cosine_by_step_falls_within_an_epoch():
    params = SchedulerParams.model_validate({"name": "cosine", "interval": "step"})
    seen = [params.multiplier(epoch, 2, step, 2) for epoch in range(2) for step in range(2)]
    assert seen == pytest.approx([1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2])


def test_plateau_lowers_the_rate_after_its_patience():
    params = SchedulerParams.model_validate(
        {"name": "plateau", "patience": 1, "factor": 0.5, "minimum": 0.3}
    )
    plateau = Plateau(params, 1)
    seen = []
    for epoch, loss in enumerate([1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 1):
        seen.append(plateau.rate(0, 1.0))
        plateau.update(epoch, [loss])
    assert seen == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.3, 0.3]


def test_plateau_counts_no_epoch_of_a_warm_up():
    plateau = Plateau(
        SchedulerParams.model_validate(
            {"name": "plateau", "patience": 0, "factor": 0.5, "warmup_epochs": 3}
        ),
        1,
    )
    seen = []
    for epoch, loss in enumerate([0.5, 0.9, 0.9, 0.9, 0.9, 0.8], 1):
        plateau.update(epoch, [loss])
        seen.append(plateau.rate(0, 1.0))
    # The fourth epoch is the first that counts, the fifth the first without a fall.
    assert seen == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]


def test_history_holds_the_rate_of_each_epoch(fit):
    training = {"epochs": 4, "scheduler": "cosine", "optimizer": {"name": "adam", "lr": 0.1}}
    expected = [0.1 * factor for factor in rates("cosine", 4)]
    assert fit("ordinal", None, training).history["lr"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            {"epochs": 5, "scheduler": {"name": "cosine", "warmup_epochs": 5}},
            "scheduler.warmup_epochs 5 leaves none of the 5 epochs at the full rate: lower it, or "
            "raise training.epochs.",
        ),
        (
            {"epochs": 5, "scheduler": {"name": "multistep", "milestones": [2, 7]}},
            "scheduler.milestones [7] lie beyond the last of 5 epochs: remove them, or raise "
            "training.epochs.",
        ),
        (
            {"epochs": 1, "scheduler": "one_cycle"},
            "scheduler one_cycle climbs and falls, and of a single epoch only its last, lowest "
            "rate is left: set its interval to `step`, or raise training.epochs.",
        ),
        (
            {"scheduler": {"name": "one_cycle", "warmup_epochs": 2}},
            "`scheduler`: scheduler 'one_cycle' has no option 'warmup_epochs': it takes pct_start, "
            "div_factor, final_div_factor, interval.",
        ),
        (
            {"scheduler": {"name": "multistep", "milestones": [5, 2]}},
            "`scheduler.milestones`: milestones must rise from 1 or more, each once (got [5, 2])",
        ),
    ],
)
def test_impossible_schedules_are_errors(written, said):
    with pytest.raises(ParameterError) as caught:
        TrainingParams.model_validate(written)
    assert str(caught.value) == said
