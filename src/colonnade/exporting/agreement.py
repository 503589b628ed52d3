"""Whether an exported file answers as the model does, on rows made to be awkward."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.models.trained import TrainedModel

TOLERANCE = 1e-5
N_ROWS = 1000
_SHARE = 0.05
"""Of cells of a column that are made missing, or a word never seen."""


@dataclass(frozen=True)
class Agreement:
    """How far a file's answers are from the model's.

    difference: the greatest, of a probability; of a number relative to its size, if that is above
        1. labels: the share of rows with the same label; None of numbers.
    """

    rows: int
    difference: float
    labels: float | None
    missing_cells: int
    unseen_words: int

    def document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """One sentence."""
        same = "" if self.labels is None else f", {self.labels:.1%} of the labels the same"
        return (
            f"checked on {self.rows} rows ({self.missing_cells} cells missing, {self.unseen_words} "
            f"words never seen): greatest difference {self.difference:.1g}{same}"
        )


def awkward_rows(
    table: Standardizer, rows: pd.DataFrame, n: int = N_ROWS
) -> tuple[pd.DataFrame, int, int]:
    """So many of the rows, some cells missing where that is allowed, some words never seen.

    Returns: the rows, how many cells are missing, and how many words are new.
    """
    rng = np.random.default_rng(0)
    chosen = rows[table.inputs].iloc[rng.integers(0, len(rows), n)].reset_index(drop=True)
    new = 0
    for name in table.inputs:
        column, reference = table.table_schema.column(name), table.references.get(name)
        if column.missing != "error" or (reference is not None and not reference.refuse_missing):
            chosen[name] = chosen[name].mask(rng.random(n) < _SHARE)
        if column.kind == "categorical" and not column.values:
            unseen = pd.Series(rng.random(n) < _SHARE)
            chosen[name] = chosen[name].astype("str").mask(unseen, "never seen before")
            new += int(unseen.sum())
    return chosen[chosen.columns[::-1]], int(chosen.isna().sum().sum()), new


def compare(
    model: TrainedModel,
    rows: tuple[pd.DataFrame, int, int],
    answers: Mapping[str, np.ndarray],
    coverage: float,
) -> Agreement:
    """Hold a file's answers against the model's own.

    Args: answers: by output: "probabilities" and "prediction", or "prediction", "lower", "upper".

    Raises: ModelError if they do not agree.
    """
    expected = model.predict_quietly(rows[0], coverage=coverage)
    labels = None
    if model.n_classes:
        wanted = expected.filter(regex="^probability_").to_numpy()
        difference = float(np.abs(answers["probabilities"] - wanted).max())
        labels = float((answers["prediction"] == expected["prediction"].to_numpy()).mean())
    else:
        names = [name for name in ("prediction", "lower", "upper") if name in answers]
        wanted = expected[names].to_numpy()
        given = np.column_stack([answers[name] for name in names])
        difference = float((np.abs(given - wanted) / np.maximum(1, np.abs(wanted))).max())
    found = Agreement(len(expected), difference, labels, *rows[1:])
    if not (difference <= TOLERANCE and labels in (None, 1.0)):
        raise ModelError(
            f"the exported file does not answer as the model does and was not kept: "
            f"{found.describe()}."
        )
    return found
