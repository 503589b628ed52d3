"""The `model` group of a table's YAML: every kind of network by its name.

A new kind is a class of its words in `kinds`, a torch module beside this file, and an entry here.
"""

from __future__ import annotations

from colonnade.training.networks.kinds.auto_params import AutoParams
from colonnade.training.networks.kinds.kind import KINDS, OWN, ModelParams, NetworkKind, kind_named
from colonnade.training.networks.kinds.mlp_params import MlpParams
from colonnade.training.networks.kinds.own_params import OwnNetworkParams
from colonnade.training.networks.kinds.realmlp_params import RealMlpParams
from colonnade.training.networks.kinds.revisiting_params import (
    AutoencoderParams,
    CnnParams,
    ResNetParams,
    TransformerParams,
)
from colonnade.training.networks.kinds.tabm_params import TabMParams

__all__ = ["KINDS", "ModelParams", "NetworkKind", "kind_named"]

_MLP = NetworkKind(MlpParams, ("mlp", "Mlp"), member_axis=True)

KINDS |= {
    "linear": _MLP,
    "mlp": _MLP,
    "mlp_skip": _MLP,
    "realmlp": NetworkKind(RealMlpParams, ("realmlp", "RealMlp")),
    "tabm": NetworkKind(TabMParams, ("published.tabm", "TabM")),
    "ft_transformer": NetworkKind(TransformerParams, ("published.ft_transformer", "FTTransformer")),
    "resnet": NetworkKind(ResNetParams, ("published.resnet", "ResNet")),
    "cnn": NetworkKind(CnnParams, ("published.cnn", "Cnn")),
    "autoencoder": NetworkKind(AutoencoderParams, ("published.autoencoder", "Autoencoder")),
    "auto": NetworkKind(AutoParams, ("auto", "")),
    OWN: NetworkKind(OwnNetworkParams, ("own", "build_own")),
}
