"""One writer for several runs of a process: it imports MLflow once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from colonnade.tracking.process import WriterProcess
from colonnade.tracking.server import problem_with, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from colonnade.tracking.params import TrackingParams


@contextmanager
def one_writer(project: Path, params: TrackingParams) -> Iterator[None]:
    """Let the runs of this block share a writer; without it each starts and ends its own.

    Nothing is started where nothing could be recorded: each run says so by itself.
    """
    project = project.resolve()
    params = params.located(project)
    if params.mode == "off" or problem_with(params.uri) or unwritable(params.uri):
        yield
        return
    writer = WriterProcess.shared(project, params)
    writer.users += 1
    try:
        yield
    finally:
        writer.leave()
