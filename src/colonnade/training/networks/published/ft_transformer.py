"""FT-Transformer, from its authors' package.

Source: Gorishniy et al. 2021, Revisiting Deep Learning Models for Tabular Data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rtdl_revisiting_models as authors

from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.revisiting_params import TransformerParams


class FTTransformer(authors.FTTransformer):  # type: ignore[misc]
    """Every column a token, and one more that is read at the end."""

    def __init__(
        self,
        inputs: Inputs,
        outputs: Outputs,
        params: TransformerParams,
        generator: torch.Generator,
    ) -> None:
        words = self.get_default_kwargs(params.blocks) | params.written
        with global_draws(generator):
            super().__init__(
                n_cont_features=inputs.n_numeric,
                cat_cardinalities=list(inputs.cardinalities),
                d_out=outputs.width,
                **words,
            )
        self.inputs = inputs
        self.weight_reuse = 1 + inputs.n_features
        if not outputs.bias:
            self.backbone.output.linear.bias = None
        self._exempt_from_weight_decay()

    def _exempt_from_weight_decay(self) -> None:
        """Let decay what `make_parameter_groups` lets decay.

        Embeddings are exempt, as vectors are anyway, but for the gains of the last norm.
        """
        self.backbone.output.normalization.weight_decay_factors = {"weight": 1.0}
        embeddings: list[nn.Module | None] = [self.cont_embeddings, self.cat_embeddings]
        for part in embeddings:
            module: Any
            for module in () if part is None else part.modules():
                module.no_weight_decay = frozenset({"weight", "bias"})

    def start(
        self, numeric: Tensor, categorical: Tensor | None, generator: torch.Generator
    ) -> None:
        """Let codes that no row has say no more than that their column is there."""
        if categorical is not None:
            tables = self.cat_embeddings.embeddings
            for table, codes in zip(tables, self.inputs.absent(categorical), strict=True):
                table.weight[codes] = 0

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), (n, n_categorical) -> (n, n_outputs)."""
        outputs: Tensor = super().forward(numeric if self.inputs.n_numeric else None, categorical)
        return outputs
