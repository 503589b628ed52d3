"""The one sentence that a reader came for: is the network worth it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.evaluation.metrics import HEADLINES, HIGHER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.schema import Task

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1_macro": "F1, mean over classes",
    "f1_weighted": "F1, weighted by rows",
    "log_loss": "log-loss (nats)",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "roc_auc": "ROC-AUC, one against the rest",
    "pr_auc": "PR-AUC, mean over classes",
    "top_2_accuracy": "accuracy within the two likeliest",
    "top_5_accuracy": "accuracy within the five likeliest",
    "rank_error": "mean absolute rank error",
    "quadratic_kappa": "quadratic-weighted kappa",
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "median_error": "median absolute error",
    "r2": "R²",
    "mape": "mean absolute percentage error",
    "interval_coverage": "coverage of the prediction interval",
    "interval_width": "width of the prediction interval",
}
_SHARES = frozenset(
    {
        "accuracy",
        "balanced_accuracy",
        "top_2_accuracy",
        "top_5_accuracy",
        "mape",
        "interval_coverage",
    }
)
# A lead smaller than this share of the other's error is none, however sure it is.
_NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Verdict:
    """A judgement in a word, and the sentences that bear it.

    word: yes, no, level (no difference that matters), unclear (the rows cannot tell), unknown.
    """

    word: str
    headline: str
    sentence: str


def verdict(metrics: Mapping[str, float], task: Task) -> Verdict:
    """Judge the model against the best baseline by the interval of their difference."""
    headline = HEADLINES[task][0]
    part = "test" if f"test/{headline}" in metrics else "validation"
    told = told_metric(metrics, part, headline)
    best = best_baseline(metrics, headline)
    if told is None:
        return Verdict("unknown", "No row to judge by", "Both validation and test part are empty.")
    if best is None or part == "validation":
        why = "no baseline was fitted" if part == "test" else "the test part is empty"
        return Verdict("unknown", f"{part} {NAMES[headline]} {told}", f"Not compared: {why}.")
    return _compared(metrics, headline, best, told)


def _compared(metrics: Mapping[str, float], headline: str, best: str, told: str) -> Verdict:
    sign = 1 if headline in HIGHER_IS_BETTER else -1
    gain = metrics[f"gain/{headline}"]
    ends = (metrics.get(f"gain/{headline}_low"), metrics.get(f"gain/{headline}_high"))
    low, high = (gain if end is None else end for end in ends)
    best_value = metrics[f"baseline/{best}/{headline}"]
    small = headline not in HIGHER_IS_BETTER and abs(gain) < _NEGLIGIBLE * best_value
    word = "unclear"
    if small or gain == low == high == 0:
        word = "level"
    elif min(sign * low, sign * high) > 0:
        word = "yes"
    elif max(sign * low, sign * high) < 0:
        word = "no"
    against = f"{best.replace('_', ' ')} ({form(headline, best_value)})"
    ahead = f"{form(headline, gain, signed=True)}, interval {form(headline, low, signed=True)} to "
    ahead += form(headline, high, signed=True)
    sentence = {
        "yes": f"The model beats the best simple model, {against}: {ahead}.",
        "no": f"A simple model does better: {against}. The difference is {ahead}.",
        "level": f"The model is as good as the best simple model, {against}"
        + (": they differ by less than 1\N{NO-BREAK SPACE}%." if gain else ", on these rows."),
        "unclear": f"The model is level with the best simple model, {against}: {ahead} holds "
        "zero, so these rows cannot tell them apart.",
    }[word]
    return Verdict(word, f"test {NAMES[headline]} {told}", sentence)


def best_baseline(metrics: Mapping[str, float], headline: str) -> str | None:
    """The baseline with the best headline metric on test rows."""
    found = {
        name.split("/")[1]: value
        for name, value in metrics.items()
        if name.startswith("baseline/") and name.endswith(f"/{headline}")
    }
    best = max if headline in HIGHER_IS_BETTER else min
    return best(found, key=lambda name: found[name]) if found else None


def told_metric(metrics: Mapping[str, float], part: str, name: str) -> str | None:
    """A metric with its interval as text, or None where it is not defined."""
    value = metrics.get(f"{part}/{name}")
    if value is None:
        return None
    low, high = (metrics.get(f"{part}/{name}_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return form(name, value)
    return f"{form(name, value)} ({form_end(name, low)} to {form_end(name, high)})"


def form_end(name: str, value: float) -> str:
    """An end of an interval: three digits say all that it knows."""
    return form(name, value if name in _SHARES else float(f"{value:.3g}"))


def form(name: str, value: float, *, signed: bool = False) -> str:
    """A metric's value as a reader wants it: shares in percent, the rest to four digits."""
    sign = "+" if signed else ""
    if name in _SHARES:
        unit = "\N{NO-BREAK SPACE}points" if signed else "\N{NO-BREAK SPACE}%"
        text = f"{100 * value:{sign}.1f}{unit}"
    else:
        text = f"{value:{sign}.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
