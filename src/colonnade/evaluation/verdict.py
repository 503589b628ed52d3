"""The one sentence that a reader came for: is the network worth it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.evaluation.metrics import HEADLINES, HIGHER_IS_BETTER, LOPSIDED

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
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC (average precision)",
    "rare_pr_auc": "PR-AUC of the rarest class",
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
# Numbers without a unit, most of them between 0 and 1.
_SCORES = frozenset(
    {
        "f1_macro",
        "f1_weighted",
        "log_loss",
        "brier",
        "ece",
        "roc_auc",
        "pr_auc",
        "rare_pr_auc",
        "rank_error",
        "quadratic_kappa",
        "r2",
    }
)
NB = "\N{NO-BREAK SPACE}"
# A share of so much is told without decimals.
_MANY = 10
# A lead smaller than this share of the other's error is none, however sure it is.
_NEGLIGIBLE = 0.01
# A log-loss so many times another's is worth a word.
_WORSE = 1.25
_CONSTANTS = {"majority": "the commonest class", "mean": "the mean"}


@dataclass(frozen=True)
class Verdict:
    """A judgement in a word, and the sentences that bear it.

    word: yes, no, level (no difference that matters), unclear (the rows cannot tell), unknown.
    """

    word: str
    headline: str
    sentence: str

    @property
    def answer(self) -> str:
        """The word as an answer to "is the network worth it?"."""
        return {
            "yes": "Yes.",
            "no": "No.",
            "level": "It does no better than a simple model.",
            "unclear": "These rows cannot tell.",
            "unknown": "Not judged.",
        }[self.word]


def verdict(metrics: Mapping[str, float], task: Task) -> Verdict:
    """Judge the model against the best baseline by the interval of their difference."""
    headline = deciding_metric(metrics, task)
    part = "test" if f"test/{headline}" in metrics else "validation"
    told = told_metric(metrics, part, headline)
    best = best_baseline(metrics, headline)
    if told is None:
        return Verdict("unknown", "No row to judge by", "Both validation and test part are empty.")
    if best is None or part == "validation":
        why = "no baseline was fitted" if part == "test" else "the test part is empty"
        return Verdict("unknown", f"{part} {NAMES[headline]} {told}", f"Not compared: {why}.")
    return _compared(metrics, headline, best, told)


def deciding_metric(metrics: Mapping[str, float], task: Task) -> str:
    """The metric that a verdict is spoken in: one that does not hide a rare class."""
    return "rare_pr_auc" if "gain/rare_pr_auc" in metrics else HEADLINES[task][0]


def compared_metrics(metrics: Mapping[str, float], task: Task) -> list[str]:
    """The headline metrics; before them, where nearly all rows are of one class, better ones."""
    rare = deciding_metric(metrics, task) == "rare_pr_auc"
    return [*(("rare_pr_auc", "balanced_accuracy") if rare else ()), *HEADLINES[task]]


def _compared(metrics: Mapping[str, float], headline: str, best: str, told: str) -> Verdict:
    sign = 1 if headline in HIGHER_IS_BETTER else -1
    lead = sign * metrics[f"gain/{headline}"]
    ends = (metrics.get(f"gain/{headline}_{end}") for end in ("low", "high"))
    low, high = sorted(lead if end is None else sign * end for end in ends)
    best_value = metrics[f"baseline/{best}/{headline}"]
    small = headline not in HIGHER_IS_BETTER and abs(lead) < _NEGLIGIBLE * best_value
    word = "unclear"
    if small or lead == low == high == 0:
        word = "level"
    elif low > 0:
        word = "yes"
    elif high < 0:
        word = "no"
    against = f"{best.replace('_', ' ')} ({form(headline, best_value)})"
    sentence = _sentence(word, headline, against, lead, (low, high))
    beaten = _beaten_by_constant(metrics, headline) if word == "unclear" and lead < 0 else ""
    if beaten:
        word, sentence = "no", f"{beaten} The best simple model is {against}."
    sentence += _commonest(metrics, headline) + _probabilities(metrics)
    return Verdict(word, f"test {NAMES[headline]} {told}", sentence)


def _sentence(
    word: str, headline: str, against: str, lead: float, ends: tuple[float, float]
) -> str:
    low, high = ends
    by = f"by {amount(headline, abs(lead))}" if lead else ""
    span, shrunk = _span(headline, low, high), _span(headline, -high, -low)
    place = "ahead of" if lead > 0 else "behind" if lead < 0 else "level with"
    return {
        "yes": f"The model beats the best simple model, {against}, {by} (interval {span}).",
        "no": f"A simple model does better: {against}, {by} (interval {shrunk}).",
        "level": f"The model is as good as the best simple model, {against}"
        + (f": they differ by less than 1{NB}%." if lead else ", on these rows."),
        "unclear": f"The model is {place} the best simple model, {against}{by and ', '}{by}"
        f"{', but that may be luck' if lead else ''}: on other rows its lead may be anything from "
        f"{span}.",
    }[word]


def _beaten_by_constant(metrics: Mapping[str, float], headline: str) -> str:
    """Whatever chance may have done: a model that is behind a constant is not worth it."""
    sign = 1 if headline in HIGHER_IS_BETTER else -1
    for name, answer in _CONSTANTS.items():
        value = metrics.get(f"baseline/{name}/{headline}")
        if value is None or sign * metrics[f"test/{headline}"] >= sign * value:
            continue
        if headline == "accuracy" and (value >= LOPSIDED or _surer_than_constant(metrics)):
            continue
        return f"Always answering {answer} does better ({form(headline, value)})."
    return ""


def _surer_than_constant(metrics: Mapping[str, float]) -> bool:
    """Whether the probabilities tell more than the shares of the classes do."""
    ours, constant = (metrics.get(f"{of}/log_loss") for of in ("test", "baseline/majority"))
    return ours is not None and constant is not None and ours < constant


def _commonest(metrics: Mapping[str, float], headline: str) -> str:
    """What accuracy hides where nearly all rows are of one class."""
    share = metrics.get("baseline/majority/accuracy", 0.0)
    least = min(LOPSIDED, metrics.get("test/accuracy", 1.0))
    if share < least or headline not in ("accuracy", "rare_pr_auc"):
        return ""
    told = form("accuracy", share)
    if headline == "accuracy":
        return f" Always answering the commonest class is right on {told}, too."
    return (
        f" Accuracy does not judge here: always answering the commonest class is right on {told}."
    )


def _probabilities(metrics: Mapping[str, float]) -> str:
    """A word on the log-loss where a simple model's probabilities are much better."""
    best = best_baseline(metrics, "log_loss")
    ours = metrics.get("test/log_loss")
    if best is None or ours is None:
        return ""
    theirs = metrics[f"baseline/{best}/log_loss"]
    if ours <= _WORSE * theirs:
        return ""
    return (
        f" Its probabilities are worse than those of {best.replace('_', ' ')}: log-loss "
        f"{form('log_loss', ours)} against {form('log_loss', theirs)}."
    )


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


def recipe(metrics: Mapping[str, float], name: str) -> str:
    """A metric of a cross-validation: mean ± standard deviation over folds; or nothing."""
    mean, spread = (metrics.get(f"cv/{name}{end}") for end in ("", "_sd"))
    if mean is None or spread is None:
        return ""
    return f"{form(name, mean)}{NB}±{NB}{form_end(name, spread)}"


def told_recipe(metrics: Mapping[str, float], task: Task, n_folds: int) -> str:
    """What a cross-validation found, in a line."""
    told = {NAMES[name]: recipe(metrics, name) for name in HEADLINES[task]}
    found = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    return f"the recipe on {n_folds} folds (mean ± sd): {found}."


def form_end(name: str, value: float) -> str:
    """An end of an interval: three digits say all that it knows."""
    return form(name, value, digits=3)


def form(name: str, value: float, digits: int = 4) -> str:
    """A metric's value as a reader wants it.

    Shares in percent, scores to three decimals, numbers in raw units to four digits.
    """
    if name in _SHARES:
        text = _percent(value)
    else:
        text = _score(value) if name in _SCORES else _digits(value, digits)
    return text.replace("-", "\N{MINUS SIGN}")


def amount(name: str, value: float) -> str:
    """A difference between two values of a metric: shares in percentage points."""
    if name not in _SHARES:
        return form_end(name, value)
    text = f"{100 * value:z.1f}{NB}points"
    return text.replace("-", "\N{MINUS SIGN}")


def _span(name: str, low: float, high: float) -> str:
    """A difference's interval, its unit told once: "0.8 to 4.2 points"."""
    return f"{amount(name, low).partition(NB)[0]} to {amount(name, high)}"


def _percent(value: float) -> str:
    """One decimal; what is not quite all, or not quite nothing, is not rounded to it."""
    told = f"{100 * value:z,.{1 if abs(value) < _MANY else 0}f}"
    if told == "100.0" and value < 1:
        told = "> 99.9"
    elif told == "0.0" and value > 0:
        told = "< 0.1"
    return f"{told}{NB}%"


def _score(value: float) -> str:
    """Three decimals; more where fewer would leave one digit, or round up to a perfect score."""
    if value and abs(value) < 0.01:
        text = f"{value:#.2g}"
        return f"{value:.5f}".rstrip("0") if "e" in text and abs(value) >= 5e-6 else text
    if abs(value) >= 100:
        return _digits(value)
    return f"{value:.4f}" if 0.9995 <= value < 1 else f"{value:.3f}"


def _digits(value: float, digits: int = 4) -> str:
    """So many digits, zeros at the end too, without an exponent where a reader can do without."""
    rounded = float(f"{value:.{digits}g}")
    if 1e4 <= abs(rounded) < 1e15:
        return f"{rounded:,.0f}"
    if 10 ** (digits - 1) <= abs(rounded) < 1e4 or not rounded:
        return f"{rounded:z.0f}"
    return f"{rounded:#.{digits}g}"
