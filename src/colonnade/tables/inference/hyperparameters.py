"""The hyperparameters that a new table begins with, chosen by tests/benchmarks/tables.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import Task

Effort = Literal["quick", "normal"]

BINS, FROM_ROWS = 16, 1000
"""Numbers are encoded over so many bins where there are so many rows; on fewer it does harm."""
MEMBERS = 8


def usual_hyperparameters(
    task: Task, n_rows: int, effort: Effort = "normal"
) -> dict[str, dict[str, Any]]:
    """A model and a training that hold their own beside simple models on tables of many kinds.

    Args:
        n_rows: with a label.
        effort: quick: one network in place of an ensemble, for an eighth of the time.

    Returns: the groups `standardize`, `model` and `training`, in the words of the YAML.
    """
    # some 40 steps an epoch, within what trains well and what trains fast
    batch = min(256, max(32, 2 ** round(math.log2(max(n_rows, 1) / 57))))
    training: dict[str, Any] = {
        "optimizer": {"name": "adamw", "lr": 0.003, "weight_decay": 0.1},
        "scheduler": "cosine",
        "epochs": 40,
        "batch_size": batch,
        "early_stopping": True,
    }
    if effort != "quick":
        training["members"] = MEMBERS
    if task != "regression":
        training["temperature"] = True
    return {
        "standardize": {"bins": BINS} if n_rows >= FROM_ROWS else {},
        "model": {"kind": "mlp_skip", "hidden": [128, 128], "dropout": 0.2},
        "training": training,
    }
