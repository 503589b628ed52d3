"""Which of a table's recorded models predicts: the champion, a version, or a run's."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from colonnade.errors import TrackingError
from colonnade.parameters import nearest
from colonnade.tracking.comparison.experiment_lookup import (
    CHAMPION,
    NothingRecordedError,
    find_experiment,
)
from colonnade.tracking.comparison.ranking import headline, told_metric

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.tracking_params import TrackingParams

LATEST = "latest"
logger = logging.getLogger(__name__)
_VERSION = re.compile(r"\d{1,6}")
_RUN = re.compile(r"[0-9a-f]{7,32}")


@dataclass(frozen=True)
class ChosenModel:
    """A recorded model, and what is known of it.

    folder: as `save_model` left it. title: "the champion, version 3". score: of test rows.
    """

    folder: Path
    title: str
    run: str
    score: str
    verdict: str

    def describe(self) -> str:
        """One line: which model predicts, of which run, and how good it is."""
        known = self.verdict.partition(". ")[0] or self.score
        return f"{self.title}, predicts. {known}".strip()


def choose_model(
    project: Path, params: TrackingParams, table: str, word: str = ""
) -> ChosenModel | None:
    """Find the model that is meant; None: the one that was trained last.

    Args: word: champion, latest, a version's number, or a run's id or how it begins; by default the
        champion, if there is one.

    Raises: TrackingError if a model that was asked for is not there, or the store is away; where
        none was asked for, the log warns of a store that is.
    """
    word = str(word or "")
    if word == LATEST:
        return None
    if not (word in ("", CHAMPION) or _VERSION.fullmatch(word) or _RUN.fullmatch(word)):
        raise TrackingError(
            f"`model`: {word!r} is no model of {table}. Write champion, latest, the number of a "
            "registered version, or the id of a run (7 letters or more)."
        )
    params = params.located(project.resolve())
    if not word and params.mode == "off":
        return None
    try:
        client, experiment_id = find_experiment(params, table)
    except TrackingError as error:
        if word:
            raise
        if not isinstance(error, NothingRecordedError):
            logger.warning("%s: it is not known whether there is a champion: %s", table, error)
        return None  # where nothing was recorded, nothing was promoted
    if word in ("", CHAMPION) or _VERSION.fullmatch(word):
        return _version(client, table, word)
    return _of_run(client, table, experiment_id, word)


def _version(client: MlflowClient, table: str, word: str) -> ChosenModel | None:
    from mlflow.exceptions import MlflowException

    try:
        if word in ("", CHAMPION):
            version = client.get_model_version_by_alias(table, CHAMPION)
        else:
            version = client.get_model_version(table, word)
    except MlflowException:
        if not word:
            return None
        what = "champion" if word == CHAMPION else f"version {word}"
        raise TrackingError(
            f"{table}: there is no {what}. Make a run's model one: kedro register {table}"
        ) from None
    title = f"version {version.version}"
    if word in ("", CHAMPION):
        title = f"the champion, {title}"
    run = client.get_run(str(version.run_id))
    return _chosen(client, table, run, str(version.source).removeprefix("models:/"), title)


def _of_run(client: MlflowClient, table: str, experiment_id: str, word: str) -> ChosenModel:
    found = _runs(client, experiment_id, word)
    if len(found) != 1:
        ids = [run.info.run_id[:8] for run in found] or [
            run.info.run_id[:8] for run in _runs(client, experiment_id, "")[:10]
        ]
        what = "several runs begin with" if found else "no run begins with"
        raise TrackingError(f"{table}: {what} {word}. {nearest(word, ids)}")
    [run] = found
    outputs = run.outputs.model_outputs if run.outputs else []
    if not outputs:
        raise TrackingError(
            f"{table}: run {word} has no model. Set `log_model: true` in conf/base/mlflow.yml."
        )
    return _chosen(client, table, run, str(outputs[-1].model_id), f"the model of run {word}")


def _runs(client: MlflowClient, experiment_id: str, begins: str) -> list[Run]:
    runs = client.search_runs(
        [experiment_id], order_by=["attributes.start_time DESC"], max_results=1000
    )
    return [run for run in runs if run.info.run_id.startswith(begins)]


def _chosen(client: MlflowClient, table: str, run: Run, model_id: str, title: str) -> ChosenModel:
    folder = _folder(client, table, model_id)
    metrics = run.data.metrics
    name = next(iter(headline(metrics)), "")
    score = f"{name} {told_metric(metrics[name])}" if name else ""
    described = f"{run.info.run_id[:8]} ({run.info.run_name})"
    return ChosenModel(folder, title, described, score, run.data.tags.get("verdict", ""))


def _folder(client: MlflowClient, table: str, model_id: str) -> Path:
    """The model's files, on this machine, or fetched from where they are."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        location = client.get_logged_model(model_id).artifact_location
        place = urlparse(location)
        if place.scheme in ("", "file"):
            folder = Path(unquote(place.path)) / "data" / "model"
            if (folder / "model.json").exists():
                return folder
        fetched = Path(download_artifacts(artifact_uri=f"{location}/data/model"))
        if (fetched / "model.json").exists():
            return fetched
    raise TrackingError(
        f"{table}: the files of the model {model_id} are gone. Choose another: --params "
        "model=latest, or train: kedro run --pipeline " + table
    )
