from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.recording.journal import Journal
from colonnade.tracking.recording.recorder import Recorder, RunStart
from colonnade.tracking.tracking_params import TrackingParams

from .conftest import client_of, journals, runs_of, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run

RUN = RunStart("phones", "the run", {"training.epochs": 3})


@pytest.fixture
def nowhere() -> str:
    """An address where no server listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_tracking_that_is_off_writes_nothing(tmp_path: Path) -> None:
    recorder = Recorder.start(tmp_path, TrackingParams(mode="off"), RUN)
    recorder.metrics({"test/accuracy": 1.0})
    recorder.artifact(tmp_path / "there is no such file")
    assert recorder.finish() is None
    assert list(tmp_path.iterdir()) == []


def test_recorder_imports_neither_mlflow_nor_pandas() -> None:
    code = (
        "import sys, colonnade.tracking.recording.recorder, colonnade.tracking.tracking_params\n"
        "print([name for name in ('mlflow', 'pandas', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_required_server_that_is_down_stops_the_run(tmp_path: Path, nowhere: str) -> None:
    with pytest.raises(TrackingError) as caught:
        Recorder.start(tmp_path, TrackingParams(uri=nowhere), RUN)
    assert str(caught.value) == (
        f"The tracking server {nowhere} does not answer "
        f"([Errno {errno.ECONNREFUSED}] Connection refused). "
        "To go on without it, set `mode: optional` (the record is kept and delivered later) or "
        "`mode: off` in conf/base/mlflow.yml."
    )
    assert list(tmp_path.iterdir()) == []


def test_optional_server_that_is_down_leaves_the_record_in_a_journal(
    tmp_path: Path, nowhere: str, caplog: pytest.LogCaptureFixture
) -> None:
    figure = tmp_path / "figure.png"
    figure.write_bytes(b"first")
    params = TrackingParams(uri=nowhere, mode="optional")
    with caplog.at_level(logging.WARNING):
        recorder = Recorder.start(tmp_path, params, RUN)
        recorder.metrics({"test/accuracy": 0.5, "test/log_loss": float("nan")})
        recorder.artifact(figure, "figures")
        assert recorder.finish() is None
    figure.write_bytes(b"second")
    [lines] = journals(tmp_path)
    assert len(lines.read_text().splitlines()) == 4
    assert (lines.parent / "kept/2/figure.png").read_bytes() == b"first"
    assert (
        f"does not answer ([Errno {errno.ECONNREFUSED}] Connection refused). The run goes on"
        in caplog.text
    )
    assert f"kept in {lines.parent}; the next run delivers it, or `kedro deliver`." in caplog.text


def test_writer_that_cannot_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    recorder = Recorder.start(tmp_path, TrackingParams(), RUN)
    with pytest.raises(TrackingError, match="The writer has ended") as caught:
        recorder.finish()
    assert f"kept in {journals(tmp_path)[0].parent}" in str(caught.value)


def test_full_disk_does_not_hide_why_a_run_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(Journal, "keep", refuse)
    (tmp_path / "figure.png").touch()
    recorder = Recorder.start(tmp_path, TrackingParams(mode="required"), RUN)
    recorder.artifact(tmp_path / "figure.png")
    with pytest.raises(TrackingError, match="The writer has ended"):
        recorder.finish()


@pytest.mark.slow
def test_store_that_had_no_room_says_so_at_the_second_try_too(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from colonnade.tracking.store import create_sqlite\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        create_sqlite(Path(sys.argv[1]))\n"
        "    except Exception as error:\n"
        "        print(str(error).splitlines()[0])\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "mlflow.db")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(sqlite3.OperationalError) disk I/O error"] * 2


def test_failed_run_shows_its_own_error_not_trackings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    figure = tmp_path / "figure.png"
    figure.write_bytes(b"picture")
    recorder = Recorder.start(tmp_path, TrackingParams(), RUN)
    recorder.artifact(figure)
    assert recorder.writer is not None
    wait_for(lambda: recorder.writer.ended)
    assert recorder.finish("FAILED") is None
    assert "The writer has ended" in caplog.text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_failed_run_leaves_its_record_to_the_writer(tmp_path: Path) -> None:
    recorder = Recorder.start(tmp_path, TrackingParams(), RUN)
    writer = recorder.writer
    assert writer is not None
    recorder.metrics({"test/accuracy": 0.5})
    curve = tmp_path / "curve.csv"
    curve.write_text("of this run")
    recorder.artifact(curve)
    assert recorder.finish("FAILED") is None
    assert writer.running  # it imports MLflow still, and nobody waits for that
    curve.write_text("of a later run")
    wait_for(lambda: not journals(tmp_path))
    [run] = runs_of(tmp_path, RUN.experiment)
    assert run.info.status == "FAILED"
    assert run.data.metrics == {"test/accuracy": 0.5}
    assert "ended" not in run.data.tags
    [recorded] = tmp_path.glob(f"mlruns/*/{run.info.run_id}/artifacts/curve.csv")
    assert recorded.read_text() == "of this run"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("nonsense", "'nonsense' is not an address that MLflow supports: use sqlite:///mlflow.db"),
        ("htp://me:secret@host", "'htp://host' is not an address that MLflow supports"),
        ("sqlite:/mlflow.db", "'sqlite:/mlflow.db' is not an address that MLflow supports"),
        ("sqlite:///broken.db", "broken.db is not an MLflow store, or is damaged. Move it away"),
    ],
)
def test_store_that_is_none_stops_a_run_before_it_begins(
    tmp_path: Path, uri: str, message: str
) -> None:
    (tmp_path / "broken.db").write_bytes(b"rubbish")
    with pytest.raises(TrackingError) as caught:
        Recorder.start(tmp_path, TrackingParams(uri=uri), RUN)
    assert message in str(caught.value)
    assert journals(tmp_path) == []


def test_store_that_is_read_only_stops_a_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "mlflow.db"
    store.touch()
    monkeypatch.setattr(os, "access", lambda place, _: place != store)  # root may write anything
    with pytest.raises(TrackingError) as caught:
        Recorder.start(tmp_path, TrackingParams(), RUN)
    message = (
        f"The tracking store {store} cannot be written: {store} is read-only. To go on without"
    )
    assert str(caught.value).startswith(message)
    assert not journals(tmp_path)


def test_system_metrics_without_psutil_name_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colonnade.tracking.recording.recorder.find_spec", lambda name: None)
    with pytest.raises(TrackingError, match="needs the package psutil, which is not installed"):
        Recorder.start(tmp_path, TrackingParams(system_metrics=True), RUN)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_system_metrics_are_of_the_time_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psutil")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.1")
    recorder = Recorder.start(tmp_path, TrackingParams(system_metrics=True), RUN)
    wait_for(lambda: [run for run in runs_of(tmp_path, RUN.experiment) if _system(run)])
    assert recorder.finish() is not None
    [run] = runs_of(tmp_path, RUN.experiment)
    assert 0 < _system(run)["system_memory_usage_percentage"] < 100
    assert 0 <= _system(run)["cpu_utilization_percentage"] <= 100
    client = client_of(tmp_path)
    points = client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
    times = [run.info.start_time, *(point.timestamp for point in points), run.info.end_time]
    assert times == sorted(times)


def _system(run: Run) -> dict[str, float]:
    return {
        name.removeprefix("system/"): value
        for name, value in run.data.metrics.items()
        if name.startswith("system/")
    }


def test_command_line_and_process_are_recorded(tmp_path: Path, nowhere: str) -> None:
    params = TrackingParams(uri=nowhere, mode="optional")
    Recorder.start(tmp_path, params, RunStart("phones", "r", command="kedro run")).finish()
    text = journals(tmp_path)[0].read_text()
    assert '"command": "kedro run"' in text
    assert f'"pid": "{os.getpid()}"' in text
