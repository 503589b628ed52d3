"""Loads a model folder for MLflow's pyfunc: what `mlflow models serve` calls."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import DataError, UserError

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.types import Schema

LARGEST_EXACT = 2**53
"""Beyond it not every whole number is a double."""


class ServedModel:
    """A trained model that predicts raw rows and refuses numbers that are not finite."""

    def __init__(self, folder: Path) -> None:
        from colonnade.training.models.storage import load_model

        self.model = load_model(folder)

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Predict raw rows: columns as in the CSV, in any order.

        A missing value is filled and marked in "outside", unless the table's schema refuses it.

        Raises: MlflowException (HTTP 400 when served) with every problem.
        """
        from mlflow.exceptions import MlflowException

        try:
            _refuse_infinite(frame)
            return self.model.predict(frame)
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None


def _refuse_infinite(frame: pd.DataFrame) -> None:
    numbers = frame.select_dtypes("number")
    infinite = np.isinf(numbers.to_numpy(dtype=float)).any(axis=0)
    if infinite.any():
        raise DataError(f"Infinite values in {', '.join(map(str, numbers.columns[infinite]))}.")


def _widen_whole_numbers() -> None:
    """Let a loaded model of ours take whole numbers where its signature says double.

    MLflow casts those of JSON and CSV, but refuses a frame of int64, since not every int64 is a
    double. It offers no way to say otherwise, so what a double holds exactly is cast before it
    looks. Models of other makers are asked as ever.
    """
    from mlflow.pyfunc import PyFuncModel

    ask = PyFuncModel.predict
    if getattr(ask, "__module__", "") == __name__:
        return

    @wraps(ask, assigned=("__doc__", "__name__", "__qualname__"))
    def predict(self: PyFuncModel, data: Any, params: dict[str, Any] | None = None) -> Any:
        if self.loader_module == __name__ and hasattr(data, "dtypes"):
            schema = self.metadata.get_input_schema()  # type: ignore[no-untyped-call]
            data = widened(data, schema)
        return ask(self, data, params)

    PyFuncModel.predict = predict  # type: ignore[method-assign]


def widened(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Cast whole numbers to double where the schema asks for it and no digit is lost."""
    doubles = [column.name for column in schema if str(column.type) == "DataType.double"]
    cells = {name: frame[name].infer_objects() for name in doubles if name in frame}
    whole = {
        name: column.astype("float64")
        for name, column in cells.items()
        if column.dtype.kind in "iu" and column.abs().max(skipna=True) <= LARGEST_EXACT
    }
    return frame.assign(**whole)


def _load_pyfunc(path: str) -> ServedModel:
    """Load the model folder; the name is MLflow's."""
    _widen_whole_numbers()
    return ServedModel(Path(path))
