"""From frames to a job of tensors, with everything checked that could go wrong later."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch

from colonnade.errors import DataError, ParameterError
from colonnade.tables.features.row_weights import weights_of
from colonnade.training.components.losses.row_weighted import RowWeighted
from colonnade.training.engine.batches import Rows
from colonnade.training.engine.job import TrainingJob
from colonnade.training.engine.placement import choose_device
from colonnade.training.models.target import target_of
from colonnade.training.networks.binding.spec import spec_for

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.networks.base import Inputs
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams


def prepare(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    *,
    dtype: torch.dtype = torch.float32,
    n_train: int | None = None,
    n_validation: int | None = None,
) -> TrainingJob:
    """Check the parameters against the rows, and encode the rows.

    n_train, n_validation: fewest rows that a member learns from and is validated on, where these
    are not the whole tables.
    Raises: ParameterError, DataError.
    """
    n_classes = len(standardizer.classes or ())
    weights = weights_of(standardizer.table_schema, train, validation)
    counts = None
    if n_classes:
        codes = train[standardizer.target].to_numpy().astype(np.int64)
        own = None if weights is None else weights[0]
        counts = np.bincount(codes, own, minlength=n_classes).tolist()
    words = training.loss_for(standardizer.task, n_classes)
    loss = words.loss(standardizer.n_asked, counts)
    n_learned = len(train) if n_train is None else n_train
    n_held_out = len(validation) if n_validation is None else n_validation
    network = spec_for(model, standardizer, loss)
    _check(network, training, standardizer, n_learned, n_held_out)
    if standardizer.task != "anomaly":
        _refuse_impossible(words.name, loss, standardizer.target, train, validation)
    device = choose_device(training)
    target = None if n_classes or not standardizer.target else target_of(standardizer, loss)
    loss = loss if weights is None else RowWeighted(loss)
    train_rows, validation_rows = (
        encode_rows(frame, standardizer, network.inputs, loss, dtype, weights=own).to(device)
        for frame, own in zip((train, validation), weights or (None, None), strict=True)
    )
    return TrainingJob(network, loss, training, train_rows, validation_rows, dtype, target)


def _check(
    network: NetworkSpec,
    training: TrainingParams,
    standardizer: Standardizer,
    n_train: int,
    n_validation: int,
) -> None:
    if standardizer.classes is not None and len(standardizer.classes) < 2:
        raise DataError(
            f"column '{standardizer.target}' has a single class: there is nothing to learn."
        )
    if n_train == 0:
        raise DataError("there are no train rows: lower split.test_fraction, or add rows.")
    problems = _network_problems(network, training, standardizer, n_train)
    if n_validation == 0:
        problems += _validation_problems(training)
    if problems:
        raise ParameterError(problems)
    if network.params.caution:
        warnings.warn(network.params.caution, stacklevel=4)


def _refuse_impossible(name: str, loss: Loss, target: str, *parts: pd.DataFrame) -> None:
    """Refuse numbers that the loss cannot learn, in train and validation rows."""
    if not loss.needs:
        return
    numbers = np.concatenate([part[target].to_numpy(dtype=np.float64) for part in parts])
    wrong = numbers[loss.refused(torch.from_numpy(numbers)).numpy()]
    if len(wrong):
        rows = "row" if len(wrong) == 1 else "rows"
        raise DataError(
            f"training.loss {name} needs {loss.needs}, and column '{target}' has others in "
            f"{len(wrong)} train and validation {rows}, such as {wrong[0]:g}. Correct them, or "
            "choose another loss: mse takes every number, tweedie takes 0."
        )
    if not parts[0][target].any():
        raise DataError(
            f"column '{target}' is 0 in every train row: training.loss {name} has nothing to learn."
        )


def _network_problems(
    network: NetworkSpec, training: TrainingParams, standardizer: Standardizer, n_train: int
) -> list[str]:
    found = []
    if training.l1.active and not network.input_weights:
        found.append(
            f"training.l1 drives weights of columns to 0, and model.kind {network.params.kind} has "
            "none that it names: set training.l1 to 0."
        )
    elif standardizer.embedded and training.l1.active:
        names = ", ".join(map(repr, standardizer.embedded))
        found.append(
            f"training.l1 drives columns of numbers to 0, and {names} will be learned vectors: "
            "set standardize.categorical to onehot, or training.l1 to 0."
        )
    switch = hasattr(network.params, "batch_norm")
    norm = "model.batch_norm" if switch else f"the batch norm of model.kind {network.params.kind}"
    if network.normalizes_batches and min(training.batch_size, n_train) == 1:
        found.append(f"{norm} needs batches of 2 rows or more: one has no variance.")
    if network.link == "log" and standardizer.target_curve is not None:
        found.append(
            "training.loss learns the logarithm of a number itself: set standardize.target to "
            "standard, or take another loss."
        )
    found += _anomaly_problems(network, training, standardizer)
    if training.temperature and standardizer.task == "regression":
        found.append("training.temperature is for classes: leave it out of a regression.")
    if training.optimizer.full_batch:
        if network.drops_out:
            found.append("lbfgs needs the same loss twice: set model.dropout to 0.")
        if network.normalizes_batches:
            remedy = "set it to false" if switch else "choose another optimizer"
            found.append(f"lbfgs does not go with {norm}: {remedy}.")
        if training.members > 1:
            found.append("lbfgs trains one member at a time: set training.members to 1.")
    return found


def _anomaly_problems(
    network: NetworkSpec, training: TrainingParams, standardizer: Standardizer
) -> list[str]:
    kind, found = network.params.kind, []
    if (kind == "autoencoder") != (standardizer.task == "anomaly") and "." not in kind:
        found.append(
            "model.kind autoencoder goes with `schema.task: anomaly`, and with no other task: "
            "change one of them."
        )
    if standardizer.task != "anomaly":
        return found
    if standardizer.embedded or standardizer.table_schema.weight:
        found.append(
            "`schema.task: anomaly` takes neither row weights nor learned vectors of categories: "
            "set standardize.categorical to onehot, and leave the weight out."
        )
    if training.temperature or (training.early_stopping and training.early_stopping.by == "error"):
        found.append("training.temperature and `by: error` need a target: leave them out.")
    return found


def _validation_problems(training: TrainingParams) -> list[str]:
    lacking = {
        "training.early_stopping": training.early_stopping is not None,
        "training.temperature": training.temperature and training.l1.strength != "auto",
        "training.scheduler plateau": training.scheduler.name == "plateau",
    }
    return [
        f"{name} looks at validation rows, and there are none: raise split.validation_fraction, "
        "or leave it out."
        for name, asked in lacking.items()
        if asked
    ]


def encode_rows(
    frame: pd.DataFrame,
    standardizer: Standardizer,
    inputs: Inputs,
    loss: Loss,
    dtype: torch.dtype,
    *,
    weights: np.ndarray | None = None,
) -> Rows:
    """Turn a prepared frame into tensors.

    Args: weights: of the rows, for a loss that reads them.

    Raises: DataError if a feature or a target is not finite.
    """
    names = list(standardizer.feature_names)
    x = frame[names].to_numpy(dtype=np.float32)
    wrong = [name for i, name in enumerate(names) if not np.isfinite(x[:, i]).all()]
    if wrong:
        columns = ", ".join(map(repr, wrong))
        raise DataError(f"features {columns} hold numbers that are not finite.")
    if standardizer.task == "anomaly":
        labels = torch.from_numpy(x.copy())
    elif standardizer.classes is None:
        target = target_of(standardizer, loss).learned(frame[standardizer.target].to_numpy())
        if not np.isfinite(target).all():
            raise DataError(f"column '{standardizer.target}' holds numbers that are not finite.")
        labels = torch.from_numpy(target)
    else:
        codes = frame[standardizer.target].to_numpy()
        labels = torch.from_numpy(codes.astype(np.int64))
    # The last column of ones is for the biases.
    numeric = np.ones((len(frame), inputs.n_numeric + 1), dtype=np.float32)
    numeric[:, :-1] = x[:, inputs.numeric]
    places = torch.from_numpy(x[:, inputs.categorical].astype(np.int64)) if inputs.codes else None
    targets = loss.encode(labels, dtype)
    if weights is not None:
        targets[:, -1] = torch.from_numpy(weights)
    return Rows(torch.from_numpy(numeric).to(dtype), places, targets, labels)
