"""Why the model predicts what it does, and where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from colonnade.evaluation.explanation.failures import (
    Mistake,
    Slice,
    confident_mistakes,
    weakest_slices,
)
from colonnade.evaluation.explanation.importance import (
    Dependence,
    Importance,
    partial_dependences,
    permutation_importances,
)
from colonnade.evaluation.explanation.saliency import Saliency, saliencies
from colonnade.evaluation.metrics.calibration import Calibration, calibrate
from colonnade.evaluation.metrics.scores import (
    HEADLINES,
    ClassMetrics,
    Metric,
    class_metrics,
    rarest_class,
)
from colonnade.evaluation.observations import (
    class_labels,
    label_codes,
    normalized,
    one_thread,
    weight_column,
)

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.evaluation.evaluate import EvaluationParams
    from colonnade.evaluation.observations import Array, Predictor
    from colonnade.tables.schema.table_schema import Task

Part = Literal["train", "validation", "test"]
_VALUES_SHOWN = 4
# With fewer, one row that keeps its place by luck hides what a column is worth.
_RARE_ROWS = 5


class Explanation(BaseModel):
    """What was found out about a model; `model_dump(mode="json")` is ready for a JSON file."""

    model_config = ConfigDict(frozen=True)

    part: Part = "test"
    """Rows that classes, calibration, slices and mistakes are about."""
    row_name: str = "row"
    """What a mistake's `row` counts: "line" where the table's index is lines of its file."""
    importance_part: Part = "validation"
    """Rows that importance and dependence are about."""
    importance_metric: Metric = "accuracy"
    """What the model loses by a column that is shuffled."""
    classes: list[ClassMetrics] = []
    calibration: Calibration | None = None
    importance: list[Importance] = []
    dependence: list[Dependence] = []
    slices: list[Slice] = []
    mistakes: list[Mistake] = []
    saliency: list[Saliency] = []


def explain_model(
    model: Predictor,
    primary: pd.DataFrame,
    split: pd.DataFrame,
    predictions: pd.DataFrame,
    params: EvaluationParams,
    *,
    metric: Metric | None = None,
) -> Explanation:
    """Find out which columns matter, how, where the model fails and how well it is calibrated.

    Args: primary, split: the typed table and the part of each row, under the same index.
    predictions: those of `evaluate_model`. metric: the one that the verdict uses, by which
    columns matter; the task's first if not given.
    """
    if not params.explain:
        return Explanation()
    part: Part = "test" if (predictions["part"] == "test").any() else "validation"
    rows = predictions[predictions["part"] == part]
    task = model.standardizer.task
    metric = metric or HEADLINES[task][0]
    rare = _rarest(rows) if metric == "rare_pr_auc" else None
    asked = _asked(model, primary, split, rare)
    raw = primary[(split["part"] == asked).to_numpy()]
    importance, dependence = _drivers(model, raw, metric, rare, params)
    names = [one.feature for one in importance]
    seen = primary.loc[rows["row"]]
    return Explanation(
        part=part,
        row_name=str(primary.index.name or "row"),
        importance_part=asked,
        importance_metric=metric,
        classes=_classes(rows),
        calibration=_calibration(predictions, part),
        importance=importance,
        dependence=dependence,
        slices=weakest_slices(rows, seen, model.standardizer.inputs, task),
        mistakes=confident_mistakes(
            rows, seen, names[:_VALUES_SHOWN], task, most=_most_mistakes(rows, task, params)
        ),
        saliency=saliencies(model, rows, seen),
    )


def _drivers(
    model: Predictor,
    raw: pd.DataFrame,
    metric: Metric,
    rare: int | None,
    params: EvaluationParams,
) -> tuple[list[Importance], list[Dependence]]:
    """How much each column matters, and how predictions move with those that matter most."""
    with one_thread():
        importance = permutation_importances(
            model,
            raw,
            metric=metric,
            rare=rare,
            repeats=params.importance_repeats,
            seed=params.seed,
        )
        names = [one.feature for one in importance]
        return importance, partial_dependences(model, raw, names[: params.dependence_features])


def _rarest(rows: pd.DataFrame) -> int | None:
    return rarest_class(label_codes(rows["actual"], class_labels(rows)))


def _asked(model: Predictor, primary: pd.DataFrame, split: pd.DataFrame, rare: int | None) -> Part:
    """Validation rows, unless there are none, or too few of a rare class that is to be found."""
    if rare is None:
        return "validation" if (split["part"] == "validation").any() else "train"
    standardizer = model.standardizer
    is_rare = standardizer.encode_target(primary[standardizer.target]).to_numpy() == rare
    n = split.loc[is_rare, "part"].value_counts()
    enough = n.get("validation", 0) >= min(_RARE_ROWS, n.get("train", 0))
    return "validation" if enough else "train"


def _most_mistakes(rows: pd.DataFrame, task: Task, params: EvaluationParams) -> int:
    """Every number is a little wrong: of few rows, only a fifth is worth a look."""
    return params.mistakes if task != "regression" else min(params.mistakes, -(-len(rows) // 5))


def _classes(rows: pd.DataFrame) -> list[ClassMetrics]:
    labels = class_labels(rows)
    if not labels or not len(rows):
        return []
    return class_metrics(
        label_codes(rows["actual"], labels),
        label_codes(rows["prediction"], labels),
        labels,
        weight_column(rows),
    )


def _calibration(predictions: pd.DataFrame, part: Part) -> Calibration | None:
    labels = class_labels(predictions)
    if not labels or not (predictions["part"] == part).any():
        return None
    judged = predictions[predictions["part"] == part]
    # The rows that are judged may not choose the temperature.
    chosen = predictions[predictions["part"] == ("validation" if part == "test" else "")]
    return calibrate(
        *_codes_and_probabilities(judged, labels),
        *_codes_and_probabilities(chosen, labels),
        weights=weight_column(judged),
        weights_fit=weight_column(chosen),
    )


def _codes_and_probabilities(rows: pd.DataFrame, labels: list[str]) -> tuple[Array, Array]:
    probabilities = rows[[f"probability_{label}" for label in labels]].to_numpy(dtype=np.float64)
    return label_codes(rows["actual"], labels), normalized(probabilities)
