"""The content of a report put into words and rows of text, ready for its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.advice import next_steps
from colonnade.evaluation.metrics import HEADLINES
from colonnade.evaluation.verdict import NAMES, form, form_end, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.evaluation.content import ReportContent

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class Cell:
    """A number, and its interval on a line of its own."""

    text: str
    interval: str = ""


def page_words(content: ReportContent) -> dict[str, Any]:
    """What the template prints, by the names that it uses."""
    metrics, task, why = content.metrics, content.task, content.explanation
    sizes = content.profile.get("parts", {})
    return {
        "number": number,
        "verdict": verdict(metrics, task),
        "headline_names": [NAMES[name] for name in HEADLINES[task]],
        "baselines": baseline_rows(content),
        "confidence": form("accuracy", content.confidence).replace(".0", ""),
        "steps": next_steps(metrics, task, content.history, why),
        "line": line_rows(metrics),
        "parts": ", ".join(f"{part} {number(n)}" for part, n in sizes.items()),
        "columns": column_rows(content),
        "missing": sum(c["missing"] for c in content.profile.get("columns", {}).values()),
        "training": training_facts(content),
        "metrics": metric_rows(metrics),
        "folds": fold_rows(content),
        "recipe": recipe_cells(content),
        "classes": [
            (one.label, number(one.rows), *(share(v) for v in (one.precision, one.recall, one.f1)))
            for one in why.classes
        ],
        "slices": slice_rows(content),
        "mistake_columns": list(why.mistakes[0].values) if why.mistakes else [],
        "mistakes": [
            (
                one.row,
                one.actual,
                one.prediction,
                _sure(content, one.certainty),
                *one.values.values(),
            )
            for one in why.mistakes
        ],
    }


def number(n: int) -> str:
    """A count with thousands apart."""
    return f"{n:,}"


def share(value: float) -> str:
    """A fraction in percent."""
    return form("accuracy", value)


def baseline_rows(content: ReportContent) -> list[tuple[str, list[Cell]]]:
    """The model and each baseline with their headline metrics."""
    headlines, metrics = HEADLINES[content.task], content.metrics
    found = [("this model", [_cell(metrics, "test", m) for m in headlines])]
    names = [key.split("/")[1] for key in metrics if key.startswith("baseline/")]
    for name in dict.fromkeys(names):
        cells = [_cell(metrics, f"baseline/{name}", m) for m in headlines]
        found.append((name.replace("_", " "), cells))
    return found


def _cell(metrics: Mapping[str, float], part: str, name: str) -> Cell:
    value = metrics.get(f"{part}/{name}")
    if value is None:
        return Cell("")
    low, high = metrics.get(f"{part}/{name}_low"), metrics.get(f"{part}/{name}_high")
    if low is None or high is None:
        return Cell(form(name, value))
    return Cell(form(name, value), f"{form_end(name, low)} to {form_end(name, high)}")


def line_rows(metrics: Mapping[str, float]) -> Rows:
    """Slope and intercept, as text, of each line that is known."""
    lines = {
        "line": "learned",
        "least_squares": "least squares of the same train rows",
        "true": "true, by which the rows were drawn",
    }
    found: Rows = []
    for name, told in lines.items():
        if f"{name}/slope" in metrics:
            ends = (metrics.get(f"{name}/{end}") for end in ("slope", "intercept"))
            found.append((told, *("" if end is None else form("", end) for end in ends)))
    return found


def column_rows(content: ReportContent) -> Rows:
    """One row a column of the table."""
    return [
        (name, c["kind"], number(c["missing"]), number(c["distinct"]), *_ends(c))
        for name, c in content.profile.get("columns", {}).items()
    ]


def _ends(column: dict[str, Any]) -> tuple[str, str]:
    """The least and the greatest value of a column that has them."""
    for least, most in (("minimum", "maximum"), ("first", "last")):
        if least in column:
            ends = (column[least], column[most])
            low, high = (end if isinstance(end, str) else f"{end:g}" for end in ends)
            return low, high
    return "", ""


def training_facts(content: ReportContent) -> list[tuple[str, str]]:
    """How long, how far and by which way the model was trained."""
    found: list[tuple[str, str]] = []
    for name, value in content.facts.items():
        if isinstance(value, dict | list) or value is None:
            continue
        told = f"{value:.4g}" if isinstance(value, float) else str(value)
        if isinstance(value, bool):
            told = "yes" if value else "no"
        found.append((name.replace("_", " "), told))
    return found


def metric_rows(metrics: Mapping[str, float]) -> list[tuple[str, list[Cell]]]:
    """Each metric on test, validation and train rows."""
    rows = []
    for name, text in NAMES.items():
        cells = [_cell(metrics, part, name) for part in ("test", "validation", "train")]
        if any(cell.text for cell in cells):
            rows.append((text, cells))
    return rows


def recipe_cells(content: ReportContent) -> list[str]:
    """Each headline metric of a cross-validation: mean ± standard deviation over folds."""
    found = []
    for name in HEADLINES[content.task]:
        mean, spread = (content.metrics.get(f"cv/{name}{end}") for end in ("", "_sd"))
        if mean is None or spread is None:
            found.append("")
        else:
            found.append(f"{form(name, mean)} ± {form_end(name, spread)}")
    return found


def fold_rows(content: ReportContent) -> Rows:
    """One row a fold: its number, its rows, its headline metrics."""
    return [
        (
            fold["fold"].removeprefix("fold_"),
            number(fold["train_rows"]),
            number(fold["test_rows"]),
            *(form(name, fold[name]) if name in fold else "" for name in HEADLINES[content.task]),
        )
        for fold in content.folds
    ]


def slice_rows(content: ReportContent) -> Rows:
    """The weakest slices, those beyond chance marked."""
    name = HEADLINES[content.task][0]
    return [
        (
            f"{one.feature} ●" if one.beyond_chance else one.feature,
            one.values,
            number(one.rows),
            form(name, one.metric),
            form(name, one.overall),
        )
        for one in content.explanation.slices
    ]


def _sure(content: ReportContent, certainty: float) -> str:
    return form("", certainty) if content.task == "regression" else share(certainty)
