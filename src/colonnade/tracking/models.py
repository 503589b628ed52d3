"""Log a trained model so that MLflow can load and serve it, without a pickle anywhere."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import mlflow.pyfunc
import pandas as pd
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Run
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow.tracking import MlflowClient

NAME = "model"
LOADER = "colonnade.tracking.flavor"
CODE = ("__init__.py", "errors.py", "parameters.py", "tables", "training", "tracking")
NEEDED = ("torch", "pandas", "pyarrow", "numpy", "pydantic", "safetensors")


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
    what the model says of them: `{"types": {column: dtype}, "rows": [[...], ...]}`.

    MLflow's own log_model would load the model to try it (1 s of torch), and looks for its
    requirements by importing it (6 s): the parent has predicted already, and we know what we need.
    """
    run_id = run.info.run_id
    logged = client.create_logged_model(
        run.info.experiment_id,
        name=NAME,
        source_run_id=run_id,
        model_type="colonnade",
        params={k: v for k, v in run.data.params.items() if not k.startswith("schema.")},
    )
    with TemporaryDirectory() as temporary:
        target = Path(temporary) / NAME
        mlflow.pyfunc.save_model(
            path=target,
            loader_module=LOADER,
            data_path=str(folder),
            code_paths=[str(_code(Path(temporary)))],
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
    client.log_batch(run_id, metrics=[_linked(metric, logged.model_id) for metric in metrics])
    return str(logged.model_id)


def _code(folder: Path) -> Path:
    """Copy the part of this package that predicts: the model is served where we are not installed.

    Of this room that is the loader alone.
    """
    package = Path(__file__).parents[1]
    copy = folder / package.name
    copy.mkdir()
    ours = {file.name for file in Path(__file__).parent.iterdir()}
    for name in CODE:
        if (package / name).is_dir():
            left_out = ours - {"__init__.py", "flavor.py"} if name == "tracking" else set()
            ignore = shutil.ignore_patterns("__pycache__", *left_out)
            shutil.copytree(package / name, copy / name, ignore=ignore)
        else:
            shutil.copy(package / name, copy / name)
    return copy


def _linked(metric: Metric, model_id: str) -> Metric:
    """The same measurement, which MLflow stores once, as one of the model."""
    return Metric(metric.key, metric.value, metric.timestamp, metric.step, model_id=model_id)


def _schema(types: dict[str, str]) -> Schema:
    return Schema([ColSpec(_data_type(dtype), name) for name, dtype in types.items()])


def _data_type(dtype: str) -> DataType:
    if dtype == "bool":
        return DataType.boolean
    if dtype.lower().startswith(("int", "uint")):
        return DataType.long  # MLflow refuses whole numbers where the signature says double
    if dtype.lower().startswith("float"):
        return DataType.double
    return DataType.datetime if dtype.startswith("datetime") else DataType.string


def _frame(plain: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(plain["rows"], columns=list(plain["types"]))
    kinds = {name: _data_type(dtype) for name, dtype in plain["types"].items()}
    numbers = {DataType.long: "int64", DataType.double: "float64"}
    return frame.astype({name: numbers[kind] for name, kind in kinds.items() if kind in numbers})
