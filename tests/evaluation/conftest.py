"""A small model with the interface that evaluation asks for, fitted in closed form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams


@dataclass
class LinearModel:
    """Scores are X @ weights + bias; the interface of training.TrainedModel."""

    standardizer: Standardizer
    weights: np.ndarray
    bias: np.ndarray
    facts: dict[str, Any] = field(default_factory=lambda: {"threads": 1, "epochs_run": 7})
    model: ModelParams = field(default_factory=lambda: ModelParams(kind="linear"))
    training: TrainingParams = field(default_factory=lambda: TrainingParams(seed=3, epochs=7))

    def summary(self) -> str:
        return "Linear: 20 inputs"

    def scores(self, X: np.ndarray) -> np.ndarray:
        return X.astype(float) @ self.weights + self.bias

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        scores = self.scores(X)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict_array(self, X: np.ndarray) -> np.ndarray:
        scores = self.scores(X)
        return scores.argmax(axis=1) if self.standardizer.classes else scores

    def linear_coefficients(self) -> tuple[dict[str, float], float] | None:
        if self.standardizer.classes:
            return None
        scales = [column.scale for column in self.standardizer.columns]
        slopes = self.weights / [scale.scale for scale in scales]
        intercept = self.bias - slopes @ [scale.center for scale in scales]
        names = self.standardizer.feature_names
        return dict(zip(names, map(float, slopes), strict=True)), float(intercept)


@dataclass
class Bench:
    """A table with a model of it, as the pipeline would hand them to evaluation."""

    primary: pd.DataFrame
    split: pd.DataFrame
    model: LinearModel
    schema: SchemaParams

    def part(self, name: str) -> pd.DataFrame:
        return self.model.standardizer.transform(self.primary[self.split["part"] == name])

    @property
    def parts(self) -> list[pd.DataFrame]:
        return [self.part(name) for name in ("train", "validation", "test")]


def make_bench(
    task: str = "classification",
    n: int = 200,
    features: tuple[str, ...] = ("a", "b", "c"),
    classes: list[Any] | None = None,
    target: str = "y",
    seed: int = 0,
    fractions: tuple[float, float] = (0.15, 0.2),
) -> Bench:
    rng = np.random.default_rng(seed)
    X = rng.normal(50, 10, (n, len(features)))
    z = (X - 50) / 10
    score = z[:, 0] + (0.5 * z[:, 1] if z.shape[1] > 1 else 0) + rng.normal(0, 0.3, n)
    primary = pd.DataFrame(X, columns=list(features))
    if task == "regression":
        classes = None
        primary[target] = 10 * score + 100
    else:
        classes = classes if classes is not None else [0, 1, 2]
        cuts = np.quantile(score, np.linspace(0, 1, len(classes) + 1)[1:-1])
        primary[target] = [classes[k] for k in np.searchsorted(cuts, score)]
    order = rng.permutation(n)
    n_validation, n_test = (round(n * f) for f in fractions)
    part = np.full(n, "train", dtype=object)
    part[order[:n_validation]] = "validation"
    part[order[n_validation : n_validation + n_test]] = "test"
    split = pd.DataFrame({"part": part})
    schema = SchemaParams.model_validate({"target": target, "task": task, "classes": classes})
    rows = primary[part == "train"]
    standardizer = fit_standardizer(rows, schema, StandardizeParams())
    return Bench(primary, split, _fit(standardizer, standardizer.transform(rows)), schema)


def _fit(standardizer: Standardizer, train: pd.DataFrame) -> LinearModel:
    X = np.column_stack([train[standardizer.feature_names].to_numpy(float), np.ones(len(train))])
    y = train[standardizer.target].to_numpy()
    goal = np.eye(len(standardizer.classes))[y] * 8 if standardizer.classes else y
    beta = np.linalg.lstsq(X, goal, rcond=None)[0]
    return LinearModel(standardizer, beta[:-1], beta[-1])


@pytest.fixture(scope="session")
def bench():
    """Build a table, its split and a fitted model; products of small matrices on one thread."""
    with threadpool_limits(limits=1):
        yield make_bench
