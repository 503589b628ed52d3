"""Log a trained model to a run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric
from mlflow.models import Model

from colonnade.tracking.logged_models.model_folder import write_model_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

NAME = "model"


def log_model(
    client: MlflowClient,
    folder: Path,
    *,
    run: Run,
    metrics: Iterable[Metric],
    inputs: dict[str, Any],
    outputs: dict[str, Any],
) -> str:
    """Log the model folder as a pyfunc with signature and input example; return its id.

    Args: metrics: the run's, shown beside the model too. inputs, outputs: a few raw rows and
    what the model says of them, see `write_model_folder`.

    MLflow's own log_model would load the model to try it (1 s of torch): the parent, which has
    torch already, has predicted these outputs with it.
    """
    run_id = run.info.run_id
    done = logged_before(run)
    if done:
        return done
    _clear_away_halves(client, run)
    logged = client.create_logged_model(
        run.info.experiment_id,
        name=NAME,
        source_run_id=run_id,
        model_type="colonnade",
        params={k: v for k, v in run.data.params.items() if not k.startswith("schema.")},
    )
    with TemporaryDirectory() as temporary:
        target = Path(temporary) / NAME
        model = Model(
            artifact_path=logged.artifact_location, run_id=run_id, model_id=logged.model_id
        )
        write_model_folder(target, model, folder, inputs, outputs)
        client.log_model_artifacts(logged.model_id, str(target))
    client.log_batch(run_id, metrics=[_linked(metric, logged.model_id) for metric in metrics])
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def logged_before(run: Run) -> str:
    """Find the model that a writer had logged when it was killed; linking it is the last step."""
    outputs = run.outputs.model_outputs if run.outputs else []
    return str(outputs[-1].model_id) if outputs else ""


def _clear_away_halves(client: MlflowClient, run: Run) -> None:
    for half in client.search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
    ):
        client.delete_logged_model(half.model_id)


def _linked(metric: Metric, model_id: str) -> Metric:
    """The same measurement, which MLflow stores once, as one of the model."""
    return Metric(metric.key, metric.value, metric.timestamp, metric.step, model_id=model_id)
