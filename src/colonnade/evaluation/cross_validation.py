"""How well the parameters do, not one model: trained on each fold, evaluated on its test rows."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from colonnade.errors import DataError
from colonnade.evaluation.evaluate import FEW_ROWS, measure
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.observations import observe, one_thread
from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.splitting.split import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams

# Standardized numbers held at once, over all folds in training: 128 MiB of float32.
MOST_NUMBERS = 2**25


@dataclass(frozen=True)
class CrossValidation:
    """One row a fold: fold, train_rows, test_rows, then every metric of its test rows.

    metrics: `accuracy` is the mean over folds, `accuracy_sd` their standard deviation (n - 1); a
    metric that some fold does not define is left out.
    """

    folds: pd.DataFrame

    @property
    def metrics(self) -> dict[str, float]:
        """Mean and standard deviation over folds: the group `cv` of a model's metrics."""
        found: dict[str, float] = {}
        scores = self.folds.drop(columns=["fold", "train_rows", "test_rows"])
        for name in scores.columns[scores.notna().all()]:
            found[name] = float(scores[name].mean())
            found[f"{name}_sd"] = float(scores[name].std(ddof=1))
        return found

    def document(self) -> dict[str, Any]:
        """Everything as plain data for JSON, where an undefined metric is not there."""
        folds = [
            {name: value for name, value in row.items() if pd.notna(value)}
            for row in self.folds.to_dict("records")
        ]
        return {"metrics": Metrics({"cv": self.metrics}).flat(), "folds": folds}


def fold_columns(split: pd.DataFrame) -> list[str]:
    """Names of the columns of a split that hold folds, in their order."""
    return [str(name) for name in split.columns if str(name).startswith("fold_")]


def cross_validate(
    primary: pd.DataFrame,
    split: pd.DataFrame,
    schema: SchemaParams,
    standardize: StandardizeParams,
    *,
    model: ModelParams,
    training: TrainingParams,
    progress: Callable[[int, int], object] = lambda done, all_folds: None,
) -> CrossValidation:
    """Train on every fold of the split, and evaluate each on its test rows.

    A fold's standardizer learns from the fold's train rows alone. Folds train together, as many at
    once as memory allows.
    progress: called with (folds trained, all folds), from whatever thread has trained some.
    Shape: primary (n_rows, ...); split (n_rows, "part" and "fold_1" ...).
    Raises: DataError if the split has no folds, or a fold's rows cannot be used; what train_model
        raises.
    """
    columns = fold_columns(split)
    if not columns:
        raise DataError("there are no folds to cross-validate on. Set `split.folds`.")
    folds = [_FoldOfTable.fit(name, primary, split, schema, standardize) for name in columns]
    found: list[dict[str, Any]] = []
    done = 0

    def count(n_folds: int) -> None:
        nonlocal done
        done += n_folds
        progress(done, len(folds))

    for together in _portions(folds):
        found += _judge(together, model, training, count)
    return CrossValidation(pd.DataFrame(found))


@dataclass(frozen=True)
class _FoldOfTable:
    name: str
    primary: pd.DataFrame
    split: pd.DataFrame
    standardizer: Standardizer

    @classmethod
    def fit(
        cls,
        name: str,
        primary: pd.DataFrame,
        split: pd.DataFrame,
        schema: SchemaParams,
        standardize: StandardizeParams,
    ) -> Self:
        train = rows_of(primary, split, "train", name)
        return cls(name, primary, split, fit_standardizer(train, schema, standardize))

    def part(self, part: str) -> pd.DataFrame:
        return self.standardizer.transform(rows_of(self.primary, self.split, part, self.name))


def _portions(folds: Sequence[_FoldOfTable]) -> Iterator[Sequence[_FoldOfTable]]:
    """Folds whose standardized rows fit into memory side by side."""
    widest = max(len(fold.standardizer.feature_names) + 1 for fold in folds)
    size = max(1, MOST_NUMBERS // max(1, len(folds[0].primary) * widest))
    for start in range(0, len(folds), size):
        yield folds[start : start + size]


def _judge(
    folds: Sequence[_FoldOfTable],
    model: ModelParams,
    training: TrainingParams,
    trained: Callable[[int], object],
) -> list[dict[str, Any]]:
    """Train some folds together, and give each one's rows and metrics."""
    from colonnade.training.ensembles.fold_training import Fold, fit_folds

    parts = [Fold(fold.part("train"), fold.part("validation"), fold.standardizer) for fold in folds]
    fitted = fit_folds(parts, model, training, trained=trained)
    found = []
    with one_thread() if len(folds[0].primary) < FEW_ROWS else nullcontext():
        for fold, part, one in zip(folds, parts, fitted, strict=True):
            test = fold.part("test")
            sizes = {"fold": fold.name, "train_rows": len(part.train), "test_rows": len(test)}
            found.append({**sizes, **measure(observe(one.model, "test", test))})
    return found
