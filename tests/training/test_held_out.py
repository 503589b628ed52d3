"""What training keeps of the rows that it held out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.conftest import draw_table

ADAM = {"epochs": 15, "optimizer": {"name": "adam", "lr": 0.05}}


def errors_on_validation(model, table) -> np.ndarray:
    _, validation, standardizer = table("regression")
    X = validation[standardizer.feature_names].to_numpy()
    return np.sort(np.abs(model.predict_array(X) - validation["y"].to_numpy()))


def test_errors_kept_are_those_on_validation_rows_in_raw_units(fit, table):
    model = fit("regression", {"hidden": [5]}, {**ADAM, "members": 2}).model
    assert model.held_out.errors == pytest.approx(errors_on_validation(model, table), abs=1e-9)
    assert (model.held_out.n_rows, model.held_out.origin) == (16, "validation rows")
    # rank ceil(17 * 0.9) = 16 of 16
    assert model.half_width() == max(model.held_out.errors)


def test_a_refit_keeps_the_errors_of_the_model_that_had_not_seen_the_rows(fit, table):
    first = fit("regression", {"hidden": [5]}, ADAM).model
    again = fit("regression", {"hidden": [5]}, {**ADAM, "refit": True}).model
    assert again.held_out.errors == first.held_out.errors
    assert again.held_out.origin == "validation rows, before the refit"
    assert errors_on_validation(again, table).mean() < np.mean(again.held_out.errors)


@pytest.mark.parametrize("training", [{}, {"refit": True}, {"l1": {"strength": 0.01}}])
def test_without_validation_rows_each_fifth_is_predicted_from_the_rest(fit, training):
    sizes = {"n_validation": 0, "n": 43}
    model = fit("regression", {"kind": "linear"}, {**ADAM, **training}, sizes).model
    assert model.held_out.n_rows == len(model.held_out.errors) == 43
    assert model.held_out.origin == "train rows, each fifth predicted from the rest"


def test_too_few_rows_and_classes_promise_nothing(fit):
    assert fit("regression", sizes={"n_validation": 0, "n": 9}).model.held_out is None
    assert fit("ordinal").model.held_out is None


def test_half_of_new_rows_lie_within_an_interval_of_one_half(fit):
    model = fit("regression", {"kind": "linear"}, {**ADAM, "epochs": 60}).model
    new = draw_table("regression", n=4000)[60:]
    predictions = model.predict(new, coverage=0.5)
    held = (new["y"] >= predictions["lower"]) & (new["y"] <= predictions["upper"])
    # 16 validation rows: the share is a beta(9, 8) draw, of mean 0.53 and deviation 0.12
    assert 0.2 < held.mean() < 0.85
