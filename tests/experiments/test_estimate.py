"""How long an experiment may take."""

import pytest

from colonnade.experiments import estimate as estimating
from colonnade.experiments.estimate import Estimate, estimate
from colonnade.experiments.experiment import data_digest, planned, run_experiment
from colonnade.experiments.trial_store import TrialStore
from tests.experiments.conftest import GROUPS


@pytest.fixture
def estimated(plan, rows, tmp_path):
    def run(groups=GROUPS, workers=1, **words):
        own, table = plan(**words), rows()
        trials = planned(own, groups, table, data_digest(table, "1"))
        return estimate(own, trials, table, TrialStore(tmp_path), groups, workers=workers)

    return run


def test_epochs_that_were_tried_are_multiplied(estimated, monkeypatch):
    # a program: 0.2 s beside its epochs, and 0.1 s for each; ten epochs: 1.2 s
    monkeypatch.setattr(estimating, "_timed", lambda program, rows, epochs: 0.2 + 0.1 * epochs)
    # 4 configurations of 8 seeds: two programs of 16
    longer = {**GROUPS, "training": {"epochs": 10, "batch_size": 16}}
    assert estimated(longer, seeds=8) == Estimate(32, pytest.approx(2.4))
    again = estimated(longer, workers=2, seeds=8)
    assert again.seconds == pytest.approx(1.2 + estimating._START)


def test_a_search_is_estimated_by_configurations_drawn_by_chance(estimated, monkeypatch):
    monkeypatch.setattr(
        estimating, "_timed", lambda program, rows, epochs: len(program) * 0.01 * (1 + epochs)
    )
    vary = {"training.optimizer.lr": {"low": 1e-4, "high": 0.3, "log": True}}
    # a trial: 0.01 s beside its epochs, and 0.01 s for each of four
    assert estimated(vary=vary, search=40) == Estimate(40, pytest.approx(40 * 0.05))


def test_what_is_finished_takes_no_time_and_nothing_is_kept(estimated, plan, rows, tmp_path):
    found = estimated(seeds=2)
    assert found.trials == 8
    assert 0 < found.seconds < 60
    assert list(tmp_path.iterdir()) == []
    run_experiment(plan(), GROUPS, rows(), TrialStore(tmp_path), "1", workers=1)
    assert estimated() == Estimate(0, 0.0)
