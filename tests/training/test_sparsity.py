"""The adaptive lasso: which columns stay, chosen inside the train rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colonnade.errors import DataError
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.ensembles.strengths import choose_sparsities, largest_within_one_error
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.prepare import prepare
from colonnade.training.training_params import LassoParams, TrainingParams

ROWS = {"n": 240}
TRAINING = {
    "epochs": 60,
    "batch_size": 40,
    "optimizer": {"name": "adam", "lr": 0.05},
    "scheduler": "cosine",
}


def test_a_bare_number_is_a_plain_lasso_and_auto_an_adaptive_one():
    assert TrainingParams(l1=0.1).l1 == LassoParams(strength=0.1, adaptive=False)
    assert TrainingParams(l1="auto").l1 == LassoParams(strength="auto", adaptive=True)
    assert not TrainingParams().l1.active


def test_the_hardest_pull_within_one_standard_error_of_the_least_is_chosen():
    # Means 1.0, 0.9, 0.95, 1.2; the best one's standard error is 0.1 / sqrt(4) = 0.05.
    losses = [np.full(4, 1.0), np.array([0.8, 1.0, 0.8, 1.0]), np.full(4, 0.95), np.full(4, 1.2)]
    assert largest_within_one_error(losses) == 2


@pytest.mark.parametrize("task", ["regression", "ordinal"])
def test_auto_drops_the_column_that_says_nothing_and_keeps_the_others(fit, task):
    training = {**TRAINING, "epochs": 150, "l1": "auto"}
    done = fit(task, {"kind": "linear"}, training, {"n": 600})
    assert "x3" in done.model.facts["dropped_columns"]
    assert "x0" not in done.model.facts["dropped_columns"]
    assert done.model.facts["l1_strength"] in LassoParams().strengths


def test_adaptive_pulls_a_column_inversely_to_its_free_weight(fit, table):
    prepared = table("regression", **ROWS)
    training = TrainingParams.model_validate({**TRAINING, "l1": {"strength": 0.05}})
    job = prepare(*prepared, ModelParams(kind="linear"), training)
    [member] = ensemble(ModelParams(kind="linear"), training)
    [found] = choose_sparsities(job, [member], LassoParams(strength=0.05, adaptive=True))
    free = fit("regression", {"kind": "linear"}, TRAINING, ROWS)
    weights = free.model.weights["output.weight"][0, 0].double()
    torch.testing.assert_close(found.penalties, 0.05 / (weights.abs() + 1e-3))
    assert found.strength == 0.05
    assert found.temperature is None


def test_rows_left_out_give_temperature_and_curve_where_nothing_validates(fit):
    training = {**TRAINING, "l1": "auto", "temperature": True}
    done = fit("ordinal", {"kind": "linear"}, training, {**ROWS, "n_validation": 0})
    assert done.model.facts["temperature"] != 1.0
    assert len(done.history) == 60
    assert done.history["validation_loss"].notna().all()
    assert done.history["validation_loss"].iloc[-1] < done.history["validation_loss"].iloc[0]


def test_the_same_seed_chooses_the_same_bits(fit):
    training = {**TRAINING, "l1": "auto", "members": 2}
    first, second = (fit("ordinal", {"kind": "linear"}, training, ROWS) for _ in range(2))
    for name, weight in first.model.weights.items():
        assert torch.equal(weight, second.model.weights[name])


def test_more_folds_than_rows_of_a_class_is_reported(fit):
    training = {**TRAINING, "l1": {"strength": "auto", "folds": 100}}
    with pytest.raises(DataError, match=r"100 folds need as many rows, and the rarest class has"):
        fit("classification", {"kind": "linear"}, training, {"n": 60})
