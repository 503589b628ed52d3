"""From what a model's folder says, and the bytes of its weights, to the model."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from colonnade.errors import ModelError, UserError
from colonnade.training.models.blended import BlendedModel, Part
from colonnade.training.models.conformal import HeldOut
from colonnade.training.models.trained import TrainedModel
from colonnade.training.networks.kinds.auto_params import AutoParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from colonnade.training.networks.binding.spec import NetworkSpec

DESCRIPTION = "model.json"
_PART = re.compile(r"(\d+)\.(.+)")


def model_described(
    folder: Path, described: dict[str, Any], content: bytes, network: type | str | None
) -> TrainedModel:
    """Give the model.

    Args: folder: named by errors. network: see `load_model`.

    Raises: ModelError for a description or weights that are not of this version, or do not fit.
    """
    tensors = _read_tensors(folder, content)
    try:
        model = _read_model(folder, described, tensors, network)
        # not known of a model of an earlier version
        trained_on, table = described.get("trained_on"), described.get("table")
    except ModelError:
        raise
    except (ValueError, KeyError, TypeError, UserError) as error:
        raise ModelError(
            f"{folder / DESCRIPTION} does not describe a model of this version: {error}. "
            "Train it again."
        ) from None
    return dataclasses.replace(model, trained_on=trained_on, table=table)


def _read_model(
    folder: Path,
    described: Mapping[str, Any],
    tensors: dict[str, Tensor],
    network: type | str | None,
) -> TrainedModel:
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.networks.binding.spec import spec_for

    standardizer = Standardizer.model_validate(described["standardizer"])
    model = _model_params(folder, described["model"], network)
    training = TrainingParams.model_validate(described["training"])
    facts, errors = dict(described["facts"]), described["held_out"]
    held_out = None if errors is None else HeldOut.model_validate(errors)
    if isinstance(model, AutoParams):
        parts = _read_parts(folder, described["parts"], tensors)
        return BlendedModel(
            standardizer, model, training, {}, facts, held_out=held_out, parts=parts
        )
    n_classes = len(standardizer.classes or ())
    loss = training.loss_for(standardizer.task, n_classes).loss(standardizer.n_asked)
    spec = spec_for(model, standardizer, loss)
    _refuse_misfits(folder, tensors, spec)
    return TrainedModel(standardizer, model, training, tensors, facts, held_out=held_out)


def _read_parts(
    folder: Path, described: list[dict[str, Any]], tensors: dict[str, Tensor]
) -> tuple[Part, ...]:
    """The candidates of a blend; the names of their tensors begin with their numbers."""
    own: list[dict[str, Tensor]] = [{} for _ in described]
    for name, tensor in tensors.items():
        found = _PART.fullmatch(name)
        if found is None or int(found[1]) >= len(own):
            raise ValueError(f"the weights {name!r} are of no part")
        own[int(found[1])][found[2]] = tensor
    parts = tuple(
        Part(str(one["name"]), float(one["share"]), _read_model(folder, one, weights, None))
        for one, weights in zip(described, own, strict=True)
    )
    if not parts or any(isinstance(part.model, BlendedModel) for part in parts):
        raise ValueError("a blend is made of one model or more, and of no blends")
    return parts


def _model_params(folder: Path, words: Any, network: type | str | None) -> ModelParams:
    """Read the parameters of a network, whose class is imported only if the caller names it."""
    kind = str(words.get("kind")) if isinstance(words, dict) else ""
    if "." not in kind:
        return ModelParams.model_validate(words)
    given = network if isinstance(network, str | None) else _path_of(network)
    if given != kind:
        wrong = f"not {given}" if given else "which has to be given"
        raise ModelError(
            f"{folder} holds a model whose network is the class {kind}, {wrong}. If you trust it: "
            f"load_model(folder, network={kind.rpartition('.')[2]})"
        )
    context = None if isinstance(network, str) else {"network": network}
    return ModelParams.model_validate(words, context=context)


def _path_of(network: type) -> str:
    return f"{network.__module__}.{network.__qualname__}"


def _read_tensors(folder: Path, content: bytes) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(f"the weights in {folder} cannot be read: {error}.") from None


def _refuse_misfits(folder: Path, weights: dict[str, Tensor], spec: NetworkSpec) -> None:
    import torch

    slices = (*spec.parameters.slices, *spec.buffers.slices)
    shapes = {one.name: one.shape for one in slices}
    found = {name: tuple(weight.shape[1:]) for name, weight in weights.items()}
    members = {len(weight) for weight in weights.values() if weight.ndim}
    floats = all(weight.dtype == torch.float32 for weight in weights.values())
    if found != shapes or len(members) != 1 or not floats:
        raise ModelError(
            f"the weights in {folder} do not fit the network that {DESCRIPTION} describes. "
            "Train the model again."
        )
