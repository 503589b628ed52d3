"""What the model learned: predictions and metrics of every part, beside simple baselines."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from colonnade.evaluation.baselines import Baseline, fit_baselines, sampled, spread_codes
from colonnade.evaluation.metrics.bootstrap import difference_interval, headline_intervals
from colonnade.evaluation.metrics.fitted_line import line_metrics
from colonnade.evaluation.metrics.groups import Metrics, Values
from colonnade.evaluation.metrics.scores import (
    HEADLINES,
    HIGHER_IS_BETTER,
    MOST_CLASSES,
    Metric,
    class_keys,
    class_metrics,
    classification_metrics,
    headline_metrics,
    interval_metrics,
    regression_metrics,
)
from colonnade.evaluation.observations import (
    Observations,
    Predictor,
    calibration_errors,
    observe,
    one_thread,
    prediction_table,
    with_intervals,
)
from colonnade.messages.printed import Facts, Printed
from colonnade.parameters import Params

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.source import Source

FEW_ROWS = 50_000


class EvaluationParams(Params):
    """How much is measured after training: each option trades time for knowledge."""

    baselines: list[Baseline] = Field(["constant", "linear", "gradient_boosting"])
    """Fitted on the same rows: majority or mean, logistic or ridge, gradient boosting."""
    resamples: int = Field(200, ge=0, le=100_000)
    """Bootstrap resamples behind each interval; 0: no intervals."""
    confidence: float = Field(0.95, gt=0.5, lt=1)
    """How often such an interval holds the true value."""
    prediction_interval: float = Field(0.9, gt=0.5, lt=1)
    """How often a predicted number's interval, as wide as held-out errors want, should hold."""
    seed: int = Field(0, ge=0)
    """Of resamples and permutations."""
    explain: bool = True
    """Whether the report says which columns matter, where the model fails, and how sure it is."""
    importance_repeats: int = Field(5, ge=0, le=1_000)
    """Shuffles of each column behind its importance; 0: no importance, no dependence."""
    dependence_features: int = Field(4, ge=0, le=20)
    """How many of the most important columns are followed over their values."""
    mistakes: int = Field(20, ge=0, le=1_000)
    """How many of the most confident mistakes are listed."""


@dataclass(frozen=True, repr=False)
class Evaluation(Printed):
    """Predictions, one row a validation or test row, and the metrics of every part."""

    predictions: pd.DataFrame
    metrics: Metrics

    def printed(self) -> tuple[str, Facts]:
        """The metrics, and how many rows were predicted."""
        _, facts = self.metrics.printed()
        return f"Evaluation: {len(self.predictions):,} predictions", facts


def evaluate_model(
    model: Predictor,
    train: pd.DataFrame,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    params: EvaluationParams,
    *,
    source: Source | None = None,
) -> Evaluation:
    """Measure the model on every part; the test rows are read here and nowhere before.

    Args: train, validation, test: outputs of the standardizer; any but train may be empty.
    source: the table's, which has the true coefficients of a synthetic table.
    """
    frames = {"train": train, "validation": validation, "test": test}
    few = sum(map(len, frames.values())) < FEW_ROWS
    with one_thread() if few else nullcontext():
        parts = {part: observe(model, part, frame) for part, frame in frames.items()}
    ours = {
        **measure(parts["test"]),
        **_intervals(parts["test"], params),
        **_of_classes(parts["test"], model.standardizer.classes),
        **_coverage(model, parts, params),
    }
    names = model.standardizer.feature_names
    codes = [names.index(name) for name in model.standardizer.embedded]
    metrics = Metrics(
        {
            "test": ours,
            "validation": measure(parts["validation"]),
            "train": _headlines(parts["train"]),
            **line_metrics(model, parts["train"], source),
            **_against_baselines(parts, params, codes, ours),
        }
    )
    predictions = prediction_table([parts["validation"], parts["test"]], model.standardizer.classes)
    if model.standardizer.task == "regression":
        errors = calibration_errors(model, parts["validation"])
        predictions = with_intervals(predictions, errors, params.prediction_interval)
    return Evaluation(predictions, metrics)


def measure(rows: Observations) -> dict[str, float]:
    """All metrics of one part that its task defines."""
    if rows.probabilities is None:
        return regression_metrics(rows.actual, rows.predicted, rows.weights)
    return classification_metrics(
        rows.actual,
        rows.predicted,
        rows.probabilities,
        ordinal=rows.task == "ordinal",
        weights=rows.weights,
    )


def _headlines(rows: Observations) -> dict[str, float]:
    return headline_metrics(
        rows.task, rows.actual, rows.predicted, rows.probabilities, rows.weights
    )


def _intervals(rows: Observations, params: EvaluationParams) -> dict[str, float]:
    return headline_intervals(
        rows, resamples=params.resamples, confidence=params.confidence, seed=params.seed
    )


def _of_classes(rows: Observations, classes: list[Any] | None) -> dict[str, float]:
    """Precision and recall of each class by name; of more than twenty, the report alone tells."""
    if classes is None or not 0 < len(classes) <= MOST_CLASSES or not len(rows):
        return {}
    labels = [str(label) for label in classes]
    found = class_metrics(rows.actual, rows.predicted, labels, rows.weights)
    keys = class_keys(labels)
    return {
        f"{name}/{key}": getattr(one, name)
        for name in ("precision", "recall")
        for key, one in zip(keys, found, strict=True)
    }


def _coverage(
    model: Predictor, parts: dict[str, Observations], params: EvaluationParams
) -> dict[str, float]:
    test = parts["test"]
    if test.task != "regression":
        return {}
    errors = calibration_errors(model, parts["validation"])
    return interval_metrics(
        test.actual, test.predicted, errors, params.prediction_interval, test.weights
    )


def _against_baselines(
    parts: dict[str, Observations],
    params: EvaluationParams,
    codes: list[int],
    ours: Values,
) -> dict[str, Values]:
    """Headline metrics of each baseline, and how far the model is ahead of the best.

    `gain` is the model's metric minus the best baseline's, with its interval: below zero is better
    where less is, as for RMSE. Where nearly all rows are of one class, also by `rare_pr_auc`.
    Of many train rows baselines see a sample, of `train_rows` rows.
    """
    test = parts["test"]
    if len(test) == 0 or not params.baselines:
        return {}
    given = sampled(parts["train"]), sampled(parts["validation"]), test
    train, validation, tested = spread_codes(codes, *given)
    fitted = fit_baselines(params.baselines, train, validation, tested)
    if not fitted:
        return {}
    theirs = {name: _headlines(rows) for name, rows in fitted.items()}
    if len(train) < len(parts["train"]):  # readers are told of the sample
        theirs = {name: values | {"train_rows": len(train)} for name, values in theirs.items()}
    measures: list[Metric] = [HEADLINES[test.task][0]]
    measures += ["rare_pr_auc"] if "rare_pr_auc" in ours else []
    gain: dict[str, float] = {}
    for metric in measures:
        sign = 1 if metric in HIGHER_IS_BETTER else -1
        best = max(theirs, key=lambda name: sign * theirs[name][metric])
        gain[metric] = ours[metric] - theirs[best][metric]
        gain |= _gain_interval(metric, test, fitted[best], params)
    return {**{f"baseline/{name}": values for name, values in theirs.items()}, "gain": gain}


def _gain_interval(
    metric: Metric, ours: Observations, theirs: Observations, params: EvaluationParams
) -> dict[str, float]:
    interval = difference_interval(
        ours,
        theirs,
        metric,
        resamples=params.resamples,
        confidence=params.confidence,
        seed=params.seed,
    )
    if interval is None:
        return {}
    return {f"{metric}_low": interval[0], f"{metric}_high": interval[1]}
