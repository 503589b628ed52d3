"""Folds trained together are the folds trained alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.training.conftest import draw_table

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import Fold, ModelParams, TrainingParams, fit_folds, train_model
from colonnade.training.ensembles.fold_training import group_folds
from colonnade.training.prepare import prepare

MLP = {"hidden": [8, 6]}


def make_folds(task: str, n: int = 90, n_folds: int = 3, n_validation: int = 12) -> list[Fold]:
    """Each third left out in turn; every fold has a standardizer, and so units, of its own."""
    raw = draw_table(task, n=n)
    schema = SchemaParams.model_validate({"target": "y", "task": task})
    folds = []
    for tested in range(n_folds):
        kept = raw[np.arange(n) % n_folds != tested]
        cut = len(kept) - n_validation
        standardizer = fit_standardizer(kept[:cut], schema, StandardizeParams())
        prepared = standardizer.transform(kept)
        folds.append(Fold(prepared[:cut], prepared[cut:], standardizer))
    return folds


def params(model: dict[str, Any], training: dict[str, Any]) -> tuple[ModelParams, TrainingParams]:
    return (
        ModelParams.model_validate(model),
        TrainingParams.model_validate({"epochs": 6, "batch_size": 16, **training}),
    )


@pytest.mark.parametrize(
    ("task", "model", "training"),
    [
        ("regression", {"kind": "linear"}, {}),
        ("regression", MLP, {"early_stopping": {"patience": 2}, "refit": True}),
        ("classification", {**MLP, "dropout": 0.2}, {"temperature": True}),
        ("classification", MLP, {"loss": {"name": "cross_entropy", "class_weights": "balanced"}}),
        ("ordinal", {**MLP, "batch_norm": True}, {"scheduler": "plateau", "ema": 0.9}),
        ("ordinal", {"kind": "mlp_skip", "hidden": [8]}, {"members": 2}),
        ("ordinal", {"kind": "linear"}, {"l1": {"strength": 0.05, "adaptive": True}}),
        ("classification", MLP, {"members": 2, "temperature": True}),
        ("classification", {"kind": "linear"}, {"optimizer": {"name": "lbfgs"}}),
    ],
)
def test_a_fold_equals_its_solo_run(
    task: str, model: dict[str, Any], training: dict[str, Any]
) -> None:
    parameters = params(model, training)
    folds = make_folds(task)
    together = fit_folds(folds, *parameters)
    for fold, one in zip(folds, together, strict=True):
        alone = train_model(fold.train, fold.validation, fold.standardizer, *parameters)
        X = fold.validation[fold.standardizer.feature_names].to_numpy(np.float32)
        assert one.model.standardizer is fold.standardizer
        assert one.model.scores(X) == pytest.approx(alone.model.scores(X), rel=1e-4, abs=1e-4)
        assert set(one.model.facts) == set(alone.model.facts)
        for name in {*alone.model.facts} - {"seconds", "threads"}:
            expected = alone.model.facts[name]
            expected = pytest.approx(expected, rel=1e-3) if type(expected) is float else expected
            assert one.model.facts[name] == expected
        assert one.history["validation_loss"].to_numpy() == pytest.approx(
            alone.history["validation_loss"].to_numpy(), rel=1e-3
        )


@pytest.mark.parametrize("n_validation", [0, 12])
def test_the_search_for_a_lasso_runs_inside_each_fold(n_validation: int) -> None:
    l1 = {"strength": "auto", "strengths": [0.01, 0.1]}
    parameters = params({"kind": "linear"}, {"l1": l1, "temperature": True})
    folds = make_folds("ordinal", n_validation=n_validation)
    for fold, one in zip(folds, fit_folds(folds, *parameters), strict=True):
        alone = train_model(fold.train, fold.validation, fold.standardizer, *parameters)
        torch.testing.assert_close(
            one.model.weights["output.weight"], alone.model.weights["output.weight"]
        )
        for name in ("l1_strength", "dropped_columns"):
            assert one.model.facts[name] == alone.model.facts[name]
        assert one.model.facts["temperature"] == pytest.approx(alone.model.facts["temperature"])
        # Of the fold's validation rows if it has any, else of the rows that the search left out.
        assert one.history["validation_loss"].to_numpy() == pytest.approx(
            alone.history["validation_loss"].to_numpy(), rel=1e-5
        )


def test_folds_without_validation_rows_train_together() -> None:
    parameters = params(MLP, {})
    folds = make_folds("classification", n_validation=0)
    for fold, one in zip(folds, fit_folds(folds, *parameters), strict=True):
        alone = train_model(fold.train, fold.validation, fold.standardizer, *parameters)
        assert one.history["validation_loss"].isna().all()
        assert one.history["train_loss"].to_numpy() == pytest.approx(
            alone.history["train_loss"].to_numpy(), rel=1e-4
        )


def test_folds_of_one_size_share_a_program_and_large_groups_are_cut_evenly() -> None:
    parameters = params({"hidden": [512, 128]}, {})  # 68,739 weights: at most 8 members a program

    def programs(folds: list[Fold], n_members: int = 1) -> list[list[int]]:
        jobs = [prepare(f.train, f.validation, f.standardizer, *parameters) for f in folds]
        return group_folds(jobs, n_members)

    assert programs(make_folds("ordinal")) == [[0, 1, 2]]
    assert programs(make_folds("ordinal", n_folds=10)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    # 91 rows: the fold that leaves out the 31 keeps one row less
    assert programs(make_folds("ordinal", n=91)) == [[0], [1, 2]]
    assert programs(make_folds("ordinal"), n_members=30) == [[0], [1], [2]]


def test_the_number_of_cores_changes_no_bit() -> None:
    parameters = params(MLP, {})
    folds = make_folds("regression", n_folds=10)
    alone, beside = (fit_folds(folds, *parameters, workers=n) for n in (1, 2))
    for one, two in zip(alone, beside, strict=True):
        for name, weight in one.model.weights.items():
            assert weight.equal(two.model.weights[name])


def test_progress_is_reported_for_every_program() -> None:
    reported: list[int] = []
    fit_folds(make_folds("ordinal", n=91), *params(MLP, {}), trained=reported.append, workers=1)
    assert reported == [1, 2]
