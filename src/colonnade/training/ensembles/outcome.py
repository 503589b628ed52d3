"""From parameters to members, and from a finished training to models with their facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from colonnade.training.engine.job import MemberConfig, TrainingJob
from colonnade.training.engine.loop.checkpoint import Checkpoint
from colonnade.training.ensembles.held_out import residual_facts
from colonnade.training.models.conformal import held_out_of
from colonnade.training.models.trained import TrainedModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.ensembles.phases import TrainingResult
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams


@dataclass(frozen=True)
class Fitted:
    """A trained model, and each epoch's numbers.

    history: epoch (from 1), lr, train_loss, validation_loss (NaN without rows), seconds.
    """

    model: TrainedModel
    history: pd.DataFrame


def ensemble(model: ModelParams, training: TrainingParams) -> list[MemberConfig]:
    """Give the members of one model: they differ in the seed alone, counted up from the first."""
    return [
        MemberConfig(
            training.seed + i,
            training.seed + i,
            training.optimizer.lr,
            training.optimizer.weight_decay,
            model,
        )
        for i in range(training.members)
    ]


def open_checkpoint(
    path: Path,
    job: TrainingJob,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
) -> Checkpoint:
    """Tie a file to the configuration and the rows that it belongs to.

    How often it is written changes no bit of the result; the thread count does, and `auto` takes
    up the file's own.
    """
    configuration = {
        **_flat("model", model.model_dump(mode="json")),
        **_flat("training", training.model_dump(mode="json", exclude={"checkpoint_every"})),
        "standardizer.task": standardizer.task,
        "device": job.train.numeric.device.type,
        "torch": torch.__version__,
    }
    parts = (job.train, job.validation)
    rows = "".join(part.digest(job.loss.row_weights(part.targets)) for part in parts)
    return Checkpoint(path, configuration, rows)


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{prefix}.{name}"
        found.update(_flat(path, value) if isinstance(value, dict) else {path: value})
    return found


def trained_model(
    result: TrainingResult,
    members: Sequence[int],
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    *,
    threads: int,
) -> TrainedModel:
    """Take some members' weights out of a training, as one model."""
    chosen = list(members)
    spec, buffers = result.job.network, result.buffers
    own = spec.tensors(result.flat[chosen], None if buffers is None else buffers[chosen])
    weights = {name: _own(tensor) for name, tensor in own.items()}
    facts = _facts(result, chosen, training, threads)
    if training.l1.active:
        facts["l1_strength"] = result.l1_strength
        read = [weights[name] for name in spec.input_weights]
        facts["dropped_columns"] = _dropped(read, standardizer.feature_names)
    refitted = result.refit_epochs is not None
    held_out = held_out_of(result.held_out, chosen, refitted=refitted)
    facts |= residual_facts(result.residuals, chosen)
    return TrainedModel(standardizer, model, training, weights, facts, held_out=held_out)


def _own(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", torch.float32).clone().contiguous()


def _facts(
    result: TrainingResult, members: list[int], training: TrainingParams, threads: int
) -> dict[str, Any]:
    """Say what happened, in plain data; of several members, the last or the mean."""
    epochs = len(result.history)
    runs = [result.stopped[i] or epochs for i in members]
    facts: dict[str, Any] = {
        "path": result.path,
        "device": result.job.train.numeric.device.type,
        "threads": threads,
        "seconds": round(result.seconds, 3),
        "n_parameters": result.job.network.parameters.size,
        "n_members": len(members),
        "epochs_run": max(runs),
        "best_epoch": round(sum(result.best_epochs[i] for i in members) / len(members)),
        "stopped_early": any(result.stopped[i] for i in members) and max(runs) < training.epochs,
    }
    if training.temperature:
        together = len(members) > 1
        facts["temperature"] = result.temperatures[0 if together else members[0] + 1]
    if result.refit_epochs is not None and result.refit_losses is not None:
        facts["refit_epochs"] = max(result.refit_epochs[i] for i in members)
        facts["refit_train_loss"] = sum(result.refit_losses[i] for i in members) / len(members)
    return facts


def _dropped(weights: Sequence[Tensor], names: Sequence[str]) -> list[str]:
    """Name the features that no member's weights read."""
    used = torch.zeros(len(names), dtype=torch.bool)
    for weight in weights:
        used |= (weight != 0).flatten(0, 1).any(0)
    return [name for name, kept in zip(names, used.tolist(), strict=True) if not kept]


def history_frame(result: TrainingResult, members: Sequence[int]) -> pd.DataFrame:
    """Give the epochs as a table; of several members, the mean of those that still ran."""
    history, rows = result.history, []
    for epoch in range(len(history)):
        running = [i for i in members if not result.stopped[i] or epoch < result.stopped[i]]
        if not running:
            break
        columns = (history.lr, history.train_loss, history.validation_loss)
        means = [sum(column[epoch][i] for i in running) / len(running) for column in columns]
        rows.append([epoch + 1, *means, history.seconds[epoch]])
    names = ["epoch", "lr", "train_loss", "validation_loss", "seconds"]
    return pd.DataFrame(rows, columns=names).astype({"epoch": int})
