"""One function a figure, each returning a matplotlib Figure without pyplot state.

Imports `metrics`, `explanation` and `observations`; only report, pipelines and datasets import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.evaluation.figures.classification import confusion_matrix
from colonnade.evaluation.figures.columns import (
    dependence_curves,
    importance_bars,
    target_distribution,
)
from colonnade.evaluation.figures.learning import learning_curve
from colonnade.evaluation.figures.pictures import saliency_maps
from colonnade.evaluation.figures.probabilities import (
    precision_recall_curves,
    reliability_diagram,
    roc_curves,
)
from colonnade.evaluation.figures.regression import fitted_line, predicted_vs_actual, residuals
from colonnade.evaluation.observations import class_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from colonnade.evaluation.metrics.fitted_line import LineData
    from colonnade.evaluation.metrics.groups import Metrics

__all__ = [
    "confusion_matrix",
    "dependence_curves",
    "fit_figure",
    "fitted_line",
    "importance_bars",
    "learning_curve",
    "precision_recall_curves",
    "predicted_vs_actual",
    "reliability_diagram",
    "residuals",
    "roc_curves",
    "saliency_maps",
    "target_distribution",
]


def fit_figure(
    predictions: pd.DataFrame,
    *,
    target: str = "target",
    metrics: Metrics | None = None,
    line: LineData | None = None,
) -> Figure:
    """The figure that says best how the predictions fit: classes, one line, or numbers.

    Args: line: of a table with one feature (see `line_data`).
    """
    part = "test" if (predictions["part"] == "test").any() else "validation"
    if class_labels(predictions):
        return confusion_matrix(predictions, part)
    if line is not None and metrics is not None and metrics["line"]:
        return fitted_line(line.points, metrics, line.feature, target)
    return predicted_vs_actual(predictions, target, part)
