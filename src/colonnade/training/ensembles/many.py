"""Many models of one shape trained as few programs: sweeps, cross-validation, ensembles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from colonnade.errors import ParameterError
from colonnade.training.engine.cores import available_cores
from colonnade.training.engine.job import MemberConfig
from colonnade.training.engine.placement import run_side_by_side
from colonnade.training.ensembles.members import group_members
from colonnade.training.ensembles.outcome import Fitted, history_frame, trained_model
from colonnade.training.ensembles.phases import run_training
from colonnade.training.ensembles.strengths import cross_validated, with_penalties
from colonnade.training.networks.model_params import ModelParams, kind_named
from colonnade.training.prepare import prepare
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from torch import Tensor

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.ensembles.phases import TrainingResult
    from colonnade.training.ensembles.strengths import Sparsity


@dataclass(frozen=True)
class Member:
    """How one of many models differs from the parameters that they share; None: not at all.

    order_seed: of the order of rows alone; the seed's own where it is not given.
    rows, validation_rows: positions in the train table, for the folds of a cross-validation; a
    member without them learns from all train rows and is validated on the validation table.
    """

    seed: int | None = None
    order_seed: int | None = None
    lr: float | None = None
    weight_decay: float | None = None
    dropout: float | None = None
    initializer: str | dict[str, Any] | None = None
    rows: np.ndarray | None = field(default=None, compare=False)
    validation_rows: np.ndarray | None = field(default=None, compare=False)


def fit_many(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    *,
    members: Sequence[Member],
    workers: int | None = None,
) -> list[Fitted]:
    """Train every member; each equals its own solo run within float rounding.

    >>> import pandas as pd
    >>> from colonnade.tables.schema.table_schema import SchemaParams
    >>> from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
    >>> raw = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [3.0, 5.0, 7.0, 9.0]})
    >>> schema = SchemaParams(target="y", task="regression")
    >>> standardizer = fit_standardizer(raw, schema, StandardizeParams())
    >>> rows = standardizer.transform(raw)
    >>> model, training = ModelParams(kind="linear"), TrainingParams(epochs=100)
    >>> members = [Member(lr=0.1), Member(lr=0.0001)]
    >>> fast, slow = fit_many(rows, rows[:0], standardizer, model, training, members=members)
    >>> bool(fast.history["train_loss"].iloc[-1] < slow.history["train_loss"].iloc[-1])
    True

    Members whose row counts agree share programs, whose products are batched; programs run side by
    side on `workers` Python threads (all cores), one torch thread each. Class weights that are
    `balanced` come from the whole train table.
    Raises: ParameterError naming each member that cannot be, and what train_model raises.
    """
    if training.members != 1:
        raise ParameterError("fit_many trains the members it is given: leave training.members 1.")
    if not members:
        return []
    validated = len(validation) > 0 or all(one.validation_rows is not None for one in members)
    training = training.completed(model, standardizer.task, validated=validated)
    parameters = [_parameters_of(model, training, member) for member in members]
    workers = workers or available_cores()
    found: dict[int, Fitted] = {}
    for shape, chosen in _shapes(model, [own for own, _ in parameters]):
        fitted = _fit_shape(
            (train, validation, standardizer, shape, training),
            [members[i] for i in chosen],
            [parameters[i] for i in chosen],
            workers,
        )
        found.update(zip(chosen, fitted, strict=True))
    return [found[i] for i in range(len(members))]


def _shapes(
    model: ModelParams, models: Sequence[ModelParams]
) -> list[tuple[ModelParams, list[int]]]:
    """Group members whose networks one program can hold, with a model that has all their layers."""
    if kind_named(model.kind).member_axis:
        most = max(own.dropout_rate for own in models)
        return [(model.model_copy(update={"dropout": most}), list(range(len(models))))]
    groups: list[tuple[ModelParams, list[int]]] = []
    for i, own in enumerate(models):
        alike = next((chosen for shape, chosen in groups if shape == own), None)
        if alike is None:
            groups.append((own, [i]))
        else:
            alike.append(i)
    return groups


def _fit_shape(
    given: tuple[pd.DataFrame, pd.DataFrame, Standardizer, ModelParams, TrainingParams],
    members: Sequence[Member],
    parameters: Sequence[tuple[ModelParams, TrainingParams]],
    workers: int,
) -> list[Fitted]:
    """Train members of one shape."""
    train, validation, standardizer, _, training = given
    configs = [
        _member_config(member, *own, len(train))
        for member, own in zip(members, parameters, strict=True)
    ]
    job = prepare(
        *given,
        n_train=_fewest(train, [member.rows for member in members]),
        n_validation=_fewest(validation, [member.validation_rows for member in members]),
    )
    pairs = with_penalties(job, configs, training.l1)
    configs = [config for config, _ in pairs]
    programs = group_members(job, configs, workers)

    def run(chosen: list[int]) -> TrainingResult:
        return run_training(job, [configs[i] for i in chosen])

    results = run_side_by_side(run, programs, workers)
    return _unpack(programs, results, parameters, [found for _, found in pairs], standardizer)


def _fewest(table: pd.DataFrame, rows: list[np.ndarray | None]) -> int:
    """How few rows of a table a member has; one without a choice of its own has them all."""
    return min(len(table if chosen is None else chosen) for chosen in rows)


def _parameters_of(
    model: ModelParams, training: TrainingParams, member: Member
) -> tuple[ModelParams, TrainingParams]:
    """Give the parameters with which train_model would train this member alone."""
    own = {"dropout": member.dropout, "initializer": member.initializer}
    moved = {"lr": member.lr, "weight_decay": member.weight_decay}
    optimizer = {**training.optimizer.model_dump(), **_given(moved)}
    seed = training.seed if member.seed is None else member.seed
    return (
        type(model).model_validate({**model.model_dump(), **_given(own)}),
        TrainingParams.model_validate(
            {**training.model_dump(), "optimizer": optimizer, "seed": seed}
        ),
    )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _member_config(
    member: Member, model: ModelParams, training: TrainingParams, n_train: int
) -> MemberConfig:

    return MemberConfig(
        training.seed,
        training.seed if member.order_seed is None else member.order_seed,
        training.optimizer.lr,
        training.optimizer.weight_decay,
        model,
        _positions(member.rows, n_train),
        _positions(member.validation_rows, n_train),
    )


def _positions(rows: np.ndarray | None, n_train: int) -> Tensor | None:

    if rows is None:
        return None
    found = torch.as_tensor(rows, dtype=torch.int64)
    if found.ndim != 1 or not len(found) or int(found.min()) < 0 or int(found.max()) >= n_train:
        raise ParameterError(
            f"a member's rows must be positions from 0 to {n_train - 1} in the train table, one "
            "or more."
        )
    return found


def _unpack(
    programs: list[list[int]],
    results: list[TrainingResult],
    parameters: Sequence[tuple[ModelParams, TrainingParams]],
    sparsities: list[Sparsity | None],
    standardizer: Standardizer,
) -> list[Fitted]:

    found: dict[int, Fitted] = {}
    for chosen, result in zip(programs, results, strict=True):
        for place, i in enumerate(chosen):
            own = cross_validated(result, sparsities[i])
            model = trained_model(own, [place], standardizer, *parameters[i], threads=1)
            found[i] = Fitted(model, history_frame(own, [place]))
    return [found[i] for i in range(len(parameters))]
