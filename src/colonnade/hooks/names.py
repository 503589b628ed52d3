"""Names in parameters and on the command line that nothing would read are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.pipeline_registry import RESERVED

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline


def tables_in(pipeline: Pipeline, stages: tuple[str, ...] = ()) -> list[str]:
    """The tables that pass through one of the stages, or any, in a pipeline, in its order."""
    places = [(node.namespace or "").partition(".") for node in pipeline.nodes]
    found = (table for table, _, stage in places if table and (stage in stages or not stages))
    return list(dict.fromkeys(found))


def check_tables(parameters: dict[str, Any], tables: list[str], running: list[str]) -> None:
    """Refuse a parameter that is neither a table's nor a word of a run.

    Args: running: the tables of this run, one of which may have been meant.
    Raises: ParameterError naming every one of them, with the nearest known name.
    """
    problems = []
    for name, value in parameters.items():
        # `model.kind=linear` is a word of some table's group
        group = name == "model" and isinstance(value, dict)
        if name in tables or (name in RESERVED and not group):
            continue
        meant = _meant(name, value, running or tables)
        known = nearest(name, [*tables, *RESERVED])
        problems.append(f"parameter `{name}`: no such table or parameter. {meant or known}")
    if problems:
        raise ParameterError(problems)


def _meant(name: str, value: Any, running: list[str]) -> str:
    """The full path of what may be a group, or a parameter of one, without its table's name."""
    from colonnade.pipelines.table.parameter_groups import GROUPS

    places = [name] if name in GROUPS else []
    places += [f"{group}.{name}" for group, fields in GROUPS.items() if name in fields.model_fields]
    if not places:
        return ""
    while isinstance(value, dict) and len(value) == 1:
        [(inner, value)] = value.items()
        places = [f"{place}.{inner}" for place in places]
    full = " or ".join(f"`{running[0]}.{place}`" for place in places)
    return f"Name its table: {full}."


def check_groups(parameters: dict[str, Any], tables: list[str]) -> None:
    """Refuse a group of these tables that nothing would read.

    Raises: ParameterError naming every one of them, with the nearest known name.
    """
    from colonnade.pipelines.table.parameter_groups import GROUPS

    problems = []
    for table in tables:
        groups = parameters.get(table) or {}
        if not isinstance(groups, dict):
            problems.append(f"parameter `{table}`: write its groups below it (got {groups!r}).")
            continue
        problems += [
            f"parameter `{table}.{group}`: no such group. {nearest(group, list(GROUPS))}"
            for group in groups
            if group not in GROUPS
        ]
    if problems:
        raise ParameterError(problems)


def check_file_word(word: str, path: str, pipeline: Pipeline, catalog: DataCatalog) -> None:
    """Refuse `raw` or `rows` where it would be ignored, or read as many tables.

    Raises: ParameterError.
    """
    readers = [name for name in pipeline.inputs() if name.endswith(f".{word}")]
    if not readers:
        other = "NAME_predict" if word == "rows" else "NAME"
        raise ParameterError(
            f"`{word}` is not read by this run. Use --pipeline {other}, from its first node."
        )
    if len(readers) > 1:
        tables = sorted(name.partition(".")[0] for name in readers)
        raise ParameterError(
            f"`{word}` names one file, but this run has {len(tables)} tables "
            f"({', '.join(tables)}). Choose one: --pipeline {tables[0]}."
        )
    file = file_of(catalog, readers[0])
    if file is None or file.name != Path(path).name:
        raise ParameterError(
            f"`{word}`: {readers[0]} does not read a file. Give it a `filepath` in "
            "conf/local/catalog.yml."
        )


def file_of(catalog: DataCatalog, name: str) -> Path | None:
    """Where a dataset keeps its file; Kedro has no public word for it."""
    path = getattr(catalog[name], "_filepath", None)
    return None if path is None else Path(path)
