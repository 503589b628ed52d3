"""Log in one line each what a run reads, how long each node took and the result."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.errors import UserError
from colonnade.hooks.names import file_of

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)


class LogHooks:
    """Says in one line each what a run reads, what each node took and what came of it."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._catalog: DataCatalog | None = None

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog) -> None:
        """Start the node's clock."""
        self._started[node.name] = time.perf_counter()
        self._catalog = catalog

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Log the node's time."""
        seconds = time.perf_counter() - self._started.pop(node.name)
        logger.info("%-40s %6.2f s", node.name, seconds)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Log where the table came from, whether the model is good, and where the report is."""
        assert self._catalog is not None
        if message := _describe(dataset_name, data, self._catalog):
            logger.info("%s: %s", dataset_name.partition(".")[0], message)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Say of which table a user's mistake is."""
        if isinstance(error, UserError):
            error.table = (node.namespace or "").split(".")[0]


def _describe(name: str, data: Any, catalog: DataCatalog) -> str:
    """What the log says of a dataset that was saved; nothing of most."""
    table, _, kind = name.partition(".")
    if kind == "source":
        from colonnade.tables.source import Source

        return f"read {Source.model_validate(data).describe()}"
    if kind == "cross_validation" and data:
        from colonnade.evaluation.metrics.formatting import cross_validation_line
        from colonnade.evaluation.metrics.groups import Metrics

        task = catalog.load(f"params:{table}.schema").task
        return cross_validation_line(Metrics.from_flat(data["metrics"]), task, len(data["folds"]))
    if kind == "metrics":
        from colonnade.evaluation.metrics.groups import Metrics
        from colonnade.evaluation.metrics.verdict import verdict

        judged = verdict(Metrics.from_flat(data), catalog.load(f"params:{table}.schema").task)
        return f"{judged.headline}. {judged.sentence}"
    if kind == "report":
        return f"report in {file_of(catalog, name)}"
    if kind == "predictions":
        from colonnade.tables.schema.problems import plural

        return f"predictions for {len(data)} {plural('row', len(data))} in {file_of(catalog, name)}"
    return ""
