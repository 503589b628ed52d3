"""TabM: k multilayer perceptrons that share most of their weights, from its authors' package.

Source: Gorishniy et al. 2025, TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tabm
import torch
from rtdl_num_embeddings import PeriodicEmbeddings, PiecewiseLinearEmbeddings
from torch import Tensor, nn

from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.tabm_params import TabMParams


class TabM(tabm.TabM):  # type: ignore[misc]
    """The authors' module, which begins by the train rows where its embeddings have bins.

    Each of its k submodels has its own loss; after training their predictions are averaged.
    """

    def __init__(
        self, inputs: Inputs, outputs: Outputs, params: TabMParams, generator: torch.Generator
    ) -> None:
        with global_draws(generator):
            embeddings = _embeddings(inputs.n_numeric, params)
            super().__init__(
                n_num_features=inputs.n_numeric,
                cat_cardinalities=list(inputs.cardinalities),
                d_out=outputs.width,
                num_embeddings=embeddings,
                n_blocks=len(params.widths),
                d_block=params.widths[0],
                dropout=params.dropout,
                arch_type=params.arch,
                k=params.k,
                start_scaling_init="random-signs" if embeddings is None else "normal",
            )
        self.inputs = inputs
        self.n_submodels = self.weight_reuse = params.k
        if not outputs.bias:
            self.output.bias = None
        self._exempt_from_weight_decay()

    def _exempt_from_weight_decay(self) -> None:
        """Let decay what the paper's experiments let decay (its lib/deep.py).

        Every bias is exempt, though of a submodel each; scalings and the piecewise part are not.
        """
        module: Any
        for module in self.modules():
            module.no_weight_decay = frozenset({"bias"})
        embeddings: Any = self.num_module
        if embeddings is not None:
            piecewise = isinstance(embeddings, PiecewiseLinearEmbeddings)
            exempt = embeddings.linear0 if piecewise else embeddings.periodic
            exempt.no_weight_decay = frozenset({"weight", "bias"})

    def start(
        self, numeric: Tensor, categorical: Tensor | None, generator: torch.Generator
    ) -> None:
        """Set the bins by the train rows, and let codes that no row has say nothing."""
        embeddings: Any = self.num_module
        if isinstance(embeddings, PiecewiseLinearEmbeddings):
            set_bins(embeddings.impl, numeric)
        if categorical is not None:
            self.inputs.silence_absent(self.backbone.blocks[0][0].weight, categorical)

    def forward(self, numeric: Tensor, categorical: Tensor | None = None) -> Tensor:
        """Shape: (n, n_numeric), (n, n_categorical) -> (k, n, n_outputs), for k above 1."""
        outputs: Tensor = super().forward(numeric if self.inputs.n_numeric else None, categorical)
        return outputs[:, 0] if self.n_submodels == 1 else outputs.transpose(0, 1)


def _embeddings(n_numeric: int, params: TabMParams) -> nn.Module | None:
    if params.numeric_embedding == "none" or not n_numeric:
        return None
    if params.numeric_embedding == "periodic":
        periodic: nn.Module = PeriodicEmbeddings(
            n_numeric,
            params.vector_width,
            n_frequencies=params.n_frequencies,
            frequency_init_scale=params.frequency_std,
            lite=False,
        )
        return periodic
    # Any bins: the train rows set theirs at the start, a stored model at loading.
    bins = [torch.arange(params.bins + 1.0)] * n_numeric
    piecewise: nn.Module = PiecewiseLinearEmbeddings(
        bins, params.vector_width, activation=False, version="B"
    )
    return piecewise


def set_bins(encoding: Any, numeric: Tensor) -> None:
    """Let the bins of a piecewise-linear encoding hold equally many train rows each.

    A column of fewer values has fewer bins, and its unused components are 0, as in the package: the
    last bin is the last component, whatever comes before. With one bin it is linear up from its
    minimum, with one value it is 0.

    Shape: numeric (n, n_numeric).
    Source: Gorishniy et al. 2022, On Embeddings for Numerical Features, 3.2.1.
    """
    n_bins = max(1, min(encoding.weight.shape[1], len(numeric) - 1))
    encoding.weight.zero_()
    encoding.bias.zero_()
    for weight, bias, column in zip(encoding.weight, encoding.bias, numeric.T, strict=True):
        # float64: ties must not fall apart into bins of the width of a rounding error
        edges = np.quantile(column.double().numpy(), np.linspace(0, 1, n_bins + 1))
        edges = np.unique(edges.astype(np.float32)).astype(np.float64)
        if len(edges) == 1:
            continue
        slope = torch.from_numpy(1 / np.diff(edges))
        shift = torch.from_numpy(-edges[:-1] / np.diff(edges))
        for row, found in ((weight, slope), (bias, shift)):
            row[: len(found) - 1] = found[:-1]
            row[-1] = found[-1]
