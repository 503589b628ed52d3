"""Remember what each node has made from what, and say what stands of earlier runs."""

from __future__ import annotations

import logging
from threading import Lock
from time import strftime
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import file_of
from colonnade.hooks.selection.partial_runs import pipeline_to_run
from colonnade.hooks.selection.reuse import STAGES, TableRecord, unchanged, without
from colonnade.messages.catalog import _
from colonnade.pipeline_registry import project_root

if TYPE_CHECKING:
    from pathlib import Path

    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

MARK = "Reusing"
logger = logging.getLogger(__name__)


def nodes_to_run(
    pipeline: Pipeline, catalog: DataCatalog, run_params: dict[str, Any]
) -> tuple[Pipeline, list[Node]]:
    """The nodes that are going to run, and those whose results of earlier runs stand."""
    if MARK not in run_params["runner"]:
        return pipeline_to_run(pipeline, catalog, run_params), []
    standing = unchanged(pipeline, catalog)
    return without(pipeline, standing), standing


class ReuseHooks:
    """Remembers what each node has made from what, once all of it is written."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._records: dict[str, TableRecord] = {}
        self._raw: dict[str, str | None] = {}
        self._waiting: dict[str, tuple[Node, set[str]]] = {}

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Say what stands, and look at the raw tables before they are read."""
        running, standing = nodes_to_run(pipeline, catalog, run_params)
        self._records, self._raw, self._waiting = {}, {}, {}
        for node in running.nodes:
            table, _dot, stage = (node.namespace or "").partition(".")
            record = self._records.get(table) or TableRecord.of(table, catalog)
            if stage in STAGES and record is not None:
                self._records[table] = record
                self._waiting[node.name] = (node, set(node.outputs))
                if f"{table}.raw" in node.inputs:
                    self._raw[table] = record.content(f"{table}.raw")
        _tell(running, standing, catalog)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Remember a node that has written the last of what it makes."""
        with self._lock:
            for node, unwritten in list(self._waiting.values()):
                unwritten.discard(dataset_name)
                if not unwritten:
                    self._remember(node)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Remember the others, which other processes have run."""
        for node, _unwritten in list(self._waiting.values()):
            self._remember(node)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """What was not finished is not remembered."""
        self._waiting = {}

    def _remember(self, node: Node) -> None:
        del self._waiting[node.name]
        table = str(node.namespace).partition(".")[0]
        record, raw = self._records[table], f"{table}.raw"
        # a table that was changed while it was read may have been read either way
        if raw in node.inputs and record.content(raw) != self._raw[table]:
            return
        record.remember(node, strftime("%Y-%m-%d %H:%M"))


def _tell(running: Pipeline, standing: list[Node], catalog: DataCatalog) -> None:
    """Say of each table what is taken from earlier runs."""
    tables = dict.fromkeys(str(node.namespace).partition(".")[0] for node in standing)
    rest = {str(node.namespace).partition(".")[0] for node in running.nodes}
    for table in tables:
        nodes = [node for node in standing if str(node.namespace).partition(".")[0] == table]
        if table in rest:
            stages = dict.fromkeys(str(node.namespace).partition(".")[2] for node in nodes)
            logger.info(
                "%s: %s",
                table,
                _("nothing has changed for {stages}: taken as they are", stages=", ".join(stages)),
            )
            continue
        record, report = TableRecord.of(table, catalog), file_of(catalog, f"{table}.report")
        assert record is not None
        logger.info(
            "%s: %s",
            table,
            _(
                "nothing has changed since {when}: the report stands as it is, {report}. To run "
                "all anew: kedro run --pipeline {table} --fresh",
                when=record.when(nodes[-1]),
                report=_relative(report),
                table=table,
            ),
        )


def _relative(path: Path | None) -> str:
    """A path as it is seen from the project."""
    if path is None or not path.is_relative_to(project_root()):
        return str(path)
    return str(path.relative_to(project_root()))
