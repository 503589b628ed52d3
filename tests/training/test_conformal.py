"""Intervals of predicted numbers: worked out by hand, and counted over many draws."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.training.conftest import draw_table

from colonnade.errors import ParameterError
from colonnade.training import load_model, save_model
from colonnade.training.models.conformal import HeldOut, fewest_errors, half_width, kept_errors

ROWS = "validation rows"


def held_out(*errors: float) -> HeldOut:
    return HeldOut(errors=list(errors), n_rows=len(errors), origin=ROWS)


@pytest.mark.parametrize(
    ("n_errors", "coverage", "expected"),
    [
        (9, 0.9, 9.0),  # rank ceil(10 * 0.9) = 9 of 9
        (8, 0.9, None),  # rank ceil(8.1) = 9 of 8
        (19, 0.9, 18.0),
        (20, 0.9, 19.0),  # rank ceil(18.9)
        (99, 0.55, 55.0),  # 100 * 0.55 is 55.00000000000001 to a computer
        (3, 0.5, 2.0),
        (0, 0.5, None),
    ],
)
def test_half_width_is_the_error_of_the_conformal_rank(n_errors, coverage, expected):
    errors = np.arange(n_errors, 0, -1.0) * np.resize([1, -1], n_errors)
    assert half_width(errors, coverage) == expected


@pytest.mark.parametrize(("coverage", "fewest"), [(0.9, 9), (0.95, 19), (0.99, 99), (0.5, 1)])
def test_a_coverage_needs_so_many_errors(coverage, fewest):
    assert fewest_errors(coverage) == fewest
    assert half_width(np.ones(fewest), coverage) == 1
    assert half_width(np.ones(fewest - 1), coverage) is None


@pytest.mark.parametrize("coverage", [0, 1, -0.5, 90, float("nan")])
def test_a_coverage_is_a_share(coverage):
    with pytest.raises(ParameterError, match="is not between 0 and 1, such as"):
        half_width([1.0], coverage)


def test_an_interval_holds_as_often_as_promised_over_many_draws():
    rng = np.random.default_rng(0)
    drawn = rng.standard_t(2, size=(4000, 20)) * rng.lognormal(size=(4000, 1))
    held = [abs(new) <= half_width(errors, 0.9) for *errors, new in drawn]
    # 19 errors leave 20 gaps, and 18 of them lie within: exactly 0.9, whatever the distribution
    assert np.mean(held) == pytest.approx(0.9, abs=3 * np.sqrt(0.9 * 0.1 / 4000))


@pytest.mark.parametrize("n_rows", [999, 1000, 1001, 1998, 54321])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_errors_kept_promise_as_much_as_all_and_hardly_more(n_rows, coverage):
    ranks = np.random.default_rng(1).permutation(n_rows) + 1.0
    kept = kept_errors(ranks)
    assert len(kept) == 999
    needed = half_width(ranks, coverage)
    assert needed <= half_width(kept, coverage) <= needed + np.ceil(n_rows / 999) + 1


def test_numbers_come_with_their_interval(fit):
    model = fit("regression").model
    model = dataclasses.replace(model, held_out=held_out(*range(1, 20)))
    raw = draw_table("regression")
    predictions = model.predict(raw)
    assert list(predictions) == ["prediction", "lower", "upper", "outside"]
    assert (predictions["prediction"] - predictions["lower"]).to_numpy() == pytest.approx(18)
    assert (predictions["upper"] - predictions["prediction"]).to_numpy() == pytest.approx(18)
    half = model.predict(raw, coverage=0.5)["upper"] - predictions["prediction"]
    assert half.to_numpy() == pytest.approx(10)
    assert list(model.predict(raw, coverage=0.99)) == ["prediction", "outside"]


def test_nothing_is_promised_without_held_out_rows(fit):
    model = fit("regression").model
    model = dataclasses.replace(model, held_out=None)
    assert list(model.predict(draw_table("regression"))) == ["prediction", "outside"]
    assert model.half_width() is None


def test_errors_are_saved_with_the_model_to_the_last_bit(fit, tmp_path):
    model = fit("regression").model
    model = dataclasses.replace(model, held_out=held_out(0.1, 1 / 3, 2e-300))
    save_model(model, tmp_path)
    assert load_model(tmp_path).held_out == model.held_out


@pytest.mark.parametrize(
    ("training", "caveat"),
    [
        ({}, ""),
        ({"early_stopping": {"patience": 2}}, "chose when training stopped"),
        ({"scheduler": "plateau"}, "lowered the learning rate"),
        ({"refit": True}, "found before the refit"),
    ],
)
def test_a_model_says_why_its_intervals_may_hold_fewer_new_values(fit, training, caveat):
    found = fit("regression", training=training).model.interval_caveat
    assert found.endswith(caveat)
    assert bool(found) is bool(caveat)
    assert fit("ordinal", training=training).model.interval_caveat == ""


def test_intervals_of_folds_are_said_to_be_so(fit):
    model = fit("regression", sizes={"n_validation": 0}).model
    assert model.interval_caveat == "its width comes from models of parts of the train rows"
