"""What trials say of pairs of hyperparameters, and of whole ranges."""

import numpy as np
import pandas as pd
import pytest

from colonnade.experiments.analysis.effects import main_effects
from colonnade.experiments.analysis.importances import importances
from colonnade.experiments.analysis.interactions import interactions
from colonnade.experiments.report.what_matters import shown_cell, together


def crossed(together_by=0.0, noise=0.1, n=8, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {"training.a": f"v{i}", "model.b": j, "failed": "",
             "validation/rmse": i + j + together_by * (i == j) + rng.normal() * noise}
            for i in range(2) for j in range(2) for _ in range(n)
        ]
    )  # fmt: skip


def test_what_acts_together_is_found_with_the_means_of_its_cells():
    [pair] = interactions(crossed(together_by=-3, noise=0.01), "rmse")
    assert pair.clear
    # of 0, 1, 1, 2 with 3 less where both agree: -3, 1, 1, -1; alone the two explain 2 of 11
    assert pair.share == pytest.approx(9 / 11, abs=0.01)
    means = {(cell.first, cell.second): round(cell.mean) for cell in pair.cells}
    assert means == {("v0", "0"): -3, ("v0", "1"): 1, ("v1", "0"): 1, ("v1", "1"): -1}
    assert all(cell.low < cell.mean < cell.high and cell.trials == 8 for cell in pair.cells)
    [said] = together([pair], "rmse")
    assert "What is best of training.a depends on model.b (82% of the variance" in said
    assert "RMSE: with 0, v0 is best at" in said
    assert "with 1, v1 is best at" in said


def test_thirds_of_a_range_stand_from_the_lowest_up():
    lr = np.array([*np.linspace(0.5, 1, 10), *np.linspace(0, 0.4, 20)])
    frame = pd.DataFrame({"training.optimizer.lr": lr, "failed": "", "validation/rmse": lr})
    [effect] = main_effects(frame, "rmse")
    # of 30 numbers: a third lies at place 29 / 3, between the 10th, 0.1895, and the 11th, 0.2105
    assert [row[0].partition(" to ")[0] for row in effect.rows] == ["0", "0.204", "0.433"]
    assert [row[1] for row in effect.rows] == sorted(row[1] for row in effect.rows)


def test_what_only_adds_up_hardly_ever_acts_together():
    found = [interactions(crossed(seed=seed), "rmse")[0] for seed in range(200)]
    assert sum(pair.clear for pair in found) <= 18  # 5 % of them are 10
    quiet = [pair for pair in found if not pair.clear]
    assert together(quiet[:1], "rmse")[0].startswith("No two of them act together")
    assert together([], "rmse") == []


def test_a_forest_knows_what_matters_of_whole_ranges(plan):
    pytest.importorskip("optuna")
    rng = np.random.default_rng(0)
    lr, decay = 10 ** rng.uniform(-4, 0, 80), 10 ** rng.uniform(-4, 0, 80)
    frame = pd.DataFrame(
        {
            "training.optimizer.lr": lr,
            "training.optimizer.weight_decay": decay,
            "failed": "",
            "validation/rmse": (np.log10(lr) + 2) ** 2,  # a bend, which no line sees
        }
    )
    range_ = {"low": 1e-4, "high": 1.0, "log": True}
    paths = ("training.optimizer.lr", "training.optimizer.weight_decay")
    own = plan(vary=dict.fromkeys(paths, range_), random=80)
    found = importances(own, frame, "rmse")
    assert list(found) == list(paths)
    assert found[paths[0]] > 0.9
    assert sum(found.values()) == pytest.approx(1)
    assert importances(own, frame.head(5), "rmse") == {}
    assert importances(plan(), frame, "rmse") == {}  # a grid: its effects say it


def test_values_are_shown_as_a_person_writes_them():
    assert shown_cell('{"name": "sgd", "momentum": 0.9}') == "sgd(momentum=0.9)"
    assert shown_cell("[64, 64]") == "64-64"
    assert shown_cell("0.0") == "0"
    assert shown_cell("[broken") == "[broken"
