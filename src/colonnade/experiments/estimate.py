"""How long an experiment may take, from a few epochs of some of its trials."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from colonnade.experiments.plans.plan import configurations
from colonnade.experiments.running import train_program
from colonnade.experiments.trials import make_trials, programs
from colonnade.training.engine.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from colonnade.experiments.plans.plan import PlanParams
    from colonnade.experiments.trial_rows import Rows
    from colonnade.experiments.trial_store import TrialStore
    from colonnade.experiments.trials import Trial

MOST_TRIED = 6
"""Programs of which some epochs are trained."""
_FEW = 4
# A first epoch that takes longer says enough.
_LONG = 1.0
# Until worker processes have begun and imported what they need.
_START = 8.0


@dataclass(frozen=True)
class Estimate:
    """trials: those that are not finished yet. seconds: with early stopping, at most."""

    trials: int
    seconds: float


def estimate(
    plan: PlanParams,
    trials: Sequence[Trial],
    rows: Rows,
    store: TrialStore,
    groups: dict[str, Any],
    *,
    workers: int | None = None,
) -> Estimate:
    """Train a few epochs of some programs, spread over the plan, and calculate the rest.

    Of a search, whose configurations nobody knows yet, some are drawn by chance.

    Args: trials: as `planned` gives them. groups: the table's own words.
    """
    share = 1.0
    if plan.searched:
        drawn = plan.model_copy(update={"random": min(MOST_TRIED, plan.search or 1)})
        trials = make_trials(drawn, configurations(drawn), groups, "")
        share = (plan.search or 1) * plan.seeds / len(trials)
    done = store.finished()
    left = [
        program
        for program in programs(trials, rows.networks)
        if not all(trial.key in done for trial in program)
    ]
    n_left = round(share * sum(map(len, left)))
    if not left:
        return Estimate(0, 0.0)
    step = max(1, -(-len(left) // MOST_TRIED))
    tried = left[::step]
    _timed(tried[0][:1], rows, 1)  # imports, and rows that are standardized once
    each = sum(_seconds(program, rows) for program in tried) / sum(map(len, tried))
    cores = min(workers or available_cores(), len(left))
    return Estimate(n_left, each * n_left / cores + (_START if cores > 1 else 0.0))


def _seconds(program: list[Trial], rows: Rows) -> float:
    """How long a program would train: what its epochs take, and what it takes beside them."""
    epochs = program[0].training.epochs
    if epochs <= _FEW:
        return _timed(program, rows, epochs)
    first = _timed(program, rows, 1)
    if first > _LONG:
        return first * epochs
    an_epoch = max(0.0, _timed(program, rows, _FEW) - first) / (_FEW - 1)
    return first + an_epoch * (epochs - 1)


def _timed(program: list[Trial], rows: Rows, epochs: int) -> float:
    """Processor seconds of one thread, as a worker has: what else the machine does is left out."""
    import torch

    short = [
        replace(trial, training=trial.training.model_copy(update={"epochs": epochs}))
        for trial in program
    ]
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    began = clock()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            train_program(short, rows)
    finally:
        torch.set_num_threads(n_threads)
    return clock() - began


def spoken(seconds: float) -> str:
    """A time as rough as an estimate is.

    >>> spoken(8), spoken(200), spoken(9000)
    ('10 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(5, 5 * math.ceil(seconds / 5))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
