"""Whether the network is worth it, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.evaluation.metrics.formatting import (
    baseline_name,
    format_difference,
    format_difference_interval,
    format_metric,
    metric_name,
    metric_with_interval,
    part_name,
)
from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER, LOPSIDED
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.scores import Metric
    from colonnade.tables.schema.table_schema import Task

# A lead smaller than this share of the other's error is none, however sure it is.
_NEGLIGIBLE = 0.01
# A log-loss so many times another's is worth a word.
_WORSE = 1.25
_CONSTANTS = ("majority", "mean")


@dataclass(frozen=True)
class Verdict:
    """A judgement in a word, and the sentences that support it.

    word: yes, no, level (no difference that matters), unclear (too few rows to say), unknown.
    """

    word: str
    headline: str
    sentence: str

    @property
    def answer(self) -> str:
        """The answer to "is the network worth it?"."""
        return {
            "yes": _("Yes."),
            "no": _("No."),
            "level": _("It does no better than a simple model."),
            "unclear": _("Unclear on these rows."),
            "unknown": _("Not judged."),
        }[self.word]

    @property
    def answer_for_linear(self) -> str:
        """The answer to "is a linear model enough?"."""
        return {
            "yes": _("Yes: nothing else that was tried does better."),
            "level": _("Yes: nothing else that was tried does better."),
            "no": _("No: another model does better."),
        }.get(self.word, self.answer)


def verdict(metrics: Metrics, task: Task) -> Verdict:
    """Judge the model against the best baseline by the interval of their difference."""
    headline = deciding_metric(metrics, task)
    part = "test" if headline in metrics["test"] else "validation"
    shown = metric_with_interval(metrics, part, headline)
    best = best_baseline(metrics, headline)
    if shown is None and task == "anomaly" and metrics["test"]:
        return Verdict(
            "unknown",
            _(
                "{share} of the test rows are flagged",
                share=f"{100 * metrics['test']['flagged']:.1f} %",
            ),
            _("Not judged: no column of the table says which test rows are odd (`schema.label`)."),
        )
    if shown is None:
        return Verdict(
            "unknown",
            _("No rows to evaluate on"),
            _("The validation and test parts are both empty."),
        )
    if best is None or part == "validation":
        why = (
            _("Not compared: no baseline was fitted.")
            if part == "test"
            else _("Not compared: the test part is empty.")
        )
        return Verdict("unknown", _headline(part, headline, shown), why)
    return _compared(metrics, headline, best, shown)


def _headline(part: str, metric: str, shown: str) -> str:
    return _(
        "{part} {metric} {value}", part=part_name(part), metric=metric_name(metric), value=shown
    )


def deciding_metric(metrics: Metrics, task: Task) -> Metric:
    """The metric that the verdict uses: one that does not hide a rare class."""
    usual = HEADLINES[task][0]
    part = "test" if usual in metrics["test"] else "validation"
    return "rare_pr_auc" if "rare_pr_auc" in metrics[part] else usual


def compared_metrics(metrics: Metrics, task: Task) -> list[str]:
    """The headline metrics; before them, where nearly all rows are of one class, better ones."""
    rare = deciding_metric(metrics, task) == "rare_pr_auc"
    return [*(("rare_pr_auc", "balanced_accuracy") if rare else ()), *HEADLINES[task]]


def _compared(metrics: Metrics, headline: str, best: str, shown: str) -> Verdict:
    sign = 1 if headline in HIGHER_IS_BETTER else -1
    gain = metrics["gain"][headline]
    lead = sign * gain
    low, high = sorted(sign * end for end in metrics.interval("gain", headline) or (gain, gain))
    best_value = metrics.baselines[best][headline]
    small = headline not in HIGHER_IS_BETTER and abs(lead) < _NEGLIGIBLE * best_value
    word = "unclear"
    if small or lead == low == high == 0:
        word = "level"
    elif low > 0:
        word = "yes"
    elif high < 0:
        word = "no"
    against = _(
        "{model} ({value})", model=baseline_name(best), value=format_metric(headline, best_value)
    )
    sentence = _sentence(word, headline, against, lead, (low, high))
    beaten = _beaten_by_constant(metrics, headline) if word == "unclear" and lead < 0 else ""
    if beaten:
        word = "no"
        sentence = beaten + _(" The best simple model is {against}.", against=against)
    sentence += _commonest(metrics, headline) + _probabilities(metrics)
    return Verdict(word, _headline("test", headline, shown), sentence)


def _sentence(
    word: str, headline: str, against: str, lead: float, ends: tuple[float, float]
) -> str:
    low, high = ends
    by = format_difference(headline, abs(lead))
    interval = format_difference_interval(headline, low, high)
    if word == "yes":
        return _(
            "The model beats the best simple model, {against}, by {by} (interval {interval}).",
            against=against, by=by, interval=interval,
        )  # fmt: skip
    if word == "no":
        return _(
            "A simple model does better: {against}, by {by} (interval {interval}).",
            against=against, by=by, interval=format_difference_interval(headline, -high, -low),
        )  # fmt: skip
    if word == "level" and lead:
        return _(
            "The model is as good as the best simple model, {against}: they differ by less than "
            "1\N{NO-BREAK SPACE}%.", against=against,
        )  # fmt: skip
    if word == "level":
        return _(
            "The model is as good as the best simple model, {against}, on these rows.",
            against=against,
        )
    return _unclear(against, lead, by, interval)


def _unclear(against: str, lead: float, by: str, interval: str) -> str:
    """Too few rows to say which model is better."""
    if not lead:
        return _(
            "The model is level with the best simple model, {against}: on other rows its lead may "
            "be anything from {interval}.", against=against, interval=interval,
        )  # fmt: skip
    if lead > 0:
        return _(
            "The model is ahead of the best simple model, {against}, by {by}, but that may be "
            "luck: on other rows its lead may be anything from {interval}.",
            against=against, by=by, interval=interval,
        )  # fmt: skip
    return _(
        "The model is behind the best simple model, {against}, by {by}, but that may be luck: on "
        "other rows its lead may be anything from {interval}.",
        against=against, by=by, interval=interval,
    )  # fmt: skip


def _beaten_by_constant(metrics: Metrics, headline: str) -> str:
    """Whatever chance may have done: a model that is behind a constant is not worth it."""
    sign = 1 if headline in HIGHER_IS_BETTER else -1
    for name in _CONSTANTS:
        value = metrics[f"baseline/{name}"].get(headline)
        if value is None or sign * metrics["test"][headline] >= sign * value:
            continue
        if headline == "accuracy" and (value >= LOPSIDED or _surer_than_constant(metrics)):
            continue
        shown = format_metric(headline, value)
        if name == "mean":
            return _("Always predicting the mean does better ({value}).", value=shown)
        return _("Always predicting the most frequent class does better ({value}).", value=shown)
    return ""


def _surer_than_constant(metrics: Metrics) -> bool:
    """Whether the probabilities are better than the shares of the classes."""
    ours, constant = (metrics[of].get("log_loss") for of in ("test", "baseline/majority"))
    return ours is not None and constant is not None and ours < constant


def _commonest(metrics: Metrics, headline: str) -> str:
    """What accuracy hides where nearly all rows are of one class."""
    share = metrics["baseline/majority"].get("accuracy", 0.0)
    least = min(LOPSIDED, metrics["test"].get("accuracy", 1.0))
    if share < least or headline not in ("accuracy", "rare_pr_auc"):
        return ""
    shown = format_metric("accuracy", share)
    if headline == "accuracy":
        return _(
            " Always predicting the most frequent class is right on {share}, too.", share=shown
        )
    return _(
        " Accuracy is misleading here: always predicting the most frequent class is right on "
        "{share}.", share=shown,
    )  # fmt: skip


def _probabilities(metrics: Metrics) -> str:
    """A word on the log-loss where a simple model's probabilities are much better."""
    best = best_baseline(metrics, "log_loss")
    ours = metrics["test"].get("log_loss")
    if best is None or ours is None:
        return ""
    theirs = metrics.baselines[best]["log_loss"]
    if ours <= _WORSE * theirs:
        return ""
    return _(
        " Its probabilities are worse than those of {model}: log-loss {ours} against {theirs}.",
        model=baseline_name(best),
        ours=format_metric("log_loss", ours),
        theirs=format_metric("log_loss", theirs),
    )


def best_baseline(metrics: Metrics, headline: str) -> str | None:
    """The baseline with the best headline metric on test rows."""
    found = {n: values[headline] for n, values in metrics.baselines.items() if headline in values}
    best = max if headline in HIGHER_IS_BETTER else min
    return best(found, key=lambda name: found[name]) if found else None
