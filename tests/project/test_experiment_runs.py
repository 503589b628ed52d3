"""Experiments as commands: killed, two at once, and the plans that ship."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from colonnade.experiments.plans.plan import PlanParams, configurations
from colonnade.experiments.trials import make_trials
from tests.conftest import COMMAND, REPOSITORY, environment, kedro_in, make_project

PLANS = {
    name: words
    for file in sorted((REPOSITORY / "conf/base/experiments").glob("*.yml"))
    for name, words in yaml.safe_load(file.read_text()).items()
}
RATES = ("--vary", "training.optimizer.lr=0.01,0.05,0.2", "--vary", "training.epochs=20,40")
WORDS = ("experiment", "phone_price", *RATES, "--seeds", "8")
RESULTS = "data/08_reporting/phone_price/experiments/by_hand"
STORE = "data/07_model_output/phone_price/trials"


def parameters_of(table: str) -> dict[str, dict[str, object]]:
    file = REPOSITORY / f"conf/base/parameters_{table}.yml"
    return dict(yaml.safe_load(file.read_text())[table])


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_ships_asks_a_question_and_is_valid(name):
    plan = PlanParams.model_validate(PLANS[name])
    assert plan.question.endswith("?")
    assert plan.tables
    assert plan.seeds == 10
    for table in plan.tables:
        trials = make_trials(plan, configurations(plan), parameters_of(table), "")
        assert len({trial.key for trial in trials}) == len(trials) >= 30


def start(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *WORDS],
        cwd=project,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(project: Path) -> int:
    return len(list((project / STORE).glob("*.json")))


def outcome(project: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    ranking = pd.read_csv(project / RESULTS / "ranking.csv").drop(columns="seconds")
    trials = pd.read_csv(project / RESULTS / "trials.csv").drop(columns="seconds")
    return ranking, trials


@pytest.mark.slow
@pytest.mark.xdist_group("experiments")
def test_an_experiment_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    undisturbed = make_project(tmp_path / "whole", quick=True, tracked=False)
    killed = make_project(tmp_path / "killed", quick=True, tracked=False)
    whole = start(undisturbed)
    said, _ = whole.communicate(timeout=200)
    assert whole.returncode == 0, said
    n_files, moments = finished(undisturbed), random.Random(7)
    assert n_files >= 4
    kept = [0]
    for _ in range(3):
        run = start(killed)
        # once at least one more program has ended, and then at any moment
        while finished(killed) == kept[-1] and run.poll() is None:
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 1))
        workers = psutil.Process(run.pid).children(recursive=True)
        run.kill()
        run.communicate()
        assert psutil.wait_procs(workers, timeout=20)[1] == []
        kept.append(finished(killed))
    assert 0 < kept[1] < n_files
    assert kept == sorted(kept)
    last = start(killed)
    said, _ = last.communicate(timeout=200)
    assert last.returncode == 0, said
    for ours, theirs in zip(outcome(killed), outcome(undisturbed), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.slow
@pytest.mark.xdist_group("experiments")
def test_a_second_shell_waits_and_trains_nothing_twice(tmp_path):
    project = make_project(tmp_path / "project", quick=True, tracked=False)
    first = start(project)
    assert first.stdout is not None
    assert any("trial" in line for line in first.stdout)
    n_first = finished(project)
    second = start(project)
    assert second.stdout is not None
    waiting = "another run of this table is in progress: waiting for it to end"
    assert any(waiting in line for line in second.stdout)
    first.communicate(timeout=200)
    modified = {file: file.stat().st_mtime_ns for file in (project / STORE).iterdir()}
    assert len(modified) > n_first
    second.communicate(timeout=200)
    assert (first.returncode, second.returncode) == (0, 0)
    assert {file: file.stat().st_mtime_ns for file in (project / STORE).iterdir()} == modified


@pytest.mark.slow
@pytest.mark.xdist_group("experiments")
def test_a_run_of_the_adopted_words_has_the_winners_metrics_to_the_digit(tmp_path):
    project = make_project(tmp_path / "project", quick=False, tracked=False)
    kedro = kedro_in(project)
    vary = ("--vary", "model.dropout=0,0.4", "--seeds", "2")
    whole = "training={epochs: 12, early_stopping: true, optimizer: adam}"
    file = project / "conf/base/parameters_phone_price.yml"
    file.write_text(
        file.read_text().replace("validation_fraction: 0,", "validation_fraction: 0.2,")
    )
    fixed = ("--set", "model={kind: mlp, hidden: [16]}", "--set", whole)
    kedro("experiment", "phone_price", *vary, *fixed)
    said = kedro("adopt", "phone_price").stdout
    assert "+  model:" in said
    kedro("run", "--pipeline", "phone_price")
    winner = json.loads((project / RESULTS / "winner.json").read_text())["metrics"]
    metrics = json.loads((project / "data/08_reporting/phone_price/metrics.json").read_text())
    assert "validation/accuracy" in winner
    assert {name: metrics[name] for name in winner} == winner
