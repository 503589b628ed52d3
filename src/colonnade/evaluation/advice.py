"""What to try next, read off the numbers; each piece of advice says what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.metrics import HEADLINES
from colonnade.evaluation.verdict import form, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from colonnade.evaluation.explain import Explanation
    from colonnade.tables.schema import Task

_GAP = 0.05
_RATIO = 1.25
_MISCALIBRATED = 0.05
_LATE = 0.98
_RISEN = 1.1


def next_steps(
    metrics: Mapping[str, float], task: Task, history: pd.DataFrame, explanation: Explanation
) -> list[str]:
    """Sentences in the order of what they promise; one that says so if there is nothing to say."""
    found = [
        _simpler_model(metrics, task),
        _overfit(metrics, task),
        _trained_too_long(history),
        _still_learning(history),
        _temperature(explanation),
        _useless_columns(explanation),
        _weak_slice(explanation, task),
        _more_rows(metrics, task),
    ]
    told = [sentence for sentence in found if sentence]
    return told or ["Nothing stands out: change one knob at a time and compare runs."]


def _simpler_model(metrics: Mapping[str, float], task: Task) -> str:
    if verdict(metrics, task).word != "no":
        return ""
    return "A simple model is better on the same rows: start from `model.kind: linear`, then add."


def _overfit(metrics: Mapping[str, float], task: Task) -> str:
    """Train rows are known much better than test rows."""
    name = HEADLINES[task][0]
    part = "test" if f"test/{name}" in metrics else "validation"
    seen, unseen = metrics.get(f"train/{name}"), metrics.get(f"{part}/{name}")
    if seen is None or unseen is None:
        return ""
    apart = seen - unseen > _GAP if task != "regression" else unseen > _RATIO * seen
    if not apart:
        return ""
    return (
        f"Train rows are known better than {part} rows ({form(name, seen)} against "
        f"{form(name, unseen)}): try more `training.optimizer.weight_decay`, `model.dropout`, or a "
        "smaller `model.hidden`."
    )


def _trained_too_long(history: pd.DataFrame) -> str:
    """The validation loss had its best behind it, and training went on."""
    losses = history["validation_loss"].to_numpy(dtype=float)
    if len(losses) < 5 or np.isnan(losses).any():
        return ""
    best = int(losses.argmin())
    if losses[-1] <= _RISEN * abs(losses[best]):
        return ""
    return (
        f"The validation loss was lowest at epoch {history['epoch'].iloc[best]} of "
        f"{history['epoch'].iloc[-1]} and rose after it: try `training.early_stopping: {{}}`."
    )


def _still_learning(history: pd.DataFrame) -> str:
    """The loss of rows not learned from was lowest at the very end."""
    losses = history["validation_loss"]
    column = losses if losses.notna().any() else history["train_loss"]
    if len(column) < 5 or column.isna().all():
        return ""
    rate = history["lr"].to_numpy()
    lowest_late = int(column.argmin()) + 1 >= _LATE * len(column)
    falling = column.iloc[-1] < 0.99 * column.iloc[-max(2, len(column) // 10)]
    if not (lowest_late and falling and rate[-1] > 0.1 * rate.max()):
        return ""
    return "The loss was still falling at the last epoch: try more `training.epochs`."


def _temperature(explanation: Explanation) -> str:
    calibration = explanation.calibration
    if calibration is None or calibration.after is None or calibration.temperature is None:
        return ""
    before, after = calibration.before, calibration.after
    if before.ece < _MISCALIBRATED or after.log_loss >= before.log_loss:
        return ""
    how = "too sure" if calibration.temperature > 1 else "not sure enough"
    return (
        f"The model is {how} (calibration error {before.ece:.3f}): `training.temperature: true` "
        f"would bring it to {after.ece:.3f}."
    )


def _useless_columns(explanation: Explanation) -> str:
    useless = [one.feature for one in explanation.importance if one.high <= 0]
    if len(useless) < 2:
        return ""
    named = ", ".join(f"'{name}'" for name in useless[:5])
    more = f" and {len(useless) - 5} more" if len(useless) > 5 else ""
    return f"Shuffling {named}{more} costs nothing: try without them (`feature: false`)."


def _weak_slice(explanation: Explanation, task: Task) -> str:
    worst = next((one for one in explanation.slices if one.beyond_chance), None)
    if worst is None:
        return ""
    name = HEADLINES[task][0]
    return (
        f"The model is weak where '{worst.feature}' is {worst.values} ({form(name, worst.metric)} "
        f"on {worst.rows} rows, against {form(name, worst.overall)} overall): look at those rows, "
        "or collect more like them."
    )


def _more_rows(metrics: Mapping[str, float], task: Task) -> str:
    """The interval of the gain holds zero: these test rows cannot decide."""
    name = HEADLINES[task][0]
    low, high = metrics.get(f"gain/{name}_low"), metrics.get(f"gain/{name}_high")
    if low is None or high is None or low > 0 or high < 0:
        return ""
    return (
        "These test rows cannot tell the model from the best simple one: judge by several splits "
        "(`split.seed`), or by more rows."
    )
