"""What a training goes by: what the caller says, and what is chosen as for a new table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from colonnade.errors import ParameterError
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.tables.inference.hyperparameters import Effort, usual_hyperparameters
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.inference.infer import Inference

Words = dict[str, Any]
_OF_VALIDATION = ("early_stopping", "temperature")
"""What is chosen for the sake of validation rows, and left out where there are none."""


@dataclass(frozen=True)
class Recipe:
    """Every group of parameters that a table's YAML would have up to its model."""

    schema: SchemaParams
    split: SplitParams
    standardize: StandardizeParams
    model: ModelParams
    training: TrainingParams


def choose_recipe(
    inference: Inference,
    *,
    model: str | Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    standardize: Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    effort: Effort = "normal",
    validated: bool = True,
) -> Recipe:
    """Choose what the caller leaves open as `kedro table add` does.

    Args:
        model: a kind's name, or the words of the group. training, standardize, split: words that
            stand in place of those chosen. A kind with a recipe of its own, as RealMLP, keeps to
            it.
        effort: see `usual_hyperparameters`.
        validated: whether there are validation rows to stop and calibrate by.

    Raises: ParameterError naming every word that is not known or out of bounds.
    """
    if effort not in get_args(Effort):
        raise ParameterError(f"`effort` is {' or '.join(get_args(Effort))} (got {effort!r}).")
    # a kind that is named is trained as the single network of `quick` is
    effort = effort if model is None else "quick"
    chosen = usual_hyperparameters(inference.task, inference.n_rows, effort)
    given = {"kind": model} if isinstance(model, str) else model
    network = ModelParams.model_validate(chosen["model"] if given is None else given)
    if model is not None and network.training_defaults(inference.task):
        chosen = {"standardize": {}, "training": {}}
    left_out = () if validated else _OF_VALIDATION
    usual = {word: value for word, value in chosen["training"].items() if word not in left_out}
    scales = {**chosen["standardize"], **inference.standardize()}
    return Recipe(
        SchemaParams.model_validate(inference.schema()),
        SplitParams.model_validate(_over({}, split, "split")),
        StandardizeParams.model_validate(_over(scales, standardize, "standardize")),
        network,
        TrainingParams.model_validate(_over(usual, training, "training")),
    )


def _over(chosen: Words, given: Mapping[str, Any] | None, name: str) -> Words:
    """The words chosen, but those that the caller gives."""
    try:
        return {**chosen, **(given or {})}
    except TypeError:
        raise ParameterError(f"`{name}` has to be a dict of words (got {given!r}).") from None
