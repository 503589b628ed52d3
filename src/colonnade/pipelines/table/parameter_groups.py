"""The parameter groups of a table's YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError, Problem
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from colonnade.parameters import Params

GROUPS: dict[str, type[Params]] = {
    "schema": SchemaParams,
    "split": SplitParams,
    "standardize": StandardizeParams,
    "model": ModelParams,
    "training": TrainingParams,
    "evaluation": EvaluationParams,
}


def read_groups(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Build every group of a table, and name every problem in those that cannot be built."""
    if not isinstance(values, Mapping):
        return {}, [Problem(f"write the table's groups below its name (got {values!r}).")]
    groups: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, group in GROUPS.items():
        try:
            groups[name] = group.model_validate(values.get(name))
        except ParameterError as error:
            problems += [replace(problem, source=name) for problem in error.problems]
    return groups, problems
