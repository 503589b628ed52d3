"""A body that is a user's torch module, used as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from colonnade.errors import ParameterError
from colonnade.training.components.layers.dropout import global_draws

if TYPE_CHECKING:
    from colonnade.training.networks.base import Inputs, Outputs
    from colonnade.training.networks.kinds.own_params import OwnNetworkParams

# Two rows tell whether rows stay rows; one has no variance for batch norm.
_TRIED_ROWS = 2


def build_own(
    inputs: Inputs, outputs: Outputs, params: OwnNetworkParams, generator: torch.Generator
) -> nn.Module:
    """Build a class of the user's own; what it draws from torch's generator follows from ours.

    Raises: ParameterError if it cannot be built, or does not compute outputs of the shape needed.
    """
    try:
        with global_draws(generator):
            body = params.network(inputs, outputs.width, **params.words)
            numeric, codes = inputs.split(torch.zeros(_TRIED_ROWS, inputs.n_features))
            with torch.no_grad():
                shape = tuple(body.eval()(numeric, codes).shape)
    except Exception as error:
        raise ParameterError(
            f"model.kind {params.kind} fails on {_TRIED_ROWS} rows of {inputs.n_numeric} numbers "
            f"and {len(inputs.codes)} codes: {type(error).__name__}: {error}"
        ) from error
    if shape != (_TRIED_ROWS, outputs.width):
        raise ParameterError(
            f"model.kind {params.kind} gives {shape} for {_TRIED_ROWS} rows, where "
            f"({_TRIED_ROWS}, {outputs.width}) is needed: n_outputs numbers a row."
        )
    names = [name for name, _ in body.named_parameters(remove_duplicate=False)]
    if len(names) > len(list(body.named_parameters())):
        raise ParameterError(
            f"model.kind {params.kind} holds one parameter under two names: call the module that "
            "owns it twice instead."
        )
    trained: nn.Module = body.train()
    return trained
