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
from zipfile import ZIP_DEFLATED, ZipFile

import mlflow
from mlflow.models import ModelSignature
from mlflow.pyfunc import add_to_model
from mlflow.types import ColSpec, DataType, Schema

if TYPE_CHECKING:
    from mlflow.models import Model

LOADER = "colonnade.tracking.flavor"
CODE_FILE = "code.zip"
CODE = ("__init__.py", "errors.py", "parameters.py", "messages", "tables", "training", "tracking")
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
    ignore = shutil.ignore_patterns("checkpoint*", "standardizer*", ".*")  # of training alone
    shutil.copytree(weights, target / "data" / "model", ignore=ignore)
    _pack_code(target / CODE_FILE)
    _write_environment(target)
    example = {"columns": list(inputs["types"]), "data": inputs["rows"]}
    (target / EXAMPLE).write_text(json.dumps(example))
    (target / SERVING_EXAMPLE).write_text(json.dumps({"dataframe_split": example}, indent=2))
    # a server casts what it is sent to the signature: of 842.9, a whole number would keep 842
    sent = {
        name: "float64" if _is_whole(dtype) else dtype for name, dtype in inputs["types"].items()
    }
    model.signature = ModelSignature(_schema(sent), _schema(outputs["types"]))
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
        code=CODE_FILE,
        python_env="python_env.yaml",
    )
    model.save(str(target / "MLmodel"))


def _pack_code(target: Path) -> None:
    """Pack the part of this package that predicts: a model is served where we are not installed.

    Into one file, from which Python imports as from a folder: a server takes files one by one.
    """
    package = Path(__file__).parents[2]
    with ZipFile(target, "w", ZIP_DEFLATED, strict_timestamps=False) as packed:
        for file in sorted(package.rglob("*.py")):
            name = file.relative_to(package)
            if name.parts[0] in CODE and (name.parts[0] != "tracking" or file.name in SERVED):
                packed.write(file, package.name / name)


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
    if _is_whole(dtype):
        return DataType.long
    return DataType.double if dtype.lower().startswith("float") else DataType.string


def _is_whole(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint"))
