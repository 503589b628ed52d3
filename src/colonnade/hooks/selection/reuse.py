"""Which nodes of a run need not run again, since nothing that they read has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from colonnade.hooks.names import file_of
from colonnade.hooks.selection.fingerprints import (
    FILE,
    StageFile,
    class_digest,
    code_digest,
    digest,
    fonts_digest,
)
from colonnade.pipeline_registry import project_root

if TYPE_CHECKING:
    from pathlib import Path

    from kedro.io import DataCatalog
    from kedro.pipeline.node import Node

STAGES = ("ingest", "prepare", "train", "evaluate", "report")
# They say how to get to a result, and change none.
_NO_CAUSE = ("checkpoint", "params:resume")


def unchanged(pipeline: Pipeline, catalog: DataCatalog) -> list[Node]:
    """The nodes whose results stand: made by this code, from what is there now, and not altered.

    What stands behind a node that has to run has to run, too.
    """
    stale: set[str] = set()
    standing: list[Node] = []
    tables: dict[str, TableRecord | None] = {}
    for node in pipeline.nodes:
        table, _, stage = (node.namespace or "").partition(".")
        if table not in tables:
            tables[table] = TableRecord.of(table, catalog)
        record = tables[table]
        fits = stage in STAGES and record is not None and not stale & set(node.inputs)
        if fits and record is not None and record.stands(node):
            standing.append(node)
        else:
            stale |= set(node.outputs)
    return standing


def without(pipeline: Pipeline, nodes: list[Node]) -> Pipeline:
    """A pipeline less some of its nodes."""
    left = [node for node in pipeline.nodes if node not in nodes]
    return pipeline.filter(node_names=[node.name for node in left]) if left else Pipeline([])


class TableRecord:
    """What is remembered of one table's nodes, beside the table's metrics."""

    def __init__(self, table: str, catalog: DataCatalog, folder: Path) -> None:
        self._table, self._catalog = table, catalog
        self.file = StageFile(folder / FILE)

    @classmethod
    def of(cls, table: str, catalog: DataCatalog) -> TableRecord | None:
        """None for a table whose results lie elsewhere than on a local disk."""
        name = f"{table}.metrics"
        metrics = file_of(catalog, name) if name in catalog else None
        if metrics is None or "://" in str(metrics):
            return None
        return cls(table, catalog, project_root() / metrics.parent)

    def stands(self, node: Node) -> bool:
        """Whether a node's results are those that it would make now."""
        return self.file.stands(node.name, self.made_from(node), self._made(node))

    def when(self, node: Node) -> str:
        """When a node's results were made."""
        return str(self.file.nodes.get(node.name, {}).get("when", ""))

    def remember(self, node: Node, when: str) -> None:
        """Note what a node has just made, if all that it read and wrote can be told again."""
        made_from, made = self.made_from(node), self._made(node)
        if made_from is not None and None not in made.values():
            self.file.remember(node.name, made_from, made, when)

    def made_from(self, node: Node) -> str | None:
        """A digest of all that a node reads; None if something cannot be told."""
        causes = {
            name: self.content(name)
            for name in node.inputs
            if name.removeprefix(f"{self._table}.") not in _NO_CAUSE
        }
        if None in causes.values():
            return None
        drawn = fonts_digest() if str(node.namespace).endswith(".report") else ""
        return digest(code_digest(project_root()), node.name, causes, drawn)

    def _made(self, node: Node) -> dict[str, str | None]:
        return {name: self.content(name) for name in node.outputs}

    def content(self, name: str) -> str | None:
        """A digest of what a parameter or a dataset holds; None if that cannot be told."""
        if name.startswith("params:"):
            value = self._catalog.load(name)
            kind = str(getattr(value, "kind", ""))
            code = class_digest(kind) if "." in kind else ""
            return digest(_plain(value), code)
        dataset = self._catalog.get(name)
        if name == f"{self._table}.raw":
            return self._raw(dataset)
        files = _files_of(dataset)
        return None if files is None else self.file.content(files)

    def _raw(self, dataset: Any) -> str | None:
        """A table of the user's: what it is read from, and how; None if that is no local file."""
        how = {
            name: value
            for name, value in vars(dataset).items()
            if name not in ("metadata", "_logging_name") and _is_plain(value)
        }
        files = _files_of(dataset)
        read = None if files is None else self.file.content(files)
        return None if read is None else digest(type(dataset).__name__, how, read)


def _plain(value: Any) -> Any:
    """A parameter, or a group of them, as plain data."""
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | dict | list | tuple)


def _files_of(dataset: Any) -> list[Path] | None:
    """The local files that hold a dataset; None if there are none."""
    if hasattr(dataset, "content_files"):
        return list(dataset.content_files())
    path, protocol = getattr(dataset, "_filepath", None), getattr(dataset, "_protocol", "file")
    if path is None or protocol != "file" or "://" in str(path):
        return None
    file = project_root() / str(path)
    return [file] if file.is_file() else None
