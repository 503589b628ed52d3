"""A step of each kind of network in its authors' loop and in ours: ratios, never a test's judge.

Use: python tests/benchmarks/kinds.py [--rounds 5] [--steps 40]

The authors' loop: their module, torch.optim.AdamW on their parameter groups, slices of permuted
rows. Ours: the same module, trained by `run_training`. They take turns within each round, on one
thread; a ratio is of one round, and the table gives the median of the rounds and their range.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams
from colonnade.training.engine.job import TrainingJob
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.ensembles.phases import run_training
from colonnade.training.prepare import prepare

BATCH, COLUMNS, CLASSES = 256, 20, 4
MODELS: dict[str, dict[str, Any]] = {
    "mlp 3x256": {"kind": "mlp", "hidden": "256x256x256"},
    "tabm 8 of 3x256": {"kind": "tabm"},
    "tabm 8 of 2x256, 48 bins": {"kind": "tabm", "numeric_embedding": "piecewise_linear"},
    "tabm-mini 8 of 3x256": {"kind": "tabm", "arch": "tabm-mini"},
    "tabm-mini 8 of 2x256, 48 bins": {
        "kind": "tabm",
        "arch": "tabm-mini",
        "numeric_embedding": "piecewise_linear",
    },
    "ft_transformer 3x192": {"kind": "ft_transformer"},
    "ft_transformer 1x96": {"kind": "ft_transformer", "blocks": 1},
    "resnet 2x192": {"kind": "resnet"},
}


def job_of(model: dict[str, Any], steps: int) -> TrainingJob:
    """Normal columns, and the quartile of their weighted sum."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((steps * BATCH, COLUMNS), dtype=np.float32)
    score = X @ draw.standard_normal(COLUMNS).astype(np.float32)
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(COLUMNS)])
    table["y"] = np.searchsorted(np.quantile(score, [0.25, 0.5, 0.75]), score)
    schema = SchemaParams.model_validate({"target": "y", "task": "classification"})
    standardizer = fit_standardizer(table, schema, StandardizeParams())
    optimizer = {"name": "adamw", "lr": 2e-3, "weight_decay": 3e-4}
    training = TrainingParams.model_validate(
        {"optimizer": optimizer, "epochs": 1, "batch_size": BATCH, "threads": 1, "device": "cpu"}
    )
    rows = standardizer.transform(table)
    return prepare(rows, rows[:0], standardizer, ModelParams.model_validate(model), training)


def theirs(job: TrainingJob) -> nn.Module:
    """The module as its authors build it, with torch's dropout."""
    params: Any = job.network.params
    if params.kind == "mlp":
        widths = (COLUMNS, *params.hidden)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(widths[-1], CLASSES))
    if params.kind in ("ft_transformer", "resnet"):
        return published(params)
    import tabm
    from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins

    embeddings = None
    if params.numeric_embedding == "piecewise_linear":
        bins = compute_bins(job.train.numeric[:, :-1], n_bins=params.bins)
        embeddings = PiecewiseLinearEmbeddings(bins, 16, activation=False, version="B")
    return tabm.TabM.make(
        n_num_features=COLUMNS,
        d_out=CLASSES,
        num_embeddings=embeddings,
        arch_type=params.arch,
        k=params.k,
        d_block=params.widths[0],
        n_blocks=len(params.widths),
    )


def published(params: Any) -> nn.Module:
    """FT-Transformer or ResNet with the defaults of their package's page."""
    import rtdl_revisiting_models as authors

    if params.kind == "resnet":
        return authors.ResNet(
            d_in=COLUMNS,
            d_out=CLASSES,
            n_blocks=params.blocks,
            d_block=params.width,
            d_hidden_multiplier=params.hidden_factor,
            dropout1=params.dropout,
            dropout2=params.residual_dropout,
        )
    words = authors.FTTransformer.get_default_kwargs(params.blocks)
    return authors.FTTransformer(
        n_cont_features=COLUMNS, cat_cardinalities=[], d_out=CLASSES, **words
    )


def authors_loop(job: TrainingJob, module: nn.Module) -> None:
    """One epoch as in example.ipynb: every submodel's prediction is a row of its own."""
    X, y = job.train.numeric[:, :-1].contiguous(), job.train.labels
    optimizer = torch.optim.AdamW(module.parameters(), lr=2e-3, weight_decay=3e-4)
    module.train()
    others = (None,) if hasattr(module, "cat_embeddings") else ()
    for rows in torch.randperm(len(X)).split(BATCH):
        optimizer.zero_grad()
        predicted: Tensor = module(X[rows], *others)
        targets = y[rows]
        if predicted.ndim == 3:
            targets = targets.repeat_interleave(predicted.shape[1])
            predicted = predicted.flatten(0, 1)
        nn.functional.cross_entropy(predicted, targets).backward()
        optimizer.step()


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(model: dict[str, Any], rounds: int, steps: int) -> str:
    job, short = job_of(model, steps), job_of(model, 2)
    module, members = theirs(job), ensemble(job.network.params, job.params)
    for one in (short, job_of(model, 2)):
        authors_loop(one, module)
        run_training(one, members)
    ratios, mine = [], []
    for _ in range(rounds):
        loop = seconds(lambda: authors_loop(job, module))
        ours = seconds(lambda: run_training(job, members))
        ratios.append((loop[0] / ours[0], loop[1] / ours[1]))
        mine.append(1000 * ours[1] / steps)
    wall, cpu = zip(*ratios, strict=True)
    return f"{statistics.median(mine):10.1f} {spread(wall):>22s} {spread(cpu):>22s}"


def spread(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--steps", type=int, default=40)
    words.add_argument("--only", default="", help="a part of the names of the kinds")
    given = words.parse_args()
    torch.set_num_threads(1)
    heads = ("ms CPU a step", "theirs/ours, wall", "theirs/ours, CPU")
    print(f"{f'{COLUMNS} numbers, batch {BATCH}':32s}{heads[0]:>14s}{heads[1]:>23s}{heads[2]:>23s}")
    for name, model in MODELS.items():
        if given.only in name:
            print(f"{name:35s} {measure(model, given.rounds, given.steps)}", flush=True)


if __name__ == "__main__":
    main()
