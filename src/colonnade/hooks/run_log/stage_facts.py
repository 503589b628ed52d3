"""What is worth saying of a dataset that a run has written, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.hooks.names import file_of

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
    if kind in ("report", "predictions"):
        return _describe_file(kind, data, file_of(catalog, name))
    describe: dict[str, Callable[[Any], str]] = {
        "source": _describe_source,
        "split": _describe_split,
        "history": _describe_history,
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
    from colonnade.tables.schema.problems import plural
    from colonnade.tables.source import Source

    source = Source.model_validate(data)
    note = f" ({source.note})" if source.note else ""
    n_read = len(source.readings)
    read = f"{n_read} {plural('reading', n_read)} to check in the report" if n_read else ""
    return (
        f"{source.rows:,} {plural('row', source.rows)}, {source.columns} columns, "
        f"{read or 'no problems'}; {source.name}{note}"
    )


def _describe_split(split: pd.DataFrame) -> str:
    counts = split["part"].value_counts()
    parts = [f"{counts[part]:,} {part}" for part in PARTS if counts.get(part)]
    return f"{', '.join(parts)} rows"


def _describe_metrics(kind: str, data: dict[str, Any], task: Task) -> str:
    from colonnade.evaluation.metrics.formatting import cross_validation_line
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.verdict import verdict

    if kind == "metrics":
        return verdict(Metrics.from_flat(data), task).headline
    metrics, n_folds = Metrics.from_flat(data["metrics"]), len(data["folds"])
    return cross_validation_line(metrics, task, n_folds).rstrip(".")


def _describe_history(history: pd.DataFrame) -> str:
    from colonnade.tables.schema.problems import plural

    n_epochs, last = len(history), history.iloc[-1]
    text = f"{n_epochs} {plural('epoch', n_epochs)}"
    losses = history["validation_loss"]
    if losses.isna().all():
        return f"{text}, loss {last['train_loss']:.4g}"
    place = int(losses.argmin())
    epoch = int(history["epoch"].iloc[place])
    return f"{text}, lowest validation loss {losses.iloc[place]:.4g} at epoch {epoch}"


def _describe_file(kind: str, data: Any, path: Path | None) -> str:
    place = shown(path) if path else ""
    if kind == "report":
        return place
    from colonnade.tables.schema.problems import plural

    return f"{len(data):,} {plural('row', len(data))} in {place}"
