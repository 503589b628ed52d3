"""What to try next, from the metrics; each piece of advice says what it is based on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import format_metric, part_name
from colonnade.evaluation.metrics.scores import HEADLINES, LOPSIDED
from colonnade.evaluation.metrics.verdict import best_baseline, deciding_metric, verdict
from colonnade.evaluation.report.words.training_advice import (
    gap_advice,
    still_learning_advice,
    temperature_advice,
    trained_too_long_advice,
)
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from colonnade.evaluation.explanation.explain import Explanation
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task

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
    gap = gap_advice(metrics, task, hyperparameters)
    found = [
        _no_test_rows(metrics, task),
        _simpler_model(metrics, task, hyperparameters),
        _nothing_learned(metrics, task),
        _rare_class(metrics, task, explanation, hyperparameters),
        _extremes(metrics, hyperparameters),
        gap,
        trained_too_long_advice(history, hyperparameters),
        still_learning_advice(history, gap),
        temperature_advice(explanation, hyperparameters),
        "" if verdict(metrics, task).word == "no" else _useless_columns(explanation, dropped),
        _weak_slice(explanation, task),
        _more_rows(metrics, task),
        _no_baseline(metrics, task),
    ]
    steps = [sentence for sentence in found if sentence]
    if steps:
        return steps
    if metrics["cv"]:
        return [_("Nothing stands out: change one parameter at a time and compare runs.")]
    return [
        _(
            "Nothing stands out. See how far the numbers of one split may be off "
            "(`split.folds: 5`); then change one parameter at a time and compare runs."
        )
    ]


def _no_test_rows(metrics: Metrics, task: Task) -> str:
    if not list(metrics) or HEADLINES[task][0] in metrics["test"]:
        return ""
    return _(
        "There are no test rows: set `split.test_fraction: 0.2` to measure how good the model is."
    )


def _no_baseline(metrics: Metrics, task: Task) -> str:
    if HEADLINES[task][0] not in metrics["test"] or best_baseline(metrics, HEADLINES[task][0]):
        return ""
    return _(
        "No simple model was fitted to compare with: set "
        "`evaluation.baselines: [constant, linear, gradient_boosting]`."
    )


def _simpler_model(metrics: Metrics, task: Task, hyperparameters: Mapping[str, Any]) -> str:
    if verdict(metrics, task).word != "no":
        return ""
    if hyperparameters.get("model.kind") != "linear":
        advice = _(
            "A simple model is better on the same rows: start from `model: linear`, then add."
        )
    elif best_baseline(metrics, deciding_metric(metrics, task)) == "gradient_boosting":
        advice = _(
            "Gradient boosting is better on the same rows: try `model.kind: mlp`, which fits "
            "curves."
        )
    else:
        advice = _(
            "Another simple model is better on the same rows: try more `training.epochs`, or "
            "`training.optimizer: lbfgs`."
        )
    if task == "ordinal":
        advice += _(
            " Is the order of `schema.classes` right? If there is none: `task: classification`."
        )
    return advice


def _nothing_learned(metrics: Metrics, task: Task) -> str:
    """Neither the model nor a simple one is sure to beat a constant."""
    if verdict(metrics, task).word in ("no", "unknown"):
        return ""
    name, least = "r2", 0.0
    if task != "regression":
        name = deciding_metric(metrics, task)
        least = metrics["baseline/majority"].get(name, -1.0)
    interval = metrics.interval("test", name)
    if interval is None or interval[0] > least:
        return ""
    if task == "regression":
        return _(
            "Always predicting the mean may do as well: these columns hardly predict the target. "
            "Look for other columns, or more rows."
        )
    return _(
        "Always predicting the most frequent class may do as well: these columns hardly predict "
        "the target. Look for other columns, or more rows."
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
    found = {
        "label": rare.label,
        "share": format_metric("accuracy", rare.recall),
        "n": rare.rows,
        "part": part_name(explanation.part),
    }
    if (
        task == "classification"
        and hyperparameters.get("training.loss", "cross_entropy") == "cross_entropy"
    ):
        return _(
            "Accuracy hides the rare class '{label}': {share} of its {n} {part} rows are found; "
            "try `training.loss.class_weights: balanced`.", **found,
        )  # fmt: skip
    return _(
        "Accuracy hides the rare class '{label}': {share} of its {n} {part} rows are found.",
        **found,
    )


def _extremes(metrics: Metrics, hyperparameters: Mapping[str, Any]) -> str:
    """Few rows of extreme values make the error, and drive a squared loss."""
    rmse, median = metrics["test"].get("rmse"), metrics["test"].get("median_error")
    if rmse is None or median is None or rmse <= _EXTREME * median:
        return ""
    found = {"rmse": format_metric("rmse", rmse), "median": format_metric("rmse", median)}
    if hyperparameters.get("training.loss") in ("mae", "huber", "smooth_l1"):
        return _(
            "A few rows make most of the error (RMSE {rmse}, median error {median}): look at them, "
            "or try `standardize.target: log`.", **found,
        )  # fmt: skip
    return _(
        "A few rows make most of the error (RMSE {rmse}, median error {median}): try "
        "`training.loss: huber`, or `standardize.target: log`.", **found,
    )  # fmt: skip


def _useless_columns(explanation: Explanation, dropped: Sequence[str]) -> str:
    if dropped:
        return _(
            "The model does not use {columns}: they need not be collected.", columns=_named(dropped)
        )
    useless = [one.feature for one in explanation.importance if one.high <= 0]
    if len(useless) < 2:
        return ""
    return _(
        "Shuffling {columns} costs nothing: try without them "
        "(`schema.columns.<name>.feature: false`).", columns=_named(useless),
    )  # fmt: skip


def _named(names: Sequence[str]) -> str:
    named = _(", ").join(_("'{name}'", name=name) for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return _("{names} and {n} more", names=named, n=more) if more > 0 else named


def _weak_slice(explanation: Explanation, task: Task) -> str:
    worst = next((one for one in explanation.slices if one.beyond_chance), None)
    if worst is None:
        return ""
    name = HEADLINES[task][0]
    return _(
        "The model is weak where '{column}' is {values} ({metric} on {n} rows, against {overall} "
        "overall): look at those rows, or collect more like them.",
        column=worst.feature, values=worst.values, metric=format_metric(name, worst.metric),
        n=worst.rows, overall=format_metric(name, worst.overall),
    )  # fmt: skip


def _more_rows(metrics: Metrics, task: Task) -> str:
    """The interval of the gain holds zero: these test rows cannot decide."""
    if verdict(metrics, task).word != "unclear" or metrics["cv"]:
        return ""
    return _(
        "These test rows do not separate the model from the best simple one: use several splits "
        "(`split.folds: 5`), or more rows."
    )
