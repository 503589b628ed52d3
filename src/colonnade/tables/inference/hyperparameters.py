"""The hyperparameters that a new table begins with, chosen by tests/benchmarks/tables.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import Task

Effort = Literal["quick", "normal", "best"]

BINS, FROM_ROWS = 16, 1000
"""Numbers are encoded over so many bins where there are so many rows; on fewer it does harm."""


def network_words(n_rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network and its training that do well on tables of so many labelled rows.

    Returns: the groups `model` and `training`, in the words of the YAML.
    """
    # some 40 steps an epoch, within what trains well and what trains fast
    batch = min(256, max(32, 2 ** round(math.log2(max(n_rows, 1) / 57))))
    model = {"kind": "mlp_skip", "hidden": [128, 128], "dropout": 0.2}
    training = {
        "optimizer": {"name": "adamw", "lr": 0.003, "weight_decay": 0.1},
        "scheduler": "cosine",
        "epochs": 40,
        "batch_size": batch,
        "early_stopping": True,
    }
    return model, training


def usual_hyperparameters(
    task: Task, n_rows: int, effort: Effort = "normal"
) -> dict[str, dict[str, Any]]:
    """A model and a training that hold their own beside simple models on tables of many kinds.

    Args:
        n_rows: with a label.
        effort: quick: one network in place of a blend, for a small part of the time; best: larger
            networks in the blend, too.

    Returns: the groups `standardize`, `model` and `training`, in the words of the YAML.
    """
    if effort != "quick":
        model = {"kind": "auto"} if effort == "normal" else {"kind": "auto", "candidates": "best"}
        return {"standardize": {"bins": BINS}, "model": model, "training": {}}
    model, training = network_words(n_rows)
    if task != "regression":
        training["temperature"] = True
    bins = {"bins": BINS} if n_rows >= FROM_ROWS else {}
    return {"standardize": bins, "model": model, "training": training}
