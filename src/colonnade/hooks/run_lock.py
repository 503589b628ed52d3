"""One run of a table at a time: two at once would judge, and record, each other's model."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import tables_in
from colonnade.tables.writing.file_lock import hold

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline

ROOM = Path(".colonnade") / "tables"
STAGES = ("ingest", "prepare", "train", "evaluate", "report", "experiment")
_PAUSE = 0.2  # seconds
logger = logging.getLogger(__name__)


class RunLockHooks:
    """Holds a lock for each table of a run from its begin to its end, however it ends."""

    def __init__(self) -> None:
        self._project = Path()
        self._held: list[IO[bytes]] = []

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep where the project stands."""
        self._project = context.project_path

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Wait until no other run writes what this one will."""
        self._release()  # what a run that was refused in this process has left
        # in one order, so that no two runs wait for each other
        for table in sorted(tables_in(pipeline, STAGES)):
            self._wait_for(table)

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Let others begin, once all is recorded."""
        self._release()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Let others begin."""
        self._release()

    def _wait_for(self, table: str) -> None:
        path = self._project / ROOM / f"{table}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = hold(path)
        except OSError:
            return  # nobody else can write here either
        if lock is None:
            logger.info(
                "%s: another run of this table is in progress: waiting for it to end.", table
            )
        while lock is None:
            time.sleep(_PAUSE)
            lock = hold(path)
        self._held.append(lock)

    def _release(self) -> None:
        for lock in self._held:
            lock.close()
        self._held.clear()
