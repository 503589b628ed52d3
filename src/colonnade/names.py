"""Names in parameters and on the command line that nothing would read are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError
from colonnade.parameters import nearest

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

RUN_WORDS = ("raw", "rows", "encoding", "resume")


def tables_in(pipeline: Pipeline, stages: tuple[str, ...]) -> list[str]:
    """The tables that pass through one of the stages in a pipeline, in its order."""
    places = [(node.namespace or "").partition(".") for node in pipeline.nodes]
    return list(dict.fromkeys(table for table, _, stage in places if stage in stages))


def check_names(parameters: dict[str, Any], tables: list[str]) -> None:
    """Refuse a table, a group or a run word that nothing would read.

    Raises: ParameterError naming every one of them, with the nearest known name.
    """
    from colonnade.pipelines.table.parameters import GROUPS

    problems = []
    for name, groups in parameters.items():
        if name in RUN_WORDS:
            continue
        if name not in tables:
            known = [*tables, *RUN_WORDS]
            problems.append(f"parameter `{name}`: no such table or word. {nearest(name, known)}")
            continue
        if not isinstance(groups or {}, dict):
            problems.append(f"parameter `{name}`: write its groups below it (got {groups!r}).")
            continue
        problems += [
            f"parameter `{name}.{group}`: no such group. {nearest(group, list(GROUPS))}"
            for group in groups or {}
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
            f"`{word}` is not read by this run. Say --pipeline {other}, from its first node."
        )
    if len(readers) > 1:
        tables = sorted(name.partition(".")[0] for name in readers)
        raise ParameterError(
            f"`{word}` names one file, but this run has {len(tables)} tables "
            f"({', '.join(tables)}). Say which: --pipeline {tables[0]}."
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
