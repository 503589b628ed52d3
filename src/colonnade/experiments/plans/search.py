"""Configurations that Optuna proposes, each batch after the results of those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError
from colonnade.experiments.plans.plan import RangeParams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from colonnade.experiments.plans.plan import PlanParams, Words

BATCH = 10
"""Configurations proposed at once, whatever the number of cores: the same on every machine."""


def search(
    plan: PlanParams,
    run: Callable[[list[Words], int], Sequence[float | None]],
    *,
    higher_is_better: bool,
) -> None:
    """Propose configurations by a tree-structured Parzen estimator until there are enough.

    The study is kept nowhere: proposals follow from the seed and the results alone, so that one
    that was interrupted proposes the same again, and finds what is finished.

    Args: run: trains configurations, of which so many came before, and gives each one's score;
        None where it failed.

    Raises: ParameterError if Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ParameterError(
            "`search` needs Optuna: pip install -e '.[experiments]', or draw configurations by "
            "chance with `random`."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if higher_is_better else "minimize",
        sampler=optuna.samplers.TPESampler(seed=plan.seed),
    )
    n_configurations = int(plan.search or 0)
    for start in range(0, n_configurations, BATCH):
        asked = [study.ask() for _ in range(min(BATCH, n_configurations - start))]
        proposed = [_suggest(plan, one) for one in asked]
        for one, score in zip(asked, run(proposed, start), strict=True):
            failed = optuna.trial.TrialState.FAIL
            study.tell(one, score, state=failed if score is None else None)


def _suggest(plan: PlanParams, asked: Any) -> Words:
    words: Words = {}
    for path, values in plan.vary.items():
        if not plan.applies(path, words):
            continue
        if not isinstance(values, RangeParams):
            words[path] = values[asked.suggest_categorical(path, list(range(len(values))))]
        elif values.whole:
            words[path] = asked.suggest_int(
                path, round(values.low), round(values.high), log=values.log
            )
        else:
            drawn = asked.suggest_float(path, values.low, values.high, log=values.log)
            words[path] = float(f"{drawn:.6g}")
    return words
