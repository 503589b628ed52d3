"""Two runs at once beside the same two one after the other: what a busy machine costs.

Use: python tests/benchmarks/side_by_side.py [--rounds 3]

Each round runs two tables, first in turn and then at once, on all cores that this process may use
and on one of them alone. On one core, whatever is above 1 is lost: threads that wait for threads
which do not run, and files that are waited for. CPU seconds are of the runs and of the children
that they waited for: they should not depend on the company.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TABLES = ("phone_price", "wine")
AIM = 1.3


def start(table: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--fresh", "--pipeline", table],
        cwd=folder,
        env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finish(run: subprocess.Popen[bytes]) -> None:
    if run.wait():
        raise SystemExit(f"{run.args!r} ended with {run.returncode}")


def in_turn(folder: Path) -> None:
    for table in TABLES:
        finish(start(table, folder))


def at_once(folder: Path) -> None:
    for run in [start(table, folder) for table in TABLES]:
        finish(run)


def timed(runs: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of the runs."""
    before, began = children(), time.perf_counter()
    runs(folder)
    return time.perf_counter() - began, children() - before


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ratio(name: str, mine: Sequence[float], theirs: Sequence[float]) -> str:
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
    return f"{name} {statistics.median(ratios):.2f} ({spread})"


def compare(folder: Path, cores: set[int], rounds: int) -> None:
    os.sched_setaffinity(0, cores)
    turn, once = [], []
    for _ in range(rounds):
        turn.append(timed(in_turn, folder))
        once.append(timed(at_once, folder))
    (wall, cpu), (walls, cpus) = zip(*turn, strict=True), zip(*once, strict=True)
    print(
        f"{len(cores)} core(s): in turn {statistics.median(wall):.1f} s, at once "
        f"{statistics.median(walls):.1f} s; at once / in turn: "
        f"{ratio('wall', walls, wall)}, aim {AIM}; {ratio('CPU', cpus, cpu)}",
        flush=True,
    )


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    if not hasattr(os, "sched_setaffinity"):
        print("two runs at once: not measured, this system cannot hold a process to some cores")
        return
    sys.path.insert(0, str(REPOSITORY))
    from tests.conftest import make_project

    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name:
        folder = make_project(Path(name) / "project")
        at_once(folder)  # what is read for the first time is read here
        for chosen in (cores, {min(cores)}):
            compare(folder, chosen, given.rounds)
    print(f"{given.rounds} rounds of {' and '.join(TABLES)}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
