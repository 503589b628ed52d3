"""A run that was killed ends with the bits of one that was not."""

from __future__ import annotations

import json
import logging
import multiprocessing
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tests.training import interrupted

from colonnade.errors import ModelError
from colonnade.training import load_model
from colonnade.training.engine.loop.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

# A server that has torch in memory forks each run: a real process, without the seconds of imports.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.training.interrupted", "torch", "safetensors.torch"])


def start(folder: Path, configuration: str, *kill: object) -> multiprocessing.process.BaseProcess:
    process = PROCESSES.Process(target=interrupted.run, args=(folder, configuration, *kill))
    process.start()
    return process


def ended(process: multiprocessing.process.BaseProcess) -> int | None:
    process.join(timeout=120)
    return process.exitcode


def finish(folder: Path, configuration: str) -> None:
    assert ended(start(folder, configuration)) == 0


def result(folder: Path):
    return load_model(folder / "model"), (folder / "history.json").read_bytes()


def assert_equal_bits(one: Path, other: Path) -> None:
    (model, history), (other_model, other_history) = result(one), result(other)
    assert history == other_history
    assert set(model.weights) == set(other_model.weights)
    for name, weight in model.weights.items():
        assert torch.equal(weight, other_model.weights[name]), name
    left = {k: v for k, v in model.facts.items() if k != "seconds"}
    assert left == {k: v for k, v in other_model.facts.items() if k != "seconds"}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    interrupted.train(folder, "everything")
    return folder


def test_killed_at_random_moments_ends_with_the_same_bits(tmp_path, uninterrupted):
    rng, kills = np.random.default_rng(), 0
    checkpoint = tmp_path / "run.safetensors"
    for _ in range(3):
        run = start(tmp_path, "everything")
        before, deadline = stamp(checkpoint), time.monotonic() + 60
        # Wait for a checkpoint of this process, so that each kill is in the midst of its training.
        while stamp(checkpoint) == before and run.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.08))
        run.kill()
        kills += ended(run) == -signal.SIGKILL
    assert kills > 0
    finish(tmp_path, "everything")
    assert_equal_bits(tmp_path, uninterrupted)


def stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@pytest.mark.parametrize(
    ("call", "count"), [("fsync", 7), ("replace", 10), ("replace", 1), ("fsync", 21)]
)
def test_killed_in_mid_save_ends_with_the_same_bits(tmp_path, uninterrupted, call, count):
    assert ended(start(tmp_path, "everything", call, count)) == -signal.SIGKILL
    finish(tmp_path, "everything")
    assert_equal_bits(tmp_path, uninterrupted)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "history.json",
        "model",
        "run.safetensors",
    ]


class StoppedError(Exception):
    pass


def train_until(folder: Path, configuration: str, n_checkpoints: int, monkeypatch) -> None:
    """Break off right after so many checkpoints."""
    write, written = Checkpoint.write, []

    def write_and_stop(self, *args):
        write(self, *args)
        written.append(1)
        if len(written) == n_checkpoints:
            raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "write", write_and_stop)
        with pytest.raises(StoppedError):
            interrupted.train(folder, configuration)


@pytest.mark.parametrize("configuration", ["lbfgs", "momentum"])
def test_every_optimizers_state_survives(tmp_path, configuration, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    interrupted.train(whole, configuration)
    train_until(cut, configuration, 2, monkeypatch)
    interrupted.train(cut, configuration)
    assert_equal_bits(cut, whole)


def test_warm_up_and_plateau_go_on_where_they_stood(tmp_path, monkeypatch):
    """Broken off in the warm-up, at its end, while it waits, and after the first fall."""
    whole = tmp_path / "whole"
    whole.mkdir()
    interrupted.train(whole, "plateau")
    rates = json.loads((whole / "history.json").read_text())["lr"]
    # Warm-up in quarters of the rate, then falls by half, down to the minimum.
    assert rates[:4] == pytest.approx([0.075, 0.15, 0.225, 0.3])
    falls = [epoch for epoch in range(4, 20) if rates[epoch] != rates[epoch - 1]]
    assert len(falls) >= 2
    assert [rates[e] for e in falls] == [max(rates[e - 1] / 2, 0.01) for e in falls]
    for n in (2, 3, falls[0] - 1, falls[0] + 1):
        cut = tmp_path / f"cut{n}"
        cut.mkdir()
        train_until(cut, "plateau", n, monkeypatch)
        interrupted.train(cut, "plateau")
        assert_equal_bits(cut, whole)


def test_a_finished_run_is_not_trained_again(tmp_path, caplog):
    caplog.set_level(logging.INFO, "colonnade")
    interrupted.train(tmp_path, "momentum")
    before = (tmp_path / "run.safetensors").read_bytes()
    history = (tmp_path / "history.json").read_bytes()
    interrupted.train(tmp_path, "momentum")
    assert (tmp_path / "run.safetensors").read_bytes() == before
    assert (tmp_path / "history.json").read_bytes() == history
    assert caplog.messages == [
        f"resume: there is no {tmp_path / 'run.safetensors'}: training starts from scratch",
        "resume: the training continues after epoch 30",
    ]


def test_another_configuration_is_refused(tmp_path):
    interrupted.train(tmp_path, "momentum")
    with pytest.raises(ModelError) as caught:
        interrupted.train(tmp_path, "momentum", epochs=31, seed=1)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'run.safetensors'} belongs to another configuration: ")
    assert "training.epochs was 30 and is 31; training.seed was 0 and is 1. " in message
    assert message.endswith("or train without resume.")


def test_other_rows_are_refused(tmp_path, monkeypatch):
    interrupted.train(tmp_path, "momentum")
    changed = interrupted.rows()
    changed.loc[3, "a"] += 1
    monkeypatch.setattr(interrupted, "rows", lambda: changed)
    with pytest.raises(ModelError, match="belongs to other rows than those given now"):
        interrupted.train(tmp_path, "momentum")


def spoil_nothing_but_the_end(content: bytes) -> bytes:
    return content[:-7]


def spoil_one_number(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


def claim_a_huge_header(content: bytes) -> bytes:
    return (2**62).to_bytes(8, "little") + content[8:]


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_nothing_but_the_end,
        spoil_one_number,
        claim_a_huge_header,
        lambda content: b"",
        lambda content: content[:100],
        lambda content: b"\x80\x04" + content,
    ],
)
def test_a_spoilt_checkpoint_is_refused(tmp_path, spoil):
    interrupted.train(tmp_path, "momentum")
    path = tmp_path / "run.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ModelError, match="is not a usable checkpoint"):
        interrupted.train(tmp_path, "momentum")


@pytest.mark.parametrize(
    "change",
    [
        lambda described: described["state"].pop("stopping"),
        lambda described: described["state"]["stopping"].update(best="x"),
        lambda described: described["state"]["stopping"].update(stopped=[0, 0]),
        lambda described: described["state"]["stopping"].update(best_epoch=[None]),
        lambda described: described["state"]["plateau"].update(waited=[]),
        lambda described: described["state"].update(average_steps=None, stopping=[]),
        lambda described: described.update(state=[]),
        lambda described: described.update(phase="2"),
        lambda described: described.update(phase=2),
        lambda described: described.update(phase=7),
        lambda described: described.update(threads=10**9),
        lambda described: described.pop("recipe"),
    ],
)
def test_a_hostile_description_is_refused(tmp_path, change):
    """Even one whose sums are right."""
    from colonnade.training.engine.loop.checkpoint import content_digest

    interrupted.train(tmp_path, "momentum")
    path = tmp_path / "run.safetensors"
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()["colonnade"])
    described.pop("sha256")
    change(described)
    tensors = load_file(path)
    described["sha256"] = content_digest(described, tensors)
    save_file(tensors, path, metadata={"colonnade": json.dumps(described)})
    with pytest.raises(ModelError):
        interrupted.train(tmp_path, "momentum")


def test_without_resume_an_old_checkpoint_is_overwritten(fit, tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"old")
    fit("ordinal", None, None, checkpoint=path)
    assert "flat" in load_file(path)
