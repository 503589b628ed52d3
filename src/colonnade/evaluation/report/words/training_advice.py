"""What to try next in training: sentences, each with the numbers that it is based on, or ""."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.evaluation.metrics.formatting import format_metric, part_name
from colonnade.evaluation.metrics.scores import HEADLINES
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from colonnade.evaluation.explanation.explain import Explanation
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task

_GAP = 0.05
_RATIO = 1.25
_MISCALIBRATED = 0.05
_LATE = 0.98
_RISEN = 1.1


def gap_advice(metrics: Metrics, task: Task, hyperparameters: Mapping[str, Any]) -> str:
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
    how = _(
        "more `training.optimizer.weight_decay`, `model.dropout`, or a smaller `{size}`", size=size
    )
    if kind == "linear":
        how = _("`training.l1: auto`, or more `training.optimizer.weight_decay`")
    elif "." in kind:  # a class of the user's own
        how = _("more `training.optimizer.weight_decay`, or a smaller network")
    return _(
        "Train rows are predicted better than {part} rows ({seen} against {unseen}): try {how}.",
        part=part_name(part), seen=format_metric(name, seen), unseen=format_metric(name, unseen),
        how=how,
    )  # fmt: skip


def trained_too_long_advice(history: pd.DataFrame, hyperparameters: Mapping[str, Any]) -> str:
    """The validation loss had its best behind it, and training went on."""
    if any(name.startswith("training.early_stopping") for name in hyperparameters):
        return ""
    losses = history["validation_loss"].to_numpy(dtype=float)
    if len(losses) < 5 or np.isnan(losses).any():
        return ""
    best = int(losses.argmin())
    if losses[-1] <= _RISEN * abs(losses[best]):
        return ""
    return _(
        "The validation loss was lowest at epoch {best} of {last} and rose after it: try "
        "`training.early_stopping.patience: 20`.",
        best=history["epoch"].iloc[best], last=history["epoch"].iloc[-1],
    )  # fmt: skip


def still_learning_advice(history: pd.DataFrame, gap: str) -> str:
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
    return _("The loss was still falling at the last epoch: try more `training.epochs`.")


def temperature_advice(explanation: Explanation, hyperparameters: Mapping[str, Any]) -> str:
    """Another temperature would make the probabilities truer."""
    calibration = explanation.calibration
    if calibration is None or calibration.after is None or calibration.temperature is None:
        return ""
    before, after = calibration.before, calibration.after
    if before.ece < _MISCALIBRATED or after.log_loss >= before.log_loss or after.ece >= before.ece:
        return ""
    if hyperparameters.get("training.temperature"):
        return ""
    found = {"before": before.ece, "after": after.ece}
    if calibration.temperature > 1:
        return _(
            "The model is overconfident (calibration error {before:.3f}): "
            "`training.temperature: true` would bring it to {after:.3f}.", **found,
        )  # fmt: skip
    return _(
        "The model is underconfident (calibration error {before:.3f}): "
        "`training.temperature: true` would bring it to {after:.3f}.", **found,
    )  # fmt: skip
