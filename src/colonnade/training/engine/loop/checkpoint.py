"""A training run on disk: one safetensors file, whole or absent, that continues bit by bit.

Orders and dropout masks follow from (seed, epoch), rates from the epoch: no generator's state need
be kept. Numbers that must come back exactly are tensors, or JSON, which returns a float's bits.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from colonnade.errors import ModelError, TrainingError
from colonnade.tables.writing.atomic_file import replaced_file
from colonnade.training.engine.job import History

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.training.engine.loop.trainer import Trainer

FORMAT = "colonnade-checkpoint-2"
_MOST_THREADS = 1024
_HISTORY = ("lr", "train_loss", "validation_loss")


@dataclass(frozen=True)
class SavedTraining:
    """What a checkpoint gives back: the phase, the trainer's parts, and the earlier phase's end."""

    phase: int
    state: dict[str, Any]
    tensors: dict[str, Tensor]
    threads: int


class Checkpoint:
    """One file for one configuration and one table.

    configuration: everything that decides the bits, as flat names and plain values. rows: digests.
    """

    def __init__(self, path: Path, configuration: Mapping[str, Any], rows: str) -> None:
        self.path, self.configuration, self.rows = Path(path), dict(configuration), rows
        self.threads = 1

    def write(self, trainer: Trainer, phase: int, earlier: Mapping[str, Any]) -> None:
        """Replace the file by the trainer's present state.

        earlier: what later phases need of the phases before: plain data.
        Raises: TrainingError if the disk does not take it; the file stays what it was.
        """
        from safetensors.torch import save

        tensors = {name: t.detach().cpu().contiguous() for name, t in _tensors(trainer).items()}
        state = {
            "stopping": trainer.stopping.state(),
            "plateau": trainer.rates.plateau.state(),
            "average_steps": trainer.average.steps if trainer.average else 0,
            "earlier": earlier,
        }
        described = {
            "format": FORMAT,
            "recipe": self.configuration,
            "rows": self.rows,
            "phase": phase,
            "threads": self.threads,
            "state": state,
        }
        described["sha256"] = content_digest(described, tensors)
        content = save(tensors, metadata={"colonnade": json.dumps(described)})
        try:
            with replaced_file(self.path) as stream:
                stream.write(content)
        except OSError as error:
            raise TrainingError(
                f"the checkpoint {self.path} cannot be written: {error.strerror or error}. Free "
                "disk space, or make the folder writable, then resume: the last checkpoint is kept."
            ) from error

    def read(self) -> SavedTraining | None:
        """Give what was saved, or None where there is no file.

        Raises: ModelError for a file that is damaged, foreign, or of other parameters or rows.
        """
        if not self.path.exists():
            return None
        described, tensors = self._open()
        different = [
            f"{name} was {described['recipe'].get(name)!r} and is {self.configuration.get(name)!r}"
            for name in sorted({*described["recipe"], *self.configuration})
            if described["recipe"].get(name) != self.configuration.get(name)
        ]
        if different:
            raise ModelError(
                f"{self.path} belongs to another configuration: {'; '.join(different)}. Restore "
                "these, or train without resume."
            )
        if described["rows"] != self.rows:
            raise ModelError(
                f"{self.path} belongs to other rows than those given now. Restore the table and "
                "its split, or train without resume."
            )
        return SavedTraining(described["phase"], described["state"], tensors, described["threads"])

    def _open(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="pt") as file:
                described = json.loads((file.metadata() or {})["colonnade"])
                names = list(file.keys())
                tensors = {name: file.get_tensor(name).clone() for name in names}
            kinds = {"recipe": dict, "rows": str, "phase": int, "threads": int, "state": dict}
            if described["format"] != FORMAT:
                raise ValueError("it is of another format")
            for name, kind in kinds.items():
                if not isinstance(described[name], kind):
                    raise ValueError(f"its {name} is not readable")
            if described.pop("sha256") != content_digest(described, tensors):
                raise ValueError("its contents were altered")
            if described["phase"] not in {1, 2} or not 1 <= described["threads"] <= _MOST_THREADS:
                raise ValueError("its phase or its thread count is invalid")
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(
                f"{self.path} is not a usable checkpoint ({error}): it was truncated, altered, or "
                "written by another program. Remove it, or train without resume."
            ) from None
        return described, tensors


def restore(trainer: Trainer, saved: SavedTraining) -> None:
    """Put a trainer back to where it was.

    Raises: ModelError if the parts do not fit the trainer.
    """
    try:
        trainer.stopping.load(saved.state["stopping"])
        trainer.rates.plateau.load(saved.state["plateau"])
        if trainer.average is not None:
            trainer.average.steps = int(saved.state["average_steps"])
        trainer.history = _read_history(saved.tensors, len(trainer.members))
        own = {k[5:]: t for k, t in saved.tensors.items() if k.startswith("rule.")}
        trainer.rule.load(own)
        for name, tensor in _tensors(trainer).items():
            if not name.startswith(("history.", "rule.")):
                tensor.copy_(_same_shape(saved.tensors[name], tensor))
    except (KeyError, ValueError, TypeError, IndexError, OverflowError, RuntimeError) as error:
        raise ModelError(
            f"the checkpoint does not fit this training ({error}). Train without resume."
        ) from None


def history_tensors(history: History) -> dict[str, Tensor]:
    """Write the history as tensors.

    Shape: (epochs, M), seconds (epochs,).
    """
    found = {
        f"history.{name}": torch.tensor(getattr(history, name), dtype=torch.float64)
        for name in _HISTORY
    }
    return {**found, "history.seconds": torch.tensor(history.seconds, dtype=torch.float64)}


def _read_history(tensors: Mapping[str, Tensor], n_members: int) -> History:
    columns = [tensors[f"history.{name}"].tolist() for name in (*_HISTORY, "seconds")]
    return History(*columns).checked(n_members)


def _tensors(trainer: Trainer) -> dict[str, Tensor]:
    stack = trainer.stack
    parts = {
        "flat": stack.flat,
        "buffers": stack.buffers,
        "average": trainer.average.flat if trainer.average else None,
        "average_buffers": trainer.average.buffers if trainer.average else None,
        "kept": trainer.kept,
        "kept_buffers": trainer.kept_buffers,
    }
    found = {name: tensor for name, tensor in parts.items() if tensor is not None}
    found |= {f"rule.{name}": tensor for name, tensor in trainer.rule.tensors().items()}
    return found | history_tensors(trainer.history)


def _same_shape(saved: Tensor, own: Tensor) -> Tensor:
    if saved.shape != own.shape or saved.dtype != own.dtype:
        raise ValueError(f"a tensor of shape {tuple(saved.shape)}, not {tuple(own.shape)}")
    return saved


def content_digest(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Name everything that a checkpoint says: an altered one is refused by it."""
    found = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name in sorted(tensors):
        array = tensors[name].contiguous().numpy()
        found.update(f"{name}{array.dtype}{array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()
