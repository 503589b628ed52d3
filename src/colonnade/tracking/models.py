"""Log a trained model so that MLflow can load and serve it, without a pickle anywhere."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Run
from mlflow.models import Model, ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, DataType, Schema

NAME = "model"
LOADER = "colonnade.tracking.flavor"
NEEDED = ("torch", "pandas", "pyarrow", "numpy", "pydantic", "safetensors")


def log_model(
    client: MlflowClient, folder: Path, *, run: Run, inputs: dict[str, Any], outputs: dict[str, Any]
) -> str:
    """Log the model folder as a pyfunc with signature and input example; return its id.

    MLflow's own log_model would load the model to try it (1 s of torch), and looks for its
    requirements by importing it (6 s): the parent has predicted already, and we know what we need.
    """
    run_id = run.info.run_id
    logged = client.create_logged_model(
        run.info.experiment_id,
        name=NAME,
        source_run_id=run_id,
        model_type="colonnade",
        params=dict(run.data.params),
    )
    with TemporaryDirectory() as temporary:
        target = Path(temporary) / NAME
        mlflow.pyfunc.save_model(
            path=target,
            loader_module=LOADER,
            data_path=str(folder),
            code_paths=[str(Path(__file__).parents[1])],
            mlflow_model=Model(
                artifact_path=logged.artifact_location, run_id=run_id, model_id=logged.model_id
            ),
            signature=ModelSignature(_schema(inputs["types"]), _schema(outputs["types"])),
            input_example=_frame(inputs),
            pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in NEEDED],
        )
        client.log_model_artifacts(logged.model_id, str(target))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    _link_metrics(client, run, logged.model_id)
    return str(logged.model_id)


def _link_metrics(client: MlflowClient, run: Run, model_id: str) -> None:
    """Show the run's final metrics beside the model, too."""
    now = run.info.start_time
    metrics = [
        Metric(key, value, now, 0, model_id=model_id)
        for key, value in run.data.metrics.items()
        if key.startswith(("test/", "validation/"))
    ]
    client.log_batch(run.info.run_id, metrics=metrics)


def _schema(types: dict[str, str]) -> Schema:
    return Schema([ColSpec(_data_type(dtype), name) for name, dtype in types.items()])


def _data_type(dtype: str) -> DataType:
    """Numbers are doubles, whole ones too: a caller's `3` and `3.0` are both welcome."""
    if dtype == "bool":
        return DataType.boolean
    if dtype.lower().startswith(("int", "uint", "float")):
        return DataType.double
    return DataType.datetime if dtype.startswith("datetime") else DataType.string


def _frame(plain: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(plain["rows"], columns=list(plain["types"]))
    numbers = [
        name for name, dtype in plain["types"].items() if _data_type(dtype) is DataType.double
    ]
    return frame.astype(dict.fromkeys(numbers, "float64"))
