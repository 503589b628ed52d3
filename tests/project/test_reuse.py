"""`kedro run` again: only what depends on a change runs."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest

from colonnade.hooks.selection.fingerprints import class_digest

ROWS = "x,y\n" + "".join(f"{i % 17 + 0.5},{2 * (i % 17) + i % 3}\n" for i in range(60))
WORDS = """line:
  schema: {target: y, task: regression}
  split: {validation_fraction: 0.2}
  standardize: {}
  model: {kind: linear}
  training: {epochs: 3}
  evaluation: {explain: false, baselines: [constant]}
"""


@pytest.fixture
def line(project):
    """A project with one small table of its own."""
    (project / "conf/local/tables.yml").write_text("line:\n")
    (project / "conf/local/parameters_line.yml").write_text(WORDS)
    (project / "data/01_raw").mkdir(parents=True, exist_ok=True)
    (project / "data/01_raw/line.csv").write_text(ROWS)
    return project


@pytest.fixture
def ran(line, kedro):
    """Run the table; give the nodes that ran."""

    def run(*words: str, expect: int = 0) -> list[str]:
        done = kedro("run", "--pipeline", "line", "--verbose", *words, expect=expect)
        said = done.stdout + done.stderr
        assert (
            "nothing has changed since" in said or expect or re.search(r"line\.\w+\.\w+ +\d", said)
        )
        return [name.split(".")[-1] for name in re.findall(r"line\.(\w+\.\w+) +\d+\.\d\d s", said)]

    return run


ALL = ["ingest", "split_rows", "standardize", "train", "cross_validate", "evaluate", "write_report"]


def test_a_second_run_has_nothing_to_do_and_a_change_runs_what_depends_on_it(ran, line):
    assert ran() == ALL
    before = {path: path.stat().st_mtime_ns for path in line.glob("data/0[3-8]*/line/*")}
    assert ran() == []
    assert before == {path: path.stat().st_mtime_ns for path in line.glob("data/0[3-8]*/line/*")}
    assert ran("--params", "line.training.optimizer.lr=0.02") == ALL[3:]


@pytest.mark.slow
def test_each_change_runs_what_reads_it(ran, line):
    ran()
    assert ran("--params", "line.evaluation.importance_repeats=3") == ALL[5:]
    assert ran("--fresh", "--params", "line.evaluation.importance_repeats=3") == ALL
    csv = line / "data/01_raw/line.csv"
    csv.write_text(ROWS.replace("0.5,0\n", "0.5,1\n", 1))
    assert ran() == ALL
    # the same bytes again, as after a checkout: no change
    csv.write_text(csv.read_text())
    assert ran() == []


@pytest.mark.slow
def test_altered_cut_and_missing_results_are_made_again(ran, line):
    ran()
    metrics = line / "data/08_reporting/line/metrics.json"
    good = metrics.read_bytes()
    metrics.write_bytes(good.replace(b"0", b"1", 1))
    assert ran() == ALL[5:]
    assert metrics.read_bytes() == good
    (line / "data/08_reporting/line/report.html").unlink()
    assert ran() == ALL[6:]
    weights = next((line / "data/06_models/line").glob("weights-*"))
    weights.write_bytes(weights.read_bytes()[:-8])
    assert ran() == ALL[3:]
    primary = line / "data/03_primary/line/table.parquet"
    primary.write_bytes(primary.read_bytes()[:100])
    assert ran() == ALL
    stages = line / "data/08_reporting/line/stages.json"
    stages.write_text(stages.read_text()[:200])
    assert ran() == ALL


@pytest.mark.slow
def test_what_a_failed_run_finished_is_taken_up(ran, line):
    words = ("--params", "line.training.optimizer.lr=1e30,line.training.optimizer.name=sgd")
    assert ran(*words, expect=1)[:3] == ALL[:3]
    assert ran() == ALL[3:]


@pytest.mark.slow
def test_a_part_that_is_asked_for_runs_in_any_case(ran):
    ran()
    assert ran("--from-nodes", "line.evaluate.evaluate") == ALL[5:]
    assert ran() == []
    assert ran("--nodes", "line.prepare.split_rows") == ["split_rows"]
    assert ran() == []  # the same rows in the same parts


@pytest.mark.slow
def test_code_that_makes_results_counts(ran, line):
    package = line / "src/nets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    ran()
    (package / "__init__.py").write_text("x = 1\n")
    assert ran() == ALL


@pytest.mark.slow
def test_a_font_that_was_installed_since_draws_the_figures_anew(ran, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".fonts").mkdir()
    ran()
    (tmp_path / ".fonts/new.ttf").write_bytes(b"")
    assert ran() == ALL[6:]


@pytest.mark.slow
def test_a_record_has_what_stood_and_says_which_stages(line, kedro):
    (line / "conf/local/mlflow.yml").unlink()
    kedro("run", "--pipeline", "line")
    kedro("run", "--pipeline", "line")
    kedro("run", "--pipeline", "line", "--params", "line.evaluation.importance_repeats=3")
    with sqlite3.connect(line / "mlflow.db") as store:
        runs = store.execute(
            "select run_uuid from runs where lifecycle_stage='active' order by start_time"
        ).fetchall()
        assert len(runs) == 2  # where nothing ran, nothing is recorded
        [(later,)] = runs[1:]
        kept = {folder.name for folder in line.glob("data/08_reporting/line/runs/*")}
        assert kept == {run[:8] for (run,) in runs}
        tags = dict(store.execute("select key, value from tags where run_uuid=?", (later,)))
        params = dict(store.execute("select key, value from params where run_uuid=?", (later,)))
        metrics = dict(
            store.execute("select key, value from latest_metrics where run_uuid=?", (later,))
        )
        inputs = store.execute("select count(*) from inputs where destination_id=?", (later,))
        assert inputs.fetchone()[0] >= 1
    assert tags["reused"] == "ingest, prepare, train, evaluate"
    assert params["model.kind"] == "linear"
    written = json.loads((line / "data/08_reporting/line/metrics.json").read_text())
    assert metrics["test/rmse"] == pytest.approx(written["test/rmse"])
    assert "train/loss" in metrics or "train/rmse" in metrics


def test_the_code_of_a_class_that_is_installed_elsewhere_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "nets_of_mine").mkdir()
    (tmp_path / "nets_of_mine/__init__.py").write_text("")
    wide = tmp_path / "nets_of_mine/wide.py"
    found = []
    for code in ("x = 1", "x = 2", "x = 1"):
        wide.write_text(code)
        class_digest.cache_clear()
        found.append(class_digest("nets_of_mine.wide.Wide"))
    assert found[0] != found[1]
    assert found[0] == found[2]
    assert class_digest("no_such_package.Net")
