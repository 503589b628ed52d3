"""The words of convolutional networks and autoencoders, and the recipes that go with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt, field_validator

from colonnade.errors import ParameterError
from colonnade.training.networks.kinds.kind import ModelParams, Widths


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
