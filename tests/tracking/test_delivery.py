"""Runs that were kept while the server was away, and how they come to it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from colonnade.tracking.recording.delivery import deliver
from colonnade.tracking.recording.recorder import Recorder, RunStart
from colonnade.tracking.recording.writer_process import WriterProcess
from colonnade.tracking.tracking_params import TrackingParams
from tests.conftest import kedro_in, make_project

from .conftest import free_port, journals
from .test_server import door_to, mlflow_server, server

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own
__all__ = ["server"]


def keep_run(project: Path, address: str, name: str) -> None:
    """Record a run of every kind of message while nobody listens at the address."""
    figure, weights = project / "figure.png", project / "weights"
    figure.write_text(name)
    weights.mkdir(exist_ok=True)
    (weights / "model.json").write_text(name)
    start = RunStart("phones", name, {"training.epochs": 3})
    recorder = Recorder.start(project, TrackingParams(uri=address, mode="optional"), start)
    recorder.dataset({"name": "phones.csv", "rows": 2, "columns": 2, "sha256": "0123456789abcdef"})
    recorder.metrics({"test/accuracy": 0.5})
    losses = {"epoch": [1, 2], "train_loss": [0.9, 0.5], "seconds": [1.0, 2.0]}
    recorder.epochs(pd.DataFrame(losses))
    recorder.artifact(figure, "figures")
    recorder.model(weights, pd.DataFrame({"ram": [1]}), pd.DataFrame({"price": [0]}))
    assert recorder.finish() is None


def runs_at(address: str) -> tuple[MlflowClient, list[Run]]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(address)
    found = client.get_experiment_by_name("phones")
    assert found is not None
    order = ["attributes.start_time ASC"]
    return client, list(client.search_runs([found.experiment_id], order_by=order))


def assert_whole(client: MlflowClient, run: Run, folder: Path) -> None:
    """Everything is there, and once."""
    assert run.info.status == "FINISHED"
    assert "ended" not in run.data.tags
    assert run.data.params == {"training.epochs": "3"}
    history = client.get_metric_history(run.info.run_id, "Loss/train")
    assert [(point.step, point.value) for point in history] == [(1, 0.9), (2, 0.5)]
    assert len(client.get_metric_history(run.info.run_id, "test/accuracy")) == 1
    assert [one.dataset.name for one in run.inputs.dataset_inputs] == ["phones.csv"]
    [output] = run.outputs.model_outputs
    models = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
    )
    assert [(model.model_id, str(model.status)) for model in models] == [(output.model_id, "READY")]
    target = folder / run.info.run_id
    target.mkdir()
    figure = client.download_artifacts(run.info.run_id, "figures/figure.png", str(target))
    assert Path(figure).read_text() == run.info.run_name


def test_kept_runs_are_delivered_when_the_server_is_back(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    project = make_project(tmp_path / "project")
    (project / "conf/local/mlflow.yml").write_text(f"uri: {address}\nmode: optional\n")
    kedro = kedro_in(project)
    for name in ("first", "second"):
        keep_run(project, address, name)
    message = kedro("deliver", expect=1).stderr
    assert f"The tracking server {address} does not answer" in message
    assert "2 runs are kept in .colonnade/tracking; nothing is lost." in message
    (tmp_path / "server").mkdir()
    with mlflow_server(tmp_path / "server", port):
        first, second, count = kedro("deliver").stdout.splitlines()
        assert count == "2 delivered, 0 kept."
        client, runs = runs_at(address)
        assert [run.info.run_name for run in runs] == ["first", "second"]
        for line, run in zip((first, second), runs, strict=True):
            name = f"phones: {run.info.run_name}"
            assert re.match(rf"{name} \(\d\d-\d\d \d\d:\d\d\): delivered, {address}/#/", line)
            assert run.info.run_id in line
            assert_whole(client, run, tmp_path)
        assert kedro("deliver").stdout == "No run is waiting: all have been delivered.\n"
        assert len(runs_at(address)[1]) == 2
    assert journals(project) == []


def test_delivery_that_is_killed_again_and_again_records_once(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_run(tmp_path, f"http://127.0.0.1:{free_port()}", "killed")
    pids: list[int] = []
    left = [0]

    class Watched(WriterProcess):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            pids.append(self.pid)

    def strike(path: str) -> bool:
        left[0] -= 1
        if left[0] == 0:
            os.kill(pids[-1], signal.SIGKILL)
        return left[0] == 0

    monkeypatch.setattr("colonnade.tracking.recording.delivery.WriterProcess", Watched)
    with door_to(server, login="", strike=staticmethod(strike)) as address:
        while journals(tmp_path):
            assert len(pids) < 10
            left[0] = 2 * 2 ** len(pids)  # further each time: it must come to an end
            [delivered] = deliver(tmp_path, TrackingParams(uri=address))
            assert delivered.url or delivered.kept.startswith("the delivery broke off.")
        assert len(pids) > 3
        client, runs = runs_at(address)
        [run] = [run for run in runs if run.info.run_name == "killed"]
        assert_whole(client, run, tmp_path)


def test_answer_that_is_lost_makes_no_second_run(tmp_path: Path, server: str) -> None:
    keep_run(tmp_path, f"http://127.0.0.1:{free_port()}", "asked twice")
    lost: list[str] = []

    def strike(path: str) -> bool:
        if not path.endswith("/runs/create") or lost:
            return False
        lost.append(path)
        return True

    with door_to(server, login="", strike=staticmethod(strike)) as address:
        [delivered] = deliver(tmp_path, TrackingParams(uri=address))
        assert delivered.url
        assert lost
        client, runs = runs_at(address)
        [run] = [run for run in runs if run.info.run_name == "asked twice"]
        assert_whole(client, run, tmp_path)
