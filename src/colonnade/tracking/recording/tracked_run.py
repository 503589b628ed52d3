"""One run's journal, applied to MLflow message by message."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any, cast

from mlflow.entities import Metric, Param, RunTag

from colonnade.tracking.comparison.shared_view import share_view
from colonnade.tracking.logged_models.log_model import log_model, logged_before
from colonnade.tracking.naming import safe_key, safe_keys, safe_value
from colonnade.tracking.recording.dataset_inputs import dataset_input, described
from colonnade.tracking.recording.description import describe
from colonnade.tracking.recording.git import git_tags
from colonnade.tracking.recording.journal import Journal, Message, fingerprint
from colonnade.tracking.store import experiment_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow.tracking import MlflowClient

DONE = "done"  # the journal's note of the last message applied
JOURNAL_TAG = "colonnade.journal"
DESCRIPTION = "mlflow.note.content"  # the name is MLflow's
BROKEN_OFF = "ended"  # the tag that says why a run ended before its time


class TrackedRun:
    """A run in MLflow that follows its journal.

    Every message may be applied again: what MLflow has already stays as it is. How far the run
    has come is noted in the journal's folder, so that another writer can go on from there.

    Args: live: whether the process that trains is still there. watched: whether the machine's
    load is recorded meanwhile.
    """

    def __init__(
        self,
        client: MlflowClient,
        journal: Journal,
        project: Path,
        *,
        live: bool,
        watched: bool = False,
    ) -> None:
        self.client, self.journal, self.project = client, journal, project
        self.live, self.watched = live, watched
        self._monitor: Any = None  # MLflow's, without types
        self.run_id = self.experiment_id = self.view = ""
        self.ended = False
        self._opening: Message = {}
        self._final: list[Metric] = []
        self._data = self._model_id = ""
        noted = journal.noted(DONE)
        self._begun = noted is not None
        self._done = -1 if noted is None else noted
        self._position = 0

    def follow(self) -> None:
        """Apply the messages that have come since the last call."""
        steps: dict[str, Callable[[Message], None]] = {
            "run": self._open,
            "metrics": self._metrics,
            "dataset": self._dataset,
            "tags": self._tags,
            "artifact": self._artifact,
            "model": self._model,
            "end": self._end,
        }
        for position, message in self.journal.read(self._position):
            again = message["number"] <= self._done and message["do"] in {"artifact", "model"}
            if not again:
                steps[message["do"]](message)
            elif message["do"] == "model":
                self._model_id = logged_before(self.client.get_run(self.run_id))
            self._position = position
            self._done = max(self._done, message["number"])
            self.journal.note(DONE, self._done)

    def end(self, status: str, time: int, why: str = "") -> None:
        """Set the run's status. Units: milliseconds since 1970."""
        if self._monitor:
            self._monitor.finish()
            time = max(time, time_ns() // 1_000_000)  # its last measurement is of the run, too
        if why:
            self.client.set_tag(self.run_id, BROKEN_OFF, why)
        self._describe()
        self.client.set_terminated(self.run_id, status=status, end_time=time)
        self.ended = True

    def _open(self, message: Message) -> None:
        self._opening = message
        self.experiment_id = experiment_id(self.client, message["experiment"])
        found = self._found() if self._begun else []
        self.run_id = found[0] if found else ""
        if not self.run_id:
            # noted before the run exists: a writer killed between the two leaves no double
            self.journal.note(DONE, self._done)
            run = self.client.create_run(
                self.experiment_id,
                start_time=message["time"],
                run_name=message["name"],
                tags={JOURNAL_TAG: self.journal.name},
            )
            self.run_id = run.info.run_id
            self._drop_doubles()
        elif BROKEN_OFF in self.client.get_run(self.run_id).data.tags:
            self.client.delete_tag(self.run_id, BROKEN_OFF)  # which it will not be any more
        parameters = message["parameters"]
        names = safe_keys(parameters)
        self._log(Param(names[key], safe_value(value)) for key, value in parameters.items())
        self._tags({"values": {**_source_tags(message), **message["tags"]}})
        # asked while the run goes on: a record that is delivered later must not name a later commit
        git = message.get("git") or (git_tags(self.project) if self.live else {})
        self._tags({"values": git})
        if self.watched:
            self._watch()

    def _watch(self) -> None:
        """Have MLflow measure processors, memory, disk and network of the whole machine."""
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        monitor: Any = cast("Any", SystemMetricsMonitor)
        self._monitor = monitor(self.run_id, tracking_uri=self.client.tracking_uri)
        self._monitor.start()

    def _found(self) -> list[str]:
        runs = self.client.search_runs(
            [self.experiment_id], filter_string=f"tags.`{JOURNAL_TAG}` = '{self.journal.name}'"
        )
        return [run.info.run_id for run in runs]

    def _drop_doubles(self) -> None:
        """Delete what MLflow's client made when it repeated a request whose reply was lost."""
        if self.client.tracking_uri.startswith("http"):
            for run_id in self._found():
                if run_id != self.run_id:
                    self.client.delete_run(run_id)

    def _metrics(self, message: Message) -> None:
        values = message["values"]
        names = safe_keys(dict.fromkeys(key for key, *_ in values))
        # final ones are the model's, too: MLflow shows them on its page
        model_id = self._model_id if message.get("final") else None
        metrics = [
            Metric(names[key], value, time, step, model_id=model_id or None)
            for key, value, time, step in values
        ]
        self._log(metrics)
        if message.get("final"):
            self._final += metrics
        elif self._final:
            # the curves, sent last: the run writes its report now, and at its end it would wait
            self.view = share_view(self.client, self.experiment_id)

    def _dataset(self, message: Message) -> None:
        self._data = described(message["source"])
        self.client.log_inputs(self.run_id, [dataset_input(message["source"], message["location"])])
        self._tags({"values": {"data": self._data}})

    def _tags(self, message: Message) -> None:
        values = message["values"]
        names = safe_keys(values)
        self._log(RunTag(names[key], str(value)[:8000]) for key, value in values.items())

    def _artifact(self, message: Message) -> None:
        path = self._unchanged(message)
        folder = message["folder"] or None
        if path and path.is_dir():
            self.client.log_artifacts(self.run_id, str(path), folder)
        elif path:
            self.client.log_artifact(self.run_id, str(path), folder)

    def _model(self, message: Message) -> None:
        path = self._unchanged(message)
        if path:
            self._model_id = log_model(
                self.client,
                path,
                run=self.client.get_run(self.run_id),
                metrics=self._final,
                inputs=message["inputs"],
                outputs=message["outputs"],
            )

    def _unchanged(self, message: Message) -> Path | None:
        """Find the artifact as it was; if a later run has overwritten it, say that it is lost."""
        path = Path(message["path"])
        kept = self.journal.kept(message["number"], path)
        if kept:
            return kept
        if path.exists() and fingerprint(path) == message["fingerprint"]:
            return path
        self._tags({"values": {safe_key(f"lost.{path.name}"): f"{path} has changed since"}})
        return None

    def _end(self, message: Message) -> None:
        if message["status"] == "FINISHED" and not self.view:
            self.view = share_view(self.client, self.experiment_id)
        self.end(message["status"], message["time"])

    def _describe(self) -> None:
        final = {metric.key: metric.value for metric in self._final}
        text = describe(self._opening, final, self._data)
        self._tags({"values": {DESCRIPTION: text}})
        if self._model_id:
            self.client.set_logged_model_tags(self._model_id, {DESCRIPTION: text})

    def _log(self, entities: Iterable[Any]) -> None:
        remaining = iter(entities)
        while batch := list(islice(remaining, 100)):  # MLflow's limit for parameters and tags
            kind = type(batch[0])
            if kind is Metric:
                batch += islice(remaining, 900)
            self.client.log_batch(
                self.run_id,
                metrics=batch if kind is Metric else (),
                params=batch if kind is Param else (),
                tags=batch if kind is RunTag else (),
            )


def _source_tags(message: Message) -> dict[str, str]:
    return {
        "mlflow.user": message["user"],
        "mlflow.source.type": "PROJECT",
        "mlflow.source.name": message["command"],
        "command": message["command"],
    }
