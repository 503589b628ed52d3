"""How fast a served model answers, over a real socket, on one core: never a test's judge.

Use: python tests/benchmarks/serving.py [--table phone_price]

The client runs in another process of the same machine, one request at a time, over one connection.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

import pandas as pd  # noqa: E402
from tests.conftest import environment, kedro_in, make_project  # noqa: E402


def main() -> None:
    """Train, serve, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", default="phone_price")
    table = parser.parse_args().table
    with tempfile.TemporaryDirectory() as room:
        folder = make_project(Path(room) / "project", quick=True, tracked=False)
        kedro_in(folder)("run", "--pipeline", table)
        rows = pd.read_parquet(folder / f"data/03_primary/{table}/table.parquet")
        child = subprocess.Popen(
            [sys.executable, "-m", "kedro", "serve", table, "--port", "0"],
            cwd=folder,
            env={**environment(), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
            assert child.stdout is not None
            line = next(line for line in child.stdout if line.startswith("Listening"))
            report(int(line.split()[2].rpartition(":")[2]), rows, child.pid)
        finally:
            child.terminate()
            child.wait(30)


def report(port: int, rows: pd.DataFrame, pid: int) -> None:
    """Print what single rows and batches took."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    print(f"{'request':34s} {'median':>10s} {'95 %':>10s} {'rows/s':>10s} {'CPU a row':>12s}")
    for n, times in ((1, 300), (100, 50), (1000, 20)):
        for kind in ("application/json", "text/csv"):
            sample = rows.sample(n, random_state=0, replace=n > len(rows))
            body = (
                sample.to_json(orient="records")
                if kind.endswith("json")
                else sample.to_csv(index=False)
            )
            took = []
            for _ in range(5):
                ask(door, body, kind)
            before = cpu(pid)
            for _ in range(times):
                began = time.perf_counter()
                ask(door, body, kind)
                took.append(time.perf_counter() - began)
            used = (cpu(pid) - before) / times / n
            median = statistics.median(took)
            slow = sorted(took)[int(0.95 * len(took))]
            print(
                f"{n:>5d} rows as {kind:20s} {median * 1e3:>7.2f} ms {slow * 1e3:>7.2f} ms "
                f"{n / median:>10,.0f} {used * 1e3:>9.3f} ms"
            )


def cpu(pid: int) -> float:
    """Processor seconds that a process has used."""
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def ask(door: http.client.HTTPConnection, body: str, kind: str) -> None:
    """One request, answered."""
    door.request("POST", "/predict", body, {"content-type": kind})
    reply = door.getresponse()
    content = reply.read()
    assert reply.status == 200, content[:500]
    if kind.endswith("json"):
        json.loads(content)


if __name__ == "__main__":
    main()
