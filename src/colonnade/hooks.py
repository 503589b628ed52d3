"""What happens around a run: names are checked before it, and MLflow is told of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.errors import UserError
from colonnade.handover import HandOver, describe_run
from colonnade.names import check_file_word, check_groups, check_tables, file_of, tables_in
from colonnade.partial_runs import (
    check_group_words,
    check_what_is_left,
    groups_of_run,
    pipeline_to_run,
)
from colonnade.pipeline_registry import remember, table_names

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from colonnade.tracking.params import TrackingParams
    from colonnade.tracking.recorder import Recorded, Status

logger = logging.getLogger(__name__)


class NameHooks:
    """Refuses names that nothing would read, before anything runs, and names what has no name."""

    def __init__(self) -> None:
        self._loader: AbstractConfigLoader | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Hand the loader to the registry."""
        remember(context.config_loader)
        self._loader = context.config_loader

    @hook_impl(tryfirst=True)  # what is refused leaves no record of a run
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Refuse what nothing in this run would read: a file, a table, a group, a parameter."""
        assert self._loader is not None
        words = run_params["runtime_params"] or {}
        tables, running = table_names(self._loader), tables_in(pipeline)
        parameters = catalog.load("parameters")
        check_tables(parameters, tables, [name for name in running if name in tables])
        # of these tables alone, and those of the command: another table's YAML is its own matter
        check_groups(parameters, [name for name in tables if name in {*running, *words}])
        pipeline = pipeline_to_run(pipeline, catalog, run_params)
        if not pipeline.nodes:
            logger.info("Every output is there: nothing is run.")
        check_group_words(words, pipeline, catalog)
        check_what_is_left(pipeline, catalog)
        for word in ("raw", "rows"):
            if word in words:
                check_file_word(word, words[word], pipeline, catalog)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Give a table that bears no name of its own, as one from a database, its dataset's."""
        if dataset_name.endswith((".raw", ".rows")) and hasattr(data, "attrs"):
            from colonnade.tables.source import name_source

            name_source(data, dataset_name)


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
        """Tell the node's time."""
        seconds = time.perf_counter() - self._started.pop(node.name)
        logger.info("%-40s %6.2f s", node.name, seconds)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Tell where the table came from, whether the model is good, and where the report lies."""
        assert self._catalog is not None
        if told := _told(dataset_name, data, self._catalog):
            logger.info("%s: %s", dataset_name.partition(".")[0], told)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Say of which table a user's mistake is."""
        if isinstance(error, UserError):
            error.table = (node.namespace or "").split(".")[0]


def _told(name: str, data: Any, catalog: DataCatalog) -> str:
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
        from colonnade.tables.problems import plural

        return f"answers for {len(data)} {plural('row', len(data))} in {file_of(catalog, name)}"
    return ""


class TrackingHooks:
    """Records each table of a run as a run of its own in MLflow."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._hand_overs: dict[str, HandOver] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context: where the project stands and what `mlflow.yml` says."""
        self._context = context

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Begin a record for each table, so that MLflow is imported while the table is trained."""
        from colonnade.tracking.recorder import Recorder

        assert self._context is not None
        began = time.time()
        tracking = self._params()
        pipeline = pipeline_to_run(pipeline, catalog, run_params)
        runs = {
            table: describe_run(table, groups_of_run(table, pipeline, catalog), run_params)
            for table in tables_in(pipeline, stages=("train", "evaluate"))
        }
        for table, run in runs.items():
            recorder = Recorder.start(self._context.project_path, tracking, run)
            self._hand_overs[table] = HandOver(table, run.name, recorder, catalog, began)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Hand over what was written, so that MLflow takes it in while the run goes on."""
        table, _, name = dataset_name.partition(".")
        if table in self._hand_overs:
            self._hand_overs[table].saved(name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Hand over the rest, and say where it is found."""
        self._finish("FINISHED")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Record a failed run as failed, with what it had written."""
        self._finish("FAILED")

    def _params(self) -> TrackingParams:
        from colonnade.tracking.params import TrackingParams

        assert self._context is not None
        params = TrackingParams.model_validate(self._context.config_loader["mlflow"])
        return params.located(self._context.project_path.resolve())

    def _finish(self, status: Status) -> None:
        hand_overs, self._hand_overs = self._hand_overs, {}
        for table, hand_over in hand_overs.items():
            hand_over.rest()
            recorded = hand_over.recorder.finish(status)
            if recorded is not None and status == "FINISHED":
                hand_over.note(recorded)
                for line in _told_run(recorded, self._params()):
                    logger.info("%s: %s", table, line)


def _told_run(recorded: Recorded, params: TrackingParams) -> list[str]:
    """Where a run and its table's are seen, now or once the pages are opened."""
    from colonnade.tracking.server import pages_open

    if pages_open(params):
        return [f"tracked as {recorded.url}", f"all its runs, best first: {recorded.runs_url}"]
    return [
        f"tracked as run {recorded.run_id[:8]}; `make ui` shows it at {recorded.url}",
        f"`make ui` shows all its runs, best first, at {recorded.runs_url}",
    ]
