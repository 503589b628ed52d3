"""Small tables, prepared as the pipelines prepare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import Fitted, ModelParams, TrainingParams, train_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Prepared = tuple[pd.DataFrame, pd.DataFrame, Standardizer]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw_table(task: str, n: int = 60, n_features: int = 4, n_classes: int = 3) -> pd.DataFrame:
    """A score that three in four columns enter, cut into classes where the task has them."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(n, n_features)) * 3 + 1
    score = X @ np.array([1.0, -0.5, 0.25, 0.0][:n_features]) + rng.normal(size=n) * 0.3
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(n_features)])
    if task == "regression":
        frame["y"] = 40 + 5 * score
    else:
        edges = np.quantile(score, np.linspace(0, 1, n_classes + 1)[1:-1])
        frame["y"] = np.searchsorted(edges, score)
    return frame


def prepare_table(raw: pd.DataFrame, task: str, n_validation: int = 16) -> Prepared:
    schema = SchemaParams.model_validate({"target": "y", "task": task})
    split = len(raw) - n_validation
    standardizer = fit_standardizer(raw[:split], schema, StandardizeParams())
    prepared = standardizer.transform(raw)
    return prepared[:split], prepared[split:], standardizer


@pytest.fixture
def table() -> Callable[..., Prepared]:
    """table(task, n=60, n_features=4, n_classes=3, n_validation=16) -> what train_model takes."""

    def make(task: str, n_validation: int = 16, **sizes: int) -> Prepared:
        return prepare_table(draw_table(task, **sizes), task, n_validation)

    return make


@pytest.fixture
def fit(table: Callable[..., Prepared]) -> Callable[..., Fitted]:
    """fit(task, model, training, **rest of train_model or sizes of the table)."""

    def run(
        task: str,
        model: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        sizes: dict[str, int] | None = None,
        **options: Any,
    ) -> Fitted:
        model_params = ModelParams.model_validate(model or {"kind": "linear"})
        training_params = TrainingParams.model_validate({"epochs": 5, **(training or {})})
        prepared = table(task, **(sizes or {}))
        return train_model(*prepared, model_params, training_params, **options)

    return run
