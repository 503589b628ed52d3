"""The words of TabM, and the recipe that goes with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from colonnade.training.networks.kinds.kind import ModelParams, split_widths


class TabMParams(ModelParams):
    """TabM: k multilayer perceptrons that share most of their weights (Gorishniy et al. 2025).

    k: how many. hidden: equal widths; auto: 256x256x256, or 256x256 upon embeddings. The authors'
      size, for GPUs, is k: 32 and 512 in place of 256.
    arch: tabm-mini: they differ in how they scale the inputs, and in their outputs, alone.
    numeric_embedding: what stands for each number: piecewise_linear: a vector that bends at
      quantiles of the train rows, between which lie so many `bins`; periodic: one made of
      n_frequencies cosines and sines, whose frequencies start normal with frequency_std.
    embedding_width: length of these vectors; auto: 16, or 24 of periodic ones.
    Where `standardize.categorical` is embedding, categories are one-hot in the network.
    """

    kind: Literal["tabm"] = "tabm"
    k: PositiveInt = 8
    hidden: Literal["auto"] | tuple[PositiveInt, ...] = "auto"
    dropout: float = Field(0.1, ge=0, lt=1)
    arch: Literal["tabm", "tabm-mini"] = "tabm"
    numeric_embedding: Literal["none", "piecewise_linear", "periodic"] = "none"
    bins: int = Field(48, ge=2)
    n_frequencies: PositiveInt = 48
    frequency_std: float = Field(0.01, gt=0)
    embedding_width: Literal["auto"] | PositiveInt = "auto"

    @field_validator("hidden", mode="before")
    @classmethod
    def _widths(cls, value: Any) -> Any:
        return value if value == "auto" else split_widths(value)

    @model_validator(mode="after")
    def _check(self) -> TabMParams:
        if len(set(self.widths)) != 1:
            raise ValueError(
                "model.kind tabm has hidden layers of one width, as `256x256x256`: make the widths "
                "of model.hidden equal."
            )
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        if self.hidden != "auto":
            return self.hidden
        return (256,) * (3 if self.numeric_embedding == "none" else 2)

    @property
    def vector_width(self) -> int:
        """Length of the vectors of numbers, by default the authors'."""
        if self.embedding_width != "auto":
            return self.embedding_width
        return 24 if self.numeric_embedding == "periodic" else 16

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give the recipe of the authors' example, which has no last epoch."""
        return {
            "optimizer": {"name": "adamw", "lr": 0.002, "weight_decay": 0.0003},
            "epochs": 200,
            "clip_norm": 1.0,
            "early_stopping": {"patience": 16},
        }
