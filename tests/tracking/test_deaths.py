"""What is left of a run whose process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .conftest import journals, runs_of, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

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


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_run_of_a_killed_process_ends_as_killed(tmp_path: Path, started: Start, blow: int) -> None:
    run = started(WAIT, tmp_path)
    assert line_of(run).isdigit()
    assert line_of(run) == "waiting"
    os.killpg(run.pid, blow)  # the whole group, as a terminal's Ctrl-C does
    run.wait(10)
    [found] = wait_for(lambda: [r for r in runs_of(tmp_path) if r.info.status != "RUNNING"])
    assert found.info.status == "KILLED"
    assert found.data.metrics == {"test/accuracy": 0.5}
    assert found.data.tags["ended"] == (
        "the process that trained has disappeared (killed, or out of memory)"
    )
    wait_for(lambda: not journals(tmp_path))


def test_writer_outlives_the_signals_of_a_system_that_stops(tmp_path: Path, started: Start) -> None:
    run = started("time.sleep(4)" + FINISH, tmp_path)
    writer = int(line_of(run))
    wait_for(lambda: runs_of(tmp_path))
    for blow in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(writer, blow)
    assert run.wait(30) == 0
    assert [found.info.status for found in runs_of(tmp_path)] == ["FINISHED"]


def test_next_run_ends_a_run_whose_writer_was_killed_too(tmp_path: Path, started: Start) -> None:
    first = started(WAIT, tmp_path)
    writer = int(line_of(first))
    wait_for(lambda: [run for run in runs_of(tmp_path) if run.data.metrics])
    os.kill(writer, signal.SIGKILL)
    first.kill()
    first.wait(10)
    assert [run.info.status for run in runs_of(tmp_path)] == ["RUNNING"]
    second = started(FINISH, tmp_path)
    assert second.wait(30) == 0, second.communicate()[1]
    wait_for(lambda: all(run.info.status != "RUNNING" for run in runs_of(tmp_path)))
    old, new = runs_of(tmp_path)
    assert (old.info.status, new.info.status) == ("KILLED", "FINISHED")
    assert old.data.metrics == {"test/accuracy": 0.5}
    assert old.info.end_time < new.info.start_time
    wait_for(lambda: not journals(tmp_path))


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
