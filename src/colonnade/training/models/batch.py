"""Predictions for a file of rows: bad rows set aside, other columns carried along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.errors import DataError
from colonnade.tables.schema.problems import BadCellsError, Problems, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from colonnade.tables.source import RawTable, RowAside
    from colonnade.training.models.trained import TrainedModel

ROW = "row"
_REFUSED = ("row", "column", "reason")


@dataclass(frozen=True)
class Batch:
    """Predictions, and rows without one.

    predictions: one line a predicted row: "row" (counted from 1), the columns that the model does
        not read, then the prediction. refused: "row", "column", "reason", one line a wrong cell.
    renamed: carried columns named like an output column, and their new names.
    """

    predictions: pd.DataFrame
    refused: pd.DataFrame
    renamed: dict[str, str]

    @property
    def n_refused(self) -> int:
        """Count the rows set aside."""
        return int(self.refused["row"].nunique())


def predict_batch(
    model: TrainedModel, raw: RawTable, *, coverage: float, refuse: bool = False
) -> Batch:
    """Predict every row that can be; columns that the model does not read are carried along.

    Args: coverage: how often a number should lie in its interval. refuse: one bad row stops all.

    Raises: DataError for a column that is missing or unusable, or if no row can be predicted.
    """
    rows, name, aside = raw.frame, raw.source.name, raw.set_aside
    if not len(rows):
        raise DataError(f"{name}: the table has no rows. Add rows to it.")
    if refuse and aside:
        raise DataError(
            f"{name}: line {one.line} has {one.reason}. Correct the row." for one in aside
        )
    numbers = np.delete(np.arange(1, len(rows) + len(aside) + 1), [one.row - 1 for one in aside])
    kept = np.arange(len(rows))
    refused: list[pd.DataFrame] = [_wrong_widths(aside)] if aside else []
    while True:
        try:
            predicted = model.predict(rows.iloc[kept], coverage=coverage, name=name)
            break
        except BadCellsError as error:
            found = _refused(error, rows, kept)
            bad = found["row"].to_numpy() - 1
            found["row"] = numbers[bad]
            if refuse or len(np.unique(bad)) == len(kept):
                raise
            refused.append(found)
            kept = kept[~np.isin(kept, bad)]
    known = {*model.standardizer.inputs, model.standardizer.target}
    carried = rows.iloc[kept][[name for name in rows if str(name).strip() not in known]]
    renamed = names_apart(map(str, carried.columns), {ROW, *predicted.columns})
    places = pd.Series(numbers[kept], index=predicted.index, name=ROW)
    predictions = pd.concat([places, carried.rename(columns=renamed), predicted], axis=1)
    table = pd.concat(refused) if refused else pd.DataFrame(columns=list(_REFUSED))
    return Batch(predictions, table.sort_values("row", kind="stable"), renamed)


def names_apart(carried: Iterable[str], taken: set[str]) -> dict[str, str]:
    """New names for columns that are named like an output column.

    >>> names_apart(["id", "row"], {"row", "prediction"})
    {'row': 'row_input'}
    """
    names = list(carried)
    used, renamed = {*names, *taken}, {}
    for name in (name for name in names if name in taken):
        new = f"{name}_input"
        while new in used:
            new += "_input"
        renamed[name] = new
        used.add(new)
    return renamed


def _wrong_widths(aside: list[RowAside]) -> pd.DataFrame:
    """Rows of another width than the header's, which were left out as the file was read."""
    found = [(one.row, "", f"line {one.line}: {one.reason}") for one in aside]
    return pd.DataFrame(found, columns=list(_REFUSED))


def _refused(error: BadCellsError, rows: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """What is wrong with each cell, where a reader finds it.

    Args: kept: the positions of the rows that were asked for.
    """
    places = Problems("", rows.index)
    columns = {str(name).strip(): place for place, name in enumerate(rows.columns)}
    found = []
    for cells in error.cells:
        positions = kept[cells.rows]
        values = rows.iloc[positions, columns[cells.column]]
        found += [
            (position + 1, cells.column, f"{places.place(position)}: {quoted(value)} {cells.what}")
            for position, value in zip(positions, values, strict=True)
        ]
    return pd.DataFrame(found, columns=list(_REFUSED))
