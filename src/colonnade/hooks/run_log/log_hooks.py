"""Say what a run does: on a terminal as it goes, elsewhere in a line each."""

from __future__ import annotations

import atexit
import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.errors import UserError
from colonnade.hooks.model_folders import network_kind
from colonnade.hooks.names import file_of
from colonnade.hooks.run_log.log_lines import LogLines
from colonnade.hooks.run_log.stage_facts import fact, task_of
from colonnade.hooks.run_log.stages import Stages
from colonnade.hooks.selection.reuse_hooks import nodes_to_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from colonnade.hooks.run_log.run_outcome import RunOutcome
    from colonnade.hooks.run_log.tables_view import TablesView
    from colonnade.hooks.run_log.terminal import RunView
    from colonnade.training.progress import Watcher

logger = logging.getLogger(__name__)
_open: list[RunView | TablesView] = []
_turns: list[TablesView] = []


class LogHooks:
    """Says what each stage took and what came of it, and at the end what came of the run."""

    def __init__(self) -> None:
        self._stages: Stages | None = None
        self._view: LogLines | RunView | TablesView = LogLines()
        self._catalog: DataCatalog | None = None
        self._outcomes: dict[str, RunOutcome] = {}
        self._started: dict[str, float] = {}

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Choose how to say it."""
        self._outcomes = {}
        self._stages, self._view = None, LogLines()
        # its workers hear of their own nodes alone
        if "ParallelRunner" not in run_params["runner"]:
            self._stages = Stages(nodes_to_run(pipeline, catalog, run_params)[0])
            self._view = _view()
            self._view.begin(self._stages)
            _watch(self._view.watcher)

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog) -> None:
        """Start the node's clock, and its stage's."""
        self._started[node.name] = time.perf_counter()
        self._catalog = catalog
        if self._stages and (stage := self._stages.begin(node)):
            self._view.started(stage)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Log the node's time."""
        seconds = time.perf_counter() - self._started.pop(node.name)
        level = logging.DEBUG if self._stages else logging.INFO
        logger.log(level, "%-40s %6.2f s", node.name, seconds)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keep what came of it, and say so once its stage has written all."""
        assert self._catalog is not None
        words = fact(dataset_name, data, self._catalog)
        if self._stages is None:
            if words:
                logger.info("%s: %s", dataset_name.partition(".")[0], words)
            return
        self._judge(dataset_name, data)
        if stage := self._stages.wrote(dataset_name, words):
            self._view.done(stage)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Say of which table a user's mistake is."""
        if isinstance(error, UserError):
            error.table = (node.namespace or "").split(".")[0]

    @hook_impl(trylast=True)  # once the record is complete
    def after_pipeline_run(self) -> None:
        """Say what came of each table."""
        self._view.finish(list(self._outcomes.values()))
        self._end()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Say in which stage; the error itself is reported by the command."""
        for stage in self._stages.running if self._stages else []:
            self._view.failed(stage)
        self._end()

    def tracked(self, table: str, run_id: str, page: str, all_runs: str) -> None:
        """Hear where a table's run is recorded. Args: page, all_runs: where they can be opened."""
        if outcome := self._outcomes.get(table):
            outcome.run_id, outcome.page, outcome.all_runs = run_id, page, all_runs

    def _judge(self, name: str, data: Any) -> None:
        """Take up the metrics, and where the report is."""
        assert self._catalog is not None
        table, _, kind = name.partition(".")
        if kind == "metrics":
            from colonnade.evaluation.metrics.groups import Metrics
            from colonnade.hooks.run_log.run_outcome import RunOutcome

            metrics, task = Metrics.from_flat(data), task_of(table, self._catalog)
            kind = network_kind(self._catalog.load(f"params:{table}").get("model"))
            self._outcomes[table] = RunOutcome.of(table, metrics, task, kind)
        elif kind == "report" and table in self._outcomes:
            self._outcomes[table].report = file_of(self._catalog, name)

    def _end(self) -> None:
        _watch(None)
        if not _turns:
            close_views()


def _view() -> LogLines | RunView | TablesView:
    """Lines where there is no terminal; else what draws, which others may share."""
    from colonnade.hooks.run_log.terminal import RunView, on_terminal

    if _turns:
        return _turns[0]
    if not on_terminal():
        return LogLines()
    close_views()
    view = RunView()
    _open.append(view)
    return view


@contextmanager
def tables_in_turn(tables: list[str]) -> Iterator[TablesView | None]:
    """On a terminal, draw a line a table of several that are run one after another."""
    from colonnade.hooks.run_log.tables_view import TablesView
    from colonnade.hooks.run_log.terminal import on_terminal

    if not on_terminal():
        yield None
        return
    view = TablesView(tables)
    _turns.append(view)
    _open.append(view)
    try:
        yield view
    finally:
        _turns.clear()
        close_views()


def _watch(watcher: Watcher | None) -> None:
    """Have progress told; a command that trains nothing need not import what does."""
    if watcher is not None or "colonnade.training.progress" in sys.modules:
        from colonnade.training.progress import watch

        watch(watcher)


def close_views() -> None:
    """Leave the terminal as it was found, however a run has ended."""
    _watch(None)
    while _open:
        _open.pop().close()


atexit.register(close_views)
