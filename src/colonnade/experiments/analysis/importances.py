"""How much each hyperparameter of a search matters, over whole ranges of values: fANOVA."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from colonnade.experiments.analysis.effects import finished_trials
from colonnade.experiments.plans.plan import RangeParams

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.experiments.plans.plan import PlanParams

FEWEST = 20
"""Trials under which a forest knows too little."""


def importances(plan: PlanParams, table: pd.DataFrame, metric: str) -> dict[str, float]:
    """The share of the variance that a forest of the trials ascribes to each, the largest first.

    Empty where no range is varied, trials are few, or Optuna is not installed. A hyperparameter
    that only some trials have is left out.

    Source: Hutter et al. 2014, An Efficient Approach for Assessing Hyperparameter Importance.
    """
    done, scores = finished_trials(table, metric)
    ranged = any(isinstance(values, RangeParams) for values in plan.vary.values())
    if not ranged or len(done) < FEWEST or len(set(scores)) < 2:
        return {}
    try:
        import optuna
    except ImportError:
        return {}
    kept = [path for path in plan.vary if path in done and done[path].notna().all()]
    distributions = {path: _distribution(plan.vary[path], done[path]) for path in kept}
    study = optuna.create_study()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ranges whose numbers were rounded
        for place, (_, row) in enumerate(done.iterrows()):
            study.add_trial(
                optuna.trial.create_trial(
                    params={path: _plain(row[path]) for path in kept},
                    distributions=distributions,
                    value=float(scores[place]),
                )
            )
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {path: float(share) for path, share in found.items()}


def _distribution(values: Any, column: pd.Series) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, RangeParams):
        return CategoricalDistribution([_plain(value) for value in dict.fromkeys(column)])
    low, high = min(values.low, column.min()), max(values.high, column.max())
    if values.whole:
        return IntDistribution(round(low), round(high), log=values.log)
    return FloatDistribution(low, high, log=values.log)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
