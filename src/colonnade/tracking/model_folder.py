"""Lay out a folder that MLflow loads and serves as a model, without a pickle anywhere.

`mlflow.pyfunc.save_model` writes the same files, but looks through all installed packages to check
the requirements it is given: 0.4 to 2 s.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import mlflow
from mlflow.models import ModelSignature
from mlflow.pyfunc import add_to_model
from mlflow.types import ColSpec, DataType, Schema

if TYPE_CHECKING:
    from mlflow.models import Model

LOADER = "colonnade.tracking.flavor"
CODE = ("__init__.py", "errors.py", "parameters.py", "tables", "training", "tracking")
SERVED = {"__init__.py", "flavor.py"}  # what of this room the served model needs
NEEDED = ("torch", "pandas", "pyarrow", "numpy", "pydantic", "safetensors")
EXAMPLE, SERVING_EXAMPLE = "input_example.json", "serving_input_example.json"


def write_model_folder(
    target: Path, model: Model, weights: Path, inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    """Write model, code, requirements, signature and input example into `target`.

    Args: model: MLflow's description, to which ours is added. weights: a folder of
    `training.storage`. inputs, outputs: `{"types": {column: dtype}, "rows": [[...], ...]}`.
    """
    shutil.copytree(weights, target / "data" / "model")
    _copy_code(target / "code" / "colonnade")
    _write_environment(target)
    example = {"columns": list(inputs["types"]), "data": inputs["rows"]}
    (target / EXAMPLE).write_text(json.dumps(example))
    (target / SERVING_EXAMPLE).write_text(json.dumps({"dataframe_split": example}, indent=2))
    model.signature = ModelSignature(_schema(inputs["types"]), _schema(outputs["types"]))
    model.saved_input_example_info = {
        "artifact_path": EXAMPLE,
        "serving_input_path": SERVING_EXAMPLE,
        "type": "dataframe",
        "pandas_orient": "split",
    }
    cast("Any", add_to_model)(
        model,
        loader_module=LOADER,
        data="data/model",
        code="code",
        python_env="python_env.yaml",
    )
    model.save(str(target / "MLmodel"))


def _copy_code(target: Path) -> None:
    """Copy the part of this package that predicts: a model is served where we are not installed."""
    package = Path(__file__).parents[1]
    target.mkdir(parents=True)
    others = {file.name for file in Path(__file__).parent.iterdir()} - SERVED
    for name in CODE:
        if (package / name).is_dir():
            left_out = others if name == "tracking" else ()
            ignore = shutil.ignore_patterns("__pycache__", *left_out)
            shutil.copytree(package / name, target / name, ignore=ignore)
        else:
            shutil.copy(package / name, target / name)


def _write_environment(target: Path) -> None:
    versions = {name: importlib.metadata.version(name) for name in NEEDED}
    versions["mlflow"] = mlflow.__version__
    # "+cpu" and the like name a build that the package index does not have
    pins = [f"{name}=={version.partition('+')[0]}" for name, version in versions.items()]
    (target / "requirements.txt").write_text("\n".join(pins) + "\n")
    (target / "python_env.yaml").write_text(
        f"python: {platform.python_version()}\n"
        "build_dependencies: [pip, setuptools, wheel]\n"
        "dependencies: [-r requirements.txt]\n"
    )


def _schema(types: dict[str, str]) -> Schema:
    return Schema([ColSpec(_data_type(dtype), name) for name, dtype in types.items()])


def _data_type(dtype: str) -> DataType:
    if dtype.startswith("bool"):
        return DataType.boolean
    if dtype.lower().startswith(("int", "uint")):
        return DataType.long  # MLflow refuses whole numbers where the signature says double
    if dtype.lower().startswith("float"):
        return DataType.double
    return DataType.datetime if dtype.startswith("datetime") else DataType.string
