"""A trainer's inputs and results: plain records without behavior."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.engine.batches import Rows
    from colonnade.training.models.target import Target
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams


@dataclass(frozen=True)
class MemberConfig:
    """One member of a training, every choice made: what distinguishes it from the others.

    model: its own parameters, of the shape that all members share.
    rows, validation_rows: its own rows of the train table; None: all train, all validation rows.
    penalty: the lasso's, of each input column (n_features,); None: no lasso.
    target: how its numbers are learned; None: as the job's.
    """

    seed: int
    order_seed: int
    lr: float
    weight_decay: float
    model: ModelParams
    rows: Tensor | None = None
    validation_rows: Tensor | None = None
    penalty: Tensor | None = None
    target: Target | None = None


@dataclass(frozen=True)
class TrainingJob:
    """What is to be learned, by which network, from which rows.

    target: how numbers are learned; None for classes.
    """

    network: NetworkSpec
    loss: Loss
    params: TrainingParams
    train: Rows
    validation: Rows
    dtype: torch.dtype = torch.float32
    target: Target | None = None


@dataclass
class History:
    """Each epoch's numbers, for every member.

    Shape: lr, train_loss, validation_loss: one list an epoch, of one number a member.
    Units: seconds since the start, counted over interruptions.
    """

    lr: list[list[float]] = field(default_factory=list)
    train_loss: list[list[float]] = field(default_factory=list)
    validation_loss: list[list[float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.seconds)

    def checked(self, n_members: int) -> History:
        """Give itself, if every epoch has a number for every member.

        Raises: ValueError.
        """
        for column in (self.lr, self.train_loss, self.validation_loss):
            if len(column) != len(self) or any(len(epoch) != n_members for epoch in column):
                raise ValueError("its history has gaps")
        return self
