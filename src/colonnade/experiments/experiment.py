"""An experiment from its plan to its ranking."""

from __future__ import annotations

import hashlib
import itertools
import math
import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError, Problem, UserError
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER
from colonnade.experiments.analysis.effects import main_effects
from colonnade.experiments.analysis.importances import importances
from colonnade.experiments.analysis.interactions import interactions
from colonnade.experiments.analysis.leaderboard import rank, ranking_metric, trial_table
from colonnade.experiments.plans.plan import configurations
from colonnade.experiments.plans.search import search
from colonnade.experiments.running import run_trials
from colonnade.experiments.trials import make_trials
from colonnade.tables.source import content_hash
from colonnade.tables.splitting.split import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from colonnade.experiments.analysis.effects import Effect
    from colonnade.experiments.analysis.interactions import Interaction
    from colonnade.experiments.plans.plan import PlanParams, Words
    from colonnade.experiments.trial_rows import Rows
    from colonnade.experiments.trial_store import TrialResult, TrialStore
    from colonnade.experiments.trials import Trial


@dataclass(frozen=True)
class Progress:
    """How far an experiment is. total: of trials. best: the best score so far."""

    done: int
    total: int
    failed: int
    best: float | None
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What an experiment came to.

    trials: one row each. ranking: one row a configuration, the best first. effects: of each varied
    hyperparameter. interactions: of each two. importances: of a search's. curves: losses by epoch,
    by trial number. words: by configuration.
    """

    metric: str
    trials: pd.DataFrame
    ranking: pd.DataFrame
    effects: list[Effect]
    curves: dict[int, dict[str, list[float]]]
    words: dict[int, Words]
    interactions: list[Interaction] = field(default_factory=list)
    importances: dict[str, float] = field(default_factory=dict)

    @property
    def best(self) -> int:
        """The number of the best configuration."""
        return int(self.ranking["configuration"].iloc[0])


def data_digest(rows: Rows, version: str) -> str:
    """SHA-256 of what all trials share: cells, parts, meaning of the columns, version."""
    parts = "".join(rows.split["part"].astype("str"))
    said = [content_hash(rows.primary), parts, rows.schema.model_dump_json(), version]
    return hashlib.sha256("\x00".join(said).encode()).hexdigest()


def count_trials(plan: PlanParams) -> int:
    """How many trials a plan has."""
    n = plan.search if plan.search else len(configurations(plan))
    return int(n) * plan.seeds


def planned(plan: PlanParams, groups: dict[str, Any], rows: Rows, digest: str) -> list[Trial]:
    """All trials of a plan, checked; of a search, none: they follow from one another.

    Raises: ParameterError naming all that is wrong with any of them.
    """
    if rows.schema.task == "anomaly":
        raise ParameterError(
            "`schema.task: anomaly` has no target to rank trials by: vary its words run by run."
        )
    if not plan.vary:
        raise ParameterError("the plan varies nothing: write `vary`, or --vary PATH=VALUE,VALUE.")
    if plan.searched:
        return []
    return checked(make_trials(plan, configurations(plan), groups, digest), rows)


def checked(trials: list[Trial], rows: Rows) -> list[Trial]:
    """The trials, if each configuration could be trained alone, as the winner will be.

    Raises: ParameterError naming all that is wrong with any of them.
    """
    from colonnade.training.ensembles.single import check_single

    problems: dict[str, Problem] = {}
    by_rows = itertools.groupby(trials, key=lambda trial: (trial.standardize, trial.outliers))
    for words, alike in by_rows:
        prepared = rows.prepared(*words)
        seen = {trial.configuration: trial for trial in alike}
        for trial in seen.values():
            standardizer, train, validation = prepared
            try:
                with warnings.catch_warnings():  # that it may not learn is what a trial shows
                    warnings.simplefilter("ignore", UserWarning)
                    check_single(train, validation, standardizer, trial.model, trial.training)
            except UserError as error:
                for problem in error.problems:
                    problems.setdefault(str(problem), problem)
    if problems:
        raise ParameterError(list(problems.values()))
    return trials


def run_experiment(
    plan: PlanParams,
    groups: dict[str, Any],
    rows: Rows,
    store: TrialStore,
    version: str,
    *,
    workers: int | None = None,
    told: Callable[[Progress], object] = lambda progress: None,
) -> Outcome:
    """Train all trials that are not finished, and rank them by validation rows.

    Args: groups: the table's own words of `standardize`, `model`, `training`.

    Raises: ParameterError for configurations that cannot be; ExperimentError if all fail.
    """
    digest = data_digest(rows, version)
    trials = planned(plan, groups, rows, digest)
    results: list[TrialResult] = []
    teller = _Teller(plan, rows, count_trials(plan), told)
    if not plan.searched:
        results = run_trials(trials, rows, store, workers=workers, told=teller)
    else:

        def batch(proposed: list[Words], first: int) -> list[float | None]:
            own = checked(make_trials(plan, proposed, groups, digest, first=first), rows)
            found = run_trials(own, rows, store, workers=workers, told=teller)
            trials.extend(own)
            results.extend(found)
            return _scores(own, found, teller.metric)

        search(plan, batch, higher_is_better=teller.metric in HIGHER_IS_BETTER)
    metric = ranking_metric(plan, rows.schema.task, results)
    table = trial_table(trials, results)
    return Outcome(
        metric,
        table,
        rank(table, metric),
        main_effects(table, metric),
        {t.number: r.history for t, r in zip(trials, results, strict=True) if r.history},
        {trial.configuration: trial.words for trial in trials},
        interactions(table, metric),
        importances(plan, table, metric),
    )


def _scores(trials: list[Trial], results: list[TrialResult], metric: str) -> list[float | None]:
    """Each configuration's mean over seeds; None where a trial failed."""
    values: dict[int, list[float]] = {}
    for trial, result in zip(trials, results, strict=True):
        values.setdefault(trial.configuration, []).append(result.metrics.get(metric, math.nan))
    means = [sum(own) / len(own) for own in values.values()]
    return [mean if math.isfinite(mean) else None for mean in means]


class _Teller:
    """Counts trials as they end."""

    def __init__(
        self, plan: PlanParams, rows: Rows, total: int, told: Callable[[Progress], object]
    ) -> None:
        self.metric = plan.metric or HEADLINES[rows.schema.task][0]
        self.total, self.told = total, told
        self.done = self.failed = 0
        self.best: float | None = None
        self.started = time.perf_counter()

    def __call__(self, results: list[TrialResult]) -> None:
        self.done += len(results)
        self.failed += sum(bool(one.reason) for one in results)
        better = max if self.metric in HIGHER_IS_BETTER else min
        known = [one.metrics[self.metric] for one in results if self.metric in one.metrics]
        self.best = better([*known, *([] if self.best is None else [self.best])], default=None)
        passed = time.perf_counter() - self.started
        self.told(Progress(self.done, self.total, self.failed, self.best, passed))


@dataclass(frozen=True)
class Winner:
    """The best configuration, trained alone as `kedro run` would, and judged by test rows once.

    words: all that the plan says of it, varied: what is varied alone. score: its mean over seeds
    of the metric that trials are ranked by. metrics: on validation and test rows, of its first
    seed.
    """

    words: dict[str, Any]
    varied: dict[str, Any]
    metric: str
    score: float
    metrics: dict[str, float]


def judge_winner(plan: PlanParams, groups: dict[str, Any], rows: Rows, outcome: Outcome) -> Winner:
    """Train the best configuration with its first seed, and evaluate it on test rows.

    Raises: what `train_model` raises.
    """
    from colonnade.training.fit import train_model

    words = outcome.words[outcome.best]
    [trial, *_] = make_trials(plan, [words], groups, "")
    standardizer, train, validation = rows.prepared(trial.standardize, trial.outliers)
    fitted = train_model(train, validation, standardizer, trial.model, trial.training)
    test = standardizer.transform(rows_of(rows.primary, rows.split, "test"))
    params = EvaluationParams(baselines=[])
    metrics = evaluate_model(fitted.model, train, validation, test, params).metrics.flat()
    kept = {name: value for name, value in metrics.items() if not name.startswith("train/")}
    score = float(outcome.ranking["mean"].iloc[0])
    return Winner({**plan.set, **words}, words, outcome.metric, score, kept)
