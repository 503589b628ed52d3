"""Two hundred trials as an experiment, beside a loop of `kedro run` and joblib over plain PyTorch.

Use: python tests/benchmarks/experiments.py [--rounds 3] [--trials 200] [--only KIND]

Contenders take turns within each round, each on the same two cores; a ratio is of one round.
A trial is an MLP on the 1,280 train rows of the sample, validated after each epoch on 320 rows.
- `shared`: all trials share their shapes, and differ in rate and seed.
- `own`: no two trials share a shape.
- `kedro`: the whole command, tracked in MLflow, beside a loop of tracked `kedro run`, of which
  three are timed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import torch
from joblib.externals.loky import get_reusable_executor
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from colonnade.experiments.experiment import run_experiment
from colonnade.experiments.plans.plan import PlanParams, configurations
from colonnade.experiments.trial_rows import Rows
from colonnade.experiments.trial_store import TrialStore
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, split_table

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "data/01_raw/phone_price_sample.csv"
CORES = 2
EPOCHS, BATCH = 20, 32
RATES = [0.0003, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01]
TIMED_RUNS = 3
TRAINING = {"loss": "cross_entropy", "optimizer": "adam", "epochs": EPOCHS, "batch_size": BATCH}
AIMS = {"shared": 4.0, "own": 1.5, "kedro": 20.0}


def sample_rows() -> Rows:
    schema = SchemaParams.model_validate({"target": "price_range", "task": "classification"})
    table = ingest_table(read_raw_table(str(SAMPLE)).frame, schema)
    split = split_table(table, schema, SplitParams(validation_fraction=0.2))
    return Rows(table, split, schema, folds=5)


def shared_plan(n: int) -> PlanParams:
    return PlanParams.model_validate(
        {
            "set": {"model": {"kind": "mlp", "hidden": [64, 64]}, "training": TRAINING},
            "vary": {"training.optimizer.lr": RATES},
            "seeds": max(1, n // len(RATES)),
        }
    )


def own_plan(n: int) -> PlanParams:
    return PlanParams.model_validate(
        {
            "set": {"model": {"kind": "mlp"}, "training": TRAINING},
            "vary": {"model.hidden": [[16 + i, 64] for i in range(n)]},
        }
    )


def plain_trial(
    parts: tuple[torch.Tensor, ...], hidden: Sequence[int], lr: float, seed: int
) -> float:
    """What people write: DataLoader, Adam, the validation loss after each epoch, the accuracy."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    X, y, X_held, y_held = parts
    widths = [X.shape[1], *hidden]
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loader = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True)
    for _ in range(EPOCHS):
        for X_batch, y_batch in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X_batch), y_batch).backward()
            optimizer.step()
        with torch.no_grad():
            logits = model(X_held)
            nn.functional.cross_entropy(logits, y_held).item()
    return float((logits.argmax(1) == y_held).float().mean())


def by_joblib(plan: PlanParams, rows: Rows) -> float:
    """All trials in processes of joblib, which start here; gives their mean accuracy."""
    _, train, held = rows.prepared(StandardizeParams())
    parts = []
    for frame in (train, held):
        parts.append(torch.tensor(frame.drop(columns="price_range").to_numpy("float32")))
        parts.append(torch.tensor(frame["price_range"].to_numpy("int64")))
    jobs = [
        joblib.delayed(plain_trial)(
            tuple(parts),
            words.get("model.hidden", (64, 64)),
            words.get("training.optimizer.lr", 0.001),
            seed,
        )
        for words in configurations(plan)
        for seed in range(plan.seeds)
    ]
    found = joblib.Parallel(n_jobs=CORES)(jobs)
    get_reusable_executor().shutdown(wait=True)
    return statistics.mean(found)


def by_us(plan: PlanParams, rows: Rows) -> float:
    """All trials as an experiment, whose workers start here; gives their mean accuracy."""
    fresh = Rows(rows.primary, rows.split, rows.schema, rows.folds)
    with tempfile.TemporaryDirectory() as folder:
        store = TrialStore(Path(folder))
        trials = run_experiment(plan, {}, fresh, store, "1", workers=CORES).trials
    return float(trials["validation/accuracy"].mean())


def timed(run: Callable[..., Any], *given: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = run(*given)
    return time.perf_counter() - began, result


def trials_of(kind: str, n: int, rounds: int) -> None:
    plan = shared_plan(n) if kind == "shared" else own_plan(n)
    rows, ratios, mine, theirs = sample_rows(), [], [], []
    n = len(configurations(plan)) * plan.seeds
    accuracy: tuple[float, float] = (0.0, 0.0)
    for _ in range(rounds):
        (a, first), (b, second) = timed(by_us, plan, rows), timed(by_joblib, plan, rows)
        mine.append(a)
        theirs.append(b)
        ratios.append(b / a)
        accuracy = (first, second)
    print(
        f"{kind:7s} {n} trials: experiment {statistics.median(mine):.1f} s "
        f"({60 * n / statistics.median(mine):,.0f} trials a minute), joblib over plain PyTorch "
        f"{statistics.median(theirs):.1f} s: {spread(ratios)}, aim {AIMS[kind]:g}; mean "
        f"accuracy {accuracy[0]:.3f} and {accuracy[1]:.3f}",
        flush=True,
    )


def spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} times ({min(ratios):.2f}-{max(ratios):.2f})"


def kedro(folder: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "kedro", *words],
        cwd=folder,
        env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def commands(n: int, rounds: int) -> None:
    """`kedro experiment` beside a loop of `kedro run`, which takes as long for every trial."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.conftest import make_project

    words = "{kind: mlp, hidden: [64, 64]}", str(TRAINING).replace("'", "")
    seeds = max(1, n // len(RATES))
    n = seeds * len(RATES)
    ratios, each, whole = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = make_project(Path(name) / "project", quick=False, tracked=True)
        file = folder / "conf/base/parameters_phone_price.yml"
        text = file.read_text().replace("validation_fraction: 0,", "validation_fraction: 0.2,")
        head, _, tail = text.partition("  model: {kind: linear}\n")
        tail = tail[tail.index("  evaluation:") :]
        file.write_text(f"{head}  model: {words[0]}\n  training: {words[1]}\n{tail}")
        kedro(folder, "run", "--pipeline", "phone_price")
        for _ in range(rounds):
            shutil.rmtree(folder / "data/07_model_output/phone_price/trials", ignore_errors=True)
            vary = "training.optimizer.lr=" + ",".join(map(str, RATES))
            experiment = ("experiment", "phone_price", "--vary", vary, "--seeds", str(seeds))
            took, _ = timed(kedro, folder, *experiment)
            own = []
            for seed in range(TIMED_RUNS):
                changed = f"phone_price.training.seed={seed}"
                own.append(
                    timed(kedro, folder, "run", "--pipeline", "phone_price", "--params", changed)[0]
                )
            each.append(statistics.mean(own))
            whole.append(took)
            ratios.append(each[-1] * n / took)
    print(
        f"kedro   {n} trials: kedro experiment {statistics.median(whole):.1f} s "
        f"({60 * n / statistics.median(whole):,.0f} trials a minute), kedro run "
        f"{statistics.median(each):.1f} s each: {spread(ratios)}, aim {AIMS['kedro']:g}",
        flush=True,
    )


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--trials", type=int, default=200)
    words.add_argument("--only", choices=list(AIMS))
    given = words.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    for kind in ("shared", "own"):
        if given.only in (None, kind):
            trials_of(kind, given.trials, given.rounds)
    if given.only in (None, "kedro"):
        commands(given.trials, given.rounds)
    print(f"{given.rounds} interleaved rounds, {CORES} cores; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
