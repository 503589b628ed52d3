"""The figures of the optimizers' and the schedules' lessons."""

from __future__ import annotations

import numpy as np
import pytest

from lessons.optimizers import RAVINE, SADDLE, WALKERS, optimizer_paths, walk
from lessons.schedules import SCHEDULES, learning_rates, schedule_curves


def test_gradient_descent_shrinks_each_axis_of_the_ravine_by_its_own_factor():
    path = walk({"name": "sgd", "lr": 0.5}, RAVINE, steps=3)
    # 1 - 0.5 / 50 along the ravine; 1 - 0.5 * 2 = 0 across it.
    expected = [[-7, 2], [-7 * 0.99, 0], [-7 * 0.99**2, 0], [-7 * 0.99**3, 0]]
    np.testing.assert_allclose(path, expected, atol=1e-15)


def test_the_first_step_of_adam_is_its_rate_in_every_direction():
    path = walk({"name": "adam", "lr": 0.1}, RAVINE, steps=1)
    np.testing.assert_allclose(path[1] - path[0], [0.1, -0.1], rtol=1e-6)


@pytest.mark.parametrize("surface", [RAVINE, SADDLE])
def test_slopes_are_the_derivatives_of_the_heights(surface):
    point, step = np.array([0.7, -0.4]), 1e-6
    numeric = [
        (surface.height(point + step * axis) - surface.height(point - step * axis)) / (2 * step)
        for axis in np.eye(2)
    ]
    np.testing.assert_allclose(surface.slope(point), numeric, atol=1e-8)
    for minimum in surface.minima:
        assert surface.height(np.array(minimum)) == surface.lowest
        np.testing.assert_array_equal(surface.slope(np.array(minimum)), [0, 0])


def test_adaptive_rates_leave_the_saddle_first():
    steps = {
        walker.name: int(
            np.argmax(walk({**walker.optimizer, "lr": walker.saddle_lr}, SADDLE, 100)[:, 1] > 0.5)
        )
        for walker in WALKERS
    }
    assert max(steps["adagrad"], steps["rmsprop"], steps["adam"]) <= 10
    assert min(steps["sgd"], steps["momentum 0.9"]) >= 40


def test_the_paths_of_all_optimizers_are_drawn_on_both_surfaces():
    figure = optimizer_paths(steps=20)
    paths, heights = figure.axes[:2], figure.axes[2:]
    assert [ax.get_title(loc="left") for ax in paths] == [RAVINE.name, SADDLE.name]
    for ax in paths:
        names = [line.get_label() for line in ax.get_lines()]
        assert [n for n in names if not n.startswith("_")] == [w.name for w in WALKERS]
    for ax in heights:
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "height above the minimum")
        assert all(len(line.get_xdata()) == 21 for line in ax.get_lines())


def test_learning_rates_are_those_of_the_library():
    assert learning_rates({"name": "step", "step_size": 2, "gamma": 0.5}, 5, 0.8) == [
        0.8, 0.8, 0.4, 0.4, 0.2,
    ]  # fmt: skip
    assert learning_rates("cosine", 4, 1.0) == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-6)


def test_every_schedule_has_a_panel_with_its_rates():
    figure = schedule_curves(epochs=200, lr=0.1)
    assert [ax.get_title(loc="left") for ax in figure.axes] == list(SCHEDULES)
    drawn = {
        ax.get_title(loc="left").split(":")[0]: ax.get_lines()[1].get_ydata() for ax in figure.axes
    }
    np.testing.assert_allclose(drawn["step"][[49, 50, 199]], [0.1, 0.05, 0.0125])
    np.testing.assert_allclose(drawn["multistep"][[74, 75, 125, 175]], [0.1, 0.05, 0.025, 0.0125])
    np.testing.assert_allclose(drawn["exponential"][199], 0.1 * 0.95**199)


def test_too_few_epochs_for_the_milestones_are_refused():
    with pytest.raises(ValueError, match=r"epochs must be above 175, the last milestone \(got 100"):
        schedule_curves(epochs=100)
