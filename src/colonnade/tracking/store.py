"""Open an MLflow store, creating it so that nothing can break it half-way."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from colonnade.tracking.params import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTIFACTS = "mlruns"
VARIABLE = "MLFLOW_TRACKING_URI"


def open_store(uri: str) -> MlflowClient:
    """Connect to a store; a sqlite file that is not there yet is created first."""
    if uri.startswith(SQLITE):
        create_sqlite(Path(uri.removeprefix(SQLITE)))
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def create_sqlite(file: Path) -> None:
    """Create a store beside its final place, then move it there whole.

    Two processes that create one store at once break it for good, and so does a kill half-way.
    """
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if file.exists():
            return
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # 0.5 s, for this alone

        draft = file.with_name(f"{file.name}.new-{os.getpid()}")
        store: Any = cast("Any", SqlAlchemyStore)(f"{SQLITE}{draft}", str(file.parent / ARTIFACTS))
        store.engine.dispose()
        draft.replace(file)


@contextmanager
def as_default(uri: str) -> Iterator[None]:
    """Make a store the one that MLflow asks when it is not told which, and put that back after.

    MLflow notes its choice in this process's environment, where later runs would find it.
    """
    before = os.environ.get(VARIABLE)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before or "")
        os.environ.pop(VARIABLE, None)
        if before:
            os.environ[VARIABLE] = before


def experiment_id(client: MlflowClient, name: str) -> str:
    """Find or create the experiment of a table, and bring it back from the trash if it is there."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException as error:
            experiment = client.get_experiment_by_name(name)  # another run was faster
            if experiment is None:
                raise error
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)
