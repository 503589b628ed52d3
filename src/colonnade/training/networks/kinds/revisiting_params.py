"""The words of FT-Transformer, ResNet, CNN and autoencoder, and their recipes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from colonnade.errors import ParameterError
from colonnade.training.networks.kinds.kind import ModelParams, Widths

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


class CnnParams(ModelParams):
    """A convolutional network, for the columns that `schema.image` names as a picture.

    channels: filters of each layer; every layer but the first halves the picture, while it has a
      side of 4 or more.
    kernel: side of the filters, an odd number. dropout: before the last layer.
    Other columns join the picture's features before the last layer; categories are one-hot there.
    """

    kind: Literal["cnn"] = "cnn"
    channels: Widths = (16, 32, 32)
    kernel: int = Field(3, ge=1, le=15)
    dropout: float = Field(0.3, ge=0, lt=1)

    @field_validator("kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"an even kernel has no center: write {value - 1} or {value + 1}.")
        return value

    @field_validator("channels")
    @classmethod
    def _some(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value:
            raise ValueError("write the number of filters of one layer or more, as 16x32.")
        return value

    def check_picture(self, picture: tuple[int, int, int] | None) -> None:
        """Refuse a table that has no picture."""
        if picture is None:
            raise ParameterError(
                "model.kind cnn looks at a picture, and the table has none: write which columns "
                "are its pixels, as `schema.image: {columns: pixel_*, shape: [8, 8]}`."
            )

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give AdamW and one cycle of its rate (Smith and Topin 2018)."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.01},
            "scheduler": {"name": "one_cycle", "interval": "step"},
            "epochs": 20,
        }


class AutoencoderParams(ModelParams):
    """An autoencoder, for `schema.task: anomaly`: it gives each row again, through a short code.

    hidden: widths of the layers before the code; those behind it are the same in reverse.
    code: how many numbers the code has. dropout: of the inputs.
    """

    kind: Literal["autoencoder"] = "autoencoder"
    hidden: Widths = (64,)
    code: PositiveInt = 8
    dropout: float = Field(0.0, ge=0, lt=1)

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give a rate that goes down, and as many epochs as small tables need."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.003},
            "scheduler": "cosine",
            "epochs": 100,
            "early_stopping": {"patience": 20},
        }
