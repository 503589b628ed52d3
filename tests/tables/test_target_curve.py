"""Curves on which a number is learned: known points, and one to one everywhere."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.features.target_curve import MOST_KNOTS, QuantileCurve, fit_quantile_curve
from colonnade.tables.schema.table_schema import SchemaParams


def curve_of(values, method):
    raw = pd.DataFrame({"x": np.arange(float(len(values))), "y": values})
    schema = SchemaParams(target="y", task="regression")
    return fit_standardizer(raw, schema, StandardizeParams(target=method)).target_curve


def test_a_log_target_is_its_logarithm_centered_and_scaled():
    e = math.e
    curve = curve_of([0.0, e - 1, e**2 - 1], "log")  # logarithms 0, 1, 2
    scale = math.sqrt(2 / 3)
    assert (curve.center, curve.scale) == (pytest.approx(1.0), pytest.approx(scale))
    learned = curve.learned(np.array([1 - e, e - 1]))
    assert learned == pytest.approx([-2 / scale, 0.0], abs=1e-12)


def test_a_quantile_target_is_the_normal_deviate_of_its_rank():
    curve = curve_of([10.0, 30.0, 20.0], "quantile")
    learned = curve.learned(np.array([10.0, 20.0, 25.0, 30.0]))
    assert learned == pytest.approx([norm.ppf(1 / 6), 0.0, norm.ppf(5 / 6) / 2, norm.ppf(5 / 6)])


def test_equal_numbers_share_the_middle_of_their_deviates():
    curve = curve_of([0.0, 0.0, 5.0, 7.0], "quantile")
    assert curve.values == [0.0, 5.0, 7.0]
    assert curve.deviates[0] == pytest.approx((norm.ppf(1 / 8) + norm.ppf(3 / 8)) / 2)


def test_a_quantile_target_goes_on_straight_beyond_the_train_rows():
    curve = curve_of([10.0, 20.0, 30.0], "quantile")
    spread = math.sqrt(200 / 3)
    assert curve.learned(np.array([30 + 2 * spread]))[0] == pytest.approx(norm.ppf(5 / 6) + 2)


def test_many_rows_have_a_thousand_knots_from_the_least_to_the_largest():
    values = np.random.default_rng(0).normal(size=5000)
    curve = fit_quantile_curve(values)
    assert len(curve.values) == MOST_KNOTS
    assert (curve.values[0], curve.values[-1]) == (values.min(), values.max())
    middle = values[np.abs(values) < 2]
    assert curve.learned(middle) == pytest.approx(middle, abs=0.15)


def test_a_target_that_never_varies_is_learned_as_zero():
    for method in ("log", "quantile"):
        curve = curve_of([7.0, 7.0, 7.0], method)
        assert curve.learned(np.array([7.0]))[0] == pytest.approx(0, abs=1e-12)
        assert curve.raw(np.array([0.0]))[0] == pytest.approx(7)


numbers = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@given(st.lists(numbers, min_size=2, max_size=30), st.lists(numbers, min_size=1))
@pytest.mark.parametrize("method", ["log", "quantile"])
def test_every_number_comes_back_from_its_curve(method, train, new):
    curve = curve_of(train, method)
    again = curve.raw(curve.learned(np.array(new)))
    assert again == pytest.approx(new, rel=1e-6, abs=1e-6 * (1 + max(map(abs, train))))


def test_a_curve_survives_json():
    curve = curve_of([0.1, 0.2, 0.7], "quantile")
    assert QuantileCurve.model_validate_json(curve.model_dump_json()) == curve
