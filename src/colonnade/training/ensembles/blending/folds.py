"""Which rows each network of a candidate learns from, and by which it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.errors import ParameterError
from colonnade.training.ensembles.many import Member

if TYPE_CHECKING:
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.models.conformal import Origin
    from colonnade.training.networks.kinds.auto_params import AutoParams
    from colonnade.training.training_params import TrainingParams


@dataclass(frozen=True)
class Folds:
    """Rows to learn from, and which of them each network has not seen.

    rows: prepared. members: what each network learns from and is judged by, as positions.
    judged: positions of the rows that some network has not seen.
    """

    rows: pd.DataFrame
    members: list[Member]
    judged: np.ndarray
    origin: Origin

    @property
    def all_judged(self) -> bool:
        """Whether each row is left out by some network, and learned from by the others."""
        return len(self.judged) == len(self.rows)


def make_folds(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    model: AutoParams,
    training: TrainingParams,
) -> Folds:
    """Give each row to a fold; or judge by the validation rows, where `model.folds` is 0.

    Raises: ParameterError if there are too few rows.
    """
    rows = pd.concat([train, validation]) if len(validation) else train
    if not model.folds:
        return _by_validation(rows, len(train), training)
    n_folds = min(model.folds, len(rows) // 2)
    if n_folds < 2:
        raise ParameterError(
            f"model.kind auto needs 4 rows to make folds of, and there are {len(rows)}: name a "
            "kind of network."
        )
    codes = None if standardizer.classes is None else rows[standardizer.target].to_numpy()
    fold = fold_numbers(codes, len(rows), n_folds, training.seed)
    places = np.arange(len(rows))
    members = [
        Member(
            seed=training.seed + i * n_folds + k,
            rows=places[fold != k],
            validation_rows=places[fold == k],
        )
        for i in range(training.members)
        for k in range(n_folds)
    ]
    return Folds(rows, members, places, "train rows, each predicted by networks without it")


def _by_validation(rows: pd.DataFrame, n_train: int, training: TrainingParams) -> Folds:
    learned, held_out = np.arange(n_train), np.arange(n_train, len(rows))
    if not len(held_out):
        raise ParameterError(
            "model.kind auto without folds chooses by validation rows, and there are none: raise "
            "split.validation_fraction."
        )
    members = [
        Member(seed=training.seed + i, rows=learned, validation_rows=held_out)
        for i in range(training.members)
    ]
    return Folds(rows, members, held_out, "validation rows")


def fold_numbers(codes: np.ndarray | None, n_rows: int, n_folds: int, seed: int) -> np.ndarray:
    """Give each row the number of its fold, by chance; classes are spread evenly over folds.

    Shape: codes (n_rows,), or None for numbers -> (n_rows,).
    """
    order = np.random.default_rng(seed).permutation(n_rows)
    if codes is not None:
        order = order[np.argsort(codes[order], kind="stable")]
    fold = np.empty(n_rows, dtype=np.int64)
    fold[order] = np.arange(n_rows) % n_folds
    return fold
