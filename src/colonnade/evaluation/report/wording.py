"""The content of a report put into words and rows of text, ready for its template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.calibration import calibration_sentence
from colonnade.evaluation.metrics.formatting import (
    NAMES,
    format_interval_end,
    format_metric,
    mean_and_sd,
    number,
    share,
)
from colonnade.evaluation.metrics.scores import HEADLINES, MOST_CLASSES
from colonnade.evaluation.metrics.verdict import compared_metrics, verdict
from colonnade.evaluation.observations import class_labels
from colonnade.evaluation.report.advice import next_steps
from colonnade.evaluation.report.summary import summary_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.scores import ClassMetrics
    from colonnade.evaluation.report.content import ReportContent

Rows = list[tuple[str, ...]]
_WORST = 10
_ABSENT = ("nan", "NaT", "<NA>", "None")
_FACTS = {
    "path": "gradients",
    "seconds": "time",
    "n_parameters": "parameters",
    "n_members": "members",
    "best_epoch": "epoch of the lowest validation loss",
}


@dataclass(frozen=True)
class Cell:
    """A number, and its interval on a line of its own."""

    text: str
    interval: str = ""


def page_context(content: ReportContent) -> dict[str, Any]:
    """What the template prints, by the names that it uses."""
    return {"number": number, **_verdict_context(content), **_details_context(content)}


def _verdict_context(content: ReportContent) -> dict[str, Any]:
    """Whether the model is good, why, and what to try next."""
    metrics, task, why = content.results.metrics, content.task, content.explanation
    return {
        "verdict": verdict(metrics, task),
        "headline_names": [NAMES[name] for name in HEADLINES[task]],
        "compared_names": [NAMES[name] for name in compared_metrics(metrics, task)],
        "baselines": baseline_rows(content),
        "confidence": format_metric("accuracy", content.params.confidence).replace(".0", ""),
        "highlights": summary_lines(content),
        "steps": next_steps(
            metrics,
            task,
            content.results.history,
            why,
            hyperparameters=content.model.hyperparameters,
            dropped=content.model.facts.get("dropped_columns", ()),
        ),
        "judged": number(int((content.results.predictions["part"] == why.part).sum())),
    }


def _details_context(content: ReportContent) -> dict[str, Any]:
    """What the data are, how the model was trained, and every number and row behind the verdict."""
    metrics, why, model = content.results.metrics, content.explanation, content.model
    columns = content.data.profile.get("columns", {})
    sizes = content.data.profile.get("parts", {})
    between = " < " if content.task == "ordinal" else ", "
    return {
        "line": line_rows(metrics),
        "parts": ", ".join(f"{part} {number(n)}" for part, n in sizes.items()),
        "class_list": between.join(_labels(content)),
        "hyperparameters": hyperparameter_facts(model.hyperparameters),
        "layers": model.layers,
        "columns": column_rows(content),
        "missing": sum(column["missing"] for column in columns.values()),
        "training": training_facts(content),
        "measured": measured_parts(metrics),
        "metrics": metric_rows(metrics, class_labels(content.results.predictions)),
        "calibration": calibration_sentence(why.calibration, model.facts.get("temperature")),
        "folds": fold_rows(content),
        "cross_validation": cross_validation_cells(content),
        "classes": class_rows(why.classes),
        "worst_classes": class_rows(_worst(why.classes)),
        "slices": slice_rows(content, beyond_chance=True),
        "lucky_slices": slice_rows(content, beyond_chance=False),
        "mistake_columns": list(why.mistakes[0].values) if why.mistakes else [],
        "mistakes": mistake_rows(content),
        "mistake_words": _word_columns(content),
    }


def class_rows(classes: Iterable[ClassMetrics]) -> Rows:
    """One row a class: how many rows it has, and how well it is found."""
    return [
        (one.label, number(one.rows), *(share(v) for v in (one.precision, one.recall, one.f1)))
        for one in classes
    ]


def _worst(classes: Sequence[ClassMetrics]) -> list[ClassMetrics]:
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
            *("missing" if value in _ABSENT else value for value in one.values.values()),
        )
        for one in content.explanation.mistakes
    ]


def _word_columns(content: ReportContent) -> list[int]:
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
    found = [("this model", [_cell(metrics, "test", m) for m in headlines])]
    for name in metrics.baselines:
        cells = [_cell(metrics, f"baseline/{name}", m) for m in headlines]
        found.append((name.replace("_", " "), cells))
    return found


def _cell(metrics: Metrics, part: str, name: str) -> Cell:
    value, interval = metrics[part].get(name), metrics.interval(part, name)
    if value is None:
        return Cell("")
    if interval is None:
        return Cell(format_metric(name, value))
    return Cell(
        format_metric(name, value), " to ".join(format_interval_end(name, end) for end in interval)
    )


def line_rows(metrics: Metrics) -> Rows:
    """Slope and intercept, as text, of each line that is known."""
    lines = {
        "line": "learned",
        "least_squares": "least squares of the same train rows",
        "true": "true, from which the rows were drawn",
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
        (_with_unit(name, c), c["kind"], number(c["missing"]), number(c["distinct"]), *_ends(c))
        for name, c in content.data.profile.get("columns", {}).items()
    ]


def _with_unit(name: str, column: dict[str, Any]) -> str:
    return f"{name} ({column['unit']})" if column.get("unit") else name


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


def hyperparameter_facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of parameters, written as YAML has them."""
    return [(name, v if isinstance(v, str) else json.dumps(v)) for name, v in values.items()]


def training_facts(content: ReportContent) -> list[tuple[str, str]]:
    """How long, how far and by which way the model was trained."""
    unseen = content.data.profile and not content.data.profile["parts"].get("validation")
    found: list[tuple[str, str]] = []
    for name, value in content.model.facts.items():
        if isinstance(value, dict | list) or value is None or (name == "best_epoch" and unseen):
            continue
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        if isinstance(value, bool):
            text = "yes" if value else "no"
        elif name == "seconds":
            text = f"{value:.1f} s" if value >= 1 else f"{value:.2g} s"
        elif isinstance(value, int):
            text = number(value)
        found.append((_FACTS.get(name, name.replace("_", " ")), text))
    return found


def measured_parts(metrics: Metrics) -> list[str]:
    """The parts with any metric at all, as columns of a table."""
    return [part for part in ("test", "validation", "train") if metrics[part]]


def metric_rows(metrics: Metrics, labels: Sequence[str] = ()) -> list[tuple[str, list[Cell]]]:
    """Each metric on the rows of each measured part."""
    rows = []
    for name, text in NAMES.items():
        cells = [_cell(metrics, part, name) for part in measured_parts(metrics)]
        if any(cell.text for cell in cells):
            if name in ("roc_auc", "pr_auc") and len(labels) > 2:
                rows.append((f"{text}, mean of each class against the rest", cells))
            elif name == "pr_auc" and labels:
                rows.append((f"{text} of '{labels[1]}'", cells))
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


def _labels(content: ReportContent) -> list[str]:
    labels = class_labels(content.results.predictions)
    return labels if len(labels) <= MOST_CLASSES else [*labels[:3], "…", labels[-1]]


def _cell_number(value: float) -> str:
    """A cell's number to six digits, without an exponent where a reader can do without."""
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e15 else f"{value:g}"
