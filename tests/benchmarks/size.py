"""Rows a second and peak memory from a file to a trained and evaluated model, as tables grow.

Use: python tests/benchmarks/size.py [--rows 20000 200000 2000000] [--epochs 1] [--csv] [--run]

Each size has a process of its own. A stage's memory is the most that the process had held by its
end, the imports' included. Growth: this size over the one before; ten rows for one should cost ten
times the seconds, and no more. With --run, the same file also goes through `kedro table add` and
`kedro run`, with simple models beside the network, figures, report and tracking.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS = 20
BLOCK = 100_000


def write_table(path: Path, rows: int) -> None:
    """Normal columns and the quartile of their sum, block by block."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.csv import CSVWriter

    draw = np.random.default_rng(0)
    names = [f"x{i}" for i in range(COLUMNS)]
    schema = pa.schema([*((name, pa.float64()) for name in names), ("y", pa.int64())])
    quartiles = np.array([-0.6745, 0, 0.6745]) * COLUMNS**0.5
    opened = CSVWriter if path.suffix == ".csv" else pq.ParquetWriter
    with opened(path, schema) as writer:
        for start in range(0, rows, BLOCK):
            X = draw.standard_normal((min(BLOCK, rows - start), COLUMNS))
            columns = [*X.T, np.searchsorted(quartiles, X.sum(1))]
            writer.write_table(pa.table([pa.array(c) for c in columns], schema=schema))


class Stopwatch:
    """Seconds and peak memory by stage, in order."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}

    def __call__(self, name: str, stage: Callable[..., Any], *given: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = stage(*given)
        self.stages[name] = {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "peak": peak_megabytes(),
        }
        return result


def peak_megabytes() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage may tell of the parent's memory, which a child starts with
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 1024


def measure(path: Path, epochs: int) -> dict[str, dict[str, float]]:
    """Take one table through the library, stage by stage; what a stage leaves behind is dropped."""
    watch = Stopwatch()
    watch("(imports)", import_all)
    from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
    from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
    from colonnade.tables.reading.raw import read_raw_table
    from colonnade.tables.schema.ingest import ingest_table
    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.tables.splitting.split import PARTS, SplitParams, rows_of, split_table
    from colonnade.training import ModelParams, TrainingParams, train_model

    def standardize(table: Any, split: Any) -> Any:
        found = fit_standardizer(rows_of(table, split, "train"), schema, StandardizeParams())
        return found, [found.transform(rows_of(table, split, part)) for part in PARTS]

    schema = SchemaParams.model_validate({"target": "y", "task": "classification"})
    raw = watch("read", read_raw_table, str(path)).frame
    table = watch("ingest", ingest_table, raw, schema)
    del raw
    split = watch("split", split_table, table, schema, SplitParams())
    standardizer, (train, validation, test) = watch("standardize", standardize, table, split)
    del table, split
    training = TrainingParams(epochs=epochs, batch_size=4096)
    fitted = watch("train", train_model, train, validation, standardizer, ModelParams(), training)
    params = EvaluationParams(baselines=[], explain=False)
    found = watch("evaluate", evaluate_model, fitted.model, train, validation, test, params)
    watch.stages["evaluate"]["accuracy"] = found.metrics["test"]["accuracy"]
    return watch.stages


def import_all() -> None:
    """What the stages would import on their way: it does not grow with the rows."""
    import colonnade.evaluation.evaluate
    import colonnade.evaluation.metrics.scores
    import colonnade.tables.reading.raw
    import colonnade.training.ensembles.outcome
    import colonnade.training.ensembles.phases
    import colonnade.training.prepare  # noqa: F401  imported for its time alone


def in_a_process(words: list[str]) -> str:
    return subprocess.run(
        [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def print_whole_run(path: Path, rows: int, epochs: int) -> None:
    """Take the file through the project's own commands, as a user would."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.benchmarks.whole_run import NODE
    from tests.conftest import make_project

    project = make_project(path.parent / f"project_{rows}")
    kedro = [sys.executable, "-m", "kedro"]
    subprocess.run(
        [*kedro, "table", "add", "big", str(path), "--target", "y"],
        cwd=project,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    started = time.perf_counter()
    run = subprocess.Popen(
        [
            *kedro,
            "run",
            "--fresh",
            "--pipeline",
            "big",
            "--params",
            f"big.training.epochs={epochs}",
        ],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    nodes = [hit for line in run.stdout if (hit := NODE.match(line))]
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"kedro run ended with {run.returncode}")
    wall, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    print(f"{rows:10,} {'kedro run':12s} {wall:8.2f} {cpu:8.2f} {rows / wall:14,.0f} {peak:9.0f}")
    shares = ", ".join(f"{node['name'].rpartition('.')[2]} {node['seconds']} s" for node in nodes)
    print(f"{'':10s} of which {shares}", flush=True)


def print_stages(rows: int, stages: dict[str, dict[str, float]], smaller: Any) -> None:
    ends = [name for name in stages if not name.startswith("(")]
    whole = {key: sum(stages[name][key] for name in ends) for key in ("wall", "cpu")}
    whole["peak"] = stages[ends[-1]]["peak"]
    stages["all"] = whole
    for name, stage in stages.items():
        growth = ""
        if smaller and not name.startswith("("):
            growth = " ".join(
                f"{stage[key] / smaller[name][key]:7.1f}" for key in ("wall", "cpu", "peak")
            )
        rate = "" if name.startswith("(") else f"{rows / stage['wall']:14,.0f}"
        print(
            f"{rows:10,} {name:12s} {stage['wall']:8.2f} {stage['cpu']:8.2f} {rate:>14s} "
            f"{stage['peak']:9.0f} {growth}".rstrip()
        )


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000, 2_000_000])
    words.add_argument("--epochs", type=int, default=1)
    words.add_argument("--csv", action="store_true", help="read CSV instead of Parquet")
    words.add_argument("--run", action="store_true", help="time `kedro run` on the file, too")
    words.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--measure", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.write:
        write_table(Path(given.write[0]), int(given.write[1]))
        return
    if given.measure:
        print(json.dumps(measure(Path(given.measure), given.epochs)))
        return
    started, smaller = os.getloadavg()[0], None
    print(
        f"{'rows':>10s} {'stage':12s} {'wall s':>8s} {'CPU s':>8s} {'rows/s':>14s} "
        f"{'peak MB':>9s} {'growth: wall, CPU, peak':>23s}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for rows in given.rows:
            path = Path(folder) / f"{rows}.{'csv' if given.csv else 'parquet'}"
            in_a_process(["--write", str(path), str(rows)])
            size = path.stat().st_size
            stages = json.loads(
                in_a_process(["--measure", str(path), "--epochs", str(given.epochs)])
            )
            print_stages(rows, stages, smaller)
            accuracy = stages["evaluate"].pop("accuracy")
            print(f"{'':10s} file {size / 1e6:.1f} MB, test accuracy {accuracy:.3f}", flush=True)
            smaller = stages
            if given.run:
                print_whole_run(path, rows, given.epochs)
    print(
        f"{COLUMNS} columns, {given.epochs} epoch(s) of batches of 4,096; load average "
        f"{started:.1f}, then {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
