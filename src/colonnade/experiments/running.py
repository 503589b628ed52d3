"""Train trials, program by program, on all cores; what is finished is never trained again."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from colonnade.errors import ExperimentError, UserError
from colonnade.experiments.trial_store import TrialResult
from colonnade.experiments.trials import Trial, alone, programs
from colonnade.training.engine.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from colonnade.experiments.trial_rows import Rows
    from colonnade.experiments.trial_store import TrialStore
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.ensembles.many import Member
    from colonnade.training.ensembles.outcome import Fitted

Positions = np.ndarray | None
"""Of the train rows that judge a network; None: the validation rows do."""

MOST_POINTS = 100
"""Of a learning curve that is kept."""


def run_trials(
    trials: Sequence[Trial],
    rows: Rows,
    store: TrialStore,
    *,
    workers: int | None = None,
    told: Callable[[list[TrialResult]], object] = lambda results: None,
) -> list[TrialResult]:
    """Train what is not finished yet; each program's results are kept as soon as it ends.

    How trials are grouped depends on the plan alone, so that no bit of a result depends on what
    was interrupted, or on the number of cores. A trial that fails is kept with its reason.

    Args: told: called with the results of each program, those of an earlier call first.

    Raises: ExperimentError if all fail.
    """
    done = store.finished()
    missing = []
    for program in programs(trials, rows.networks):
        if all(trial.key in done for trial in program):
            told([done[trial.key] for trial in program])
        else:
            missing.append(program)
    for results in _run(missing, rows, workers or available_cores()):
        store.keep(results)
        done |= {one.key: one for one in results}
        told(results)
    found = [done[trial.key] for trial in trials]
    if found and all(one.reason for one in found):
        reasons = sorted({one.reason for one in found})
        raise ExperimentError(f"all {len(found)} trials failed: {'; '.join(reasons[:3])}")
    return found


def _run(missing: list[list[Trial]], rows: Rows, workers: int) -> Iterator[list[TrialResult]]:
    if workers == 1 or len(missing) < 2:
        for program in missing:
            yield train_program(program, rows)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(missing)), spawn, initializer=_begin_worker, initargs=(rows,)
    )
    try:
        pending = [pool.submit(_in_worker, program) for program in missing]
        for future in as_completed(pending):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_rows: list[Rows] = []


def _begin_worker(rows: Rows) -> None:
    import signal

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the work
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _rows[:] = [rows]


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: it would wait for work for ever."""
    multiprocessing.parent_process().join()  # type: ignore[union-attr]  # a worker has one
    os._exit(1)


def _in_worker(program: list[Trial]) -> list[TrialResult]:
    return train_program(program, _rows[0])


def train_program(program: list[Trial], rows: Rows) -> list[TrialResult]:
    """Train trials of one shape together; if they fail together, one by one.

    Shape: one result a trial.
    """
    try:
        return _together(program, rows)
    except (UserError, MemoryError, RuntimeError) as error:
        if len(program) > 1:
            return [result for trial in program for result in train_program([trial], rows)]
        known = isinstance(error, UserError | MemoryError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        return [TrialResult(program[0].key, reason=reason or type(error).__name__)]


def _together(program: list[Trial], rows: Rows) -> list[TrialResult]:
    started = time.perf_counter()
    standardizer, train, validation = rows.prepared(program[0].standardize, program[0].outliers)
    judged: list[Positions] = [None] if rows.validated else _folds(len(train), rows.folds)
    true = rows.true_train(program[0].standardize, program[0].outliers)
    fitted = _fit(program, train, validation, standardizer, judged)
    seconds = (time.perf_counter() - started) / len(program)
    results = []
    for i, trial in enumerate(program):
        own = fitted[i * len(judged) : (i + 1) * len(judged)]
        parts = [validation if places is None else true.iloc[places] for places in judged]
        metrics = _measure(own, parts)
        results.append(_result(trial, own, metrics, seconds))
    return results


def _fit(
    program: list[Trial],
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    judged: list[Positions],
) -> list[Fitted]:
    """One network a trial, or one a trial and fold, trial by trial."""
    from colonnade.training.ensembles.fold_training import Fold, fit_folds
    from colonnade.training.ensembles.many import fit_many

    first = program[0]
    if alone(first):
        folds = [
            Fold(train, validation, standardizer)
            if own is None
            else Fold(train.drop(train.index[own]), train.iloc[own], standardizer)
            for own in judged
        ]
        return fit_folds(folds, first.model, first.training, workers=1)
    members = [_member(trial, own, len(train)) for trial in program for own in judged]
    held = validation if judged[0] is None else train.iloc[:0]
    return fit_many(
        train, held, standardizer, first.model, first.training, members=members, workers=1
    )


def _member(trial: Trial, judged: Positions, n_rows: int) -> Member:
    from colonnade.training.ensembles.many import Member

    initializer = getattr(trial.model, "initializer", None)
    return Member(
        seed=trial.training.seed,
        lr=trial.training.optimizer.lr,
        weight_decay=trial.training.optimizer.weight_decay,
        dropout=trial.model.dropout_rate if hasattr(trial.model, "dropout") else None,
        initializer=None if initializer is None else initializer.model_dump(exclude_none=True),
        rows=None if judged is None else np.delete(np.arange(n_rows), judged),
        validation_rows=judged,
    )


def _folds(n_rows: int, n_folds: int) -> list[Positions]:
    """Every n-th of the shuffled rows: the same for all trials."""
    order = np.random.default_rng(0).permutation(n_rows)
    return [np.sort(order[k::n_folds]) for k in range(n_folds)]


def _measure(fitted: list[Fitted], parts: list[pd.DataFrame]) -> dict[str, float]:
    """The metrics on rows that the networks have not seen; of folds, their mean."""
    from colonnade.evaluation.evaluate import measure
    from colonnade.evaluation.observations import observe

    found = [
        measure(observe(one.model, "validation", part))
        for one, part in zip(fitted, parts, strict=True)
    ]
    means = {name: float(np.mean([one[name] for one in found if name in one])) for name in found[0]}
    return {name: value for name, value in means.items() if math.isfinite(value)}


def _result(
    trial: Trial, fitted: list[Fitted], metrics: dict[str, float], seconds: float
) -> TrialResult:
    first = fitted[0]
    epochs = first.history
    shown = epochs.iloc[:: max(1, -(-len(epochs) // MOST_POINTS))]
    curves = {
        name: [float(f"{value:.5g}") for value in shown[name]]
        for name in ("epoch", "train_loss", "validation_loss")
        if shown[name].notna().all() and np.isfinite(shown[name]).all()
    }
    return TrialResult(
        trial.key,
        metrics,
        curves,
        int(first.model.facts["best_epoch"]),
        int(first.model.facts["n_parameters"]),
        round(seconds, 4),
    )
