"""Numbers that say how good predictions are: flat, finite, left out where not defined."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from colonnade.evaluation.metrics.many_rows.ranked import MANY_ROWS, Ranked
from colonnade.training.models.conformal import half_width

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import Task

Array = NDArray[Any]
Metric = Literal[
    "accuracy", "log_loss", "rank_error", "rmse", "mae", "r2", "rare_pr_auc", "roc_auc"
]

# The first of each is the one that a verdict is spoken in.
HEADLINES: dict[Task, tuple[Metric, ...]] = {
    "classification": ("accuracy", "log_loss"),
    "ordinal": ("accuracy", "rank_error", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
    "anomaly": ("roc_auc",),
}
HIGHER_IS_BETTER: frozenset[str] = frozenset({"accuracy", "r2", "rare_pr_auc", "roc_auc"})
# The commonest class's share from which accuracy says little: the rarest class is judged by.
LOPSIDED = 0.9
ECE_BINS = 10
MOST_CLASSES = 20


def classification_metrics(
    actual: Array,
    predicted: Array,
    probabilities: Array,
    *,
    ordinal: bool = False,
    weights: Array | None = None,
) -> dict[str, float]:
    """Measure class predictions against what the rows really were.

    Shape: actual, predicted (n,) class codes 0..K-1; probabilities (n, K), rows sum to 1; weights
        (n,), or None where all rows count alike.
    Units: `log_loss` in nats; `rank_error` in ranks; `brier` 0..2 (0..1 for two classes).
    A metric is left out where it is not defined, as ROC-AUC is when a class has no row.
    """
    from sklearn import metrics as sk

    if len(actual) == 0:
        return {}
    codes = np.arange(probabilities.shape[1])
    present = np.unique(actual)
    _, _, f1, rows = sk.precision_recall_fscore_support(
        actual, predicted, labels=codes, zero_division=0, sample_weight=weights
    )
    found = {
        "accuracy": sk.accuracy_score(actual, predicted, sample_weight=weights),
        "balanced_accuracy": _balanced_accuracy(actual, predicted, weights),
        "f1_macro": f1.mean(),
        "f1_weighted": np.average(f1, weights=rows),
        "log_loss": sk.log_loss(actual, probabilities, labels=codes, sample_weight=weights),
        "brier": sk.brier_score_loss(actual, probabilities, labels=codes, sample_weight=weights),
        "ece": expected_calibration_error(actual, predicted, probabilities, weights),
    }
    found |= _ranking_metrics(actual, probabilities, present, weights)
    found |= _rare_metrics(actual, probabilities, weights)
    if ordinal:
        found["rank_error"] = sk.mean_absolute_error(actual, predicted, sample_weight=weights)
        if len(np.union1d(present, predicted)) > 1:
            found["quadratic_kappa"] = sk.cohen_kappa_score(
                actual, predicted, labels=codes, weights="quadratic", sample_weight=weights
            )
    return finite(found)


def _ranking_metrics(
    actual: Array, probabilities: Array, present: Array, weights: Array | None
) -> dict[str, float]:
    """ROC-AUC and PR-AUC (one class against the rest, averaged), and top-k accuracy."""
    from sklearn import metrics as sk

    n_classes = probabilities.shape[1]
    found = {
        f"top_{k}_accuracy": sk.top_k_accuracy_score(
            actual, probabilities, k=k, labels=np.arange(n_classes), sample_weight=weights
        )
        for k in (2, 5)
        if k < n_classes
    }
    if len(present) == n_classes and len(actual) > MANY_ROWS:
        codes = range(int(n_classes == 2), n_classes)
        curves = [Ranked.of(probabilities[:, code], actual == code, weights) for code in codes]
        found["roc_auc"] = float(np.mean([curve.roc_auc() for curve in curves]))
        found["pr_auc"] = float(np.mean([curve.average_precision() for curve in curves]))
    elif len(present) == n_classes:
        area, precision = (
            partial(score, sample_weight=weights)
            for score in (sk.roc_auc_score, sk.average_precision_score)
        )
        if n_classes == 2:
            found["roc_auc"] = area(actual, probabilities[:, 1])
            found["pr_auc"] = precision(actual, probabilities[:, 1])
        else:
            one_hot = np.eye(n_classes)[actual]
            found["roc_auc"] = area(actual, probabilities, multi_class="ovr")
            found["pr_auc"] = precision(one_hot, probabilities, average="macro")
    return found


def rarer_of_two(actual: Array) -> int:
    """Code of the rarer of two classes, the second of equals: whose curves say most."""
    return int(2 * (actual == 0).sum() >= len(actual))


def rarest_class(actual: Array) -> int | None:
    """Code of the rarest class where nearly all rows are of one class; None elsewhere."""
    codes, rows = np.unique(actual, return_counts=True)
    if len(codes) < 2 or rows.max() < LOPSIDED * len(actual):
        return None
    return int(codes[rows.argmin()])


def _balanced_accuracy(actual: Array, predicted: Array, weights: Array | None) -> float:
    """Mean recall of the classes present: balanced_accuracy_score warns of one that no row has."""
    from sklearn.metrics import recall_score

    return float(
        recall_score(
            actual,
            predicted,
            labels=np.unique(actual),
            average="macro",
            zero_division=0,
            sample_weight=weights,
        )
    )


def _rare_metrics(actual: Array, probabilities: Array, weights: Array | None) -> dict[str, float]:
    """What accuracy hides where nearly all rows are of one class; nothing elsewhere.

    Source: Saito and Rehmsmeier 2015, The Precision-Recall Plot Is More Informative than the ROC
    Plot When Evaluating Binary Classifiers on Imbalanced Datasets.
    """
    from sklearn import metrics as sk

    rare = rarest_class(actual)
    if rare is None:
        return {}
    given = actual == rare, probabilities[:, rare]
    return {"rare_pr_auc": sk.average_precision_score(*given, sample_weight=weights)}


def expected_calibration_error(
    actual: Array, predicted: Array, probabilities: Array, weights: Array | None = None
) -> float:
    """Mean gap between confidence and accuracy over ten bins of confidence, weighted by rows.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, eq. 3.
    """
    confidence = probabilities[np.arange(len(predicted)), predicted]
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gap = (predicted == actual) - confidence
    total: float = len(actual)
    if weights is not None:
        gap, total = gap * weights, weights.sum()
    return float(np.abs(np.bincount(bins, gap, ECE_BINS)).sum() / total)


class ClassMetrics(BaseModel):
    """How well one class is found, and how many rows it has."""

    model_config = ConfigDict(frozen=True)

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


def class_metrics(
    actual: Array, predicted: Array, labels: list[str], weights: Array | None = None
) -> list[ClassMetrics]:
    """Precision, recall, F1 and number of rows of each class, in the order of the classes."""
    from sklearn.metrics import precision_recall_fscore_support

    codes = np.arange(len(labels))
    *columns, _ = precision_recall_fscore_support(
        actual, predicted, labels=codes, zero_division=0, sample_weight=weights
    )
    columns.append((np.asarray(actual)[:, None] == codes).sum(axis=0))
    return [
        ClassMetrics(label=label, precision=precision, recall=recall, f1=f1, rows=rows)
        for label, precision, recall, f1, rows in zip(labels, *columns, strict=True)
    ]


def headline_metrics(
    task: Task,
    actual: Array,
    predicted: Array,
    probabilities: Array | None,
    weights: Array | None = None,
) -> dict[str, float]:
    """The headline metrics alone, in a tenth of the time: for train rows and for baselines.

    Where nearly all rows are of one class, also those that do not hide the rarest.
    """
    if len(actual) == 0:
        return {}
    if probabilities is None:
        found = regression_metrics(actual, predicted, weights)
        return {name: found[name] for name in HEADLINES[task] if name in found}
    from sklearn import metrics as sk

    codes = np.arange(probabilities.shape[1])
    found = {
        "accuracy": sk.accuracy_score(actual, predicted, sample_weight=weights),
        "log_loss": sk.log_loss(actual, probabilities, labels=codes, sample_weight=weights),
    }
    if task == "ordinal":
        found["rank_error"] = sk.mean_absolute_error(actual, predicted, sample_weight=weights)
    rare = _rare_metrics(actual, probabilities, weights)
    if rare:
        rare["balanced_accuracy"] = _balanced_accuracy(actual, predicted, weights)
    return finite({name: found[name] for name in HEADLINES[task]} | rare)


def class_keys(labels: list[str]) -> list[str]:
    """Labels as parts of metric names: without signs that MLflow refuses, and still distinct."""
    keys: list[str] = []
    for label in labels:
        key = re.sub(r"[^\w.\- ]", "_", label)[:60].strip()
        key = key if key.strip(".") else "_" * max(1, len(key))
        while key in keys:
            key += "_"
        keys.append(key)
    return keys


def regression_metrics(
    actual: Array, predicted: Array, weights: Array | None = None
) -> dict[str, float]:
    """Measure numeric predictions against what the rows really were.

    Shape: actual, predicted (n,), raw units of the target; weights (n,), or None where all rows
        count alike.
    Units: `rmse`, `mae`, `median_error` in units of the target; `mape` a fraction, left out when
    an actual value is zero; `r2` left out when all actual values are equal.
    """
    from sklearn import metrics as sk

    if len(actual) == 0:
        return {}
    scores = {
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "median_error": sk.median_absolute_error,
    }
    if np.ptp(actual) > 0:
        scores["r2"] = sk.r2_score
    if np.all(actual != 0):
        scores["mape"] = sk.mean_absolute_percentage_error
    return finite(
        {name: score(actual, predicted, sample_weight=weights) for name, score in scores.items()}
    )


def interval_metrics(
    actual: Array,
    predicted: Array,
    calibration_errors: Array,
    nominal: float,
    weights: Array | None = None,
) -> dict[str, float]:
    """How often actual values lie within the interval that held-out errors promise, and its width.

    Left out where there are too few errors for the promise (nine for 0.9).
    """
    half = half_width(calibration_errors, nominal)
    if len(actual) == 0 or half is None:
        return {}
    return {
        "interval_coverage": float(np.average(np.abs(predicted - actual) <= half, weights=weights)),
        "interval_width": float(2 * half),
    }


def finite(found: dict[str, Any]) -> dict[str, float]:
    """Plain Python floats, without those that are not finite."""
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}
