"""Rows of one part with a model's predictions."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from colonnade.tables.features.row_weights import part_weights
from colonnade.training.models.conformal import half_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.tables.schema.table_schema import Task
    from colonnade.training.models.conformal import HeldOut

Array = NDArray[Any]
PARTS = ("train", "validation", "test")


class Predictor(Protocol):
    """What evaluation needs of a model: a TrainedModel has it, and so may any other."""

    @property
    def standardizer(self) -> Standardizer:
        """What turns raw rows into features, and codes into labels."""

    def predict_array(self, X: Array) -> Array:
        """The likeliest class's code, the first of equals, or a number in raw units."""

    def probabilities(self, X: Array) -> Array:
        """Rows that sum to 1, one column a class."""


@dataclass(frozen=True)
class Observations:
    """Rows of one part, what they really are and what the model says they are.

    Shape: X (n, n_features) float32; actual, predicted (n,) codes or raw units;
    probabilities (n, K), or None for regression; weights (n,), or None where all rows count alike.
    """

    part: str
    task: Task
    rows: pd.Index
    X: Array
    actual: Array
    predicted: Array
    probabilities: Array | None
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.actual)

    def with_predictions(self, predicted: Array, probabilities: Array | None) -> Observations:
        """The same rows with the predictions of another model."""
        return replace(self, predicted=predicted, probabilities=probabilities)


def observe(model: Predictor, part: str, frame: pd.DataFrame) -> Observations:
    """Ask the model about every row of a standardized part."""
    standardizer = model.standardizer
    X = frame[standardizer.feature_names].to_numpy(dtype=np.float32)
    actual: Array = frame[standardizer.target].to_numpy()
    predicted, probabilities = actual, None
    if standardizer.classes is None:
        predicted = model.predict_array(X) if len(frame) else actual
    elif len(frame):
        # One pass through the network tells both.
        shares = model.probabilities(X)
        decide = getattr(model, "decide", None)  # another's model, as of scikit-learn, has none
        predicted = shares.argmax(axis=1) if decide is None else decide(shares)
        probabilities = normalized(shares)
    else:
        probabilities = np.empty((0, len(standardizer.classes)))
    weights = part_weights(standardizer.table_schema, frame)
    return Observations(
        part,
        standardizer.task,
        frame.index,
        X,
        actual,
        predicted,
        probabilities,
        weights,
    )


def calibration_errors(model: Predictor, validation: Observations) -> Array:
    """The errors behind a number's interval: those kept with the model, as prediction uses them.

    A model that keeps none, as only a TrainedModel does, is judged by its validation rows.
    """
    held_out: HeldOut | None = getattr(model, "held_out", None)
    if held_out is not None:
        return np.array(held_out.errors)
    return np.asarray(validation.predicted - validation.actual)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch, where it is at work, use one thread: few rows at a time gain nothing from more.

    On a busy machine small products on two threads wait for each other ten times as long.
    """
    if "torch" not in sys.modules:
        yield
        return
    from colonnade.training.engine.placement import thread_count

    with thread_count(1):
        yield


def normalized(probabilities: Array) -> Array:
    """Probabilities as float64 rows that sum to 1 exactly enough for scikit-learn's check."""
    exact = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))


def prediction_table(parts: list[Observations], classes: list[Any] | None) -> pd.DataFrame:
    """One row for each row of the parts: part, row, actual, prediction, class probabilities.

    Where rows weigh differently, also their weight, as a share of the mean of its part.
    """
    tables = [_table_of(part, classes) for part in parts]
    if any(part.weights is not None for part in parts):
        for part, table in zip(parts, tables, strict=True):
            table.insert(2, "weight", 1.0 if part.weights is None else part.weights)
    return pd.concat(tables, ignore_index=True)


def weight_column(predictions: pd.DataFrame) -> Array | None:
    """The weights of a prediction table's rows, if they have any."""
    return predictions["weight"].to_numpy() if "weight" in predictions else None


def class_labels(predictions: pd.DataFrame) -> list[str]:
    """Labels in the order of their codes, as the predictions' columns name them."""
    prefix = "probability_"
    return [str(c)[len(prefix) :] for c in predictions.columns if str(c).startswith(prefix)]


def label_codes(values: pd.Series, labels: list[str]) -> Array:
    """The code of each value; -1 for one that is none of the labels."""
    code = {text: k for k, text in enumerate(labels)}
    places, distinct = pd.factorize(values, use_na_sentinel=False)
    return np.array([code.get(str(v), -1) for v in distinct], dtype=int)[places]


def with_intervals(predictions: pd.DataFrame, errors: Array, coverage: float) -> pd.DataFrame:
    """Predicted numbers with "lower" and "upper" beside them, where the errors suffice for them."""
    half = half_width(errors, coverage)
    if half is None:
        return predictions
    predicted = predictions["prediction"]
    return predictions.assign(lower=predicted - half, upper=predicted + half)


def _table_of(part: Observations, classes: list[Any] | None) -> pd.DataFrame:
    columns: dict[str, Any] = {"part": [part.part] * len(part), "row": part.rows.to_numpy()}
    if classes is None or part.probabilities is None:
        columns |= {
            "actual": part.actual.astype(np.float64),
            "prediction": part.predicted.astype(np.float64),
        }
        return pd.DataFrame(columns)
    labels = pd.Series(classes)
    columns |= {
        "actual": labels.take(part.actual).to_numpy(),
        "prediction": labels.take(part.predicted).to_numpy(),
    }
    columns |= {f"probability_{c}": part.probabilities[:, k] for k, c in enumerate(classes)}
    return pd.DataFrame(columns)
