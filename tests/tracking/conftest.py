"""Real stores in empty folders, and processes that can be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

T = TypeVar("T")
ROOM = ".colonnade/tracking"
START = """
import os, sys, time
from pathlib import Path
from colonnade.tracking.tracking_params import TrackingParams
from colonnade.tracking.recording.recorder import Recorder, RunStart

project = Path(sys.argv[1])
params = TrackingParams()
recorder = Recorder.start(project, params, RunStart("phones", "the run", {"training.epochs": 3}))
print(recorder.writer.pid, flush=True)
"""


@pytest.fixture(autouse=True)
def _no_other_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code in a process group of its own, and end what is left of it."""
    children: list[subprocess.Popen[str]] = []

    def start(code: str, *words: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", START + code, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"},
        )
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def wait_for(what: Callable[[], T], seconds: float = 30.0) -> T:
    """Wait until something is true, and give it."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def journals(project: Path) -> list[Path]:
    return sorted((project / ROOM).glob("*/messages.jsonl"))


def client_of(project: Path) -> MlflowClient:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        from mlflow.tracking import MlflowClient

        return MlflowClient(f"sqlite:///{project / 'mlflow.db'}")


def runs_of(project: Path, experiment: str = "phones") -> list[Run]:
    """Runs of an experiment, oldest first; none before the store is there."""
    if not (project / "mlflow.db").exists():
        return []
    client = client_of(project)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return []
    return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"]))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=5).close()
    except OSError:
        return False
    return True
