"""The words of FT-Transformer and ResNet, and the recipes that go with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from colonnade.training.networks.kinds.kind import ModelParams

# What the authors' widths, 96 to 384 for 1 to 6 blocks, are multiples of.
_WIDTH_UNIT = 32
Share = Annotated[float, Field(ge=0, lt=1)]


class TransformerParams(ModelParams):
    """FT-Transformer: every column a token, attended to by every other (Gorishniy et al. 2021).

    width: of a token. auto: as the authors have it for so many blocks: of 3, width 192,
      attention_dropout 0.2 and dropout 0.1.
    dropout: in the layers behind the attention. residual_dropout: of what each block adds.
    """

    kind: Literal["ft_transformer"] = "ft_transformer"
    blocks: int = Field(3, ge=1, le=6)
    width: Literal["auto"] | PositiveInt = "auto"
    heads: PositiveInt = 8
    attention_dropout: Literal["auto"] | Share = "auto"
    dropout: Literal["auto"] | Share = "auto"
    residual_dropout: Share = 0.0

    @model_validator(mode="after")
    def _check(self) -> TransformerParams:
        width = _WIDTH_UNIT if self.width == "auto" else self.width
        if width % self.heads:
            raise ValueError(
                f"model.heads {self.heads} do not share model.width {self.width} equally: make the "
                "width a multiple of the heads."
            )
        return self

    @property
    def written(self) -> dict[str, Any]:
        """What is not left to the authors, as they name it."""
        named = {
            "d_block": self.width,
            "attention_n_heads": self.heads,
            "attention_dropout": self.attention_dropout,
            "ffn_dropout": self.dropout,
            "residual_dropout": self.residual_dropout,
        }
        return {name: value for name, value in named.items() if value != "auto"}

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give the authors' optimizer, and the patience of their experiments."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.0001, "weight_decay": 0.00001},
            "epochs": 200,
            "early_stopping": {"patience": 16},
        }


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
    dropout: Share = 0.15
    residual_dropout: Share = 0.0

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give AdamW as it is, and the patience of the authors' experiments."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.001},
            "epochs": 200,
            "early_stopping": {"patience": 16},
        }
