"""What is left of a run whose process was killed, or whose project was moved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.comparison.compare import compare_runs
from colonnade.tracking.recording.delivery import deliver
from colonnade.tracking.recording.recorder import Recorder, RunStart
from colonnade.tracking.tracking_params import TrackingParams

from .conftest import client_of, journals, runs_of, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

Start = Callable[..., subprocess.Popen[str]]
WAIT = """
recorder.metrics({"test/accuracy": 0.5})
print("waiting", flush=True)
time.sleep(60)
"""
FINISH = """
recorder.metrics({"test/accuracy": 0.5})
print(recorder.finish().run_id)
"""


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy: creating one takes MLflow 1.2 s."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        from colonnade.tracking.store import create_sqlite

        file = tmp_path_factory.mktemp("store") / "mlflow.db"
        create_sqlite(file)
    return file


@pytest.fixture
def home(tmp_path: Path, empty_store: Path) -> Path:
    """A project with an empty store."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return tmp_path


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_run_of_a_killed_process_ends_as_killed(home: Path, started: Start, blow: int) -> None:
    run = started(WAIT, home)
    assert line_of(run).isdigit()
    assert line_of(run) == "waiting"
    os.killpg(run.pid, blow)  # the whole group, as a terminal's Ctrl-C does
    run.wait(10)
    [found] = wait_for(lambda: [r for r in runs_of(home) if r.info.status != "RUNNING"])
    assert found.info.status == "KILLED"
    assert found.data.metrics == {"test/accuracy": 0.5}
    assert found.data.tags["ended"] == (
        "the training process is gone (interrupted, killed, or out of memory)"
    )
    wait_for(lambda: not journals(home))


def test_writer_outlives_the_signals_of_a_system_that_stops(home: Path, started: Start) -> None:
    run = started("time.sleep(4)" + FINISH, home)
    writer = int(line_of(run))
    wait_for(lambda: runs_of(home))
    for blow in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(writer, blow)
    assert run.wait(30) == 0
    assert [found.info.status for found in runs_of(home)] == ["FINISHED"]


def test_run_whose_writer_was_killed_too_is_ended_later(home: Path, started: Start) -> None:
    first = started(WAIT, home)
    writer = int(line_of(first))
    wait_for(lambda: [run for run in runs_of(home) if run.data.metrics])
    os.kill(writer, signal.SIGKILL)
    first.kill()
    first.wait(10)
    assert [run.info.status for run in runs_of(home)] == ["RUNNING"]
    [delivered] = deliver(home, TrackingParams())  # as the next run's start does
    [run] = runs_of(home)
    assert delivered.title.startswith("phones: the run (")
    assert delivered.url.endswith(f"/runs/{run.info.run_id}?workflowType=machine_learning")
    assert run.info.status == "KILLED"
    assert run.data.metrics == {"test/accuracy": 0.5}
    assert deliver(home, TrackingParams()) == []


def test_two_processes_create_one_fresh_store(tmp_path: Path, started: Start) -> None:
    both = [started(FINISH, tmp_path), started(FINISH, tmp_path)]
    ids = []
    for run in both:
        out, problems = run.communicate(timeout=60)
        assert run.returncode == 0, problems
        ids.append(out.split()[-1])
    found = runs_of(tmp_path)
    assert sorted(run.info.run_id for run in found) == sorted(ids)
    assert {run.info.status for run in found} == {"FINISHED"}


@pytest.mark.parametrize("way", [shutil.move, shutil.copytree])
def test_project_in_another_place_keeps_its_artifacts(
    home: Path, tmp_path_factory: pytest.TempPathFactory, way: Callable[[str, str], object]
) -> None:
    place = tmp_path_factory.mktemp("elsewhere") / "project"
    first = _recorded(home, "first")
    way(str(home), str(place))
    second = _recorded(place, "second")
    client = client_of(place)
    for run_id, text in ((first, "first"), (second, "second")):
        folder = Path(client.get_run(run_id).info.artifact_uri)
        assert folder.is_relative_to(place / "mlruns")
        assert (folder / "figure.png").read_text() == text
    assert home.exists() == (way is shutil.copytree)
    if home.exists():
        [run] = runs_of(home)
        assert Path(run.info.artifact_uri).is_relative_to(home / "mlruns")


def _recorded(project: Path, text: str) -> str:
    recorder = Recorder.start(project, TrackingParams(), RunStart("phones", text))
    (project / "figure.png").write_text(text)
    recorder.artifact(project / "figure.png")
    recorded = recorder.finish()
    assert recorded is not None
    return recorded.run_id


def test_runs_in_the_trash_are_reported(home: Path) -> None:
    _recorded(home, "the run")
    [run] = runs_of(home)
    client_of(home).delete_experiment(run.info.experiment_id)
    with pytest.raises(TrackingError) as caught:
        compare_runs(home, TrackingParams(), "phones")
    assert str(caught.value) == (
        "phones: its runs are in MLflow's trash. The next run brings them back: kedro run "
        "--pipeline phones."
    )
    _recorded(home, "the next")
    assert len(runs_of(home)) == 2
