"""Find the runs of a table where they were recorded; nothing is created."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from colonnade.errors import TrackingError
from colonnade.parameters import nearest
from colonnade.tracking.server import problem_with
from colonnade.tracking.tracking_params import SAFETY, SQLITE, without_password

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.tracking_params import TrackingParams

CHAMPION = "champion"


class NothingRecordedError(TrackingError):
    """The store can be reached, or was never made, and has no runs of the table."""


def find_experiment(params: TrackingParams, table: str) -> tuple[MlflowClient, str]:
    """Open the store and find the experiment of a table; nothing is created.

    Raises: TrackingError if there is none.
    """
    if params.mode == "off":
        raise TrackingError("Tracking is off (`mode: off`), so there are no runs to look at.")
    if params.uri.startswith(SQLITE) and not Path(params.uri.removeprefix(SQLITE)).exists():
        raise NothingRecordedError(
            f"{table}: no runs yet. Start one: kedro run --pipeline {table}."
        )
    client = _client(params)
    found = client.get_experiment_by_name(table)
    if found is None:
        names = [one.name for one in client.search_experiments() if one.experiment_id != "0"]
        raise NothingRecordedError(f"{table}: no runs of this table. {nearest(table, names)}")
    if found.lifecycle_stage == "deleted":
        raise NothingRecordedError(
            f"{table}: its runs are in MLflow's trash. The next run brings them back: kedro run "
            f"--pipeline {table}."
        )
    return client, found.experiment_id


def champion(client: MlflowClient, table: str) -> Run | None:
    """The run whose model is the table's champion, if there is one."""
    from mlflow.exceptions import MlflowException

    try:
        version = client.get_model_version_by_alias(table, CHAMPION)
        return client.get_run(version.run_id) if version.run_id else None
    except MlflowException:
        return None  # no model of this name, or none under the alias, or its run is deleted


def _client(params: TrackingParams) -> MlflowClient:
    away = problem_with(params.uri)
    if away:
        raise TrackingError(away)
    os.environ.update(SAFETY)  # read by MLflow when it is imported
    from colonnade.tracking.store import open_store

    try:
        return open_store(params.uri)
    except Exception as error:  # MLflow's, SQLAlchemy's or a database driver's
        reason = str(error).strip().partition("\n")[0]
        raise TrackingError(
            f"MLflow cannot open the store {without_password(params.uri)}: {reason}"
        ) from None
