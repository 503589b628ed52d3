"""A summary: which columns matter most, how far off predictions are, and where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.metrics.formatting import (
    cross_validation_line,
    format_difference,
    format_interval_end,
    format_metric,
    metric_name,
    part_name,
)
from colonnade.evaluation.metrics.scores import HEADLINES
from colonnade.evaluation.observations import class_labels, label_codes
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from colonnade.evaluation.report.content import ReportContent

_MOST_COLUMNS = 4


def summary_lines(content: ReportContent) -> list[tuple[str, str]]:
    """Pairs of a word and a sentence; none where nothing was explained."""
    pairs = [
        (_("Suspicious"), _joined(content.data.profile.get("suspicions", []))),
        (_("Over folds"), _folds(content)),
        (_("Why"), _most_important(content)),
        (_("How far off"), _typical_error(content)),
        (_("Where it fails"), _joined([_confusion(content), _weakest(content)])),
    ]
    return [(name, text) for name, text in pairs if text]


def _joined(sentences: list[str]) -> str:
    """Sentences one after another; in some languages no blank stands between them."""
    text = ""
    for sentence in filter(None, sentences):
        text = _("{before} {after}", before=text, after=sentence) if text else sentence
    return text


def _folds(content: ReportContent) -> str:
    """The metrics over folds."""
    if not content.results.folds:
        return ""
    line = cross_validation_line(content.results.metrics, content.task, len(content.results.folds))
    return f"{line[0].upper()}{line[1:]}"


def _most_important(content: ReportContent) -> str:
    """The columns whose shuffling always costs something."""
    importance = content.explanation.importance
    if not importance:
        return ""
    leading = [one for one in importance if one.low > 0][:_MOST_COLUMNS]
    if not leading:
        return _("No column stands out: shuffling any one of them makes no reliable difference.")
    name = content.explanation.importance_metric
    columns = _(", ").join(
        _("{model} ({value})", model=one.feature, value=format_difference(name, one.mean))
        for one in leading
    )
    return _(
        "Most important: {columns}; in brackets the change of {metric} when shuffled.",
        columns=columns, metric=metric_name(name),
    )  # fmt: skip


def _typical_error(content: ReportContent) -> str:
    """What a number's error amounts to in its own units."""
    half, width, share = (
        content.results.metrics["test"].get(name)
        for name in ("median_error", "interval_width", "interval_coverage")
    )
    if half is None:
        return ""
    near = content.in_unit(format_interval_end("rmse", half))
    if width is None or share is None:
        return _("Half of the test rows are predicted to within {half}.", half=near)
    text = _(
        "Half of the test rows are predicted to within {half}; {share} lie within ±{width}, the "
        "prediction interval, which is meant to cover {promise:.3g}\N{NO-BREAK SPACE}%.",
        half=near,
        share=format_metric("interval_coverage", share),
        width=content.in_unit(format_interval_end("rmse", width / 2)),
        promise=100 * content.params.prediction_interval,
    )
    if content.model.interval_caveat:
        text += _(
            " It may cover somewhat fewer of new rows: {why}.", why=content.model.interval_caveat
        )
    return text


def _confusion(content: ReportContent) -> str:
    """The class that is most often predicted as another."""
    part, labels = content.explanation.part, class_labels(content.results.predictions)
    rows = content.results.predictions[content.results.predictions["part"] == part]
    if not labels or not len(rows) or not content.params.explain:
        return ""
    actual, predicted = (label_codes(rows[side], labels) for side in ("actual", "prediction"))
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, (actual, predicted), 1)
    of_class = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    if not counts.any():
        return _("No {part} row is misclassified.", part=part_name(part))
    i, j = np.unravel_index(counts.argmax(), counts.shape)
    return _(
        "Most often '{actual}' is predicted as '{predicted}': {n} of its {rows} {part} rows.",
        actual=labels[i], predicted=labels[j], n=counts[i, j], rows=of_class[i],
        part=part_name(part),
    )  # fmt: skip


def _weakest(content: ReportContent) -> str:
    """The slice that chance hardly explains, or that there is none."""
    name, slices = HEADLINES[content.task][0], content.explanation.slices
    worst = next((one for one in slices if one.beyond_chance), None)
    if worst is None:
        if not content.explanation.importance:
            return ""
        return _("No value or range of any column is predicted clearly worse than the rest.")
    return _(
        "It is weakest where {column} is {values}: {metric} on {n} rows, {overall} overall.",
        column=worst.feature, values=worst.values, metric=format_metric(name, worst.metric),
        n=worst.rows, overall=format_metric(name, worst.overall),
    )  # fmt: skip
