"""RealMLP beside its authors' own package: errors on the same rows, and seconds, split by split.

    pip install pytabkit==1.7.3
    python tests/benchmarks/realmlp.py [--splits 5] [--tables wine,digits] [--phone train.csv]

Both train on 64 % of the rows, choose the epoch on 16 %, and are judged by the rest; one thread,
labels smoothed as the authors do. Runs alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn import datasets
from sklearn.model_selection import train_test_split

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, train_model

Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
NUMBERS = ("diabetes",)


def tables(phone: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in ("wine", "breast_cancer", "digits", "diabetes"):
        yield name, getattr(datasets, f"load_{name}")(as_frame=True).frame
    if phone is not None:
        yield "phone", pd.read_csv(phone).rename(columns={"price_range": "target"})


def parts(frame: pd.DataFrame, name: str, seed: int) -> Parts:
    def classes(of: pd.DataFrame) -> pd.Series | None:
        return None if name in NUMBERS else of["target"]

    rest, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=classes(frame))
    train, validation = train_test_split(
        rest, test_size=0.2, random_state=seed, stratify=classes(rest)
    )
    return train, validation, test


def error(predicted: np.ndarray, target: pd.Series, name: str) -> float:
    """Root mean squared error of numbers, share of wrong classes."""
    if name in NUMBERS:
        return float(np.sqrt(np.mean((predicted - target.to_numpy()) ** 2)))
    return float(np.mean(predicted != target.to_numpy()))


def ours(name: str, split: Parts, seed: int) -> np.ndarray:
    train, validation, test = (part.reset_index(drop=True) for part in split)
    task = "regression" if name in NUMBERS else "classification"
    schema = SchemaParams(target="target", task=task)
    standardizer = fit_standardizer(train, schema, StandardizeParams())
    smooth = {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}}
    words = {"seed": seed, "threads": 1, **({} if name in NUMBERS else smooth)}
    model = train_model(
        standardizer.transform(train),
        standardizer.transform(validation),
        standardizer,
        ModelParams(kind="realmlp"),
        TrainingParams.model_validate(words),
    ).model
    predicted = model.predict_array(standardizer.features(test))
    return predicted if name in NUMBERS else np.array(standardizer.classes)[predicted]


def theirs(name: str, split: Parts, seed: int) -> np.ndarray:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    train, validation, test = split
    learned = pd.concat([train, validation])
    X, y = learned.drop(columns="target").to_numpy(np.float32), learned["target"].to_numpy()
    make = RealMLP_TD_Regressor if name in NUMBERS else RealMLP_TD_Classifier
    model = make(random_state=seed, n_threads=1, device="cpu", verbosity=0, n_cv=1, n_refit=0)
    model.fit(X, y, val_idxs=np.arange(len(train), len(learned)))
    predicted: np.ndarray = model.predict(test.drop(columns="target").to_numpy(np.float32))
    return predicted


def main() -> None:
    warnings.filterwarnings("ignore")
    for logger in ("lightning", "pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--tables")
    parser.add_argument("--phone", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    contenders: dict[str, Callable[[str, Parts, int], np.ndarray]] = {
        "ours": ours,
        "pytabkit": theirs,
    }
    for name, frame in tables(given.phone):
        if given.tables and name not in given.tables.split(","):
            continue
        errors: dict[str, list[float]] = {who: [] for who in contenders}
        seconds: dict[str, list[float]] = {who: [] for who in contenders}
        for seed in range(given.splits):
            split = parts(frame, name, seed)
            for who, predict in contenders.items():
                started = time.perf_counter()
                predicted = predict(name, split, seed)
                seconds[who].append(time.perf_counter() - started)
                errors[who].append(error(predicted, split[2]["target"], name))
        apart = np.subtract(errors["ours"], errors["pytabkit"])
        spread = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else float("nan")
        ratio = np.median(np.divide(seconds["pytabkit"], seconds["ours"]))
        print(
            f"{name}: ours {np.mean(errors['ours']):.4f}, pytabkit "
            f"{np.mean(errors['pytabkit']):.4f}, apart {apart.mean():+.4f} +- {spread:.4f}; "
            f"{np.median(seconds['ours']):.1f} s, {ratio:.2f} times as fast",
            flush=True,
        )


if __name__ == "__main__":
    main()
