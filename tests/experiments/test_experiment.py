"""Experiments: trials, what is kept of them, their ranking."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import ExperimentError, ParameterError
from colonnade.evaluation.evaluate import measure
from colonnade.evaluation.observations import observe
from colonnade.experiments import running, trial_rows
from colonnade.experiments.analysis.effects import main_effects
from colonnade.experiments.analysis.leaderboard import rank
from colonnade.experiments.experiment import (
    checked,
    count_trials,
    data_digest,
    judge_winner,
    run_experiment,
)
from colonnade.experiments.plans.plan import configurations
from colonnade.experiments.report import experiment_html
from colonnade.experiments.trial_rows import OutlierParams
from colonnade.experiments.trial_store import TrialStore
from colonnade.experiments.trials import make_trials
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.training import train_model
from tests.experiments.conftest import GROUPS


def run(plan, rows, folder, groups=GROUPS, **options):
    return run_experiment(plan, groups, rows, TrialStore(folder), "1", workers=1, **options)


@pytest.mark.parametrize(("task", "validation"), [("classification", 0.2), ("regression", 0)])
def test_a_trial_equals_the_same_configuration_trained_alone(
    plan, rows, tmp_path, task, validation
):
    own, table = plan(seeds=2), rows(task, validation)
    found = run(own, table, tmp_path).trials
    trials = make_trials(own, configurations(own), GROUPS, "")
    metric = "validation/rmse" if task == "regression" else "validation/log_loss"
    for trial, kept in zip(trials, found[metric], strict=True):
        standardizer, train, held = table.prepared(trial.standardize)
        parts = [(train, held)]
        if not validation:
            places = running._folds(len(train), table.folds)
            parts = [(train.drop(train.index[own]), train.iloc[own]) for own in places]
        alone = [
            measure(
                observe(
                    train_model(part, judged, standardizer, trial.model, trial.training).model,
                    "validation",
                    judged,
                )
            )[metric.partition("/")[2]]
            for part, judged in parts
        ]
        assert kept == pytest.approx(np.mean(alone), rel=1e-4)


def test_what_is_finished_is_never_trained_again(plan, rows, tmp_path, monkeypatch):
    table = rows()
    first = run(plan(seeds=2), table, tmp_path)
    trained = []
    monkeypatch.setattr(running, "train_program", trained.append)
    again = run(plan(seeds=2), table, tmp_path)
    assert trained == []
    pd.testing.assert_frame_equal(first.trials, again.trials)
    pd.testing.assert_frame_equal(first.ranking, again.ranking)


def test_an_interruption_loses_no_finished_program(plan, rows, tmp_path, monkeypatch):
    own, table = plan(seeds=8), rows()
    undisturbed = run(own, table, tmp_path / "whole")
    train, done = running.train_program, []

    def interrupted(program, rows):
        if done:
            raise KeyboardInterrupt
        done.append(len(program))
        return train(program, rows)

    monkeypatch.setattr(running, "train_program", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(own, table, tmp_path / "broken")
    assert len(TrialStore(tmp_path / "broken").finished()) == done[0] == 16
    monkeypatch.setattr(running, "train_program", train)
    told = []
    resumed = run(own, table, tmp_path / "broken", told=told.append)
    assert (told[0].done, told[-1].done) == (16, 32)
    metrics = [name for name in resumed.trials if name.startswith("validation/")]
    assert (resumed.trials[metrics] == undisturbed.trials[metrics]).all(axis=None)
    ranks = ["configuration", "mean", "low", "high"]
    pd.testing.assert_frame_equal(resumed.ranking[ranks], undisturbed.ranking[ranks])


def test_a_trial_that_fails_is_kept_with_its_reason(plan, rows, tmp_path):
    words = {"set": {"training.optimizer": "sgd"}}
    own = plan(**words, vary={"training.optimizer.lr": [0.01, 1e30]})
    found = run(own, rows("regression"), tmp_path)
    good, bad = found.trials["failed"]
    assert good == ""
    assert "not finite" in bad
    assert found.best == 1
    assert math.isnan(found.ranking["mean"].iloc[-1])
    with pytest.raises(ExperimentError, match="all 1 trials failed"):
        run(plan(**words, vary={"training.optimizer.lr": [1e30]}), rows("regression"), tmp_path)


def test_what_could_not_be_trained_alone_is_refused_before_anything_is(plan, rows):
    own = plan(vary={"training.early_stopping": [True, False]})
    trials = make_trials(own, configurations(own), GROUPS, "")
    with pytest.raises(ParameterError, match=r"raise split\.validation_fraction"):
        checked(trials, rows(validation=0))
    assert checked(trials, rows()) == trials


def test_only_the_winner_sees_test_rows(plan, rows, tmp_path):
    own, table = plan(), rows()
    test = table.split["part"] == "test"
    spoiled = table.primary.copy()
    spoiled.loc[test.to_numpy(), ["a", "b", "c"]] = 1e6
    other = type(table)(spoiled, table.split, table.schema, table.folds)
    first, second = run(own, table, tmp_path / "1"), run(own, other, tmp_path / "2")
    columns = [name for name in first.trials if name.startswith("validation/")]
    pd.testing.assert_frame_equal(first.trials[columns], second.trials[columns])
    winner = judge_winner(own, GROUPS, table, first)
    assert winner.metrics["test/accuracy"] > 0.5
    assert winner.words == first.words[first.best]


def test_winners_validation_metric_is_that_of_a_run(plan, rows, tmp_path):
    own, table = plan(), rows()
    found = run(own, table, tmp_path)
    winner = judge_winner(own, GROUPS, table, found)
    assert winner.metrics["validation/accuracy"] == pytest.approx(found.ranking["mean"].iloc[0])


def test_outliers_spoil_what_is_learned_and_not_what_judges(plan, rows, tmp_path):
    table = rows("regression", 0)
    spoiled = OutlierParams(share=0.25, scale=5)
    _, train, _ = table.prepared(StandardizeParams(), spoiled)
    true, learned = table.true_train(StandardizeParams(), spoiled), train
    y, y_spoiled = true["y"].to_numpy(), learned["y"].to_numpy()
    moved = y_spoiled - y > 1
    assert moved.sum() == round(0.25 * len(train))
    assert (y_spoiled - y)[moved] == pytest.approx(5 * y.std(), rel=1e-5)
    assert (y_spoiled - y)[~moved] == pytest.approx(0, abs=1e-5)
    own = plan(
        vary={"training.loss": ["mse", "mae"], "outliers.share": [0, 0.25]},
        set={"training.optimizer": {"name": "adam", "lr": 0.05}, "training.epochs": 40},
    )
    found = run(own, table, tmp_path).ranking.set_index(["training.loss", "outliers.share"])["mean"]
    assert found["mse", 0.25] > 2 * found["mae", 0.25] > 0  # the mean is drawn away
    assert found["mse", 0] == pytest.approx(found["mae", 0], rel=0.3)
    with pytest.raises(ParameterError, match="put among numbers"):
        run(own, rows(), tmp_path / "classes")


def test_results_are_of_the_data_and_the_version(rows):
    table = rows()
    changed = type(table)(table.primary + 1, table.split, table.schema, table.folds)
    moved = type(table)(table.primary, table.split[::-1], table.schema, table.folds)
    digests = [data_digest(one, "1") for one in (table, changed, moved)]
    assert len({*digests, data_digest(table, "2")}) == 4


def test_a_search_proposes_the_same_again(plan, rows, tmp_path):
    pytest.importorskip("optuna")
    vary = {
        "training.optimizer.lr": {"low": 1e-4, "high": 0.3, "log": True},
        "training.optimizer.name": ["sgd", "adam"],
        "training.optimizer.momentum": [0, 0.9],
    }
    own = plan(
        vary=vary,
        when={"training.optimizer.momentum": {"training.optimizer.name": ["sgd"]}},
        search=14,
    )
    assert count_trials(own) == 14
    found = run(own, rows(), tmp_path)
    assert len(found.trials) == 14
    with_momentum = found.trials["training.optimizer.momentum"].notna()
    assert (with_momentum == (found.trials["training.optimizer.name"] == "sgd")).all()
    again = run(own, rows(), tmp_path / "again")
    assert found.words == again.words


def table_of(effects, noise=0.1, n=8):
    rng = np.random.default_rng(1)
    rows = [
        {"configuration": i + 2 * j + 1, "training.a": f"v{i}", "model.b": j, "failed": "",
         "seconds": 1.0, "validation/rmse": effects[0] * i + effects[1] * j + rng.normal() * noise}
        for i in range(2) for j in range(2) for _ in range(n)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_effects_that_are_there_are_found_beside_larger_ones():
    large, small = main_effects(table_of((5, 0.5)), "rmse")
    assert (large.path, small.path) == ("training.a", "model.b")
    assert large.clear
    assert small.clear
    assert large.share > 0.9 > small.share
    assert {row[0]: round(row[1]) for row in large.rows} == {"v0": 0, "v1": 5}


def test_chance_is_hardly_ever_an_effect():
    def found(seed):
        frame = table_of((0, 0))
        frame["validation/rmse"] = np.random.default_rng(seed).normal(size=len(frame))
        return any(effect.clear for effect in main_effects(frame, "rmse"))

    assert sum(map(found, range(200))) <= 18  # 5 % of them are 10


def test_intervals_are_students_and_cheaper_of_equals_comes_first():
    frame = table_of((1, 0), noise=0)
    frame["validation/rmse"] = np.tile([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0], 4)
    frame["seconds"] = frame["configuration"].map({1: 2.0, 2: 3.0, 3: 1.0, 4: 4.0})
    ranked = rank(frame, "rmse")
    assert ranked["configuration"].tolist() == [3, 1, 2, 4]
    from scipy import stats

    low, high = stats.t.interval(0.95, 7, loc=2.5, scale=stats.sem([1, 2, 3, 4, 1, 2, 3, 4]))
    assert ranked.loc[0, ["low", "high"]].tolist() == pytest.approx([low, high])


def test_the_page_says_who_won_and_escapes_what_it_shows(plan, rows, tmp_path):
    own, table = plan(seeds=3, question="<b>Which</b> rate?"), rows()
    outcome = run(own, table, tmp_path)
    winner = judge_winner(own, GROUPS, table, outcome)
    page = experiment_html(
        "rates", own, outcome, {"words": winner.words, "metrics": winner.metrics},
        source={"name": "a<b>.csv", "rows": 120}, target="y",
    )  # fmt: skip
    assert "&lt;b&gt;Which&lt;/b&gt; rate?" in page
    assert "a&lt;b&gt;.csv" in page
    assert "12 trials of 4 configurations" in page
    assert "training.optimizer.lr matters" in page
    assert "best of 4 configurations" in page
    assert "judged once by test rows" in page
    assert "<script" not in page


def test_results_are_plain_json(plan, rows, tmp_path):
    run(plan(), rows(), tmp_path)
    [file] = tmp_path.glob("*.json")
    assert {"key", "metrics", "history", "seconds"} <= json.loads(file.read_text())[0].keys()


def test_rows_are_standardized_once_for_equal_words(plan, rows, tmp_path, monkeypatch):
    fitted = []
    fit = trial_rows.fit_standardizer
    monkeypatch.setattr(
        trial_rows, "fit_standardizer", lambda *given: fitted.append(given[2]) or fit(*given)
    )
    vary = {"training.optimizer": ["sgd", "adam"], "standardize.bins": [0, 3]}
    run(plan(vary=vary), rows(), tmp_path)
    assert sorted(params.bins for params in fitted) == [0, 3]
