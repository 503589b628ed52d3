"""Bring columns to one scale with statistics of the train rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from colonnade.errors import DataError, ParameterError
from colonnade.parameters import nearest
from colonnade.tables.fitting import StandardizeParams, fit_column, fit_scale
from colonnade.tables.ingest import read_columns
from colonnade.tables.labels import classes_of, codes_of, numbers_to_predict
from colonnade.tables.schema import Label, SchemaParams, Task  # pydantic reads them
from colonnade.tables.transforms import CategoryColumn, FittedColumn, numbers_of

__all__ = ["StandardizeParams", "Standardizer", "fit_standardizer"]


class Standardizer(BaseModel):
    """Fitted column transforms; a JSON round trip changes no bit of what they put out."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    table_schema: SchemaParams
    columns: list[FittedColumn]
    classes: list[Label] | None = None
    """The original labels; a label's place is its class code."""
    target_center: float = 0.0
    target_scale: float = 1.0

    @property
    def target(self) -> str:
        """Name of the column to be predicted."""
        return self.table_schema.target

    @property
    def task(self) -> Task:
        """What kind of prediction it is."""
        return self.table_schema.task

    @property
    def inputs(self) -> list[str]:
        """Names of the raw columns that it takes."""
        return [column.name for column in self.columns]

    @property
    def feature_names(self) -> list[str]:
        """Names of the columns that it gives, in order."""
        return [name for column in self.columns for name in column.outputs]

    @property
    def embedded(self) -> dict[str, int]:
        """Features that hold codes for the model to embed, and how many codes each has."""
        return {
            column.name: len(column.slots)
            for column in self.columns
            if isinstance(column, CategoryColumn) and column.embedded
        }

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Features as the model wants them, and the target if the frame has it.

        Shape: (n_rows, columns in any order, as text or typed) -> (n_rows, features, target last).
        Units: raw column units -> float32, standard deviations; the target becomes a class code
            (int64) or stays in raw units (float64).
        Raises: DataError if a column is missing or holds a value that the schema refuses.
        """
        features = pd.DataFrame(self.features(frame), columns=self.feature_names, index=frame.index)
        if self.target in frame:
            features[self.target] = self.encode_target(frame[self.target])
        return features

    def features(self, frame: pd.DataFrame) -> np.ndarray:
        """Features alone, whatever else the frame holds.

        Shape: (n_rows, columns in any order) -> (n_rows, n_features) float32.
        Raises: DataError if a column is missing or holds a value that the schema refuses.
        """
        names = self.feature_names
        out = np.empty((len(frame), len(names)), dtype=np.float32)
        if not len(frame):
            return out
        typed = read_columns(frame, self.table_schema, self.inputs)
        place = 0
        for column in self.columns:
            width = len(column.outputs)
            out[:, place : place + width] = column.apply(typed[column.name])
            place += width
        return out

    def worded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Typed rows as a file has them: truth values and dates in words, to be read again.

        Shape: (n_rows, columns in any order) -> the same; a missing value stays missing.
        """
        rows = frame.copy()
        for name, cells in frame.items():
            format = self.table_schema.column(str(name)).format
            if cells.dtype.kind == "b":
                rows[name] = cells.map({True: "true", False: "false"}).astype("str")
            elif cells.dtype.kind == "M":
                rows[name] = cells.dt.strftime(format) if format else cells.astype("str")
        return rows

    def unseen(self, frame: pd.DataFrame) -> dict[str, pd.Series]:
        """Count what the categorical columns hold beyond the categories learned, by column.

        Such a value goes to the model as "other"; it was in no train row, or in too few for
        `minimum_count`.

        Raises: DataError if a column is missing or holds a value that the schema refuses.
        """
        columns = [column for column in self.columns if isinstance(column, CategoryColumn)]
        if not columns or not len(frame):
            return {}
        typed = read_columns(frame, self.table_schema, [column.name for column in columns])
        counts = {column.name: column.unseen(typed[column.name]) for column in columns}
        return {name: counted for name, counted in counts.items() if len(counted)}

    def encode_target(self, target: pd.Series) -> pd.Series:
        """Class codes (int64), or numbers in raw units (float64).

        Raises: DataError if a label is none of `classes`, or a number is not finite.
        """
        if self.classes is None:
            return numbers_to_predict(target, self.table_schema)
        return codes_of(target, self.classes, self.target)


def fit_standardizer(
    train: pd.DataFrame, schema: SchemaParams, params: StandardizeParams
) -> Standardizer:
    """Learn the transforms from train rows.

    >>> train = pd.DataFrame({"x": [1.0, 3.0], "y": [10.0, 20.0]})
    >>> schema = SchemaParams(target="y", task="regression")
    >>> standardizer = fit_standardizer(train, schema, StandardizeParams())
    >>> standardizer.transform(train)["x"].tolist()
    [-1.0, 1.0]

    Shape: train (n_rows, columns of the ingested table).
    Raises: DataError if a column cannot be fitted; ParameterError if `columns` names one that the
        table does not have.
    """
    if not len(train):
        raise DataError("there are no train rows to learn from. Change `split`.")
    inputs = [
        name for name in train.columns if name != schema.target and schema.column(name).is_feature
    ]
    _check_names(inputs, params)
    columns = [
        fit_column(name, train[name], schema.column(name), params.of(name)) for name in inputs
    ]
    _refuse_shared_names(columns, schema.target)
    facts: dict[str, Any] = {}
    if schema.task != "regression":
        facts["classes"] = classes_of(train[schema.target], schema)
    elif params.target == "standard":
        scale = fit_scale(numbers_of(train[schema.target]), "standard")
        facts = {"target_center": scale.center, "target_scale": scale.scale}
    return Standardizer(table_schema=schema, columns=columns, **facts)


def _check_names(inputs: list[str], params: StandardizeParams) -> None:
    if not inputs:
        raise DataError("the table has no column to learn from besides the target.")
    unknown = [name for name in params.columns if name not in inputs]
    if unknown:
        raise ParameterError(
            [
                f"`standardize.columns.{name}`: no column of that name goes to the model. "
                f"{nearest(name, inputs)}"
                for name in unknown
            ]
        )


def _refuse_shared_names(columns: list[FittedColumn], target: str) -> None:
    """Refuse a feature named like another, as a column "age_missing" beside "age" with gaps."""
    owners: dict[str, list[str]] = {}
    for column in columns:
        for name in column.outputs:
            owners.setdefault(name, []).append(f"column '{column.name}'")
    owners.setdefault(target, []).append("the target")
    problems = [
        f"{' and '.join(found)} both give '{name}'. Rename one of them."
        for name, found in owners.items()
        if len(found) > 1
    ]
    if problems:
        raise DataError(problems)
