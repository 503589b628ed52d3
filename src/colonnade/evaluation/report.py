"""One self-contained page that says what was learned, from what, and whether it is worth it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.advice import next_steps
from colonnade.evaluation.drawings import drawings
from colonnade.evaluation.environment import command_line, environment
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.evaluation.explain import Explanation, explain_model
from colonnade.evaluation.line import line_data
from colonnade.evaluation.metrics import HEADLINES
from colonnade.evaluation.profile import Profile, profile_table
from colonnade.evaluation.verdict import NAMES, form, told_metric, verdict

import pandas as pd

if TYPE_CHECKING:
    from colonnade.parameters import Params
    from colonnade.tables.schema import SchemaParams
    from colonnade.tables.source import Source

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ReportContent:
    """What the page tells, as plain data; only `profile` and below may be left out."""

    table: str
    target: str
    task: Any
    source: Source
    history: pd.DataFrame
    predictions: pd.DataFrame
    metrics: dict[str, float]
    profile: Profile | None = None
    summary: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    knobs: dict[str, Any] = field(default_factory=dict)
    line: pd.DataFrame | None = None
    explain: bool = False
    """Whether to draw what explains the model, too."""
    explanation: Explanation = field(default_factory=Explanation)
    targets: pd.DataFrame | None = None
    """Columns part and target, one row a row of the table."""
    environment: dict[str, str] = field(default_factory=environment)
    command: str = field(default_factory=command_line)


def report_content(
    table: str,
    *,
    model: Any,
    history: pd.DataFrame,
    predictions: pd.DataFrame,
    metrics: dict[str, float],
    primary: pd.DataFrame,
    split: pd.DataFrame,
    source: Source,
    schema: SchemaParams,
    params: EvaluationParams | None = None,
    **more: Any,
) -> ReportContent:
    """Gather the page's content from what a pipeline has at its end.

    Args: params: how much to explain; `explain: false` leaves only numbers and two figures.
    more: further fields of ReportContent, such as `command` or `environment`.
    """
    params = params or EvaluationParams()
    return ReportContent(
        table=table,
        target=schema.target,
        task=schema.task,
        source=source,
        history=history,
        predictions=predictions,
        metrics=metrics,
        profile=profile_table(primary, split, schema),
        line=line_data(model, primary, split),
        explain=params.explain,
        explanation=explain_model(model, primary, split, predictions, params),
        targets=pd.DataFrame(
            {"part": split["part"].to_numpy(), "target": primary[schema.target].to_numpy()}
        ),
        summary=model.summary() if hasattr(model, "summary") else "",
        facts=dict(getattr(model, "facts", {})),
        knobs=knobs(model=getattr(model, "model", None), training=getattr(model, "training", None)),
        **more,
    )


def knobs(**groups: Params | None) -> dict[str, Any]:
    """Parameters that differ from their defaults, flattened with dots."""
    found: dict[str, Any] = {}
    for name, group in groups.items():
        if group is not None:
            _flatten(name, group.model_dump(mode="json", exclude_defaults=True), found)
    return found


def _flatten(prefix: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _flatten(f"{prefix}.{key}", inner, found)
    elif value != {}:
        found[prefix] = value


def report_html(content: ReportContent) -> str:
    """Render the page: no network, no script, one file.

    Every name and value from the table is escaped.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return templates.get_template("report.html").render(
        content=content,
        verdict=verdict(content.metrics, content.task),
        baselines=baseline_rows(content),
        headline_names=[NAMES[name] for name in HEADLINES[content.task]],
        line=line_rows(content.metrics),
        metrics=metric_rows(content.metrics),
        steps=next_steps(content.metrics, content.task, content.history, content.explanation),
        form=form,
        headline=HEADLINES[content.task][0],
        figures={name: _markup(svg) for name, svg in drawings(content).items()},
        css=_markup((_FOLDER / "report.css").read_text(encoding="utf-8")),
    )


def baseline_rows(content: ReportContent) -> list[tuple[str, list[str]]]:
    """The network and each baseline with their headline metrics, as text."""
    headlines = HEADLINES[content.task]
    found = [("this model", [told_metric(content.metrics, "test", m) or "" for m in headlines])]
    names = [key.split("/")[1] for key in content.metrics if key.startswith("baseline/")]
    for name in dict.fromkeys(names):
        values = [content.metrics.get(f"baseline/{name}/{m}") for m in headlines]
        told = [form(m, v) if v is not None else "" for m, v in zip(headlines, values, strict=True)]
        found.append((name.replace("_", " "), told))
    return found


def line_rows(metrics: dict[str, float]) -> list[tuple[str, str, str]]:
    """Slope and intercept, as text, of each line that is known."""
    lines = {"line": "learned", "least_squares": "least squares, same train rows", "true": "true"}
    return [
        (told, _number(metrics.get(f"{name}/slope")), _number(metrics.get(f"{name}/intercept")))
        for name, told in lines.items()
        if f"{name}/slope" in metrics
    ]


def _number(value: float | None) -> str:
    return "" if value is None else form("", value)


def metric_rows(metrics: dict[str, float]) -> list[tuple[str, str, str, str]]:
    """Name, and the metric on test, validation and train rows."""
    rows = []
    for name, text in NAMES.items():
        test, validation, train = (
            told_metric(metrics, part, name) or "" for part in ("test", "validation", "train")
        )
        if test or validation or train:
            rows.append((text, test, validation, train))
    return rows


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
