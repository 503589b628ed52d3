"""An experiment in MLflow: one run for the whole, and one below it for each trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.recording.journal import RunStart
from colonnade.tracking.tracking_params import TrackingParams
from colonnade.tracking.trials import trial_runs
from colonnade.tracking.trials.trial_runs import (
    ExperimentRun,
    TrialRun,
    check_store,
    record_experiment,
)
from tests.tracking.conftest import runs_of

PARENT = "mlflow.parentRunId"
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy


def experiment_of(folder: Path, n: int = 3) -> ExperimentRun:
    def start(name: str, lr: float, **tags: str) -> RunStart:
        parameters = {"training.optimizer.lr": lr, "model.kind": "mlp"}
        return RunStart("phones_experiment", name, parameters, tags)

    trials = [
        TrialRun(f"key{i}", start(f"0.{9 - i}: lr", i / 10, trial=str(i)), {"validation/a": 0.9}, 2)
        for i in range(n)
    ]
    trials.append(TrialRun("bad", start("failed: lr", 9, trial="9"), {}, 1, "the loss is NaN"))
    report = folder / "report.html"
    report.write_text("<p>best</p>")
    whole = start("rates: best", 0, plan="rates")
    return ExperimentRun(whole, {"test/a": 0.8}, "About it.", trials, [report])


def test_trials_are_below_their_experiment_the_best_on_top(tmp_path):
    params = TrackingParams().located(tmp_path)
    page, _ = record_experiment(tmp_path, params, experiment_of(tmp_path))
    parent, *children = runs_of(tmp_path, "phones_experiment")
    assert parent.info.run_id in page
    assert parent.data.metrics == {"test/a": 0.8}
    assert parent.data.tags["plan"] == "rates"
    assert {child.data.tags[PARENT] for child in children} == {parent.info.run_id}
    assert [child.data.tags["trial"] for child in children[::-1]] == ["0", "1", "2", "9"]
    assert children[-1].data.params == {"training.optimizer.lr": "0.0", "model.kind": "mlp"}
    assert children[-1].data.metrics == {"validation/a": 0.9}
    assert children[-1].info.end_time - children[-1].info.start_time == 2000
    assert (children[0].info.status, children[0].data.tags["failed"]) == (
        "FAILED",
        "the loss is NaN",
    )
    artifacts = tmp_path / "mlruns"
    assert [file.name for file in artifacts.rglob("*.html")] == ["report.html"]


def test_a_recording_that_broke_off_is_completed_and_nothing_doubles(tmp_path, monkeypatch):
    params = TrackingParams().located(tmp_path)
    log, done = trial_runs._log, []

    def breaks(client, run_id, parameters, metrics):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(run_id)
        log(client, run_id, parameters, metrics)

    monkeypatch.setattr(trial_runs, "_log", breaks)
    with pytest.raises(KeyboardInterrupt):
        record_experiment(tmp_path, params, experiment_of(tmp_path))
    assert len(runs_of(tmp_path, "phones_experiment")) == 3
    monkeypatch.setattr(trial_runs, "_log", log)
    for _ in range(2):
        record_experiment(tmp_path, params, experiment_of(tmp_path))
        children = runs_of(tmp_path, "phones_experiment")[1:]
        assert sorted(child.data.tags["trial"] for child in children) == ["0", "1", "2", "9"]
        assert {child.info.status for child in children} == {"FINISHED", "FAILED"}
        assert all(child.data.params for child in children)


def test_more_trials_are_another_experiment(tmp_path):
    params = TrackingParams().located(tmp_path)
    for n in (1, 2):
        record_experiment(tmp_path, params, experiment_of(tmp_path, n))
    found = runs_of(tmp_path, "phones_experiment")
    assert len([run for run in found if PARENT not in run.data.tags]) == 2


def test_a_store_that_is_away_stops_an_experiment_before_it_trains(tmp_path):
    away = {"uri": "http://127.0.0.1:9"}
    with pytest.raises(TrackingError, match="does not answer"):
        check_store(TrackingParams.model_validate(away))
    optional = TrackingParams.model_validate({**away, "mode": "optional"})
    assert "does not answer" in check_store(optional)
