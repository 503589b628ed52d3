"""The same training in other hands and in ours, side by side: ratios, never a test's judge.

Use: python tests/benchmarks/speed.py [--rounds 5] [--only small|large]

Contenders take turns within each round, so that what else the machine does meets them all; a ratio
is of one round, and the table gives the median of the rounds and their range. CPU ratios compare
the processor time of the process: on a busy machine they say more than the wall's.
skorch and Lightning are asked if they are there: pip install skorch lightning -c constraints.txt
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from contenders import (
    HIDDEN,
    Job,
    Predict,
    lightning,
    many,
    ours,
    plain_loop,
    scikit_learn,
    skorch,
    slices,
)

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, rows_of, split_table
from colonnade.training import TrainedModel

SAMPLE = Path(__file__).parents[2] / "data/01_raw/phone_price_sample.csv"
MEMBERS, WORKERS = 32, 2
LARGE_ROWS, LARGE_BATCH = 1_000_000, 4096


@dataclasses.dataclass(frozen=True)
class Took:
    """Wall and processor seconds of one turn."""

    wall: float
    cpu: float

    def __truediv__(self, other: Took) -> Took:
        return Took(self.wall / other.wall, self.cpu / other.cpu)


@dataclasses.dataclass(frozen=True)
class Line:
    """One row of the table; a ratio above 1: ours was faster, by so much."""

    work: str
    against: str
    ratios: Sequence[Took] = ()
    aim: float | None = None
    seconds: Sequence[Took] = ()
    note: str = ""

    def __str__(self) -> str:
        if not self.ratios:
            return f"{self.work:40s} {self.against:26s} {self.note}"
        wall, cpu = [r.wall for r in self.ratios], [r.cpu for r in self.ratios]
        seconds = statistics.median(one.wall for one in self.seconds)
        processor = statistics.median(one.cpu for one in self.seconds)
        aim = "" if self.aim is None else f"{self.aim:.2f}"
        return (
            f"{self.work:40s} {self.against:26s} {seconds:8.2f} {processor:8.2f} "
            f"{aim:>6s} {spread(wall)} {spread(cpu)} {self.note}".rstrip()
        )


HEADER = (
    f"{'work':40s} {'against':26s} {'wall s':>8s} {'CPU s':>8s} {'aim':>6s} "
    f"{'ratio, wall (range)':>21s} {'ratio, CPU (range)':>21s}"
)


def spread(values: Sequence[float]) -> str:
    if math.isnan(values[0]):
        return f"{'—':>21s}"
    return f"{statistics.median(values):6.2f} ({min(values):5.2f}–{max(values):6.2f})"


def small_job(epochs: int) -> Job:
    """1,600 train rows of the sample, standardized."""
    schema = SchemaParams.model_validate({"target": "price_range", "task": "classification"})
    table = ingest_table(read_raw_table(str(SAMPLE)).frame, schema)
    split = split_table(table, schema, SplitParams(validation_fraction=0))
    train = rows_of(table, split, "train")
    standardizer = fit_standardizer(train, schema, StandardizeParams())
    return Job(standardizer.transform(train), standardizer, epochs, batch_size=16, threads=1)


def large_job(rows: int, epochs: int, threads: int) -> Job:
    """Twenty normal columns and the quartile of their weighted sum."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((rows, 20), dtype=np.float32)
    score = X @ draw.standard_normal(20).astype(np.float32)
    names = [f"x{i}" for i in range(20)]
    table = pd.DataFrame(X, columns=names)
    table["y"] = np.searchsorted(np.quantile(score, [0.25, 0.5, 0.75]), score)
    schema = SchemaParams.model_validate({"target": "y", "task": "classification"})
    standardizer = fit_standardizer(table, schema, StandardizeParams())
    return Job(standardizer.transform(table), standardizer, epochs, LARGE_BATCH, threads)


def check(trained: Any, job: Job) -> None:
    """It was training: every model knows nine of ten train rows."""
    X, y = job.arrays()
    for one in trained if isinstance(trained, list) else [trained]:
        classes = one.predict_array(X) if isinstance(one, TrainedModel) else one(X)
        accuracy = float((classes == y).mean())
        assert accuracy > 0.9, f"{one}: {accuracy:.3f} of the train rows"


def rounds_of(
    turns: Mapping[str, Callable[[Job], object]], job: Job, rounds: int
) -> dict[str, list[Took]]:
    """A B C, A B C, ...: what was trained is checked off the clock."""
    took: dict[str, list[Took]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, run in turns.items():
            wall, cpu = time.perf_counter(), time.process_time()
            trained = run(job)
            took[name].append(Took(time.perf_counter() - wall, time.process_time() - cpu))
            if trained is not None:
                check(trained, job)
    return took


# Name -> who trains, how often our time it should take, and the package it wants.
RIVALS: dict[str, tuple[Callable[[Job], Predict], float | None, str]] = {
    "plain DataLoader loop": (plain_loop, 3.0, "torch"),
    "scikit-learn MLPClassifier": (scikit_learn, 2.0, "sklearn"),
    "skorch NeuralNetClassifier": (skorch, 3.5, "skorch"),
    "Lightning Trainer": (lightning, 5.0, "lightning"),
    "slices + Adam(fused=True)": (slices, None, "torch"),
}


def small(rounds: int) -> list[Line]:
    """Batches of 16, where the work beside the products is what costs."""
    torch.set_num_threads(1)
    job = small_job(epochs=50)
    turns: dict[str, Callable[[Job], object]] = {
        name: run for name, (run, _, package) in RIVALS.items() if find_spec(package)
    }
    turns |= {"ours": ours, "many": partial(many, n_members=MEMBERS, workers=WORKERS)}
    for run in turns.values():
        run(dataclasses.replace(job, epochs=1))
    took = rounds_of(turns, job, rounds)
    mine, loop = took["ours"], took["plain DataLoader loop"]
    work = f"batch {job.batch_size}, {job.steps:,} steps, 1 thread"
    lines = [Line(work, "(ours)", ratios(mine, mine), None, mine)]
    for name, (_, aim, package) in RIVALS.items():
        if name in took:
            lines.append(Line(work, name, ratios(took[name], mine), aim, took[name]))
        else:
            lines.append(Line(work, name, note=f"not installed: pip install {package}"))
    each = [Took(one.wall / MEMBERS, one.cpu / MEMBERS) for one in took["many"]]
    work = f"fit_many, {MEMBERS} models, {WORKERS} cores"
    lines.append(Line(work, "(ours, per model)", ratios(each, each), None, each))
    lines.append(Line(work, "plain DataLoader loop", ratios(loop, each), 8.0, loop))
    return lines


def ratios(theirs: Sequence[Took], mine: Sequence[Took]) -> list[Took]:
    return [a / b for a, b in zip(theirs, mine, strict=True)]


def walls(took: Sequence[Took]) -> list[float]:
    return [one.wall for one in took]


def products(n_inputs: int, n_outputs: int, batch: int) -> Callable[[], None]:
    """One step's matrix products alone: forward, and backward to weights and inputs.

    The first layer's inputs need no gradient, so that its product is left out.
    """
    widths = [n_inputs, *HIDDEN, n_outputs]
    calls: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    for place, (n_in, n_out) in enumerate(pairwise(widths)):
        x, delta = torch.randn(batch, n_in), torch.randn(batch, n_out)
        weight = torch.randn(n_out, n_in)
        calls.append((x, weight.mT, torch.empty(batch, n_out)))
        calls.append((delta.mT, x, torch.empty(n_out, n_in)))
        if place > 0:
            calls.append((delta, weight, torch.empty(batch, n_in)))

    def step() -> None:
        for a, b, out in calls:
            torch.mm(a, b, out=out)

    return step


def large(rounds: int, rows: int, threads: int) -> list[Line]:
    """Batches of 4,096, where the products are what costs."""
    torch.set_num_threads(threads)
    job = large_job(rows, 2, threads)
    step = products(20, job.n_classes, job.batch_size)

    def bound(job: Job) -> None:
        with torch.inference_mode():
            for _ in range(job.steps):
                step()

    loops: list[Took] = []

    def mine_and_its_loop(job: Job) -> TrainedModel:
        model = ours(job)
        loops.append(Took(model.facts["seconds"], math.nan))
        return model

    turns = {"bound": bound, "ours": mine_and_its_loop, "loop": plain_loop}
    for run in turns.values():
        run(large_job(10 * job.batch_size, 1, threads))
    loops.clear()
    took = rounds_of(turns, job, rounds)
    mine, theirs, best = took["ours"], took["loop"], took["bound"]

    def rate(took: Sequence[Took]) -> str:
        return f"{job.epochs * rows / statistics.median(walls(took)):,.0f} rows/s"

    work = f"batch {job.batch_size:,}, {rows:,} rows, {threads} thread(s)"
    share = ratios(best, loops)
    return [
        Line(work, "(ours)", ratios(mine, mine), None, mine, rate(mine)),
        Line(work, "plain DataLoader loop", ratios(theirs, mine), 3.5, theirs, rate(theirs)),
        Line(work, "products alone, by call", ratios(best, mine), 0.85, best, rate(best)),
        Line(work, "products alone, by loop", share, 0.85, best, rate(loops)),
    ]


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--only", choices=["small", "large"])
    words.add_argument("--rows", type=int, default=LARGE_ROWS, help="of the large batches")
    words.add_argument("--threads", type=int, default=2, help="of the large batches")
    given = words.parse_args()
    started = load()
    lines = small(given.rounds) if given.only != "large" else []
    lines += large(given.rounds, given.rows, given.threads) if given.only != "small" else []
    print(HEADER, *lines, sep="\n")
    print(
        f"{given.rounds} interleaved rounds. Ratio: theirs / ours, above 1 ours is faster; of "
        f"products alone: our share of what this machine multiplies. torch {torch.__version__}, "
        f"{os.cpu_count()} cores, load average {started} at the start, {load()} at the end."
    )


def load() -> str:
    """How many processes wanted the machine in the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    main()
