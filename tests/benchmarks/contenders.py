"""The same training in six hands: what each contender of the speed table runs.

Each takes standardized rows, trains so many epochs, and gives what predicts classes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.neural_network import MLPClassifier
from threadpoolctl import ThreadpoolController
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from colonnade.tables.features.standardizer import Standardizer
from colonnade.training import (
    Member,
    ModelParams,
    TrainedModel,
    TrainingParams,
    fit_many,
    train_model,
)

HIDDEN = (128, 256)
LR = 1e-3


@dataclass(frozen=True)
class Job:
    """Rows and how long to train on them.

    train: features float32, then the class code.
    """

    train: pd.DataFrame
    standardizer: Standardizer
    epochs: int
    batch_size: int
    threads: int

    @property
    def steps(self) -> int:
        return self.epochs * -(-len(self.train) // self.batch_size)

    @property
    def n_classes(self) -> int:
        return len(self.standardizer.classes or ())

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        target = self.standardizer.target
        # copies: what pandas gives is read-only, of which torch warns
        X = np.array(self.train.drop(columns=target), dtype=np.float32)
        return X, np.array(self.train[target], dtype=np.int64)

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        X, y = self.arrays()
        return torch.from_numpy(X), torch.from_numpy(y)


Predict = Callable[[np.ndarray], np.ndarray]


def network(n_inputs: int, n_classes: int) -> nn.Module:
    first, second = HIDDEN
    return nn.Sequential(
        nn.Linear(n_inputs, first),
        nn.ReLU(),
        nn.Linear(first, second),
        nn.ReLU(),
        nn.Linear(second, n_classes),
    )


def predictor(model: nn.Module) -> Predict:
    def predict(X: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.tensor(X)).argmax(1).numpy()

    return predict


def train_on(model: nn.Module, optimizer: Any, X: torch.Tensor, y: torch.Tensor) -> None:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(X), y).backward()
    optimizer.step()


def plain_loop(job: Job) -> Predict:
    """What people write: TensorDataset, DataLoader, torch.optim.Adam."""
    X, y = job.tensors()
    model = network(X.shape[1], job.n_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    loader = DataLoader(TensorDataset(X, y), batch_size=job.batch_size, shuffle=True)
    steps = 0
    for _ in range(job.epochs):
        for X_batch, y_batch in loader:
            train_on(model, optimizer, X_batch, y_batch)
            steps += 1
    assert steps == job.steps
    return predictor(model)


def slices(job: Job) -> Predict:
    """The best of plain torch: permuted slices and Adam's fused kernel."""
    X, y = job.tensors()
    model = network(X.shape[1], job.n_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    for _ in range(job.epochs):
        order = torch.randperm(len(X))
        batches = zip(X[order].split(job.batch_size), y[order].split(job.batch_size), strict=True)
        for X_batch, y_batch in batches:
            train_on(model, optimizer, X_batch, y_batch)
    return predictor(model)


@cache
def blas() -> ThreadpoolController:
    return ThreadpoolController()


def scikit_learn(job: Job) -> Predict:
    X, y = job.arrays()
    model = MLPClassifier(
        HIDDEN,
        alpha=0.0,
        batch_size=job.batch_size,
        learning_rate_init=LR,
        max_iter=job.epochs,
        tol=0.0,
        n_iter_no_change=10**9,
        early_stopping=False,
        random_state=0,
    )
    with blas().limit(limits=job.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "did not converge yet": its epochs are given
        model.fit(X, y)
    assert model.n_iter_ == job.epochs
    return model.predict


def skorch(job: Job) -> Predict:
    from skorch import NeuralNetClassifier

    X, y = job.arrays()
    model = NeuralNetClassifier(
        network(X.shape[1], job.n_classes),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LR,
        batch_size=job.batch_size,
        max_epochs=job.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    model.fit(X, y)
    assert sum(len(epoch["batches"]) for epoch in model.history) == job.steps
    return model.predict


@cache
def lightning_network() -> Any:
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Network(lightning.LightningModule):
        def __init__(self, n_inputs: int, n_classes: int) -> None:
            super().__init__()
            self.layers = network(n_inputs, n_classes)

        def training_step(self, batch: Any) -> torch.Tensor:
            return nn.functional.cross_entropy(self.layers(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=LR)

    return Network


def lightning(job: Job) -> Predict:
    from lightning import Trainer

    X, y = job.tensors()
    model = lightning_network()(X.shape[1], job.n_classes)
    loader = DataLoader(TensorDataset(X, y), batch_size=job.batch_size, shuffle=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on workers, which are slower here
        trainer = Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=job.epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, loader)
    assert trainer.global_step == job.steps
    return predictor(model.layers)


def configuration(job: Job) -> dict[str, Any]:
    empty = job.train.iloc[:0]
    return {
        "train": job.train,
        "validation": empty,
        "standardizer": job.standardizer,
        "model": ModelParams(hidden=HIDDEN),
        "training": TrainingParams.model_validate(
            {
                "loss": "cross_entropy",
                "optimizer": {"name": "adam", "lr": LR},
                "epochs": job.epochs,
                "batch_size": job.batch_size,
                "threads": job.threads,
                "device": "cpu",
            }
        ),
    }


def ours(job: Job) -> TrainedModel:
    """The whole call: checks, tensors, training, the model."""
    model = train_model(**configuration(job)).model
    assert model.facts["epochs_run"] == job.epochs
    return model


def many(job: Job, n_members: int, workers: int) -> list[TrainedModel]:
    members = [Member(seed=seed) for seed in range(n_members)]
    return [one.model for one in fit_many(**configuration(job), members=members, workers=workers)]
