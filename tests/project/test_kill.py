"""A run killed at any moment leaves whole files, a closed record, and a project that works."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from colonnade.training.models.storage import load_model
from tests.conftest import COMMAND, environment, forkserver, kedro_in, make_project

MOMENTS = [
    "ingest.ingest",
    "prepare.standardize",
    "epoch 400/",
    "train.train",
    "evaluate.evaluate",
    "report.write_report",
]


LONG = "phone_price.training.epochs=1000"


def kill_at(
    project: Path, moment: str, sign: signal.Signals = signal.SIGKILL, *, cold: bool = False
) -> None:
    """Start a run and send the signal when its log says that the moment has come."""
    words = ["run", "-v", "--pipeline", "phone_price", "--params", LONG]  # which tells each node
    log, writing = os.pipe()
    if cold:
        env = {**environment(), "PYTHONUNBUFFERED": "1"}
        run = subprocess.Popen(
            [COMMAND, *words], cwd=project, env=env, stdout=writing, stderr=writing
        )
    else:
        run = forkserver().start(["-m", "kedro", *words], project, environment(), writing, writing)
    os.close(writing)
    with run:
        with os.fdopen(log) as lines:
            if any(moment in line for line in lines):
                run.send_signal(sign)
        assert run.wait(30) != 0


def check_files(project: Path) -> None:
    """Every file that stands in the data folder is whole."""
    for path in (project / "data").rglob("*"):
        if path.suffix == ".parquet":
            pd.read_parquet(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".png":
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>")
    folder = project / "data/06_models/phone_price"
    if (folder / "model.json").exists():
        load_model(folder)


def statuses(project: Path, count: int) -> list[str]:
    """The state of each run, once none is running any more."""
    deadline = time.monotonic() + 40
    found: list[str] = []
    while time.monotonic() < deadline:
        try:
            with sqlite3.connect(project / "mlflow.db") as store:
                found = [s for (s,) in store.execute("select status from runs order by start_time")]
        except sqlite3.OperationalError:
            found = []  # the store is still being made
        if len(found) == count and "RUNNING" not in found:
            break
        time.sleep(0.2)
    return found


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_whole_files_and_the_next_run_works(
    project, tracked, kedro
):
    for number, moment in enumerate(MOMENTS):
        kill_at(project, moment, cold=number == 0)
        check_files(project)
    kedro("run", "--pipeline", "phone_price")
    check_files(project)
    assert statuses(project, len(MOMENTS) + 1) == ["KILLED"] * len(MOMENTS) + ["FINISHED"]
    strangers = [p for p in (project / "data").rglob("*") if "tmp" in p.name.lower()]
    assert strangers == []


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_recorded_as_killed(project, tracked, sign):
    kill_at(project, "epoch 200/", sign, cold=True)
    assert statuses(project, 1) == ["KILLED"]


@pytest.mark.slow
def test_a_killed_training_resumed_ends_with_the_same_bits(project, kedro, tmp_path):
    whole = make_project(tmp_path / "whole", quick=True, tracked=False)
    kedro_in(whole)("run", "--pipeline", "phone_price", "--params", LONG)
    kill_at(project, "epoch 500/")
    done = kedro("run", "--pipeline", "phone_price", "--params", f"{LONG},resume=true")
    assert "epoch 300/" not in done.stdout  # it went on from the last checkpoint
    assert "epoch 1000/" in done.stdout
    first, second = (load_model(p / "data/06_models/phone_price") for p in (whole, project))
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name])
    histories = [
        pd.read_csv(p / "data/08_reporting/phone_price/history.csv").drop(columns="seconds")
        for p in (whole, project)
    ]
    pd.testing.assert_frame_equal(*histories)
