"""Record each table of a run as a run of its own in MLflow."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import tables_in
from colonnade.hooks.partial_runs import groups_of_run, pipeline_to_run

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from colonnade.hooks.run_reporter import RunReporter
    from colonnade.tracking.recording.recorder import Recorded, Status
    from colonnade.tracking.tracking_params import TrackingParams

logger = logging.getLogger(__name__)


class TrackingHooks:
    """Records each table of a run as a run of its own in MLflow."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._reporters: dict[str, RunReporter] = {}

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
        from colonnade.hooks.run_reporter import RunReporter, describe_run
        from colonnade.tracking.recording.recorder import Recorder

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
            self._reporters[table] = RunReporter(table, run.name, recorder, catalog, began)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Hand over what was written, so that MLflow takes it in while the run goes on."""
        table, _, name = dataset_name.partition(".")
        if table in self._reporters:
            self._reporters[table].saved(name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Hand over the rest, and say where it is found."""
        self._finish("FINISHED")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Record a failed run as failed, with what it had written."""
        self._finish("FAILED")

    def _params(self) -> TrackingParams:
        from colonnade.tracking.tracking_params import TrackingParams

        assert self._context is not None
        params = TrackingParams.model_validate(self._context.config_loader["mlflow"])
        return params.located(self._context.project_path.resolve())

    def _finish(self, status: Status) -> None:
        reporters, self._reporters = self._reporters, {}
        for table, reporter in reporters.items():
            reporter.rest()
            recorded = reporter.recorder.finish(status)
            if recorded is not None and status == "FINISHED":
                reporter.note(recorded)
                for line in _describe_run(recorded, self._params()):
                    logger.info("%s: %s", table, line)


def _describe_run(recorded: Recorded, params: TrackingParams) -> list[str]:
    """Where a run and its table's are seen, now or once the pages are opened."""
    from colonnade.tracking.server import pages_open

    if pages_open(params):
        return [f"tracked as {recorded.url}", f"all its runs, best first: {recorded.runs_url}"]
    return [
        f"tracked as run {recorded.run_id[:8]}; `make ui` shows it at {recorded.url}",
        f"`make ui` shows all its runs, best first, at {recorded.runs_url}",
    ]
