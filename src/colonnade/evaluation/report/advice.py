"""What to try next, from the metrics; each piece of advice says what it is based on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.evaluation.metrics.formatting import format_metric
from colonnade.evaluation.metrics.scores import HEADLINES, LOPSIDED
from colonnade.evaluation.metrics.verdict import best_baseline, deciding_metric, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from colonnade.evaluation.explanation.explain import Explanation
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task

_GAP = 0.05
_RATIO = 1.25
_MISCALIBRATED = 0.05
_LATE = 0.98
_RISEN = 1.1
_EXTREME = 5
_MOST_NAMED = 5


def next_steps(
    metrics: Metrics,
    task: Task,
    history: pd.DataFrame,
    explanation: Explanation,
    *,
    hyperparameters: Mapping[str, Any] | None = None,
    dropped: Sequence[str] = (),
) -> list[str]:
    """Sentences in the order of what they promise; one that says so if there is nothing to say.

    Args: hyperparameters: those that differ from their defaults. dropped: columns that the model
    lets go.
    """
    hyperparameters = hyperparameters or {}
    gap = _overfit(metrics, task, hyperparameters)
    found = [
        _no_test_rows(metrics, task),
        _simpler_model(metrics, task, hyperparameters),
        _nothing_learned(metrics, task),
        _rare_class(metrics, task, explanation, hyperparameters),
        _extremes(metrics, hyperparameters),
        gap,
        _trained_too_long(history, hyperparameters),
        _still_learning(history, gap),
        _temperature(explanation, hyperparameters),
        "" if verdict(metrics, task).word == "no" else _useless_columns(explanation, dropped),
        _weak_slice(explanation, task),
        _more_rows(metrics, task),
        _no_baseline(metrics, task),
    ]
    steps = [sentence for sentence in found if sentence]
    if steps:
        return steps
    if metrics["cv"]:
        return ["Nothing stands out: change one parameter at a time and compare runs."]
    return [
        "Nothing stands out. See how far the numbers of one split may be off (`split.folds: 5`); "
        "then change one parameter at a time and compare runs."
    ]


def _no_test_rows(metrics: Metrics, task: Task) -> str:
    if not list(metrics) or HEADLINES[task][0] in metrics["test"]:
        return ""
    return (
        "There are no test rows: set `split.test_fraction: 0.2` to measure how good the model is."
    )


def _no_baseline(metrics: Metrics, task: Task) -> str:
    if HEADLINES[task][0] not in metrics["test"] or best_baseline(metrics, HEADLINES[task][0]):
        return ""
    return (
        "No simple model was fitted to compare with: set "
        "`evaluation.baselines: [constant, linear, gradient_boosting]`."
    )


def _simpler_model(metrics: Metrics, task: Task, hyperparameters: Mapping[str, Any]) -> str:
    if verdict(metrics, task).word != "no":
        return ""
    if hyperparameters.get("model.kind") != "linear":
        how = "start from `model.kind: linear`, then add"
    elif best_baseline(metrics, deciding_metric(metrics, task)) == "gradient_boosting":
        how = "try `model.kind: mlp`, which fits curves"
    else:
        how = "try more `training.epochs`, or `training.optimizer: lbfgs`"
    advice = f"A simple model is better on the same rows: {how}."
    if task == "ordinal":
        advice += (
            " Is the order of `schema.classes` right? If there is none: `task: classification`."
        )
    return advice


def _nothing_learned(metrics: Metrics, task: Task) -> str:
    """Neither the model nor a simple one is sure to beat a constant."""
    if verdict(metrics, task).word in ("no", "unknown"):
        return ""
    if task == "regression":
        name, least, constant = "r2", 0.0, "the mean"
    else:
        name, constant = deciding_metric(metrics, task), "the most frequent class"
        least = metrics["baseline/majority"].get(name, -1.0)
    interval = metrics.interval("test", name)
    if interval is None or interval[0] > least:
        return ""
    return (
        f"Always predicting {constant} may do as well: these columns hardly predict the "
        "target. Look for other columns, or more rows."
    )


def _rare_class(
    metrics: Metrics, task: Task, explanation: Explanation, hyperparameters: Mapping[str, Any]
) -> str:
    """Accuracy hides how a rare class fares where nearly all rows are of another."""
    if task == "regression" or metrics["baseline/majority"].get("accuracy", 0) < LOPSIDED:
        return ""
    classes = [one for one in explanation.classes if one.rows]
    if len(classes) < 2:
        return ""
    rare = min(classes, key=lambda one: one.rows)
    advice = (
        f"Accuracy hides the rare class '{rare.label}': {format_metric('accuracy', rare.recall)} "
        f"of its {rare.rows} {explanation.part} rows are found"
    )
    if (
        task == "classification"
        and hyperparameters.get("training.loss", "cross_entropy") == "cross_entropy"
    ):
        advice += "; try `training.loss.class_weights: balanced`"
    return advice + "."


def _extremes(metrics: Metrics, hyperparameters: Mapping[str, Any]) -> str:
    """Few rows of extreme values make the error, and drive a squared loss."""
    rmse, median = metrics["test"].get("rmse"), metrics["test"].get("median_error")
    if rmse is None or median is None or rmse <= _EXTREME * median:
        return ""
    advice = (
        f"A few rows make most of the error (RMSE {format_metric('rmse', rmse)}, median error "
        f"{format_metric('rmse', median)}): "
    )
    if hyperparameters.get("training.loss") in ("mae", "huber", "smooth_l1"):
        return advice + "look at them, or try `standardize.target: log`."
    return advice + "try `training.loss: huber`, or `standardize.target: log`."


def _overfit(metrics: Metrics, task: Task, hyperparameters: Mapping[str, Any]) -> str:
    """Train rows are predicted much better than test rows."""
    name = HEADLINES[task][0]
    part = "test" if name in metrics["test"] else "validation"
    seen, unseen = metrics["train"].get(name), metrics[part].get(name)
    if seen is None or unseen is None:
        return ""
    apart = seen - unseen > _GAP if task != "regression" else unseen > _RATIO * seen
    if not apart:
        return ""
    kind = hyperparameters.get("model.kind", "")
    size = "model.width" if kind in ("ft_transformer", "resnet") else "model.hidden"
    how = f"more `training.optimizer.weight_decay`, `model.dropout`, or a smaller `{size}`"
    if kind == "linear":
        how = "`training.l1: auto`, or more `training.optimizer.weight_decay`"
    elif "." in kind:  # a class of the user's own
        how = "more `training.optimizer.weight_decay`, or a smaller network"
    return (
        f"Train rows are predicted better than {part} rows ({format_metric(name, seen)} against "
        f"{format_metric(name, unseen)}): try {how}."
    )


def _trained_too_long(history: pd.DataFrame, hyperparameters: Mapping[str, Any]) -> str:
    """The validation loss had its best behind it, and training went on."""
    if any(name.startswith("training.early_stopping") for name in hyperparameters):
        return ""
    losses = history["validation_loss"].to_numpy(dtype=float)
    if len(losses) < 5 or np.isnan(losses).any():
        return ""
    best = int(losses.argmin())
    if losses[-1] <= _RISEN * abs(losses[best]):
        return ""
    return (
        f"The validation loss was lowest at epoch {history['epoch'].iloc[best]} of "
        f"{history['epoch'].iloc[-1]} and rose after it: try "
        "`training.early_stopping.patience: 20`."
    )


def _still_learning(history: pd.DataFrame, gap: str) -> str:
    """The loss of rows not learned from was lowest at the very end.

    Args: gap: the advice about a gap to train rows, if any; a falling loss then says nothing.
    """
    losses = history["validation_loss"]
    if gap and losses.isna().all():
        return ""
    column = losses if losses.notna().any() else history["train_loss"]
    if len(column) < 5 or column.isna().all():
        return ""
    rate = history["lr"].to_numpy()
    lowest_late = int(column.argmin()) + 1 >= _LATE * len(column)
    falling = column.iloc[-1] < 0.99 * column.iloc[-max(2, len(column) // 10)]
    if not (lowest_late and falling and rate[-1] > 0.1 * rate.max()):
        return ""
    return "The loss was still falling at the last epoch: try more `training.epochs`."


def _temperature(explanation: Explanation, hyperparameters: Mapping[str, Any]) -> str:
    calibration = explanation.calibration
    if calibration is None or calibration.after is None or calibration.temperature is None:
        return ""
    before, after = calibration.before, calibration.after
    if before.ece < _MISCALIBRATED or after.log_loss >= before.log_loss or after.ece >= before.ece:
        return ""
    if hyperparameters.get("training.temperature"):
        return ""
    how = "overconfident" if calibration.temperature > 1 else "underconfident"
    return (
        f"The model is {how} (calibration error {before.ece:.3f}): `training.temperature: true` "
        f"would bring it to {after.ece:.3f}."
    )


def _useless_columns(explanation: Explanation, dropped: Sequence[str]) -> str:
    if dropped:
        return f"The model does not use {_named(dropped)}: they need not be collected."
    useless = [one.feature for one in explanation.importance if one.high <= 0]
    if len(useless) < 2:
        return ""
    return (
        f"Shuffling {_named(useless)} costs nothing: try without them "
        "(`schema.columns.<name>.feature: false`)."
    )


def _named(names: Sequence[str]) -> str:
    named = ", ".join(f"'{name}'" for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _weak_slice(explanation: Explanation, task: Task) -> str:
    worst = next((one for one in explanation.slices if one.beyond_chance), None)
    if worst is None:
        return ""
    name = HEADLINES[task][0]
    return (
        f"The model is weak where '{worst.feature}' is {worst.values} "
        f"({format_metric(name, worst.metric)} on {worst.rows} rows, against "
        f"{format_metric(name, worst.overall)} overall): look at those rows, or collect more like "
        "them."
    )


def _more_rows(metrics: Metrics, task: Task) -> str:
    """The interval of the gain holds zero: these test rows cannot decide."""
    if verdict(metrics, task).word != "unclear" or metrics["cv"]:
        return ""
    return (
        "These test rows do not separate the model from the best simple one: use several splits "
        "(`split.folds: 5`), or more rows."
    )
