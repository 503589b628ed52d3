"""Which configuration is best, how sure that is, and which hyperparameters matter."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.errors import ParameterError
from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER
from colonnade.experiments.trials import SHOWN_KEY
from colonnade.parameters import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.experiments.plan import PlanParams
    from colonnade.experiments.trial_store import TrialResult
    from colonnade.experiments.trials import Trial
    from colonnade.tables.schema.table_schema import Task

CONFIDENCE = 0.95
MOST_VALUES = 12
"""Of a hyperparameter with more values, as one drawn from a range, thirds are compared."""


def ranking_metric(plan: PlanParams, task: Task, results: Sequence[TrialResult]) -> str:
    """The metric that trials are ranked by.

    Raises: ParameterError if they have none of that name.
    """
    metric = plan.metric or HEADLINES[task][0]
    known = sorted({name for one in results for name in one.metrics})
    if known and metric not in known:
        raise ParameterError(f"`metric`: trials have no {metric!r}. {nearest(metric, known)}")
    return metric


def trial_table(trials: Sequence[Trial], results: Sequence[TrialResult]) -> pd.DataFrame:
    """One row a trial: number, configuration, seed, what is varied, metrics, cost.

    words: what is varied, as JSON. key: of all that decides the result.
    """
    rows = [
        {
            "trial": trial.number,
            "configuration": trial.configuration,
            "seed": trial.seed,
            **{path: _plain(value) for path, value in trial.words.items()},
            **{f"validation/{name}": value for name, value in result.metrics.items()},
            "best_epoch": result.best_epoch,
            "n_parameters": result.n_parameters,
            "seconds": result.seconds,
            "failed": result.reason,
            "words": json.dumps(trial.words),
            "key": trial.key[:SHOWN_KEY],
        }
        for trial, result in zip(trials, results, strict=True)
    ]
    frame = pd.DataFrame(rows)
    last = ["best_epoch", "n_parameters", "seconds", "failed", "words", "key"]
    return frame[[name for name in frame if name not in last] + last]


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def rank(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One row a configuration, the best first: mean, interval over seeds, cost.

    A configuration of which a trial failed stands last. Of equal means the cheaper comes first.

    Shape: -> configuration, the varied words, mean, low, high, trials, failed, seconds.
    Source: the interval is Student's, for the mean over seeds.
    """
    column = f"validation/{metric}"
    rows = []
    for number, own in table.groupby("configuration", sort=True):
        values = own[column].dropna().to_numpy(float) if column in own else np.array([])
        n_failed = int((own["failed"] != "").sum())
        half = _half_width(values)
        mean = float(values.mean()) if len(values) else math.nan
        words = {path: own[path].iloc[0] for path in varied(table)}
        rows.append(
            {
                "configuration": number, **words, "mean": mean, "low": mean - half,
                "high": mean + half, "trials": len(own), "failed": n_failed,
                "seconds": float(own["seconds"].mean()),
            }
        )  # fmt: skip
    ranked = pd.DataFrame(rows)
    best_first = ranked["mean"] * (-1 if metric in HIGHER_IS_BETTER else 1)
    order = ranked.assign(_key=best_first, _failed=ranked["failed"] > 0).sort_values(
        ["_failed", "_key", "seconds", "configuration"], na_position="last", kind="stable"
    )
    return ranked.loc[order.index].reset_index(drop=True)


def varied(table: pd.DataFrame) -> list[str]:
    """The paths that trials differ in."""
    return [str(name) for name in table if str(name).split(".")[0] in _GROUPS and "." in str(name)]


_GROUPS = ("standardize", "model", "training")


def _half_width(values: np.ndarray) -> float:
    """Half of the interval of a mean; NaN of a single value."""
    if len(values) < 2:
        return math.nan
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return float(quantile * values.std(ddof=1) / math.sqrt(len(values)))


@dataclass(frozen=True)
class Effect:
    """How a hyperparameter's values did, over all that else was varied.

    rows: value, mean, low, high, trials. share: of the variance between trials that the values
    explain beside those of the other hyperparameters. clear: whether that is more than chance.
    """

    path: str
    rows: list[tuple[str, float, float, float, int]]
    share: float
    clear: bool


def main_effects(table: pd.DataFrame, metric: str) -> list[Effect]:
    """Each varied hyperparameter's means, the one that explains most first.

    An analysis of variance of type II: how much worse the additive model of all hyperparameters
    is without this one, by an F-test with Bonferroni's correction for their number.
    """
    column = f"validation/{metric}"
    done = table[table["failed"] == ""].dropna(subset=[column]) if column in table else table[:0]
    labels = {path: _labels(done[path]) for path in varied(table)}
    labels = {path: values for path, values in labels.items() if values.nunique() > 1}
    scores = done[column].to_numpy(float) if labels else np.array([])
    found = [
        Effect(path, _means(values, scores), *_explained(path, labels, scores))
        for path, values in labels.items()
    ]
    return sorted(found, key=lambda one: -one.share)


def _means(values: pd.Series, scores: np.ndarray) -> list[tuple[str, float, float, float, int]]:
    rows = []
    for label in dict.fromkeys(values):
        own = scores[(values == label).to_numpy()]
        mean, half = float(own.mean()), _half_width(own)
        rows.append((str(label), mean, mean - half, mean + half, len(own)))
    return rows


def _explained(path: str, labels: dict[str, pd.Series], scores: np.ndarray) -> tuple[float, bool]:
    """The share of the variance that one hyperparameter explains, and whether it is clear."""
    from scipy.special import fdtrc

    rest, n_rest = _residual(labels, scores, without=path)
    full, n_full = _residual(labels, scores)
    whole = float(((scores - scores.mean()) ** 2).sum())
    gain, freedom, left = max(rest - full, 0.0), n_full - n_rest, len(scores) - n_full
    share = gain / whole if whole else 0.0
    if freedom < 1 or left < 1:
        return share, False
    if full <= 1e-12 * max(whole, 1e-300):
        return share, gain > 0
    return share, bool(
        fdtrc(freedom, left, gain / freedom / (full / left)) * len(labels) < 1 - CONFIDENCE
    )


def _residual(
    labels: dict[str, pd.Series], scores: np.ndarray, without: str = ""
) -> tuple[float, int]:
    """What an additive model leaves of the variance, and how many parameters it has."""
    columns = [np.ones((len(scores), 1))]
    columns += [
        pd.get_dummies(values, drop_first=True).to_numpy(float)
        for path, values in labels.items()
        if path != without
    ]
    design = np.hstack(columns)
    fitted, _, rank, _ = np.linalg.lstsq(design, scores, rcond=None)
    return float(((scores - design @ fitted) ** 2).sum()), int(rank)


def _labels(values: pd.Series) -> pd.Series:
    """The values as text; of numbers too many to list, thirds."""
    number = pd.to_numeric(values, errors="coerce")
    if values.nunique() > MOST_VALUES and number.notna().all():
        edges = np.unique(np.quantile(number, [0, 1 / 3, 2 / 3, 1]))
        places = np.clip(np.searchsorted(edges, number, side="right") - 1, 0, len(edges) - 2)
        names = [f"{low:.3g} to {high:.3g}" for low, high in itertools.pairwise(edges)]
        return pd.Series([names[place] for place in places], index=values.index)
    return values.astype(object).where(values.notna(), "-").astype(str)
