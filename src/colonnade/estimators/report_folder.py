"""The report of a training, as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.report.content import Results
from colonnade.evaluation.report.drawings import drawings
from colonnade.evaluation.report.model_card import model_card_markdown
from colonnade.evaluation.report.page import report_content, report_html
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from colonnade.estimators.table_training import TableTraining
    from colonnade.tables.source import Source


def write_report(folder: str | Path, training: TableTraining, source: Source, command: str) -> None:
    """Evaluate the model beside simple ones; write `report.html` and `model_card.md`.

    Args: source: of the raw rows. command: how to train it again, as the page says.
    """
    model, params = training.model, EvaluationParams()
    train, validation, test = (training.prepared(part) for part in ("train", "validation", "test"))
    found = evaluate_model(model, train, validation, test, params, source=source)
    content = report_content(
        source.name,
        model,
        Results(found.predictions, found.metrics, training.history),
        training.primary,
        training.split,
        source=source,
        schema=model.standardizer.table_schema,
        params=params,
        command=command,
    )
    pages = {
        "report.html": report_html(content, drawings(content)),
        "model_card.md": model_card_markdown(content),
    }
    for name, text in pages.items():
        with replaced_file(Path(folder) / name) as stream:
            stream.write(text.encode("utf-8"))
