"""From prepared rows to a trained model: the room's front door."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.ensembles.outcome import Fitted
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams


def train_model(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: ModelParams,
    training: TrainingParams,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int, float, float], object] | None = None,
    phase: Callable[[str], object] = lambda what: None,
) -> Fitted:
    """Train on the prepared rows.

    >>> import pandas as pd
    >>> from colonnade.tables.schema.table_schema import SchemaParams
    >>> from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
    >>> from colonnade.training import ModelParams, TrainingParams
    >>> raw = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [3.0, 5.0, 7.0, 9.0]})  # y = 2 x + 1
    >>> schema = SchemaParams(target="y", task="regression")
    >>> standardizer = fit_standardizer(raw, schema, StandardizeParams())
    >>> rows = standardizer.transform(raw)
    >>> training = TrainingParams.model_validate({"optimizer": "lbfgs", "epochs": 5})
    >>> fitted = train_model(rows, rows[:0], standardizer, ModelParams(kind="linear"), training)
    >>> fitted.model.predict(pd.DataFrame({"x": [10.0]})).round(3)
       prediction outside
    0        21.0  x high

    checkpoint: a file, written every `checkpoint_every` epochs. resume: go on from it if it is
    there. progress: called with (epoch, epochs, train_loss, validation_loss) after each epoch.
    phase: called with what begins, where it is no epoch.
    Raises: ParameterError for what doesn't go together, DataError for rows that cannot be used,
    TrainingError when a loss is not finite, ModelError for a checkpoint that cannot be used.
    """
    # torch is imported when something is trained
    from colonnade.training.ensembles.fold_training import with_fold_errors
    from colonnade.training.ensembles.single import train_single
    from colonnade.training.models.calibration.decision import check_decision, fit_decision

    check_decision(training.decision, standardizer, len(validation), refit=training.refit)
    fitted = train_single(
        train,
        validation,
        standardizer,
        model,
        training,
        checkpoint=checkpoint,
        resume=resume,
        progress=progress,
        phase=phase,
    )
    if standardizer.task == "anomaly":
        return _with_threshold(fitted, validation if len(validation) else train)
    if not len(validation) and standardizer.task == "regression":
        phase("measuring errors on folds")
    if training.decision is not None:
        X = validation[standardizer.feature_names].to_numpy(dtype="float32")
        shares = fitted.model.probabilities(X)
        decision = fit_decision(shares, validation, standardizer, training.decision)
        facts = {**fitted.model.facts, "decision": decision}
        return replace(fitted, model=replace(fitted.model, facts=facts))
    return with_fold_errors(fitted, train, validation)


def _with_threshold(fitted: Fitted, rows: pd.DataFrame) -> Fitted:
    """Flag rows above the score that the share of `schema.odd_share` of these rows has."""
    from dataclasses import replace

    import numpy as np

    model = fitted.model
    names, share = model.standardizer.feature_names, model.standardizer.table_schema.odd_share
    scores = model.oddness(rows[names].to_numpy(dtype=np.float32), rows.index)["score"]
    threshold = float(np.quantile(scores, 1 - share))
    return replace(fitted, model=replace(model, facts={**model.facts, "threshold": threshold}))
