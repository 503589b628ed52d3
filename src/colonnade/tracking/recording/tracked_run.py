"""One run's journal, applied to MLflow message by message."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any, cast

from mlflow.entities import Metric, Param, RunTag

from colonnade.tracking.comparison.ranking import headline, higher_is_better
from colonnade.tracking.comparison.run_parameters import differing
from colonnade.tracking.logged_models.log_model import log_model, logged_before
from colonnade.tracking.naming import DESCRIPTION, run_name, safe_key, safe_keys, safe_value
from colonnade.tracking.recording.dataset_inputs import dataset_input, described
from colonnade.tracking.recording.description import ABOUT_RUNS, describe, judged_name, verdict_text
from colonnade.tracking.recording.journal import Journal, Message, fingerprint
from colonnade.tracking.recording.run_tags import BASELINE, baseline_tags, git_tags, source_tags
from colonnade.tracking.store import experiment_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow.tracking import MlflowClient

DONE = "done"  # the journal's note of the last message applied
JOURNAL_TAG = "colonnade.journal"
CONFIGURATION, AS_WRITTEN = "configuration", "as written"  # a tag: nothing was said beside YAML
BROKEN_OFF = "ended"  # the tag that says why a run ended before its time
PARAMETERS = "parameters.yml"  # all of them; the run's page shows those that matter


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
        self.run_id = self.experiment_id = self.name = ""
        self.ended = False
        self._opening: Message = {}
        self._verdict: Message = {}
        self._values: dict[str, float] = {}
        self._final: list[Metric] = []
        self._special = self._data = self._model_id = ""
        noted = journal.noted(DONE)
        self._begun = noted is not None
        self._done = -1 if noted is None else noted
        self._position = 0

    def follow(self) -> None:
        """Apply the messages that have come since the last call."""
        steps: dict[str, Callable[[Message], None]] = {
            "run": self._open,
            "metrics": self._metrics,
            "verdict": self._judged,
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

    @property
    def order(self) -> dict[str, Any]:
        """The metric that decides, and whether the least of it is best; none: nothing measured."""
        names = headline(self._values)
        return {"metric": names[0], "upwards": not higher_is_better(names[0])} if names else {}

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
        about = {DESCRIPTION: ABOUT_RUNS.format(message["experiment"])}
        self.experiment_id = experiment_id(self.client, message["experiment"], about)
        named = message.get("named", True)
        self.name = self._special = message["name"] if named else self._name_by_difference()
        found = self._found() if self._begun else []
        self.run_id = found[0] if found else ""
        if not self.run_id:
            # noted before the run exists: a writer killed between the two leaves no double
            self.journal.note(DONE, self._done)
            run = self.client.create_run(
                self.experiment_id,
                start_time=message["time"],
                run_name=self.name,
                tags={JOURNAL_TAG: self.journal.name},
            )
            self.run_id = run.info.run_id
            self._drop_doubles()
        elif BROKEN_OFF in self.client.get_run(self.run_id).data.tags:
            self.client.delete_tag(self.run_id, BROKEN_OFF)  # which it will not be any more
        parameters = message["parameters"]
        names = safe_keys(parameters)
        self._log(Param(names[key], safe_value(value)) for key, value in parameters.items())
        if message.get("document"):
            self.client.log_text(self.run_id, message["document"], PARAMETERS)
        written = {} if named else {CONFIGURATION: AS_WRITTEN}
        self._tags({"values": {**source_tags(message), **message["tags"], **written}})
        # asked while the run goes on: a record that is delivered later must not name a later commit
        git = message.get("git") or (git_tags(self.project) if self.live else {})
        self._tags({"values": git})
        if self.watched:
            self._watch()

    def _name_by_difference(self) -> str:
        """Name a run of the table's YAML as it is: by what has changed since the last such run."""
        message = self._opening
        before = self.client.search_runs(
            [self.experiment_id],
            filter_string=f"tags.{CONFIGURATION} = '{AS_WRITTEN}' "
            f"AND attributes.start_time < {message['time']}",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        if not before:
            return str(message["name"])
        parameters = message["parameters"]
        now = {name: safe_value(value) for name, value in parameters.items()}
        then = {name: before[0].data.params.get(name) for name in now}
        return run_name(parameters, differing([then, now]))

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

    def _judged(self, message: Message) -> None:
        self._verdict = {**message, "text": verdict_text(message["word"], message["text"])}
        self._tags({"values": {"verdict": self._verdict["text"]}})

    def _name_by_verdict(self) -> None:
        if self._verdict:
            self.name = judged_name(self._special, self._values, self._verdict["word"])
            self.client.update_run(self.run_id, name=self.name)

    def _metrics(self, message: Message) -> None:
        """Log metrics, and what the simple models reach as tags: the charts are of the model."""
        values = [one for one in message["values"] if not one[0].startswith(BASELINE)]
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
            self._values |= {key: value for key, value, *_ in message["values"]}
            self._tags({"values": baseline_tags(self._values)})
            self._name_by_verdict()

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
        self.end(message["status"], message["time"])

    def _describe(self) -> None:
        verdict = self._verdict.get("text", "")
        text = describe(self._opening, self._values, self._data, verdict)
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
