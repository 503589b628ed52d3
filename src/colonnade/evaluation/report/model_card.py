"""A model card: what a model is for, how good it is and where it fails, on one page of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import metric_name, number, part_name
from colonnade.evaluation.metrics.scores import HEADLINES
from colonnade.evaluation.metrics.verdict import compared_metrics
from colonnade.evaluation.observations import class_labels
from colonnade.evaluation.report.words.table_rows import (
    Rows,
    baseline_rows,
    column_rows,
    cross_validation_cells,
    line_rows,
    measured_parts,
    metric_rows,
    slice_rows,
)
from colonnade.evaluation.report.words.wording import (
    hyperparameter_facts,
    page_context,
    training_facts,
)
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from colonnade.evaluation.report.content import ReportContent

# Characters that Markdown, or HTML within it, would read as marks: some anywhere, an underscore at
# the edge of a word, the signs of lists and headings at the beginning.
_MARKS = re.compile(r"([\\`*\[\]<>|~$&]|(?<!\w)_|_(?!\w)|^[-+=#!]|^\d+(?=[.)](?:\s|$)))")


def model_card_markdown(content: ReportContent) -> str:
    """Write the card; every name and value from the table is escaped.

    Source: Mitchell et al. 2019, Model Cards for Model Reporting.
    """
    words = page_context(content)
    sections = [
        _head(content, words),
        _intended_use(content),
        _data(content, words["parts"]),
        _model(content),
        _performance(content),
        _limits(content),
        _reproduce(content),
    ]
    return "\n\n".join(sections) + "\n"


def escape(value: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = " ".join(str(value).split())
    return _MARKS.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", text)


def _head(content: ReportContent, words: dict[str, Any]) -> str:
    found = words["verdict"]
    lines = ["# " + _("Model card: {table}", table=escape(content.table))]
    if content.source.note:
        note = _(
            "**{note}**: {source}, {n} rows, sha256 {digest}. The numbers below say nothing about "
            "real data.", note=escape(_(content.source.note)), source=escape(content.source.name),
            n=number(content.source.rows), digest=content.source.sha256,
        )  # fmt: skip
        lines.append(f"> {note}")
    headline = f"{found.headline[0].upper()}{found.headline[1:]}"
    if found.word != "unknown":
        headline = _("{metric} on {n} rows", metric=headline, n=words["judged"])
    lines.append("**" + escape(headline) + _(".") + "** " + escape(found.sentence))
    lines += [
        _("{name}: {value}", name=name, value=escape(text)) for name, text in words["highlights"]
    ]
    return "\n\n".join(lines)


def _intended_use(content: ReportContent) -> str:
    target = escape(content.target)
    what = {
        "classification": _("Predicts {target}, a class, from the other columns below."),
        "ordinal": _("Predicts {target}, one of ordered classes, from the other columns below."),
        "regression": _("Predicts {target}, a number, from the other columns below."),
    }[content.task].format(target=target)
    limits = _(" It is not reliable on rows unlike those that it was trained on.")
    return _section(_("Intended use"), what + limits)


def _data(content: ReportContent, parts: str) -> str:
    facts = [
        (_("source"), content.source.name),
        (_("rows"), number(content.source.rows)),
        ("sha256", content.source.sha256),
    ]
    columns, weights = column_rows(content), content.data.profile.get("weights")
    facts += [(_("parts"), parts)] if parts else []
    facts += [(_("row weights"), weights)] if weights else []
    if not columns:
        return _section(_("Data"), _list(facts))
    head = (_("column"), _("kind"), _("missing"), _("distinct"), _("minimum"), _("maximum"))
    return _section(_("Data"), _list(facts), _table(head, columns))


def _model(content: ReportContent) -> str:
    changed = _list(hyperparameter_facts(content.model.hyperparameters)) or _(
        "Every parameter is at its default."
    )
    facts = training_facts(content)
    trained = ("### " + _("Training"), _list(facts)) if facts else ()
    return _section(_("Model"), changed, *trained)


def _performance(content: ReportContent) -> str:
    metrics = content.results.metrics
    names = [metric_name(name) for name in HEADLINES[content.task]]
    compared = [metric_name(name) for name in compared_metrics(metrics, content.task)]
    rows = [
        (
            name,
            *(f"{cell.text} ({cell.interval})" if cell.interval else cell.text for cell in cells),
        )
        for name, cells in baseline_rows(content)
    ]
    caption = _(
        "On the same test rows; in brackets {confidence} bootstrap intervals:",
        confidence=_(
            "{percent}\N{NO-BREAK SPACE}%", percent=f"{100 * content.params.confidence:g}"
        ),
    )
    parts = [caption, _table(("", *compared), rows)]
    if content.results.folds:
        folds = _("cross-validation on {n} folds, mean ± sd", n=len(content.results.folds))
        parts.append(_table(("", *names), [(folds, *cross_validation_cells(content))]))
    lines = line_rows(metrics)
    if lines:
        parts.append(_table((_("line, raw units"), _("slope"), _("intercept")), lines))
    labels = class_labels(content.results.predictions)
    every = [(name, *(cell.text for cell in cells)) for name, cells in metric_rows(metrics, labels)]
    head = (_("metric"), *map(part_name, measured_parts(metrics)))
    return _section(_("Performance"), *parts, _table(head, every))


def _limits(content: ReportContent) -> str:
    slices = slice_rows(content, beyond_chance=True)
    if not slices:
        none = _(
            "No part of the evaluated rows is predicted worse than the others by more than chance "
            "explains."
        )
        return _section(_("Limits"), none)
    name = metric_name(HEADLINES[content.task][0])
    head = (_("column"), _("values"), _("rows"), name, _("overall"))
    caption = _("Where the model is weaker than chance explains:")
    return _section(_("Limits"), caption, _table(head, slices))


def _reproduce(content: ReportContent) -> str:
    fence = "`" * 4
    command = content.origin.command.replace("`", "'")
    environment = _list(content.origin.environment.items())
    return _section(_("Reproduce"), f"{fence}\n{command}\n{fence}", environment)


def _section(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"## {title}", *paragraphs])


def _list(pairs: Iterable[tuple[object, object]]) -> str:
    return "\n".join(
        "- " + _("{name}: {value}", name=escape(name), value=escape(value)) for name, value in pairs
    )


def _table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(c if line is lines[1] else escape(c) for c in line) + " |"
        for line in lines
    )
