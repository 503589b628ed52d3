"""An experiment in MLflow: one run for the whole, and one below it for each trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.recording.journal import RunStart
from colonnade.tracking.store import open_store
from colonnade.tracking.tracking_params import TrackingParams
from colonnade.tracking.trials import run_records, trial_runs
from colonnade.tracking.trials.run_records import RunRecord, complete_run, write_runs
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
    return ExperimentRun(whole, {"test/a": 0.8}, "About it.", trials, [report], "validation/a")


def test_trials_are_below_their_experiment_the_best_on_top(tmp_path):
    params = TrackingParams().located(tmp_path)
    page, trials = record_experiment(tmp_path, params, experiment_of(tmp_path))
    parent, *children = runs_of(tmp_path, "phones_experiment")
    assert parent.info.run_id in page
    about = parent.data.tags["mlflow.note.content"]
    assert about.endswith("About it.")
    assert f"(#{trials.partition('#')[2]})" in about
    assert "All 4 trials in parallel coordinates" in about
    assert all(child.info.run_id in about for child in children)
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
    write = trial_runs.write_runs

    def breaks(client, uri, number, records):
        write(client, uri, number, records[:2])
        client.create_run(number, records[2].start, dict(records[2].tags), records[2].name)
        raise KeyboardInterrupt

    monkeypatch.setattr(trial_runs, "write_runs", breaks)
    with pytest.raises(KeyboardInterrupt):
        record_experiment(tmp_path, params, experiment_of(tmp_path))
    ended = ["FAILED", "FINISHED", "RUNNING", "RUNNING"]  # one of them the parent
    assert sorted(run.info.status for run in runs_of(tmp_path, "phones_experiment")) == ended
    monkeypatch.setattr(trial_runs, "write_runs", write)
    for _ in range(2):
        record_experiment(tmp_path, params, experiment_of(tmp_path))
        children = runs_of(tmp_path, "phones_experiment")[1:]
        assert sorted(child.data.tags["trial"] for child in children) == ["0", "1", "2", "9"]
        assert {child.info.status for child in children} == {"FINISHED", "FAILED"}
        assert all(child.data.params for child in children)


def record_of(start: int = 1_000) -> RunRecord:
    return RunRecord(
        "0.9: lr",
        start,
        start + 2_000,
        {"mlflow.user": "ada", PARENT: "none", "trial": "1"},
        {"training.optimizer.lr": 0.1, "model.hidden": [8], "odd*name": "x" * 7000},
        {"validation/a": 0.9},
        {"Loss/train": [(epoch, 1 / epoch) for epoch in range(1, 1101)]},
    )


def test_runs_written_at_once_are_those_of_mlflows_client(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = open_store(uri)
    number = client.create_experiment("phones")
    write_runs(client, uri, number, [record_of()])
    begun = client.create_run(number, 1_000, dict(record_of().tags), record_of().name)
    complete_run(client, begun.info.run_id, record_of())
    ours, theirs = (run.to_dictionary() for run in client.search_runs([number]))
    assert ours["info"].pop("run_id") != theirs["info"].pop("run_id")
    for run in (ours, theirs):
        place = Path(run["info"].pop("artifact_uri"))
        assert (place.parents[1].name, place.name) == (number, "artifacts")
        run["info"].pop("run_uuid", None)
    assert ours == theirs
    assert ours["data"]["metrics"] == {"validation/a": 0.9, "Loss/train": 1 / 1100}
    histories = [
        [(one.step, one.value, one.timestamp) for one in client.get_metric_history(own, name)]
        for own in (run.info.run_id for run in client.search_runs([number]))
        for name in ("Loss/train",)
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 1100


def test_a_store_with_other_tables_is_written_as_the_client_does(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = open_store(uri)
    number = client.create_experiment("phones")
    row = run_records._run_row
    monkeypatch.setattr(
        run_records, "_run_row", lambda *given: {**row(*given), "lifecycle_stage": "none"}
    )
    write_runs(client, uri, number, [record_of(), record_of(5_000)])
    found = client.search_runs([number])
    assert [run.info.start_time for run in found] == [5_000, 1_000]
    assert all(run.data.metrics["validation/a"] == 0.9 for run in found)


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
