"""Members of one program are what they would be alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.training import Member, ModelParams, TrainingParams, fit_many, train_model
from colonnade.training.ensembles.members import group_members
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.prepare import prepare

MODEL = ModelParams.model_validate({"kind": "mlp_skip", "hidden": [6, 5], "dropout": 0.2})
TRAINING = TrainingParams.model_validate(
    {"epochs": 4, "batch_size": 8, "optimizer": "adamw", "scheduler": "cosine"}
)


def assert_alike(one, other):
    for name, weight in one.model.weights.items():
        torch.testing.assert_close(weight, other.model.weights[name], rtol=1e-4, atol=1e-5)
    columns = ["lr", "train_loss", "validation_loss"]
    np.testing.assert_allclose(one.history[columns], other.history[columns], rtol=1e-4)


def test_members_equal_their_solo_runs(table):
    prepared = table("ordinal")
    members = [
        Member(seed=3),
        Member(seed=4, lr=0.02),
        Member(weight_decay=0.3, order_seed=9),
        Member(dropout=0.0, initializer="kaiming_normal"),
    ]
    together = fit_many(*prepared, MODEL, TRAINING, members=members, workers=1)
    # An order of its own has no spelling in the parameters: the third has no solo run to be like.
    solo = [
        (0, {}, {"seed": 3}),
        (1, {}, {"seed": 4, "optimizer": {"name": "adamw", "lr": 0.02}}),
        (3, {"dropout": 0.0, "initializer": "kaiming_normal"}, {}),
    ]
    for place, model_words, training_words in solo:
        found = together[place]
        model = ModelParams.model_validate({**MODEL.model_dump(), **model_words})
        training = TrainingParams.model_validate({**TRAINING.model_dump(), **training_words})
        assert_alike(found, train_model(*prepared, model, training))
        assert found.model.training == training
        assert found.model.model == model


@pytest.mark.parametrize(
    "model", [{"kind": "linear"}, {"hidden": [5], "batch_norm": True}], ids=str
)
@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
def test_stacked_and_solo_agree_for_every_task(table, task, model):
    prepared, model = table(task), ModelParams.model_validate(model)
    together = fit_many(
        *prepared, model, TRAINING, members=[Member(seed=i) for i in range(3)], workers=1
    )
    for seed, found in enumerate(together):
        training = TrainingParams.model_validate({**TRAINING.model_dump(), "seed": seed})
        assert_alike(found, train_model(*prepared, model, training))


def test_workers_side_by_side_do_what_one_does(table):
    members = [Member(seed=i) for i in range(4)]
    one, two, again = (
        fit_many(*table("ordinal"), MODEL, TRAINING, members=members, workers=workers)
        for workers in (1, 2, 2)
    )
    for alone, beside, repeated in zip(one, two, again, strict=True):
        assert_alike(alone, beside)
        for name, weight in beside.model.weights.items():
            assert torch.equal(weight, repeated.model.weights[name])


def test_folds_equal_runs_on_their_own_rows(table):
    train, validation, standardizer = table("ordinal")
    rows = np.arange(len(train))
    folds = [rows[i::3] for i in range(3)]
    members = [Member(rows=np.setdiff1d(rows, fold), validation_rows=fold) for fold in folds]
    together = fit_many(train, validation[:0], standardizer, MODEL, TRAINING, members=members)
    for fold, found in zip(folds, together, strict=True):
        own = train.iloc[np.setdiff1d(rows, fold)]
        assert_alike(found, train_model(own, train.iloc[fold], standardizer, MODEL, TRAINING))


def test_a_member_with_validation_rows_is_judged_on_them_beside_a_search_for_a_lasso(table):
    train, empty, standardizer = table("ordinal", n=60, n_validation=0)
    rows, auto = np.arange(len(train)), {"strength": "auto", "strengths": [0.01, 0.1]}
    training = TrainingParams.model_validate({**TRAINING.model_dump(), "l1": auto})
    linear = ModelParams(kind="linear")
    halves = [Member(rows=rows[::2], validation_rows=rows[1::2])] * 2
    found = fit_many(train, empty, standardizer, linear, training, members=halves)[0]
    alone = train_model(train[::2], train[1::2], standardizer, linear, training)
    assert_alike(found, alone)


def test_each_member_stops_at_its_own_best(table):
    words = {
        **TRAINING.model_dump(),
        "epochs": 80,
        "scheduler": "none",
        "early_stopping": {"patience": 3},
    }
    words["optimizer"] = {"name": "adam", "lr": 0.05}
    training = TrainingParams.model_validate({**words, "refit": True})
    prepared = table("classification")
    together = fit_many(
        *prepared, MODEL, training, members=[Member(seed=i) for i in range(4)], workers=1
    )
    lengths = {len(found.history) for found in together}
    assert len(lengths) > 1
    for seed, found in enumerate(together):
        alone = train_model(*prepared, MODEL, training.model_copy(update={"seed": seed}))
        assert found.model.facts["best_epoch"] == alone.model.facts["best_epoch"]
        assert_alike(found, alone)


def test_lbfgs_members_train_one_by_one(table):
    training = TrainingParams.model_validate({"optimizer": "lbfgs", "epochs": 2})
    model = ModelParams.model_validate({"kind": "linear"})
    found = fit_many(*table("ordinal"), model, training, members=[Member(seed=0), Member(seed=1)])
    assert_alike(found[0], train_model(*table("ordinal"), model, training))


@pytest.mark.parametrize("rows", [[], [-1], [44], [[0]]])
def test_rows_outside_the_table_are_refused(table, rows):
    with pytest.raises(ParameterError) as caught:
        fit_many(
            *table("ordinal"), MODEL, TRAINING, members=[Member(rows=np.array(rows, dtype=int))]
        )
    assert str(caught.value) == (
        "a member's rows must be positions from 0 to 43 in the train table, one or more."
    )


def test_a_member_out_of_bounds_is_refused(table):
    with pytest.raises(ParameterError, match=r"optimizer\.lr"):
        fit_many(*table("ordinal"), MODEL, TRAINING, members=[Member(lr=-1.0)])


def test_history_of_a_member_is_its_own(table):
    found = fit_many(*table("ordinal"), MODEL, TRAINING, members=[Member(lr=0.1), Member(lr=0.2)])
    assert [f.history["lr"].iloc[0] for f in found] == [0.1, 0.2]
    assert isinstance(found[0].history, pd.DataFrame)


def test_small_members_share_a_program_until_their_step_is_worth_a_thread(table):
    training = TrainingParams.model_validate({"batch_size": 20})
    job = prepare(*table("regression"), ModelParams(kind="linear"), training)
    [member] = ensemble(ModelParams(kind="linear"), training)
    assert job.network.parameters.size * 20 == 100  # of 100,000 multiply-adds
    assert [len(one) for one in group_members(job, [member] * 1500, 4)] == [1500]
    assert [len(one) for one in group_members(job, [member] * 2000, 4)] == [1000, 1000]
    assert [len(one) for one in group_members(job, [member] * 8000, 4)] == [2000] * 4


def test_a_program_holds_no_more_rows_of_its_members_than_memory_allows(table, monkeypatch):
    job = prepare(*table("regression"), ModelParams(kind="linear"), TrainingParams())
    [member] = ensemble(ModelParams(kind="linear"), TrainingParams())
    own = dataclasses.replace(member, rows=torch.arange(20), validation_rows=torch.arange(10))
    # Each holds an order of 20 rows, in two numbers each, and 10 rows of 4 features: 80 numbers.
    monkeypatch.setattr("colonnade.training.ensembles.members.MOST_NUMBERS_HELD", 10 * 80)
    assert [len(one) for one in group_members(job, [own] * 25, 1)] == [10, 10, 5]
