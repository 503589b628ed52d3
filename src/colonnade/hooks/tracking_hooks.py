"""Record each table of a run as a run of its own in MLflow."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import tables_in
from colonnade.hooks.selection.partial_runs import groups_of_run
from colonnade.hooks.selection.reuse_hooks import nodes_to_run

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from colonnade.hooks.reporters.run_reporter import RunReporter
    from colonnade.hooks.run_log import LogHooks
    from colonnade.tracking.recording.recorder import Recorded, Status
    from colonnade.tracking.tracking_params import TrackingParams

logger = logging.getLogger(__name__)


class TrackingHooks:
    """Records each table of a run as a run of its own in MLflow.

    Args: log: says where each record is.
    """

    def __init__(self, log: LogHooks) -> None:
        self._log = log
        self._context: KedroContext | None = None
        self._reporters: dict[str, RunReporter] = {}
        self._experiments: list[str] = []

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context: where the project stands and what `mlflow.yml` says."""
        self._context = context

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Begin a record for each table, so that MLflow is imported while the table is trained."""
        # pandas and more, which no other command wants
        from colonnade.hooks.reporters.run_reporter import RunReporter, describe_run
        from colonnade.tracking.recording.recorder import Recorder

        assert self._context is not None
        began = time.time()
        tracking = self._params()
        running, standing = nodes_to_run(pipeline, catalog, run_params)
        # what stands of earlier runs is of this one, too
        pipeline = pipeline if standing else running
        runs = {
            table: describe_run(table, groups_of_run(table, pipeline, catalog), run_params)
            for table in tables_in(running, stages=("train", "evaluate"))
        }
        for table, run in runs.items():
            recorder = Recorder.start(self._context.project_path, tracking, run)
            self._reporters[table] = RunReporter(table, recorder, catalog, began)
            self._reporters[table].reuse(node for node in standing if node.namespace)
        self._experiments = [
            table
            for table in tables_in(pipeline, stages=("experiment",))
            if f"{table}.experiment_report" in pipeline.all_outputs() and tracking.mode != "off"
        ]
        if self._experiments:
            from colonnade.tracking.trials.trial_runs import check_store

            check_store(tracking)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Hand over what was written, so that MLflow takes it in while the run goes on."""
        table, _, name = dataset_name.partition(".")
        if table in self._reporters:
            self._reporters[table].saved(name)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], catalog: DataCatalog) -> None:
        """Hand over the rest, and say where it is found."""
        self._finish("FINISHED")
        for table in self._experiments:
            self._record(table, catalog, run_params["env"])

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Record a failed run as failed, with what it had written."""
        self._finish("FAILED")

    def _params(self) -> TrackingParams:
        from colonnade.tracking.tracking_params import TrackingParams

        assert self._context is not None
        params = TrackingParams.model_validate(self._context.config_loader["mlflow"])
        return params.located(self._context.project_path.resolve())

    def _record(self, table: str, catalog: DataCatalog, env: str | None) -> None:
        """Record an experiment that has run, if the store is there; when run again, the rest."""
        from colonnade.hooks.reporters.experiment_reporter import report_experiment
        from colonnade.tracking.server import pages_open
        from colonnade.tracking.trials.trial_runs import check_store

        assert self._context is not None
        tracking = self._params()
        if away := check_store(tracking):
            logger.warning(
                "%s: %s The trials are kept: the same command records them later.", table, away
            )
            return
        began = time.perf_counter()
        _, page = report_experiment(self._context.project_path, tracking, table, catalog, env)
        where = page if pages_open(tracking) else f"`make ui` shows them at {page}"
        passed = time.perf_counter() - began
        logger.info("%s: trials recorded in MLflow in %.1f s: %s", table, passed, where)

    def _finish(self, status: Status) -> None:
        reporters, self._reporters = self._reporters, {}
        for table, reporter in reporters.items():
            reporter.rest()
            recorded = reporter.recorder.finish(status)
            if recorded is not None and status == "FINISHED":
                reporter.note(recorded)
                self._log.tracked(table, recorded.run_id, *_pages(recorded, self._params()))


def _pages(recorded: Recorded, params: TrackingParams) -> tuple[str, str]:
    """The addresses of a run's page and of all its table's, if they can be opened now."""
    from colonnade.tracking.server import pages_open

    return (recorded.url, recorded.runs_url) if pages_open(params) else ("", "")
