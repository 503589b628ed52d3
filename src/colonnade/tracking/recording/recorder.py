"""Record a run while it goes on, without waiting for MLflow and without importing it."""

from __future__ import annotations

import logging
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self

from colonnade.errors import TrackingError
from colonnade.tracking.recording.journal import Journal, Message, RunStart, fingerprint
from colonnade.tracking.recording.run_tags import git_tags
from colonnade.tracking.recording.writer_process import WriterProcess
from colonnade.tracking.server import problem_with, run_page, runs_page, unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from colonnade.tracking.tracking_params import TrackingParams

__all__ = ["Recorded", "Recorder", "RunStart", "Status"]
Status = Literal["FINISHED", "FAILED", "KILLED"]
# MLflow's page of charts sorts its sections by name, capitals first: it opens on the curves
EPOCH_METRICS = {
    "train_loss": "Loss/train",
    "validation_loss": "Loss/validation",
    "lr": "learning_rate",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorded:
    """Where a run is found: in MLflow's words, and as pages to open."""

    run_id: str
    experiment_id: str
    name: str
    url: str
    runs_url: str


class Recorder:
    """The way from a run to MLflow: every call writes to the journal and returns at once.

    A process that dies without `finish` leaves a run that the writer ends as KILLED.
    """

    def __init__(
        self, params: TrackingParams, journal: Journal | None, writer: WriterProcess | None
    ) -> None:
        self._params = params
        self._journal = journal
        self.writer = writer
        self._count = 0
        self._paths: dict[int, Path] = {}
        self._lock = Lock()

    @classmethod
    def prepare(cls, project: Path, params: TrackingParams) -> None:
        """Let the writer import MLflow early, when it is certain that runs will start."""
        project = project.resolve()
        params = params.located(project)
        if params.mode != "off" and not params.is_server:
            WriterProcess.shared(project, params)

    @classmethod
    def start(cls, project: Path, params: TrackingParams, run: RunStart) -> Self:
        """Begin the record of a run.

        Raises: TrackingError if tracking is required and the server is away or refuses.
        """
        if params.mode == "off":
            return cls(params, None, None)
        if params.system_metrics and not find_spec("psutil"):
            raise TrackingError(_NO_PSUTIL)
        project = project.resolve()
        params = params.located(project)
        away = problem_with(params.uri) or unwritable(params.uri)
        if away and params.mode == "required":
            raise TrackingError(f"{away} {_ADVICE}")
        try:
            journal = Journal.create(project)
        except OSError as error:
            problem = f"The journal of a run cannot be written: {error}."
            if params.mode == "required":
                raise TrackingError(f"{problem} {_ADVICE}") from None
            logger.warning("%s The run goes on without a record.", problem)
            return cls(params, None, None)
        writer = None
        if away:
            logger.warning("%s The run goes on; its record is kept in %s.", away, journal.folder)
        else:
            writer = WriterProcess.shared(project, params)
            writer.users += 1
        recorder = cls(params, journal, writer)
        opening = run.message(document=params.artifacts)
        recorder._tell({**opening, "git": git_tags(project) if away else {}})
        return recorder

    def epochs(self, history: pd.DataFrame) -> None:
        """Record losses and learning rate by epoch, at the time each epoch ended."""
        seconds = history["seconds"].to_list() if "seconds" in history else [0.0] * len(history)
        start = time.time() - (seconds[-1] if seconds else 0.0)
        values = [
            [name, value, round((start + second) * 1000), int(epoch)]
            for column, name in EPOCH_METRICS.items()
            if column in history
            for value, second, epoch in zip(
                history[column].to_list(), seconds, history["epoch"].to_list(), strict=True
            )
            if math.isfinite(value)
        ]
        self._tell({"do": "metrics", "values": values})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record final metrics. One that is not finite is left out: MLflow has no such number."""
        now = round(time.time() * 1000)
        finite = [[key, float(v), now, 0] for key, v in values.items() if math.isfinite(v)]
        self._tell({"do": "metrics", "values": finite, "final": True})

    def verdict(self, word: str, text: str) -> None:
        """Record what the metrics amount to, before these: `evaluation.metrics.verdict`."""
        self._tell({"do": "verdict", "word": word, "text": text})

    def dataset(self, source: Mapping[str, Any], location: str = "") -> None:
        """Record what the run learned from: `tables.source.Source`, as a plain dict."""
        self._tell({"do": "dataset", "source": dict(source), "location": location})

    def tags(self, values: Mapping[str, str]) -> None:
        """Record tags."""
        self._tell({"do": "tags", "values": dict(values)})

    def artifact(self, path: Path, folder: str = "") -> None:
        """Record a file, or all files of a folder, under `folder` in the run's artifacts."""
        if self._params.artifacts:
            self._tell({"do": "artifact", "folder": folder}, path)

    def model(self, folder: Path, inputs: pd.DataFrame, outputs: pd.DataFrame) -> None:
        """Record the trained model.

        Args: folder: as `training.models.storage.save_model` left it. inputs: a few rows as they
        are sent to a model that is served: numbers and words, see `Standardizer.as_written`.
        outputs: what the model predicts for them.
        """
        if self._params.log_model:
            frames = {"inputs": _plain(inputs), "outputs": _plain(outputs)}
            self._tell({"do": "model", **frames}, folder)

    def finish(self, status: Status = "FINISHED") -> Recorded | None:
        """End the run and wait until it is recorded; None if tracking is off or the store away.

        A failed run is not waited for: the writer ends its record by itself, with copies of what
        the run wrote.

        Raises: TrackingError if tracking is required and the record could not be delivered.
        An unfinished run has an error of its own to show, so this one is logged.
        """
        if self._journal is None:
            return None
        end = {"do": "end", "status": status, "time": round(time.time() * 1000)}
        if self._may_leave(status):
            self._leave(end)
            return None
        self._tell(end, careful=False)
        reply: dict[str, Any] = {"error": ""}
        if self.writer:
            reply = self.writer.reply(self._journal, self._params.timeout)
            self.writer.leave()
        if "error" in reply:
            self._copy()
            self._journal.release()
            self._complain(reply["error"], status)
            return None
        self._journal.release()
        run_id, experiment_id = reply["run_id"], reply["experiment_id"]
        pages = self._params.pages
        return Recorded(
            run_id,
            experiment_id,
            reply.get("name", ""),
            run_page(pages, experiment_id, run_id),
            runs_page(
                pages, experiment_id, reply.get("metric", ""), upwards=reply.get("upwards", False)
            ),
        )

    def _tell(self, message: Message, path: Path | None = None, *, careful: bool = True) -> None:
        if self._journal is None:
            return
        with self._lock:
            if path is not None:
                path = path.resolve()
                self._paths[self._count] = path
                message = {**message, "path": str(path), "fingerprint": fingerprint(path)}
            self._journal.append({**message, "number": self._count})
            self._count += 1
        if self.writer:
            self.writer.notify(self._journal)
            if careful and self._params.mode == "required":
                problem = self.writer.problem(self._journal)
                if problem:
                    raise TrackingError(f"{problem} {_ADVICE}")

    def _may_leave(self, status: Status) -> bool:
        """Say whether the writer can be trusted to end the record by itself."""
        if not self.writer or self.writer.ended or status == "FINISHED":
            return False
        assert self._journal is not None
        return not self.writer.problem(self._journal)

    def _leave(self, end: Message) -> None:
        assert self._journal is not None
        assert self.writer is not None
        self._copy()  # before the last message, after which the writer deletes the journal
        self._tell(end, careful=False)
        self._journal.release()
        self.writer.leave(wait=False)

    def _copy(self) -> None:
        """Copy what may not be delivered yet, before the next run overwrites it."""
        assert self._journal is not None
        with suppress(OSError):  # no room on the disk: then what is not overwritten yet will do
            for number, path in self._paths.items():
                self._journal.keep(number, path)

    def _complain(self, problem: str, status: Status) -> None:
        assert self._journal is not None
        kept = (
            f"The run's record is kept in {self._journal.folder}; the next run delivers it, or "
            "`kedro deliver`."
        )
        if self._params.mode == "required" and status == "FINISHED":
            raise TrackingError(f"{problem} {kept} {_ADVICE}")
        logger.warning("%s", f"{problem} {kept}".strip())


_ADVICE = (
    "To go on without it, set `mode: optional` (the record is kept and delivered later) or "
    "`mode: off` in conf/base/mlflow.yml."
)

_NO_PSUTIL = (
    "`system_metrics` needs the package psutil, which is not installed: pip install psutil, or set "
    "`system_metrics: false` in conf/base/mlflow.yml."
)


def _plain(frame: pd.DataFrame) -> dict[str, Any]:
    """Write a small frame as JSON with the type of each column."""
    types = {str(name): str(frame[name].dtype) for name in frame.columns}
    plain = frame.astype(object).where(frame.notna(), None)
    return {"types": types, "rows": plain.to_numpy().tolist()}
