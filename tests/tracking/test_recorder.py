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
from colonnade.tracking.params import TrackingParams
from colonnade.tracking.recorder import Recorder, RunStart

from .conftest import journals

if TYPE_CHECKING:
    from pathlib import Path

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
        "import sys, colonnade.tracking.recorder, colonnade.tracking.params\n"
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
        "To go on without it, say `mode: optional` (the record is kept and delivered later) or "
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
    assert f"kept in {lines.parent}; the next run delivers it." in caplog.text


def test_writer_that_cannot_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    recorder = Recorder.start(tmp_path, TrackingParams(), RUN)
    with pytest.raises(TrackingError, match="The writer has ended") as caught:
        recorder.finish()
    assert f"kept in {journals(tmp_path)[0].parent}" in str(caught.value)


def test_failed_run_shows_its_own_error_not_trackings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    recorder = Recorder.start(tmp_path, TrackingParams(), RUN)
    assert recorder.finish("FAILED") is None
    assert "The writer has ended" in caplog.text


def test_command_line_and_process_are_recorded(tmp_path: Path, nowhere: str) -> None:
    params = TrackingParams(uri=nowhere, mode="optional")
    Recorder.start(tmp_path, params, RunStart("phones", "r", command="kedro run")).finish()
    text = journals(tmp_path)[0].read_text()
    assert '"command": "kedro run"' in text
    assert f'"pid": "{os.getpid()}"' in text
