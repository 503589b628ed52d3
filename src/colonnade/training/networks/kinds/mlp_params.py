"""The words of an MLP."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from colonnade.training.components.activations import ActivationParams
from colonnade.training.components.initializers import InitializerParams
from colonnade.training.networks.kinds.kind import ModelParams, Widths


class MlpParams(ModelParams):
    """A linear model, an MLP, or an MLP with a straight path from inputs to outputs beside it.

    hidden: widths of the hidden layers; `"128x256"` is the same as `[128, 256]`.
    activation, initializer: a word, or a word with its options.
    embedding_width: length of the vector learned for each category, where `standardize.categorical`
      is embedding; auto: longer, the more categories a column has.
    dropout: share of hidden outputs set to 0 in training. batch_norm: before each activation.
    A linear model reads the initializer alone.
    """

    kind: Literal["linear", "mlp", "mlp_skip"] = "mlp"
    hidden: Widths = (128, 256)
    activation: ActivationParams = ActivationParams.model_validate("relu")
    initializer: InitializerParams = InitializerParams.model_validate("default")
    embedding_width: Literal["auto"] | PositiveInt = "auto"
    dropout: float = Field(0.0, ge=0, lt=1)
    batch_norm: bool = False

    @model_validator(mode="after")
    def _check(self) -> MlpParams:
        if self.kind == "linear" and (self.dropout > 0 or self.batch_norm):
            raise ValueError(
                "a linear model has no hidden layer for dropout or batch_norm: remove them, or "
                "set model.kind to mlp or mlp_skip."
            )
        if self.kind != "linear" and not self.hidden:
            raise ValueError(f"model.kind {self.kind} needs at least one width in model.hidden.")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of the hidden layers that there are."""
        return () if self.kind == "linear" else self.hidden

    @property
    def dropout_rate(self) -> float:
        """Of every hidden layer."""
        return self.dropout

    @property
    def caution(self) -> str | None:
        """Weights that start at zero."""
        if self.initializer.name != "zeros" or not self.widths:
            return None
        return (
            "initializer `zeros` on hidden layers: all hidden gradients are exactly zero, and "
            "only the output's bias (and a straight path) will learn."
        )

    def width_of(self, n_codes: int) -> int:
        """Length of the vectors of a column with so many categories.

        Source: fastai.tabular.model.emb_sz_rule, 1.6 n^0.56, found by experiment; here at most 50.
        """
        usual = math.ceil(1.6 * math.pow(n_codes, 0.56))
        return min(50, usual) if self.embedding_width == "auto" else self.embedding_width
