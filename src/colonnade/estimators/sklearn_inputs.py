"""What scikit-learn's callers give: X and y of many types, as frames, columns and labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, check_X_y, validate_data

from colonnade.errors import DataError
from colonnade.tables.inference.column_guesses import guess_columns, refuse_doubt
from colonnade.tables.inference.guesses.guess import Guess, guess_of
from colonnade.tables.reading.plain_frames import (
    is_frame,
    kinds_by_dtype,
    plain_frame,
    unreadable_columns,
)
from colonnade.tables.schema.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from colonnade.tables.schema.table_schema import Label

FEWEST_ROWS = 2


def read_features(
    estimator: Any, X: Any, names: list[str] | None = None, *, reset: bool
) -> pd.DataFrame:
    """X as a frame of plain dtypes; a column of an array is named x0, x1, ...

    Args: names: those of the frame that the estimator was fitted on. reset: whether it is fitted.

    Raises: ValueError or TypeError in scikit-learn's words, for what is no table.
    """
    fewest = FEWEST_ROWS if reset else 1
    if is_frame(X):
        frame = plain_frame(X)
        validate_data(estimator, frame, reset=reset, skip_check_array=True)
        _check_shape(estimator, frame.shape, fewest)
        given = [str(name).strip() for name in frame.columns]
    else:
        frame = _of_array(estimator, X, fewest, reset)
        given = [f"x{place}" for place in range(frame.shape[1])]
    return frame.set_axis(names or given, axis=1).reset_index(drop=True)


def _of_array(estimator: Any, X: Any, fewest: int, reset: bool) -> pd.DataFrame:
    if _holds_text(X):
        values = np.asarray(X, dtype=object)
        _check_shape(estimator, values.shape, fewest)
        validate_data(estimator, values, reset=reset, skip_check_array=True)
        return plain_frame(pd.DataFrame(values).infer_objects())
    return pd.DataFrame(
        validate_data(
            estimator, X, reset=reset, ensure_all_finite="allow-nan", ensure_min_samples=fewest
        )
    )


def _holds_text(X: Any) -> bool:
    """Whether some cell is text, so that X is no array of numbers."""
    if hasattr(X, "toarray"):  # sparse
        return False
    values = X if isinstance(X, np.ndarray) else np.asarray(X)
    if values.dtype.kind == "U":
        return True
    return values.dtype.kind == "O" and any(isinstance(value, str) for value in values.flat)


def _check_shape(estimator: Any, shape: tuple[int, ...], fewest: int) -> None:
    nothing: NDArray[Any] = np.broadcast_to(0.0, shape)
    check_array(nothing, ensure_min_samples=fewest, estimator=estimator, input_name="X")


def read_y(estimator: Any, y: Any, n_rows: int, *, numeric: bool) -> NDArray[Any]:
    """One target a row.

    Shape: (n_rows,) or (n_rows, 1) -> (n_rows,).
    Raises: ValueError in scikit-learn's words.
    """
    nothing: NDArray[Any] = np.broadcast_to(0.0, (n_rows, 1))
    if y is not None and not numeric and pd.isna(np.asarray(y)).any():
        raise ValueError("Input y contains NaN: each row needs a label.")
    _, found = check_X_y(nothing, y, y_numeric=numeric, estimator=estimator)
    return np.asarray(found)


def read_weights(estimator: Any, sample_weight: Any, n_rows: int) -> pd.Series | None:
    """How much each row counts, if that is said; rows of weight 0 count as if they were not there.

    Shape: (n_rows,) -> (n_rows,) float64.
    Raises: ValueError naming the first row whose weight is below 0 or not finite.
    """
    if sample_weight is None:
        return None
    weights: NDArray[Any] = check_array(
        sample_weight,
        ensure_2d=False,
        allow_nd=True,
        dtype=np.float64,
        ensure_all_finite=False,
        estimator=estimator,
        input_name="sample_weight",
    )
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}!")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        value = weights[wrong[0]]
        raise ValueError(
            f"sample_weight, row {wrong[0] + 1}: {value:g} is no weight: it has to be a finite "
            "number of 0 or more."
        )
    if not weights.any():
        raise ValueError("sample_weight: the weight of every row is zero.")
    return pd.Series(weights)


def free_name(name: str, taken: list[str]) -> str:
    """A name that no column has."""
    while name in taken:
        name += "_"
    return name


def column_names(frame: pd.DataFrame) -> list[str]:
    """The names of columns, in order."""
    return [str(name) for name in frame.columns]


def target_name(y: Any, taken: list[str]) -> str:
    """The name of y, if it has one and no column has it."""
    name = getattr(y, "name", None)
    return free_name(name.strip() if isinstance(name, str) and name.strip() else "target", taken)


def labels_of(classes: NDArray[Any]) -> list[Label]:
    """What the model calls the classes: as they are where they are whole numbers or plain words.

    Shape: (n_classes,) -> as many; of other classes, their places.
    """
    values: list[Any] = classes.tolist()
    if all(isinstance(value, float) and value.is_integer() for value in values):
        values = [int(value) for value in values]
    if all(type(value) is int for value in values):
        return values
    if all(isinstance(value, str) and value and value == value.strip() for value in values):
        return [str(value) for value in values]
    return list(range(len(values)))


def guess_features(
    X: Any, frame: pd.DataFrame, columns: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, Guess]:
    """What each column means: of an array of numbers, numbers; of a frame, as it seems.

    Args: X: as it was given. frame: the same by `read_features`. columns: what the user says, in
        the words of `schema.columns`.

    Raises: DataError where cells may mean two things.
    """
    said = {**kinds_by_dtype(X), **(columns or {})}
    if unknown := [name for name in said if name not in frame]:
        raise DataError(f"`columns` names '{unknown[0]}', and X has no such column.")
    if not is_frame(X) and not said and all(dtype.kind in "biuf" for dtype in frame.dtypes):
        return {str(name): _guess_numbers(cells) for name, cells in frame.items()}
    ignored = [name for name, words in said.items() if words.get("kind") == "ignored"]
    if problems := unreadable_columns(frame.drop(columns=ignored)):
        raise DataError(problems)
    rows = np.arange(len(frame))
    target = target_name(None, column_names(frame))
    guesses, number = guess_columns(frame.assign(**{target: rows}), target, said)
    refuse_doubt(Problems("X", frame.index), rows, guesses, target, number)
    return {
        name: _open_to_numbers(guess, frame[name]) if name not in said else guess
        for name, guess in guesses.items()
    }


def _guess_numbers(cells: pd.Series) -> Guess:
    missing = cells.isna()
    if missing.all() or (not missing.any() and cells.eq(cells.iloc[0]).all()):
        return guess_of("ignored", "one value in every row")
    return guess_of("numeric", "numbers", **({"missing": "median"} if missing.any() else {}))


def _open_to_numbers(guess: Guess, cells: pd.Series) -> Guess:
    """A guess that takes other numbers, too: in a part of the rows, there may be 0 and 1 alone."""
    if guess.kind != "boolean" or cells.dtype.kind not in "iuf":
        return guess
    return replace(guess, kind="numeric", schema={**guess.schema, "kind": "numeric"})
