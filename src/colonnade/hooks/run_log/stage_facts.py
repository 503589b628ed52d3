"""What is worth saying of a dataset that a run has written, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.hooks.names import file_of
from colonnade.messages.catalog import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from kedro.io import DataCatalog

    from colonnade.tables.schema.table_schema import Task

PARTS = ("train", "validation", "test")


def fact(name: str, data: Any, catalog: DataCatalog) -> str:
    """What a dataset of a run holds, in a few words; nothing of most."""
    table, _, kind = name.partition(".")
    if kind in ("cross_validation", "metrics") and data:
        return _describe_metrics(kind, data, task_of(table, catalog))
    if kind in ("report", "experiment_report", "predictions"):
        return _describe_file(kind, data, file_of(catalog, name))
    describe: dict[str, Callable[[Any], str]] = {
        "source": _describe_source,
        "split": _describe_split,
        "history": _describe_history,
        "winner": _describe_winner,
    }
    return describe[kind](data) if kind in describe else ""


def task_of(table: str, catalog: DataCatalog) -> Task:
    """What a table's target asks for."""
    found: Task = catalog.load(f"params:{table}.schema").task
    return found


def shown(path: Path) -> str:
    """A path as it is below the working folder, or as it is."""
    from pathlib import Path

    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _describe_source(data: dict[str, Any]) -> str:
    from colonnade.tables.source import Source

    source = Source.model_validate(data)
    read = _("no problems")
    if n_read := len(source.readings):
        read = ngettext(
            "{n} reading to check in the report", "{n} readings to check in the report", n_read
        )
    name = source.name
    if source.note:
        name = _("{model} ({value})", model=name, value=_(source.note))
    return ngettext(
        "{n:,} row, {columns} columns, {readings}; {source}",
        "{n:,} rows, {columns} columns, {readings}; {source}",
        source.rows,
        columns=source.columns,
        readings=read,
        source=name,
    )


def _describe_split(split: pd.DataFrame) -> str:
    from colonnade.evaluation.metrics.formatting import part_name

    counts = split["part"].value_counts()
    parts = [
        _("{n:,} {part}", n=counts[part], part=part_name(part))
        for part in PARTS
        if counts.get(part)
    ]
    return _("{parts} rows", parts=_(", ").join(parts))


def _describe_metrics(kind: str, data: dict[str, Any], task: Task) -> str:
    from colonnade.evaluation.metrics.formatting import cross_validation_line
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.verdict import verdict

    if kind == "metrics":
        return verdict(Metrics.from_flat(data), task).headline
    metrics, n_folds = Metrics.from_flat(data["metrics"]), len(data["folds"])
    return cross_validation_line(metrics, task, n_folds).rstrip(".。")


def _describe_history(history: pd.DataFrame) -> str:
    n_epochs, losses = len(history), history["validation_loss"]
    if losses.isna().all():
        return ngettext(
            "{n} epoch, loss {loss:.4g}",
            "{n} epochs, loss {loss:.4g}",
            n_epochs,
            loss=history["train_loss"].iloc[-1],
        )
    place = int(losses.argmin())
    return ngettext(
        "{n} epoch, lowest validation loss {loss:.4g} at epoch {epoch}",
        "{n} epochs, lowest validation loss {loss:.4g} at epoch {epoch}",
        n_epochs,
        loss=losses.iloc[place],
        epoch=int(history["epoch"].iloc[place]),
    )


def _describe_winner(winner: dict[str, Any]) -> str:
    from colonnade.evaluation.metrics.formatting import NAMES, format_metric
    from colonnade.tracking.naming import named_values

    metric = winner["metric"]
    words = named_values(winner["varied"])
    score = format_metric(metric, winner["score"])
    return f"best: {words or 'as the YAML says'}, {NAMES.get(metric, metric)} {score}"


def _describe_file(kind: str, data: Any, path: Path | None) -> str:
    place = shown(path) if path else ""
    if kind != "predictions":
        return place
    return ngettext("{n:,} row in {path}", "{n:,} rows in {path}", len(data), path=place)
