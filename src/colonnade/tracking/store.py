"""Open an MLflow store, creating it atomically."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from colonnade.tracking.tracking_params import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTIFACTS = "mlruns"
VARIABLE = "MLFLOW_TRACKING_URI"


def open_store(uri: str) -> MlflowClient:
    """Connect to a store; a sqlite file that is not there yet is created first."""
    if uri.startswith(SQLITE):
        file = Path(uri.removeprefix(SQLITE))
        create_sqlite(file)
        bring_along(file)
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

        for left in file.parent.glob(f"{file.name}.new-*"):
            left.unlink()  # by a process that was killed, or had no room on the disk
        # another name at each try: MLflow would go on with the file of a try that failed
        draft = file.with_name(f"{file.name}.new-{uuid4().hex[:6]}")
        store: Any = cast("Any", SqlAlchemyStore)(f"{SQLITE}{draft}", str(file.parent / ARTIFACTS))
        store.engine.dispose()
        draft.replace(file)


def bring_along(file: Path) -> None:
    """Let a store that was moved or copied with its project find its artifacts beside it.

    MLflow writes down whole paths: the pictures of a moved project would be gone, and a copied one
    would write into the original.
    """
    root = file.parent / ARTIFACTS
    with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=5)) as store, store:
        experiments = store.execute("SELECT experiment_id, artifact_location FROM experiments")
        for number, location in experiments.fetchall():
            before, after = Path(location or "."), root / str(number)
            ours = before.parts[-2:] == (ARTIFACTS, str(number)) and before != after
            if not ours or not (after.exists() or not before.exists()):
                continue
            for table, column in _PATHS:
                store.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (str(after), len(location) + 1, location, len(location) + 1, f"{location}/"),
                )


_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


@contextmanager
def as_default(uri: str) -> Iterator[None]:
    """Make a store MLflow's default, and restore the previous one after.

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


def experiment_id(client: MlflowClient, name: str, tags: dict[str, Any] | None = None) -> str:
    """Find or create the experiment of a table, and bring it back from the trash if it is there.

    Args: tags: of a new one.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(client.create_experiment(name, tags=tags))
        except MlflowException as error:
            experiment = client.get_experiment_by_name(name)  # another run was faster
            if experiment is None:
                raise error
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)
