"""One training run as a process of its own, for tests that kill it.

It trains with a checkpoint, resuming from what is there, and saves the model and the history. It
can kill itself at the nth call of os.fsync or os.replace, which is in mid-save.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, save_model, train_model

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATIONS = {
    "everything": (
        {"kind": "mlp_skip", "hidden": [16, 8], "dropout": 0.2, "batch_norm": True},
        {
            "optimizer": {"name": "adamw", "lr": 0.01},
            "scheduler": {"name": "plateau", "patience": 3},
            "early_stopping": {"patience": 30},
            "epochs": 30,
            "batch_size": 16,
            "ema": 0.9,
            "members": 2,
            "temperature": True,
            "refit": True,
            "checkpoint_every": 3,
        },
    ),
    "lbfgs": (
        {"kind": "linear"},
        {"optimizer": {"name": "lbfgs", "max_iter": 2}, "epochs": 12, "checkpoint_every": 1},
    ),
    "plateau": (
        {"kind": "linear"},
        {
            "optimizer": {"name": "rmsprop", "lr": 0.3},
            "scheduler": {
                "name": "plateau",
                "warmup_epochs": 3,
                "patience": 1,
                "factor": 0.5,
                "minimum": 0.01,
            },
            "epochs": 20,
            "checkpoint_every": 1,
        },
    ),
    "momentum": (
        {"hidden": [16]},
        {
            "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
            "scheduler": "one_cycle",
            "epochs": 30,
            "checkpoint_every": 4,
        },
    ),
}


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 6)), columns=list("abcdef"))
    score = frame["a"] - frame["b"] + 0.3 * rng.normal(size=300)
    frame["y"] = np.digitize(score, [-1, 0, 1])
    return frame


def train(folder: Path, configuration: str, **changes: object) -> None:
    model, training = CONFIGURATIONS[configuration]
    raw = rows()
    schema = SchemaParams.model_validate({"target": "y", "task": "ordinal"})
    standardizer = fit_standardizer(raw[:240], schema, StandardizeParams())
    prepared = standardizer.transform(raw)
    done = train_model(
        prepared[:240],
        prepared[240:],
        standardizer,
        ModelParams.model_validate(model),
        TrainingParams.model_validate({**training, **changes}),
        checkpoint=folder / "run.safetensors",
        resume=True,
    )
    save_model(done.model, folder / "model")
    numbers = done.history.drop(columns="seconds")
    (folder / "history.json").write_text(json.dumps(numbers.to_dict("list")))


def kill_at(name: str, count: int) -> None:
    original, calls = getattr(os, name), 0

    def counted(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **options)

    setattr(os, name, counted)


def run(folder: Path, configuration: str, call: str = "", count: int = 0) -> None:
    """The target of a process; with a call's name it kills itself at its count-th call."""
    if call:
        kill_at(call, count)
    train(folder, configuration)
