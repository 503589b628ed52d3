"""What is left of a run whose process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from .conftest import journals, runs_of, wait_for

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


def writer_of(parent: subprocess.Popen[str]) -> psutil.Process:
    [child] = psutil.Process(parent.pid).children()
    return child


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_run_of_a_killed_process_ends_as_killed(tmp_path: Path, started: Start, blow: int) -> None:
    run = started(WAIT, tmp_path)
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


def test_writer_outlives_the_signals_of_a_system_that_stops(
    tmp_path: Path, started: Start
) -> None:
    run = started("input_ = sys.stdin.readline()" + FINISH, tmp_path)
    wait_for(lambda: runs_of(tmp_path))
    writer = writer_of(run)
    for blow in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        writer.send_signal(blow)
    assert run.wait(30) == 0
    assert [found.info.status for found in runs_of(tmp_path)] == ["FINISHED"]


def test_next_run_ends_a_run_whose_writer_was_killed_too(tmp_path: Path, started: Start) -> None:
    first = started(WAIT, tmp_path)
    wait_for(lambda: [run for run in runs_of(tmp_path) if run.data.metrics])
    writer_of(first).kill()
    first.kill()
    first.wait(10)
    assert [run.info.status for run in runs_of(tmp_path)] == ["RUNNING"]
    second = started(FINISH, tmp_path)
    assert second.wait(30) == 0, second.communicate()[1]
    old, new = wait_for(
        lambda: (
            found
            if all(run.info.status != "RUNNING" for run in (found := runs_of(tmp_path)))
            else None
        )
    )
    assert (old.info.status, new.info.status) == ("KILLED", "FINISHED")
    assert old.data.metrics == {"test/accuracy": 0.5}
    assert old.info.end_time < new.info.start_time
    wait_for(lambda: not journals(tmp_path))


def test_run_whose_writer_was_killed_is_told_and_delivered_by_the_next(
    tmp_path: Path, started: Start
) -> None:
    first = started("input_ = sys.stdin.readline()\n" + WAIT, tmp_path)
    first_writer = wait_for(lambda: psutil.Process(first.pid).children())[0]
    first_writer.kill()
    first.kill()
    first.wait(10)
    assert len(journals(tmp_path)) == 1
    second = started(FINISH, tmp_path)
    assert second.wait(30) == 0, second.communicate()[1]
    wait_for(lambda: not journals(tmp_path))
    assert len(runs_of(tmp_path)) == 2


def test_two_processes_create_one_fresh_store(tmp_path: Path, started: Start) -> None:
    both = [started(FINISH, tmp_path), started(FINISH, tmp_path)]
    ids = []
    for run in both:
        out, problems = run.communicate(timeout=60)
        assert run.returncode == 0, problems
        ids.append(out.strip())
    found = runs_of(tmp_path)
    assert sorted(run.info.run_id for run in found) == sorted(ids)
    assert {run.info.status for run in found} == {"FINISHED"}
