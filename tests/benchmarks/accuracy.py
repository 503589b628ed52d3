"""Accuracy on the real phone table: these configurations and the usual models, on the same splits.

Use: COLONNADE_PHONE_PRICE_DIR=... python tests/benchmarks/accuracy.py [MODEL ...]
Each figure is the mean and standard deviation over StratifiedShuffleSplit(10, test_size=0.2,
random_state=0), or another --random-state; nothing is chosen on test rows.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, rows_of, split_table
from colonnade.training import ModelParams, TrainingParams, train_model

CONF = Path(__file__).parents[2] / "conf"
PredictProba = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


def configuration(*environments: str) -> dict[str, Any]:
    """A table's parameters as Kedro merges them: later environments over earlier ones."""
    merged: dict[str, Any] = {}
    for environment in environments:
        text = (CONF / environment / "parameters_phone_price.yml").read_text()
        for group, values in yaml.safe_load(text)["phone_price"].items():
            merged[group] = {**merged.get(group, {}), **values}
    return merged


def ours(groups: dict[str, Any], **training: Any) -> PredictProba:
    """Class probabilities by a configuration; validation rows are cut from the training rows."""
    schema = SchemaParams.model_validate(groups["schema"])
    split = {**groups["split"], "test_fraction": 0}
    # the configuration's validation fraction is of all rows, of which these are 80 %
    split["validation_fraction"] = split.get("validation_fraction", 0.1) / 0.8

    def predict_proba(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
        table = ingest_table(train, schema)
        parts = split_table(table, schema, SplitParams.model_validate(split))
        standardizer = fit_standardizer(
            rows_of(table, parts, "train"),
            schema,
            StandardizeParams.model_validate(groups.get("standardize")),
        )
        fitted = train_model(
            standardizer.transform(rows_of(table, parts, "train")),
            standardizer.transform(rows_of(table, parts, "validation")),
            standardizer,
            ModelParams.model_validate(groups["model"]),
            TrainingParams.model_validate({**groups["training"], **training}),
        )
        return fitted.model.predict(test).filter(like="probability_").to_numpy()

    return predict_proba


def theirs(make: Callable[[], Any]) -> PredictProba:
    """Class probabilities by a scikit-learn estimator on standardized columns."""

    def predict_proba(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
        model = make_pipeline(StandardScaler(), make())
        model.fit(train.drop(columns="price_range"), train["price_range"])
        return np.asarray(model.predict_proba(test.drop(columns="price_range")))

    return predict_proba


def gradient_boosting() -> Any:
    from lightgbm import LGBMClassifier  # pip install lightgbm: for this comparison alone

    return LGBMClassifier(random_state=0, verbose=-1, n_jobs=1)


def real_mlp() -> Any:
    from pytabkit import RealMLP_TD_Classifier  # pip install pytabkit, in an environment of its own

    return RealMLP_TD_Classifier(random_state=0, n_threads=1, verbosity=0)


def tab_m() -> Any:
    from pytabkit import TabM_D_Classifier

    return TabM_D_Classifier(random_state=0, n_threads=1, verbosity=0)


MODELS: dict[str, PredictProba] = {
    "logistic regression, C=100": theirs(lambda: LogisticRegression(C=100, max_iter=5000)),
    "linear SVM": theirs(lambda: SVC(kernel="linear", probability=True, random_state=0)),
    "LightGBM": theirs(gradient_boosting),
    "sklearn MLP 128-256": theirs(
        lambda: MLPClassifier((128, 256), batch_size=16, max_iter=50, random_state=0)
    ),
    "RealMLP-TD": theirs(real_mlp),
    "TabM-D": theirs(tab_m),
    "classic": ours(configuration("base", "classic")),
    "default configuration": ours(configuration("base")),
    "default configuration, 8 members": ours(configuration("base"), members=8),
}


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("models", nargs="*", choices=[[], *MODELS])
    words.add_argument("--random-state", type=int, default=0)
    words.add_argument("--splits", type=int, default=10)
    given = words.parse_args()
    warnings.filterwarnings("ignore")  # MLPClassifier's about its iterations
    table = pd.read_csv(Path(os.environ["COLONNADE_PHONE_PRICE_DIR"]) / "train.csv")
    splits = StratifiedShuffleSplit(given.splits, test_size=0.2, random_state=given.random_state)
    print(f"{'model':30s} {'accuracy':>16s} {'log-loss':>9s} {'s a split':>9s}")
    for name in given.models or MODELS:
        accuracies, losses, started = [], [], time.perf_counter()
        try:
            for train, test in splits.split(table, table["price_range"]):
                shares = MODELS[name](table.iloc[train], table.iloc[test])
                accuracies.append(
                    accuracy_score(table["price_range"].iloc[test], shares.argmax(axis=1))
                )
                losses.append(log_loss(table["price_range"].iloc[test], shares))
        except ImportError as error:
            print(f"{name:30s} not measured: {error}")
            continue
        seconds = (time.perf_counter() - started) / given.splits
        spread = f"{np.mean(accuracies):.4f} ± {np.std(accuracies):.4f}"
        print(f"{name:30s} {spread:>16s} {np.mean(losses):9.4f} {seconds:9.2f}", flush=True)


if __name__ == "__main__":
    main()
