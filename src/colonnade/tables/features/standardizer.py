"""Bring columns to one scale with statistics of the train rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from colonnade.errors import DataError, ParameterError
from colonnade.parameters import nearest
from colonnade.tables.features.column_fit import (
    StandardizeParams,
    fit_column,
    fit_log_curve,
    fit_scale,
)
from colonnade.tables.features.outside import Mark, find_outside
from colonnade.tables.features.reference import ColumnReference, Reference, describe_rows
from colonnade.tables.features.target_curve import TargetCurve, fit_quantile_curve
from colonnade.tables.features.transforms import (
    CategoryColumn,
    FittedColumn,
    has_missing,
    numbers_of,
)
from colonnade.tables.schema.ingest import read_columns
from colonnade.tables.schema.labels import classes_of, codes_of, numbers_to_predict
from colonnade.tables.schema.table_schema import Label, SchemaParams, Task  # pydantic reads them

if TYPE_CHECKING:
    from colonnade.tables.source import Source

__all__ = ["StandardizeParams", "Standardizer", "fit_standardizer"]


class Standardizer(BaseModel):
    """Fitted column transforms; a JSON round trip changes no bit of what they put out."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    table_schema: SchemaParams
    made_with: StandardizeParams | None = None
    """By which parameters; None where an earlier version has fitted it."""
    columns: list[FittedColumn]
    classes: list[Label] | None = None
    """The original labels; a label's place is its class code."""
    target_center: float = 0.0
    target_scale: float = 1.0
    target_curve: TargetCurve | None = None
    """What is learned of a number, where it is not merely centered and scaled."""
    reference: Reference | None = None
    """What the train rows looked like; a model of an earlier version has none."""

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

    @property
    def n_asked(self) -> int:
        """How many classes a loss compares, or features of an anomaly; 0 for one number."""
        if self.task == "anomaly":
            return len(self.feature_names)
        return len(self.classes or ())

    @property
    def ones_and_zeros(self) -> list[str]:
        """Features that take two values alone: categories, steps, truth values, missing marks."""
        return [
            name
            for column in self.columns
            for name in column.outputs
            if name in column.ones_and_zeros
            or self.table_schema.column(column.name).kind == "boolean"
        ]

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Features as the model reads them, and the target if the frame has it.

        Shape: (n_rows, columns in any order, as text or typed) -> (n_rows, features, then the
            target, then the weight if the schema names a column for it and the frame has it).
        Units: raw column units -> float32, standard deviations; the target becomes a class code
            (int64) or stays in raw units (float64).
        Raises: DataError if a column is missing or holds a value that the schema refuses.
        """
        features = pd.DataFrame(self.features(frame), columns=self.feature_names, index=frame.index)
        if self.target in frame:
            features[self.target] = self.encode_target(frame[self.target])
        if (name := self.table_schema.weight) is not None and name in frame:
            features[name] = read_columns(frame[[name]], self.table_schema, [name])[name]
        if (name := self.table_schema.label) is not None and name in frame:
            features[name] = frame[name]
        return features

    def features(self, frame: pd.DataFrame) -> np.ndarray:
        """Features alone, whatever else the frame holds.

        Shape: (n_rows, columns in any order) -> (n_rows, n_features) float32.
        Raises: DataError if a column is missing or holds a value that the schema refuses.
        """
        return self.encode(self.read(frame))

    def read(self, frame: pd.DataFrame, name: str = "table") -> dict[str, pd.Series]:
        """The typed cells of the columns that it takes; a missing one is still missing.

        Args: name: what errors call the rows.

        Shape: (n_rows, columns in any order, as text or typed) -> (n_rows,) a column.
        Raises: DataError if a column is missing or holds a value that the schema refuses;
            BadCellsError if all that is wrong are cells.
        """
        if not len(frame):
            return {name: pd.Series(dtype="float64", index=frame.index) for name in self.inputs}
        references = self.references
        bearable = [
            name
            for name in self.inputs
            if name in references and not references[name].refuse_missing
        ]
        return read_columns(frame, self.table_schema, self.inputs, bearable, table=name)

    def encode(self, typed: dict[str, pd.Series]) -> np.ndarray:
        """Features of typed cells.

        Shape: (n_rows,) a column -> (n_rows, n_features) float32.
        """
        first = next(iter(typed.values()))
        out = np.empty((len(first), len(self.feature_names)), dtype=np.float32)
        place = 0
        for column in self.columns if len(first) else []:
            width = len(column.outputs)
            out[:, place : place + width] = column.apply(self._filled(typed[column.name]))
            place += width
        return out

    def _filled(self, cells: pd.Series) -> pd.Series:
        """Cells with something in place of those missing, where no train row missed one."""
        name = str(cells.name)
        params, reference = self.table_schema.column(name), self.references.get(name)
        if reference is None or params.missing != "error" or not has_missing(cells):
            return cells
        fill = reference.fill(params)
        return cells if fill is None else cells.fillna(fill)

    def as_written(self, frame: pd.DataFrame) -> pd.DataFrame:
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

    @property
    def references(self) -> dict[str, ColumnReference]:
        """What new rows are held against, by column."""
        if self.reference is not None:
            return self.reference.columns
        # a model of an earlier version knows its categories alone
        return {
            column.name: ColumnReference(
                missing=1.0, shares=dict.fromkeys([*column.categories, str(column.fill)], 0.0)
            )
            for column in self.columns
            if isinstance(column, CategoryColumn)
        }

    def outside(self, typed: dict[str, pd.Series]) -> list[Mark]:
        """Mark what is unlike the train rows in cells that `read` has given."""
        return find_outside(typed, self.references)

    def encode_target(self, target: pd.Series) -> pd.Series:
        """Class codes (int64), or numbers in raw units (float64).

        Raises: DataError if a label is none of `classes`, or a number is not finite.
        """
        if self.classes is None:
            return numbers_to_predict(target, self.table_schema)
        return codes_of(target, self.classes, self.target)


def fit_standardizer(
    train: pd.DataFrame,
    schema: SchemaParams,
    params: StandardizeParams,
    *,
    source: Source | None = None,
) -> Standardizer:
    """Learn the transforms from train rows, each of which counts the same, whatever its weight.

    >>> train = pd.DataFrame({"x": [1.0, 3.0], "y": [10.0, 20.0]})
    >>> schema = SchemaParams(target="y", task="regression")
    >>> standardizer = fit_standardizer(train, schema, StandardizeParams())
    >>> standardizer.transform(train)["x"].tolist()
    [-1.0, 1.0]

    Args: source: of the whole table, which the model reports.

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
    if schema.image is not None:
        schema.image.pixels(inputs)
    columns = [
        fit_column(name, train[name], schema.column(name), params.of(name)) for name in inputs
    ]
    _refuse_shared_names(columns, schema)
    facts: dict[str, Any] = {"reference": describe_rows(train, inputs, schema, source)}
    if schema.task == "anomaly":
        return Standardizer(table_schema=schema, made_with=params, columns=columns, **facts)
    if schema.task != "regression":
        facts["classes"] = classes_of(train[schema.target], schema)
    else:
        facts |= _fit_target(numbers_of(train[schema.target]), params)
    return Standardizer(table_schema=schema, made_with=params, columns=columns, **facts)


def _fit_target(numbers: np.ndarray, params: StandardizeParams) -> dict[str, Any]:
    """What a standardizer holds of numbers to be predicted."""
    if params.target == "none":
        return {}
    if params.target == "quantile":
        return {"target_curve": fit_quantile_curve(numbers)}
    if params.target == "log":
        return {"target_curve": fit_log_curve(numbers)}
    scale = fit_scale(numbers, "standard")
    return {"target_center": scale.center, "target_scale": scale.scale}


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


def _refuse_shared_names(columns: list[FittedColumn], schema: SchemaParams) -> None:
    """Refuse a feature named like another, as a column "age_missing" beside "age" with gaps."""
    owners: dict[str, list[str]] = {}
    for column in columns:
        for name in column.outputs:
            owners.setdefault(name, []).append(f"column '{column.name}'")
    owners.setdefault(schema.target, []).append("the target")
    if schema.weight is not None:
        owners.setdefault(schema.weight, []).append("the weight")
    problems = [
        f"{' and '.join(found)} both give '{name}'. Rename one of them."
        for name, found in owners.items()
        if len(found) > 1
    ]
    if problems:
        raise DataError(problems)
