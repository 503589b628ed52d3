"""A table that is configured: checked against its data, or shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kedro.config import MissingConfigException
from kedro.io import DataCatalog

from colonnade.cli.table_yaml.column_table import (
    ColumnLine,
    described,
    examples_of,
    missing_share,
)
from colonnade.errors import DataError, ParameterError
from colonnade.parameters import nearest
from colonnade.pipeline_registry import table_names
from colonnade.pipelines.table.parameter_groups import read_groups
from colonnade.tables.check import table_problems
from colonnade.tables.inference.suspicion import evenly_drawn, suspicious_columns
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.source import RawTable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from kedro.config import AbstractConfigLoader

    from colonnade.errors import Problem
    from colonnade.tables.schema.table_schema import SchemaParams


def check_table(loader: AbstractConfigLoader, name: str) -> str:
    """Say that a table can be trained on, or raise every problem at once.

    Raises: ParameterError, DataError.
    """
    groups, problems, catalog = _configured(loader, name)
    if {"schema", "split", "standardize"} <= groups.keys():
        raw = RawTable.of(catalog.load(f"{name}.raw"), f"{name}.raw")
        problems += problems_of(raw, groups, _preparation(groups))
        if not problems:
            return f"{name}: {raw.source.describe()}: can be trained on."
    raise DataError(problems, name)


def show_table(loader: AbstractConfigLoader, name: str) -> str:
    """What a table's columns mean by its YAML, what it predicts, and how well it last did.

    Raises: ParameterError; DataError if the YAML or the table cannot be read.
    """
    groups, problems, catalog = _configured(loader, name)
    if problems:
        raise DataError(problems, name)
    schema: SchemaParams = groups["schema"]
    raw = RawTable.of(catalog.load(f"{name}.raw"), f"{name}.raw")
    try:
        some = ingest_table(evenly_drawn(raw.frame), schema, name=raw.source.name)
        looks = suspicious_columns(some, schema)
    except DataError:
        looks = [f"There are cells that cannot be read: kedro table check {name}"]
    frame = raw.frame.rename(columns=lambda column: str(column).strip())
    lines = [_line(str(column), frame[column], schema) for column in frame]
    lines.sort(key=lambda line: line.mark != "target")
    text = described(raw.source, looks, lines, meaning="words of the YAML")
    training = groups["training"]
    text += (
        f"\n\nPredicts {schema.target or 'odd rows'} ({schema.task}) by {groups['model'].kind}, "
        f"{training.epochs} epochs."
    )
    return text + _last_result(name, schema, catalog)


def problems_of(
    raw: RawTable, groups: dict[str, Any], prepare: Callable[..., object] | None = None
) -> list[Problem]:
    """What keeps a table from being trained on."""
    schema, split, standardize = (groups[name] for name in ("schema", "split", "standardize"))
    return table_problems(raw.frame, schema, split, standardize, prepare, name=raw.source.name)


def _configured(
    loader: AbstractConfigLoader, name: str
) -> tuple[dict[str, Any], list[Problem], DataCatalog]:
    names = table_names(loader)
    if name not in names:
        raise ParameterError(f"no such table: {name}. {nearest(name, names)}")
    groups, problems = read_groups(loader["parameters"].get(name) or {})
    return groups, problems, DataCatalog.from_config(loader["catalog"], _credentials(loader))


def _line(name: str, cells: pd.Series, schema: SchemaParams) -> ColumnLine:
    is_target = name == schema.target
    params = schema.target_column() if is_target else schema.column(name)
    words = params.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    if is_target:
        words = {word: value for word, value in words.items() if (word, value) != ("decimal", ".")}
        words |= {"classes": schema.classes} if schema.classes else {}
    meaning = ", ".join(f"{word}: {value}" for word, value in words.items())
    mark = "target" if is_target else "" if params.is_feature else "left out"
    kind = schema.task if is_target else params.kind
    return ColumnLine(name, kind, meaning, missing_share(cells), examples_of(cells), mark)


def _last_result(name: str, schema: SchemaParams, catalog: DataCatalog) -> str:
    """What the last run's metrics say, if there was one."""
    if not catalog.exists(f"{name}.metrics"):
        return " Not trained yet."
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.evaluation.metrics.verdict import verdict

    judged = verdict(Metrics.from_flat(catalog.load(f"{name}.metrics")), schema.task)
    return f" Last run: {judged.headline}. {judged.sentence}"


def _preparation(groups: dict[str, Any]) -> Callable[..., object] | None:
    """What a training begins with, if its groups could be read."""
    if not {"model", "training"} <= groups.keys():
        return None
    from colonnade.training.ensembles.single import check_single

    model = groups["model"].for_split(shuffled=groups["split"].shuffled)
    return partial(check_single, model=model, training=groups["training"])


def _credentials(loader: AbstractConfigLoader) -> dict[str, Any]:
    try:
        return dict(loader["credentials"])
    except MissingConfigException:
        return {}
