"""Loads a model folder for MLflow's pyfunc: what `mlflow models serve` calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import DataError, UserError

if TYPE_CHECKING:
    import pandas as pd


class ServedModel:
    """A trained model that predicts raw rows and refuses numbers that are not finite."""

    def __init__(self, folder: Path) -> None:
        from colonnade.training.storage import load_model

        self.model = load_model(folder)

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Predict raw rows: columns as in the CSV, in any order.

        A missing value is refused unless the table's schema says what stands for it.

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


def _load_pyfunc(path: str) -> ServedModel:
    """Load the model folder; the name is MLflow's."""
    return ServedModel(Path(path))
