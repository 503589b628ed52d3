"""A model card: what a model is for, how good it is and where it fails, on one page of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import NAMES, number
from colonnade.evaluation.metrics.scores import HEADLINES
from colonnade.evaluation.metrics.verdict import compared_metrics
from colonnade.evaluation.observations import class_labels
from colonnade.evaluation.report.wording import (
    Rows,
    baseline_rows,
    column_rows,
    cross_validation_cells,
    hyperparameter_facts,
    line_rows,
    measured_parts,
    metric_rows,
    page_context,
    slice_rows,
    training_facts,
)

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
    lines = [f"# Model card: {escape(content.table)}"]
    if content.source.note:
        lines.append(
            f"> **{escape(content.source.note)}**: {escape(content.source.name)}, "
            f"{number(content.source.rows)} rows, sha256 {content.source.sha256}. The numbers "
            "below say nothing about real data."
        )
    headline = f"{found.headline[0].upper()}{found.headline[1:]}"
    rows = f" on {words['judged']} rows" if found.word != "unknown" else ""
    lines.append(f"**{escape(headline)}{rows}.** {escape(found.sentence)}")
    lines += [f"{name}: {escape(sentence)}" for name, sentence in words["highlights"]]
    return "\n\n".join(lines)


def _intended_use(content: ReportContent) -> str:
    what = {
        "classification": "a class",
        "ordinal": "one of ordered classes",
        "regression": "a number",
    }[content.task]
    return (
        "## Intended use\n\n"
        f"Predicts {escape(content.target)}, {what}, from the other columns below. It is "
        "not reliable on rows unlike those that it was trained on."
    )


def _data(content: ReportContent, parts: str) -> str:
    facts = [
        ("source", content.source.name),
        ("rows", number(content.source.rows)),
        ("sha256", content.source.sha256),
    ]
    columns = column_rows(content)
    text = "## Data\n\n" + _list([*facts, ("parts", parts)] if parts else facts)
    if columns:
        head = ("column", "kind", "missing", "distinct", "minimum", "maximum")
        text += "\n\n" + _table(head, columns)
    return text


def _model(content: ReportContent) -> str:
    changed = (
        _list(hyperparameter_facts(content.model.hyperparameters))
        or "Every parameter is at its default."
    )
    text = f"## Model\n\n{changed}"
    facts = training_facts(content)
    return f"{text}\n\n### Training\n\n{_list(facts)}" if facts else text


def _performance(content: ReportContent) -> str:
    names = [NAMES[name] for name in HEADLINES[content.task]]
    compared = [NAMES[name] for name in compared_metrics(content.results.metrics, content.task)]
    rows = [
        (
            name,
            *(f"{cell.text} ({cell.interval})" if cell.interval else cell.text for cell in cells),
        )
        for name, cells in baseline_rows(content)
    ]
    confidence = f"{100 * content.params.confidence:g} %"
    caption = f"On the same test rows; in brackets {confidence} bootstrap intervals:"
    text = f"## Performance\n\n{caption}\n\n" + _table(("", *compared), rows)
    if content.results.folds:
        folds = f"cross-validation on {len(content.results.folds)} folds, mean ± sd"
        text += "\n\n" + _table(("", *names), [(folds, *cross_validation_cells(content))])
    lines = line_rows(content.results.metrics)
    if lines:
        text += "\n\n" + _table(("line, raw units", "slope", "intercept"), lines)
    every = [
        (name, *(cell.text for cell in cells))
        for name, cells in metric_rows(
            content.results.metrics, class_labels(content.results.predictions)
        )
    ]
    return text + "\n\n" + _table(("metric", *measured_parts(content.results.metrics)), every)


def _limits(content: ReportContent) -> str:
    slices = slice_rows(content, beyond_chance=True)
    if not slices:
        return (
            "## Limits\n\nNo part of the evaluated rows is predicted worse than the others by "
            "more than chance explains."
        )
    name = NAMES[HEADLINES[content.task][0]]
    head = ("column", "values", "rows", name, "overall")
    caption = "Where the model is weaker than chance explains:"
    return f"## Limits\n\n{caption}\n\n{_table(head, slices)}"


def _reproduce(content: ReportContent) -> str:
    fence = "`" * 4
    command = content.origin.command.replace("`", "'")
    environment = _list(content.origin.environment.items())
    return f"## Reproduce\n\n{fence}\n{command}\n{fence}\n\n{environment}"


def _list(pairs: Iterable[tuple[object, object]]) -> str:
    return "\n".join(f"- {escape(name)}: {escape(value)}" for name, value in pairs)


def _table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(c if line is lines[1] else escape(c) for c in line) + " |"
        for line in lines
    )
