"""The words of ResNet, and the recipe that goes with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt

from colonnade.training.networks.kinds.kind import ModelParams


class ResNetParams(ModelParams):
    """ResNet for tables (Gorishniy et al. 2021), as its authors' page has it.

    width: between the blocks; inside, it is hidden_factor times as much.
    dropout: inside the blocks. residual_dropout: of what each block adds.
    Where `standardize.categorical` is embedding, categories are one-hot in the network.
    """

    kind: Literal["resnet"] = "resnet"
    blocks: PositiveInt = 2
    width: PositiveInt = 192
    hidden_factor: float = Field(2.0, ge=1, le=16)
    dropout: float = Field(0.15, ge=0, lt=1)
    residual_dropout: float = Field(0.0, ge=0, lt=1)

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give AdamW as it is, and the patience of the authors' experiments."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.001},
            "epochs": 200,
            "early_stopping": {"patience": 16},
        }
