"""What is done around the loop: members, checkpoints, refit, temperature, the facts of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from colonnade.training.loop import History, Individual, Program, Task
from colonnade.training.models import ModelParams
from colonnade.training.network import split_pieces
from colonnade.training.parameters import TrainingParams
from colonnade.training.regularization import input_weights
from colonnade.training.trained import TrainedModel
from colonnade.training.train import Fitted

if TYPE_CHECKING:
    from colonnade.tables.standardize import Standardizer


def fit(
    task: Task,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    threads: int,
    checkpoint: Path | None,
    resume: bool,
    progress: Callable[[int, int, float, float], object] | None,
) -> Fitted:
    """Run the whole of a training, with its refit and its temperature."""
    members = [
        Individual(
            training.seed + i,
            training.seed + i,
            training.optimizer.lr,
            training.optimizer.weight_decay,
            model.dropout,
            model.initializer,
        )
        for i in range(training.members)
    ]
    program = Program(task, members)
    program.run(progress)
    trained = trained_model(program, standardizer, model, training, range(len(members)), threads)
    return Fitted(trained, history_frame(program.history, range(len(members))))


def trained_model(
    program: Program,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    members: Sequence[int],
    threads: int,
) -> TrainedModel:
    flat, running = program.result()
    chosen = list(members)
    weights = {
        name: weight.detach().cpu().float().clone().contiguous()
        for name, weight in split_pieces(program.task.plan, flat[chosen]).items()
    }
    if running is not None:
        weights["running"] = running[chosen].detach().cpu().float().clone()
    facts = {
        "path": program.path,
        "threads": threads,
        "epochs_run": len(program.history),
        "n_parameters": program.task.plan.n_parameters,
        "seconds": program.history.seconds[-1],
    }
    return TrainedModel(standardizer, model, training, weights, facts)


def history_frame(history: History, members: Sequence[int]) -> pd.DataFrame:
    """Give the epochs as a table, averaged over the members."""

    def mean(values: list[list[float]]) -> list[float]:
        return [sum(row[i] for i in members) / len(members) for row in values]

    return pd.DataFrame(
        {
            "epoch": range(1, len(history) + 1),
            "lr": mean(history.lr),
            "train_loss": mean(history.train_loss),
            "validation_loss": mean(history.validation_loss),
            "seconds": history.seconds,
        }
    )
