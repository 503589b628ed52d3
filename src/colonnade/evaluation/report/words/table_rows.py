"""Tables of a report as rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import (
    NAMES,
    baseline_name,
    format_interval_end,
    format_metric,
    mean_and_sd,
    metric_name,
    number,
    share,
    span,
)
from colonnade.evaluation.metrics.scores import HEADLINES, MOST_CLASSES
from colonnade.evaluation.metrics.verdict import compared_metrics
from colonnade.messages.catalog import _, marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.scores import ClassMetrics
    from colonnade.evaluation.report.content import ReportContent

Rows = list[tuple[str, ...]]
_WORST = 10
_ABSENT = ("nan", "NaT", "<NA>", "None")
_KINDS = {
    "target": marked("target"),
    "numeric": marked("numeric"),
    "boolean": marked("boolean"),
    "categorical": marked("categorical"),
    "ordered": marked("ordered"),
    "datetime": marked("datetime"),
    "identifier": marked("identifier"),
    "weight": marked("weight"),
    "ignored": marked("ignored"),
}


@dataclass(frozen=True)
class Cell:
    """A number, and its interval on a line of its own."""

    text: str
    interval: str = ""


def candidate_metric(task: str, loss: object = None) -> str:
    """What the candidates of a blend are compared by: the loss, where it asks for no mean."""
    if task != "regression":
        return "log_loss"
    return "pinball" if loss in ("mae", "quantile") else "rmse"


def candidate_rows(leaderboard: Iterable[Mapping[str, Any]], metric: str) -> Rows:
    """One row a candidate of a blend: its score, its share, its size and time."""
    return [
        (
            str(one["name"]),
            format_metric(metric, one["score"]),
            share(one["share"]),
            number(one["n_parameters"]),
            _("{n} s", n=f"{one['seconds']:.1f}"),
            _("{n} s", n=f"{one['prediction_seconds']:.2g}"),
        )
        for one in leaderboard
    ]


def class_rows(classes: Iterable[ClassMetrics]) -> Rows:
    """One row a class: how many rows it has, and how well it is found."""
    return [
        (one.label, number(one.rows), *(share(v) for v in (one.precision, one.recall, one.f1)))
        for one in classes
    ]


def worst_classes(classes: Sequence[ClassMetrics]) -> list[ClassMetrics]:
    """Of classes too many to read, those that are found worst."""
    if len(classes) <= MOST_CLASSES:
        return []
    return sorted((one for one in classes if one.rows), key=lambda one: one.f1)[:_WORST]


def mistake_rows(content: ReportContent) -> Rows:
    """One row a mistake: what was, what was said, how surely, and the row's own cells."""
    return [
        (
            one.row,
            one.actual,
            one.prediction,
            _sure(content, one.certainty),
            *(_("missing") if value in _ABSENT else value for value in one.values.values()),
        )
        for one in content.explanation.mistakes
    ]


def word_columns(content: ReportContent) -> list[int]:
    """Places, in a row of mistakes, of the row's own cells that are words."""
    columns = content.data.profile.get("columns", {})
    cells = content.explanation.mistakes[0].values if content.explanation.mistakes else ()
    return [k for k, name in enumerate(cells, 4) if "minimum" not in columns.get(name, "minimum")]


def baseline_rows(content: ReportContent) -> list[tuple[str, list[Cell]]]:
    """The model and each baseline, by the metrics that say which is better."""
    metrics, headlines = (
        content.results.metrics,
        compared_metrics(content.results.metrics, content.task),
    )
    found = [(_("this model"), [_cell(metrics, "test", m) for m in headlines])]
    for name in metrics.baselines:
        cells = [_cell(metrics, f"baseline/{name}", m) for m in headlines]
        found.append((_baseline(metrics, name), cells))
    return found


def _baseline(metrics: Metrics, name: str) -> str:
    rows = metrics.baselines[name].get("train_rows")
    if rows is None:
        return baseline_name(name)
    return _("{baseline}, fitted on {n} train rows", baseline=baseline_name(name), n=f"{rows:,.0f}")


def _cell(metrics: Metrics, part: str, name: str) -> Cell:
    value, interval = metrics[part].get(name), metrics.interval(part, name)
    if value is None:
        return Cell("")
    if interval is None:
        return Cell(format_metric(name, value))
    ends = span(*(format_interval_end(name, end) for end in interval))
    return Cell(format_metric(name, value), ends)


def line_rows(metrics: Metrics) -> Rows:
    """Slope and intercept, as text, of each line that is known."""
    lines = {
        "line": _("learned"),
        "least_squares": _("least squares of the same train rows"),
        "true": _("true, from which the rows were drawn"),
    }
    found: Rows = []
    for name, label in lines.items():
        if "slope" in metrics[name]:
            ends = (metrics[name].get(end) for end in ("slope", "intercept"))
            found.append((label, *("" if end is None else format_metric("", end) for end in ends)))
    return found


def column_rows(content: ReportContent) -> Rows:
    """One row a column of the table."""
    return [
        (
            content.with_unit(name),
            kind_name(c["kind"]),
            number(c["missing"]),
            number(c["distinct"]),
            *_ends(c),
        )
        for name, c in content.data.profile.get("columns", {}).items()
    ]


def kind_name(kind: str) -> str:
    """What a reader calls a kind of column."""
    return _(_KINDS[kind]) if kind in _KINDS else kind


def _ends(column: dict[str, Any]) -> tuple[str, str]:
    """The least and the greatest value of a column that has them."""
    for least, most in (("minimum", "maximum"), ("first", "last")):
        if least in column:
            ends = (column[least], column[most])
            low, high = (
                end.removesuffix("T00:00:00") if isinstance(end, str) else _cell_number(end)
                for end in ends
            )
            return low, high
    return "", ""


def measured_parts(metrics: Metrics) -> list[str]:
    """The parts with any metric at all, as columns of a table."""
    return [part for part in ("test", "validation", "train") if metrics[part]]


def metric_rows(metrics: Metrics, labels: Sequence[str] = ()) -> list[tuple[str, list[Cell]]]:
    """Each metric on the rows of each measured part."""
    rows = []
    for name in NAMES:
        text = metric_name(name)
        cells = [_cell(metrics, part, name) for part in measured_parts(metrics)]
        if any(cell.text for cell in cells):
            if name in ("roc_auc", "pr_auc") and len(labels) > 2:
                rows.append(
                    (_("{metric}, mean of each class against the rest", metric=text), cells)
                )
            elif name == "pr_auc" and labels:
                rows.append((_("{metric} of '{label}'", metric=text, label=labels[1]), cells))
            else:
                rows.append((text, cells))
    return rows


def cross_validation_cells(content: ReportContent) -> list[str]:
    """Each headline metric of a cross-validation: mean ± standard deviation over folds."""
    return [mean_and_sd(content.results.metrics, name) for name in HEADLINES[content.task]]


def fold_rows(content: ReportContent) -> Rows:
    """One row a fold: its number, its rows, its headline metrics."""
    return [
        (
            fold["fold"].removeprefix("fold_"),
            number(fold["train_rows"]),
            number(fold["test_rows"]),
            *(
                format_metric(name, fold[name]) if name in fold else ""
                for name in HEADLINES[content.task]
            ),
        )
        for fold in content.results.folds
    ]


def slice_rows(content: ReportContent, *, beyond_chance: bool) -> Rows:
    """The weakest slices: those that chance hardly explains, or those that may be luck."""
    name = HEADLINES[content.task][0]
    return [
        (
            one.feature,
            one.values,
            number(one.rows),
            format_metric(name, one.metric),
            format_metric(name, one.overall),
        )
        for one in content.explanation.slices
        if one.beyond_chance == beyond_chance
    ]


def _sure(content: ReportContent, certainty: float) -> str:
    return format_metric("", certainty) if content.task == "regression" else share(certainty)


def _cell_number(value: float) -> str:
    """A cell's number to six digits, without an exponent where a reader can do without."""
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e15 else f"{value:g}"
