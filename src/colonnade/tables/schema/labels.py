"""Read what is to be predicted: class labels, or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.errors import DataError
from colonnade.tables.schema.column import Column, as_text, is_missing, matches, text_series
from colonnade.tables.schema.numbers import read_numbers
from colonnade.tables.schema.problems import Problems, quoted

if TYPE_CHECKING:
    from colonnade.tables.schema.table_schema import Label, SchemaParams

FEWEST_OF_A_CLASS = 3
"""A class with fewer rows cannot have one in train, validation and test."""
MANY_CLASSES = 100
_WHOLE = r"^[+-]?\d{1,18}$"
WRITTEN_BY_A_COMPUTER = r"^(0|-?[1-9]\d*)$"
"""A whole number without leading zeros or a plus: what another spelling means is a name."""
_WHOLE_AS_FLOAT = r"^(-?\d{1,18})\.0+$"
_FRACTION = r"^[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)$"


def read_target(cells: pd.Series, column: Column) -> pd.Series:
    """The target: float64 or int64 for a number, int64 or str for labels."""
    missing = is_missing(cells, column.missing_words)
    column.refuse(missing, cells, "is no label", "Fill it in, or remove the row.")
    if missing.all():
        return cells
    if column.schema.task == "regression":
        return _read_number(cells, column)
    return _read_labels(cells, missing, column)


def classes_of(target: pd.Series, schema: SchemaParams) -> list[Label]:
    """The labels in the order of their codes: as the schema gives them, else sorted."""
    if schema.classes:
        return list(schema.classes)
    return sorted(target.dropna().unique().tolist())


def codes_of(target: pd.Series, classes: list[Label], name: str) -> pd.Series:
    """The class code of each label, whether labels are typed or text.

    Shape: (n_rows,) -> the same, int64.
    Raises: DataError for a label that is none of `classes`.
    """
    typed = target.dtype.kind in "iu" or target.dtype == "str"
    codes = pd.Index(classes).get_indexer(pd.Index(target)) if typed else np.array([-1])
    if (codes < 0).any():
        names = pa.array([str(label) for label in classes])
        codes = np.asarray(pc.fill_null(pc.index_in(label_text(target), value_set=names), -1))
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        first = target.iloc[int(unknown[0])]
        raise DataError(
            f"column '{name}': {quoted(first)} is not one of the classes of the train rows "
            f"({', '.join(str(label) for label in classes[:12])}). List every label in "
            "`schema.classes`, or split so that each has a train row."
        )
    return pd.Series(codes.astype(np.int64), index=target.index)


def numbers_to_predict(target: pd.Series, schema: SchemaParams) -> pd.Series:
    """The target of a regression as float64, in raw units.

    Raises: DataError for a cell that is not a finite number.
    """
    problems = Problems("table", target.index)
    params = schema.target_column().model_copy(update={"minimum": None, "maximum": None})
    column = Column(schema.target, params, schema, problems, "schema", is_target=True)
    numbers = read_numbers(target, column)
    problems.raise_if_any()
    return numbers.astype(np.float64)


def _read_number(cells: pd.Series, column: Column) -> pd.Series:
    numbers = read_numbers(cells, column)
    if len(numbers) > 1 and numbers.nunique() == 1 and not column.problems:
        column.problems.add(
            f"column '{column.name}' is {quoted(numbers.iloc[0])} in every row: "
            "there is nothing to learn."
        )
    return numbers


def label_text(cells: pd.Series) -> pa.Array:
    """Labels as text; 1.0, as programs write 1 where a label is missing, as 1."""
    return pc.replace_substring_regex(as_text(cells), _WHOLE_AS_FLOAT, r"\1")


def _read_labels(cells: pd.Series, missing: np.ndarray, column: Column) -> pd.Series:
    text = column.folded(label_text(cells), column.schema.classes or [])
    if column.schema.classes:
        return _given_labels(cells, text, missing, column)
    whole = matches(text, _WHOLE) & ~missing
    fraction = matches(text, _FRACTION) & ~missing
    words = ~whole & ~fraction & ~missing
    # "01" and "1" are two labels, "+1" and "-1" are names: no number says so
    spelled = bool((whole & ~matches(text, WRITTEN_BY_A_COMPUTER)).any())
    if words.sum() > (whole | fraction).sum() or (spelled and (whole | missing).all()):
        labels = text_series(text, missing, cells.index)
        _refuse_unordered(labels[~missing], column)
    else:
        _refuse_odd_labels(cells, words, fraction, column)
        numbers = pc.cast(pc.if_else(pa.array(whole), text, "0"), pa.int64())
        labels = pd.Series(numbers.to_numpy(zero_copy_only=False), index=cells.index)
    _refuse_counts(labels[whole | words], column)
    return labels


def _given_labels(
    cells: pd.Series, text: pa.Array, missing: np.ndarray, column: Column
) -> pd.Series:
    classes = column.schema.classes or []
    names = pa.array([str(label) for label in classes])
    codes = np.asarray(pc.fill_null(pc.index_in(text, value_set=names), -1))
    shown = ", ".join(str(label) for label in classes[:12])
    column.refuse(
        (codes < 0) & ~missing,
        cells,
        f"is not one of the classes {shown}",
        "Correct it, or change `schema.classes`.",
    )
    labels = pd.Series(classes, dtype="int64" if isinstance(classes[0], int) else "str")
    found = labels.take(np.maximum(codes, 0)).set_axis(cells.index)
    _refuse_one_class(found[codes >= 0], column)
    return found


def _refuse_odd_labels(
    cells: pd.Series, words: np.ndarray, fraction: np.ndarray, column: Column
) -> None:
    column.refuse(
        fraction,
        cells,
        "is not a class label",
        "Classes are whole numbers or words; for a number to be predicted set "
        "`schema.task: regression`.",
    )
    column.refuse(
        words,
        cells,
        "is not a whole number as the other labels are",
        "Correct it, or list every label in `schema.classes`.",
    )


def _refuse_unordered(labels: pd.Series, column: Column) -> None:
    if column.schema.task == "ordinal":
        found = ", ".join(sorted(labels.unique())[:12])
        column.problems.add(
            f"column '{column.name}' holds labels ({found}) whose order only you know. "
            "List them in `schema.classes`, from lowest to highest."
        )


def _refuse_counts(labels: pd.Series, column: Column) -> None:
    n_classes = labels.nunique()
    if n_classes > MANY_CLASSES and n_classes * 10 > len(labels):
        column.problems.add(
            f"column '{column.name}' has {n_classes} different labels in {len(labels)} rows. "
            "For a number to be predicted set `schema.task: regression`."
        )
    _refuse_one_class(labels, column)


def _refuse_one_class(labels: pd.Series, column: Column) -> None:
    if len(labels) and labels.nunique() == 1:
        column.problems.add(
            f"column '{column.name}' is {quoted(labels.iloc[0])} in every row: "
            "classification needs at least two classes."
        )
