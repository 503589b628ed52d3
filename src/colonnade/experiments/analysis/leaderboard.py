"""Which configuration is best, and how sure that is."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.errors import ParameterError
from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER
from colonnade.experiments.analysis.effects import half_width, varied
from colonnade.experiments.trials import SHOWN_KEY
from colonnade.parameters import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.experiments.plans.plan import PlanParams
    from colonnade.experiments.trial_store import TrialResult
    from colonnade.experiments.trials import Trial
    from colonnade.tables.schema.table_schema import Task


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
        half = half_width(values)
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
