"""Metrics as text: with a name, shares in percent, no meaningless digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from colonnade.evaluation.metrics.scores import HEADLINES
from colonnade.messages.catalog import _, marked

if TYPE_CHECKING:
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task


@dataclass(frozen=True)
class Shown:
    """How a reader is shown a metric: its name, and whether it is a share, a score or raw units."""

    name: str
    unit: Literal["share", "score", "raw"]


METRICS = {
    "accuracy": Shown("accuracy", "share"),
    "balanced_accuracy": Shown("balanced accuracy", "share"),
    "f1_macro": Shown("F1, mean over classes", "score"),
    "f1_weighted": Shown("F1, weighted by rows", "score"),
    "log_loss": Shown("log-loss (nats)", "score"),
    "brier": Shown("Brier score", "score"),
    "ece": Shown("expected calibration error", "score"),
    "roc_auc": Shown("ROC-AUC", "score"),
    "pr_auc": Shown("PR-AUC (average precision)", "score"),
    "rare_pr_auc": Shown("PR-AUC of the rarest class", "score"),
    "top_2_accuracy": Shown("top-2 accuracy", "share"),
    "top_5_accuracy": Shown("top-5 accuracy", "share"),
    "rank_error": Shown("mean absolute rank error", "score"),
    "quadratic_kappa": Shown("quadratic-weighted kappa", "score"),
    "rmse": Shown("RMSE", "raw"),
    "mae": Shown("mean absolute error", "raw"),
    "pinball": Shown("pinball loss", "raw"),
    "median_error": Shown("median absolute error", "raw"),
    "r2": Shown("R²", "score"),
    "mape": Shown("mean absolute percentage error", "share"),
    "interval_coverage": Shown("coverage of the prediction interval", "share"),
    "interval_width": Shown("width of the prediction interval", "raw"),
}
"""Every metric that a report shows, in its order."""
NAMES = {key: shown.name for key, shown in METRICS.items()}
NB = "\N{NO-BREAK SPACE}"
# A share of so much is shown without decimals.
_MANY = 10
_PARTS = {"train": marked("train"), "validation": marked("validation"), "test": marked("test")}
_BASELINES = {
    "majority": marked("most frequent class"),
    "mean": marked("mean of the target"),
    "logistic": marked("logistic regression"),
    "ridge": marked("ridge regression"),
    "gradient_boosting": marked("gradient boosting"),
    "isolation_forest": marked("isolation forest"),
    "pca": marked("PCA"),
}


def metric_name(name: str) -> str:
    """What a reader calls the metric."""
    return _(NAMES[name])


def part_name(part: str) -> str:
    """What a reader calls the part: train, validation or test."""
    return _(_PARTS[part]) if part in _PARTS else part


def baseline_name(name: str) -> str:
    """What a reader calls a simple model."""
    return _(_BASELINES[name]) if name in _BASELINES else name.replace("_", " ")


def span(low: str, high: str) -> str:
    """An interval, from its two ends."""
    return _("{low} to {high}", low=low, high=high)


def metric_with_interval(metrics: Metrics, part: str, name: str) -> str | None:
    """A metric with its interval as text, or None where it is not defined."""
    value, interval = metrics[part].get(name), metrics.interval(part, name)
    if value is None:
        return None
    if interval is None:
        return format_metric(name, value)
    ends = span(*(format_interval_end(name, end) for end in interval))
    return _("{value} ({interval})", value=format_metric(name, value), interval=ends)


def mean_and_sd(metrics: Metrics, name: str) -> str:
    """A metric of a cross-validation: mean ± standard deviation over folds; or nothing."""
    mean, spread = metrics["cv"].get(name), metrics["cv"].get(f"{name}_sd")
    if mean is None or spread is None:
        return ""
    return f"{format_metric(name, mean)}{NB}±{NB}{format_interval_end(name, spread)}"


def cross_validation_line(metrics: Metrics, task: Task, n_folds: int) -> str:
    """What a cross-validation found, in a line."""
    values = {metric_name(name): mean_and_sd(metrics, name) for name in HEADLINES[task]}
    found = _(", ").join(f"{name} {value}" for name, value in values.items() if value)
    return _("cross-validation on {n} folds (mean ± sd): {found}.", n=n_folds, found=found)


def format_interval_end(name: str, value: float) -> str:
    """An end of an interval: three digits are all that is significant."""
    return format_metric(name, value, digits=3)


def format_metric(name: str, value: float, digits: int = 4) -> str:
    """A metric's value as text.

    Shares in percent, scores to three decimals, numbers in raw units to four digits.
    """
    if _unit(name) == "share":
        text = _percent(value)
    else:
        text = _score(value) if _unit(name) == "score" else plain_digits(value, digits)
    return text.replace("-", "\N{MINUS SIGN}")


def format_difference(name: str, value: float) -> str:
    """A difference between two values of a metric: shares in percentage points."""
    if _unit(name) != "share":
        return format_interval_end(name, value)
    text = _("{n}\N{NO-BREAK SPACE}points", n=f"{100 * value:z.1f}")
    return text.replace("-", "\N{MINUS SIGN}")


def format_difference_interval(name: str, low: float, high: float) -> str:
    """A difference's interval, its unit given once: "0.8 to 4.2 points"."""
    if _unit(name) != "share":
        return span(format_difference(name, low), format_difference(name, high))
    first = f"{100 * low:z.1f}".replace("-", "\N{MINUS SIGN}")
    return span(first, format_difference(name, high))


def _unit(name: str) -> str:
    shown = METRICS.get(name)
    return "raw" if shown is None else shown.unit


def _percent(value: float) -> str:
    """One decimal; what is not quite all, or not quite nothing, is not rounded to it."""
    percent = f"{100 * value:z,.{1 if abs(value) < _MANY else 0}f}"
    if percent == "100.0" and value < 1:
        percent = "> 99.9"
    elif percent == "0.0" and value > 0:
        percent = "< 0.1"
    return _("{percent}\N{NO-BREAK SPACE}%", percent=percent)


def _score(value: float) -> str:
    """Three decimals; more where fewer would leave one digit, or round up to a perfect score."""
    if value and abs(value) < 0.01:
        text = f"{value:#.2g}"
        return f"{value:.5f}".rstrip("0") if "e" in text and abs(value) >= 5e-6 else text
    if abs(value) >= 100:
        return plain_digits(value)
    return f"{value:.4f}" if 0.9995 <= value < 1 else f"{value:.3f}"


def plain_digits(value: float, digits: int = 4) -> str:
    """So many digits, zeros at the end too, without an exponent where a reader can do without."""
    rounded = float(f"{value:.{digits}g}")
    if 1e4 <= abs(rounded) < 1e15:
        return f"{rounded:,.0f}"
    if 10 ** (digits - 1) <= abs(rounded) < 1e4 or not rounded:
        return f"{rounded:z.0f}"
    return f"{rounded:#.{digits}g}"


def number(n: int) -> str:
    """A count with thousands apart."""
    return f"{n:,}"


def share(value: float) -> str:
    """A fraction in percent."""
    return format_metric("accuracy", value)
