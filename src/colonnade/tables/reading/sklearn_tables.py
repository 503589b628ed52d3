"""Tables that scikit-learn generates or ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.tables.source import SYNTHETIC, RawTable, Source


def draw_table(function: str, arguments: dict[str, Any], *, target: str | None = None) -> RawTable:
    """A table with named columns, the target last.

    Args: function: `make_...` or `load_...` of `sklearn.datasets`. target: the target's name; "y"
        for drawn tables and "target" for those that scikit-learn carries, unless given.

    Raises: ParameterError if there is no such function or it refuses the arguments.
    """
    from sklearn import datasets

    known = [name for name in dir(datasets) if name.startswith(("make_", "load_"))]
    if function not in known:
        raise ParameterError(
            f"sklearn.datasets has no function '{function}'. {nearest(function, known)}"
        )
    if function.startswith("load_"):
        arguments = {**arguments, "as_frame": True}
    try:
        drawn = getattr(datasets, function)(**arguments)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"sklearn.datasets.{function}: {error}") from None
    options = ", ".join(
        f"{name}={value!r}" for name, value in arguments.items() if name != "as_frame"
    )
    name = f"sklearn.datasets.{function}({options})"
    if function.startswith("load_"):
        frame = _carried(drawn, target or "target")
        facts: dict[str, Any] = {}
    else:
        frame, facts = _drawn(drawn, arguments, target or "y")
    return RawTable(frame, Source.of(frame, name, **facts))


def _carried(bunch: Any, target: str) -> pd.DataFrame:
    """Features and target of a table that scikit-learn carries, classes by their names."""
    frame: pd.DataFrame = bunch.data.copy()
    names = getattr(bunch, "target_names", None)
    is_class = names is not None and pd.api.types.is_integer_dtype(bunch.target.dtype)
    labels = np.asarray(names, dtype=object)[bunch.target] if is_class else bunch.target.to_numpy()
    frame[target] = pd.Series(labels, index=frame.index, dtype="str" if is_class else None)
    return frame


def _drawn(
    drawn: tuple[np.ndarray, ...], arguments: dict[str, Any], target: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    features, values, *coefficients = drawn
    n_features = features.shape[1]
    names = ["x"] if n_features == 1 else [f"x{place + 1}" for place in range(n_features)]
    frame = pd.DataFrame(features, columns=names)
    frame[target] = values
    facts: dict[str, Any] = {"note": SYNTHETIC}
    if coefficients:
        true = np.atleast_1d(coefficients[0]).tolist()
        facts["coefficients"] = dict(zip(names, true, strict=True))
        facts["intercept"] = float(arguments.get("bias", 0.0))
    return frame, facts
