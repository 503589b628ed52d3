"""An experiment in MLflow: a parent run, and one child run a trial."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import chdir
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from colonnade.errors import TrackingError
from colonnade.tracking.naming import DESCRIPTION
from colonnade.tracking.recording.run_tags import git_tags, source_tags
from colonnade.tracking.server import (
    compare_page,
    problem_with,
    run_page,
    trials_page,
    unwritable,
)
from colonnade.tracking.tracking_params import SAFETY
from colonnade.tracking.trials.run_records import RunRecord, complete_run, fill_run, write_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.recording.journal import RunStart
    from colonnade.tracking.tracking_params import TrackingParams

PARENT = "mlflow.parentRunId"  # the name is MLflow's
KEY = "trial_key"
EXPERIMENT_KEY = "experiment_key"
REASON = "failed"
MOST_COMPARED = 60
"""Trials side by side, from the best to the worst: MLflow's page asks for each one."""
_MOST_FOUND = 50_000  # at most so many does MLflow find at once


@dataclass(frozen=True)
class TrialRun:
    """A trial as its run shows it.

    key: of all that decides its result. curves: losses by epoch. reason: why it failed, or "".
    """

    key: str
    start: RunStart
    metrics: Mapping[str, float]
    seconds: float = 0.0
    reason: str = ""
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentRun:
    """An experiment as its parent run shows it: with the winner's parameters and metrics.

    about: in Markdown. trials: the best first, by `metric`; upwards: the lowest is the best.
    """

    start: RunStart
    metrics: Mapping[str, float]
    about: str
    trials: Sequence[TrialRun]
    artifacts: Sequence[Path] = field(default_factory=list)
    metric: str = ""
    upwards: bool = False

    @property
    def key(self) -> str:
        """The same for an experiment that is run again: of what all its trials are."""
        keys = sorted(trial.key for trial in self.trials)
        return hashlib.sha256("".join(keys).encode()).hexdigest()[:16]


def check_store(params: TrackingParams) -> str:
    """Say why nothing could be recorded now, if so; else "".

    Raises: TrackingError if tracking is required.
    """
    away = problem_with(params.uri) or unwritable(params.uri)
    if away and params.mode == "required":
        raise TrackingError(f"{away} To go on without it, set `mode: optional` in mlflow.yml.")
    return away


def record_experiment(
    project: Path, params: TrackingParams, experiment: ExperimentRun
) -> tuple[str, str]:
    """Record an experiment, and each of its trials that is not recorded yet.

    Stopped at any point and done again, this records the rest, and nothing twice.

    Returns: the addresses of the parent's page, and of the page of its trials.
    """
    # read by MLflow when it is imported; that it creates a store is no news
    os.environ.update({"MLFLOW_LOGGING_LEVEL": "WARNING", **os.environ, **SAFETY})
    from colonnade.tracking.store import experiment_id, open_store

    with chdir(project):  # a local store puts artifacts where it is opened
        client = open_store(params.uri)
        number = experiment_id(client, experiment.start.experiment, {DESCRIPTION: _ABOUT})
    start = experiment.start
    tags = {**start.tags, **source_tags(start.message(document=False)), **git_tags(project)}
    parent = _begin_parent(client, number, experiment, tags)
    runs = _record_trials(client, params.uri, number, experiment, {**tags, PARENT: parent})
    links = _links(number, parent, experiment, runs)
    client.set_tag(parent, DESCRIPTION, f"{links}\n\n{experiment.about}")
    for path in experiment.artifacts:
        if path.exists() and params.artifacts:
            client.log_artifact(parent, str(path))
    client.set_terminated(parent, status="FINISHED")
    pages = params.pages
    trials = trials_page(pages, number, parent, experiment.metric, upwards=experiment.upwards)
    return run_page(pages, number, parent), trials


def _links(number: str, parent: str, experiment: ExperimentRun, runs: Sequence[str]) -> str:
    """Where the trials are seen, in Markdown, on whatever server shows it.

    Args: runs: of all trials, the best first.
    """
    every = trials_page("", number, parent, experiment.metric, upwards=experiment.upwards)
    shown = runs[:: max(1, -(-len(runs) // MOST_COMPARED))]
    what = f"All {len(runs)} trials" if len(shown) == len(runs) else f"{len(shown)} of the trials"
    return (
        f"[The trials, the best first: learning curves and metrics]({every[1:]}) · "
        f"[{what} in parallel coordinates]({compare_page('', number, shown)[1:]})"
    )


_ABOUT = (
    "One run an experiment, and below it one a trial, the best on top. The page of an experiment's "
    "run has the report among its artifacts, and links to its trials alone."
)


def _begin_parent(
    client: MlflowClient, number: str, experiment: ExperimentRun, tags: dict[str, str]
) -> str:
    found = client.search_runs(
        [number], filter_string=f"tags.{EXPERIMENT_KEY} = '{experiment.key}'", max_results=1
    )
    if found:
        return str(found[0].info.run_id)
    own = {**tags, EXPERIMENT_KEY: experiment.key, DESCRIPTION: experiment.about}
    run = client.create_run(number, run_name=experiment.start.name, tags=own)
    start, run_id = run.info.start_time, str(run.info.run_id)
    parameters, metrics = experiment.start.parameters, experiment.metrics
    fill_run(client, run_id, RunRecord("", start, start, own, parameters, metrics))
    return run_id


def _children(client: MlflowClient, number: str, parent: str) -> list[Run]:
    return list(
        client.search_runs(
            [number], filter_string=f"tags.`{PARENT}` = '{parent}'", max_results=_MOST_FOUND
        )
    )


def _record_trials(
    client: MlflowClient, uri: str, number: str, experiment: ExperimentRun, tags: dict[str, str]
) -> list[str]:
    """Write the trials that are not recorded yet, and complete those that were broken off.

    Returns: the ids of their runs, the best first.
    """
    known = {run.data.tags.get(KEY, ""): run for run in _children(client, number, tags[PARENT])}
    began = round(time.time() * 1000)
    found = {key: str(run.info.run_id) for key, run in known.items()}
    new = {}
    # the last one recorded stands first in MLflow's table
    for place, trial in enumerate(reversed(experiment.trials)):
        run = known.get(trial.key)
        if run is None:
            new[trial.key] = _record_of(trial, began + place, tags)
        elif run.info.status not in ("FINISHED", "FAILED"):
            complete_run(client, run.info.run_id, _record_of(trial, run.info.start_time, tags))
    found.update(zip(new, write_runs(client, uri, number, list(new.values())), strict=True))
    return [found[trial.key] for trial in experiment.trials]


def _record_of(trial: TrialRun, start: int, tags: dict[str, str]) -> RunRecord:
    reason = {REASON: trial.reason[:8000]} if trial.reason else {}
    return RunRecord(
        trial.start.name,
        start,
        start + round(1000 * trial.seconds),
        {**tags, **trial.start.tags, KEY: trial.key, **reason},
        trial.start.parameters,
        trial.metrics,
        trial.curves,
        bool(trial.reason),
    )
