"""A whole `kedro run` beside the plain script that trains the same network, as processes.

Use: python tests/benchmarks/whole_run.py [--rounds 5]

Ours reads, checks, splits, standardizes, trains, evaluates, draws, reports and tracks; the script
reads, trains and prints an accuracy. Both take turns, after one warm-up each. CPU seconds are of
the process and of the children it waited for. Then where the seconds go, also of the usual
configuration, which explains itself in full.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SAMPLE = "data/01_raw/phone_price_sample.csv"
FULL = ["-m", "kedro", "run", "--fresh", "--pipeline", "phone_price"]
RUN = [*FULL, "--env", "classic"]
SCRIPT = [str(REPOSITORY / "tests/benchmarks/plain_script.py"), SAMPLE]
NODE = re.compile(r"^\S+  \S+: (?P<name>\w+) +(?P<seconds>\d+\.\d+) s\b")
EPOCH = re.compile(r"train: epoch 1/.*?(\d+\.\d+) s$", re.MULTILINE)
IMPORT = re.compile(r"^import time:\s+(?P<self>\d+) \|\s+\d+ \|\s+(?P<module>\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One process: its seconds, its lines, and when after its start each of them came."""

    wall: float
    cpu: float
    lines: list[str]
    at: list[float]

    @property
    def output(self) -> str:
        return "".join(self.lines)


def run(words: Sequence[str], folder: Path) -> Run:
    """Start Python with these words and wait for its end."""
    started, lines, at = time.perf_counter(), [], []
    child = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line)
        at.append(time.perf_counter() - started)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}:\n{''.join(lines)}")
    return Run(wall, used.ru_utime + used.ru_stime, lines, at)


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):6.2f} ({min(values):5.2f}–{max(values):5.2f})"


def print_table(ours: Sequence[Run], script: Sequence[Run]) -> None:
    print(f"{'':22s} {'wall s (range)':>22s} {'CPU s (range)':>22s}")
    for name, runs in (("kedro run", ours), ("plain script", script)):
        wall, cpu = [one.wall for one in runs], [one.cpu for one in runs]
        print(f"{name:22s} {spread(wall):>22s} {spread(cpu):>22s}")
    pairs = list(zip(ours, script, strict=True))
    wall, cpu = [a.wall / b.wall for a, b in pairs], [a.cpu / b.cpu for a, b in pairs]
    print(f"{'kedro run / script':22s} {spread(wall):>22s} {spread(cpu):>22s}")


def parts_of(one: Run) -> dict[str, float]:
    """Where one run's seconds go: by our own log, and by when its lines came."""
    hits = [(NODE.match(line), at) for line, at in zip(one.lines, one.at, strict=True)]
    nodes = [(hit["name"], float(hit["seconds"]), at) for hit, at in hits if hit]
    parts = {"start, to the first node": nodes[0][2] - nodes[0][1]}
    for name, seconds, _ in nodes:
        parts[name] = seconds
        if name == "train":
            parts["  of which to its first epoch's end"] = float(EPOCH.findall(one.output)[0])
    between = nodes[-1][2] - nodes[0][2] - sum(seconds for _, seconds, _ in nodes[1:])
    parts["between nodes: load, save"] = between
    parts["after the last node: track, end"] = one.wall - nodes[-1][2]
    trained = next(at for name, _, at in nodes if name == "train")
    parts["evaluate and report, together"] = nodes[-1][2] - trained
    return parts


def print_parts(name: str, runs: Sequence[Run]) -> None:
    found = [parts_of(one) for one in runs]
    print(f"\nof {name} (medians)")
    for name in found[0]:
        print(f"  {name:40s} {statistics.median(parts[name] for parts in found):6.2f} s")


def print_imports(name: str, words: Sequence[str], folder: Path, shown: int) -> None:
    """Import time by distribution, each module's own; measuring makes it somewhat longer."""
    output = run(["-X", "importtime", *words], folder).output
    spent: Counter[str] = Counter()
    for hit in IMPORT.finditer(output):
        spent[hit["module"].split(".")[0]] += int(hit["self"])
    print(f"\nimports of {name}: {spent.total() / 1e6:.2f} s in all")
    for module, microseconds in spent.most_common(shown):
        print(f"  {module:40s} {microseconds / 1e6:6.2f} s")


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--imports", type=int, default=12, help="how many packages are listed")
    given = words.parse_args()
    sys.path.insert(0, str(REPOSITORY))
    from tests.conftest import make_project

    started = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        run(RUN, project), run(SCRIPT, project)
        ours, script = [], []
        for _ in range(given.rounds):
            ours.append(run(RUN, project))
            script.append(run(SCRIPT, project))
        print_table(ours, script)
        print_parts("kedro run --env classic", ours)
        run(FULL, project)
        print_parts("kedro run", [run(FULL, project) for _ in range(given.rounds)])
        print_imports("kedro run", RUN, project, given.imports)
        print_imports("the plain script", SCRIPT, project, given.imports)
    print(f"\n{given.rounds} rounds; load average {started:.1f}, then {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
