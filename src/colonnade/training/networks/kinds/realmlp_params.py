"""The words of RealMLP, and the recipe that goes with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt

from colonnade.training.components.activations import ActivationParams
from colonnade.training.networks.kinds.kind import ModelParams, Widths


class RealMlpParams(ModelParams):
    """RealMLP, with the defaults of its authors, those of `training` included.

    numeric_embedding: pbld: mixtures of n_frequencies cosines of each number, whose frequencies
      start normal with frequency_std.
    onehot_up_to: where `standardize.categorical` is embedding, a column of more categories is given
      vectors of embedding_width.
    activation: auto: selu for classes, mish for numbers; each unit learns its strength.
    clamp: predicted numbers stay within the range of the train rows.
    """

    kind: Literal["realmlp"] = "realmlp"
    hidden: Widths = Field((256, 256, 256), min_length=1)
    activation: Literal["auto"] | ActivationParams = "auto"
    numeric_embedding: Literal["pbld", "none"] = "pbld"
    n_frequencies: PositiveInt = 16
    frequency_std: float = Field(0.1, gt=0)
    onehot_up_to: int = Field(9, ge=0)
    embedding_width: PositiveInt = 8
    dropout: float = Field(0.15, ge=0, lt=1)
    clamp: bool = True

    @property
    def dropout_rate(self) -> float:
        """Of every hidden layer."""
        return self.dropout

    @property
    def clamps(self) -> bool:
        """As `clamp` says."""
        return self.clamp

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give the authors' recipe; labels are not smoothed, which harms probabilities."""
        lr = 0.2 if task == "regression" else 0.04
        decay = {"name": "flat_cos", "interval": "step"}
        return {
            "optimizer": {"name": "adamw", "lr": lr, "beta2": 0.95, "weight_decay": 0.02},
            "scheduler": "coslog4",
            "dropout_scheduler": decay,
            "weight_decay_scheduler": decay,
            "epochs": 256,
            "batch_size": 256,
            "drop_last": True,
            "early_stopping": {"by": "error", "patience": None},
        }
