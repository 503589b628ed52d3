"""Runs by any runner, and runs that begin in the middle of a table's way."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest

from colonnade.tables.writing.file_lock import hold
from tests.conftest import environment, forkserver, kedro_in, make_project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("partial")]
PREPARE = (
    "--from-nodes", "phone_price.prepare.split_rows",
    "--to-nodes", "phone_price.prepare.standardize",
)  # fmt: skip
EVALUATE = ("--from-nodes", "phone_price.evaluate.evaluate")
REPORT = ("--from-nodes", "phone_price.report.write_report")
RUN = ("run", "--pipeline", "phone_price")


def metrics_of(project: Path) -> dict[str, float]:
    return json.loads((project / "data/08_reporting/phone_price/metrics.json").read_text())


def query(project: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(project / "mlflow.db") as store:
        return store.execute(sql).fetchall()


def test_every_runner_gives_the_same_metrics_and_one_record_of_each(kedro, project, tracked):
    kedro(*RUN)
    metrics = metrics_of(project)
    for words in (["--runner", "ThreadRunner"], ["--runner", "ParallelRunner"], ["--async"]):
        (project / "data/08_reporting/phone_price/metrics.json").unlink()
        kedro(*RUN, *words)
        assert metrics_of(project) == metrics
    logged = query(project, "select run_uuid, count(*) from metrics group by run_uuid")
    assert len(logged) == 4
    assert len({count for _, count in logged}) == 1
    assert query(project, "select distinct status from runs") == [("FINISHED",)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which phone_price has run, with MLflow."""
    folder = make_project(tmp_path_factory.mktemp("trained") / "project", quick=True)
    kedro_in(folder)(*RUN, "--params", "phone_price.training.epochs=2")
    return folder


def test_a_model_is_not_judged_by_another_split_nor_reported_with_it(trained):
    kedro = kedro_in(trained)
    before = metrics_of(trained)
    seed = ("--params", "phone_price.split.seed=7")
    kedro(*RUN, *PREPARE, *seed)
    message = kedro(*RUN, *EVALUATE, expect=1).stderr
    assert message.startswith("`phone_price.split.seed` is 42 and was 7 when split was made, which")
    assert "--from-nodes phone_price.prepare.split_rows)" in message
    message = kedro(*RUN, *EVALUATE, *seed, expect=1).stderr
    assert message.startswith("phone_price: the model was trained on other rows than the current ")
    assert message.endswith("Train again: kedro run --pipeline phone_price\n")
    assert "phone_price: the evaluated rows do not match the current model, table and split" in (
        kedro(*RUN, *REPORT, *seed, expect=1).stderr
    )
    kedro(*RUN, *PREPARE)
    kedro(*RUN, *EVALUATE)
    assert metrics_of(trained) == before


def test_a_model_trained_again_is_not_reported_with_the_old_ones_metrics(trained):
    kedro = kedro_in(trained)
    only = ("--nodes", "phone_price.train.train")
    kedro(*RUN, *only, "--params", "phone_price.training.epochs=3")
    assert "Evaluate again: kedro run --pipeline phone_price --from-nodes" in (
        kedro(*RUN, *REPORT, expect=1).stderr
    )
    kedro(*RUN, *only, "--params", "phone_price.training.epochs=2")
    kedro(*RUN, *REPORT)


def test_a_model_trained_again_is_not_judged_by_the_old_ones_cross_validation(trained):
    kedro = kedro_in(trained)
    folds, epochs = "phone_price.split.folds=2", "phone_price.training.epochs"
    kedro(*RUN, "--params", f"{folds},{epochs}=2")
    kedro(*RUN, "--nodes", "phone_price.train.train", "--params", f"{folds},{epochs}=3")
    message = kedro(*RUN, *EVALUATE, "--params", folds, expect=1).stderr
    assert message.startswith(
        "phone_price: the cross-validation has other parameters, or other rows"
    )
    assert message.endswith(
        ": kedro run --pipeline phone_price --from-nodes phone_price.evaluate.cross_validate\n"
    )
    kedro(*RUN, "--from-nodes", "phone_price.evaluate.cross_validate", "--params", folds)
    assert "cv/accuracy" in metrics_of(trained)
    kedro(*RUN, "--params", f"{epochs}=2")
    assert "cv/accuracy" not in metrics_of(trained)


def test_a_run_that_only_evaluates_records_what_the_model_was_trained_with(trained):
    kedro_in(trained)(*RUN, *EVALUATE)
    [(run,)] = query(trained, "select run_uuid from runs order by start_time desc limit 1")
    recorded = dict(query(trained, f"select key, value from params where run_uuid = '{run}'"))
    assert recorded["training.epochs"] == "2"  # the YAML says 20
    assert "split.seed" not in recorded


@pytest.mark.parametrize(
    "words", [EVALUATE, ("--only-missing-outputs",), ("--pipelines", "wine")], ids=lambda w: w[0]
)
def test_a_parameter_that_nothing_in_the_run_reads_is_refused(trained, words):
    run = ("run", *words) if words[0] == "--pipelines" else (*RUN, *words)
    done = kedro_in(trained)(*run, "--params", "phone_price.split.seed=3", expect=1)
    assert done.stderr.startswith("`phone_price.split` is set, but nothing in this run reads it: ")


def test_only_missing_outputs_never_leaves_a_new_model_beside_old_metrics(trained):
    kedro = kedro_in(trained)
    runs = query(trained, "select count(*) from runs")
    missing = "--only-missing-outputs"
    assert "Every output exists: nothing to run." in kedro(*RUN, missing).stdout
    card = trained / "data/08_reporting/phone_price/model_card.md"
    card.unlink()
    kedro(*RUN, missing)
    assert card.exists()
    assert query(trained, "select count(*) from runs") == runs
    history = trained / "data/08_reporting/phone_price/history.csv"
    content = history.read_bytes()
    history.unlink()
    message = kedro(*RUN, missing, expect=1).stderr
    assert message.startswith(
        "`--only-missing-outputs` would run phone_price.train.train alone, and keep later results"
    )
    assert message.endswith("Use instead: --from-nodes phone_price.train.train\n")
    history.write_bytes(content)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--nodes", "evaluate"), "Did you mean: ['phone_price.evaluate.evaluate']?"),
        (("--to-outputs", "nosuch"), "Pipeline does not contain datasets named ['nosuch']"),
        (("--tags", "nosuch"), "Pipeline contains no nodes after applying all provided filters."),
    ],
)
def test_a_part_of_a_run_that_does_not_exist_is_reported_in_one_line(kedro, words, message):
    done = kedro(*RUN, *words, expect=1)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_two_runs_of_one_table_take_turns(project, tmp_path):
    lock = project / ".colonnade/tables/wine.lock"
    lock.parent.mkdir(parents=True)
    held = hold(lock)
    assert held is not None
    words = ["-m", "kedro", "run", "--pipelines", "wine", "--to-nodes", "wine.ingest.ingest"]
    with (tmp_path / "out").open("w+") as out:
        file = out.fileno()
        with forkserver().start(words, project, environment(), file, file) as process:
            while (
                "wine: another run of this table is in progress"
                not in (tmp_path / "out").read_text()
            ):
                assert process.poll() is None
                time.sleep(0.05)
            assert not (project / "data/03_primary/wine").exists()
            held.close()
            assert process.wait() == 0
    assert (project / "data/03_primary/wine/table.parquet").exists()


def test_a_lock_that_cannot_be_written_keeps_nobody_waiting(project, kedro):
    (project / ".colonnade/tables/wine.lock").mkdir(parents=True)  # root may write any file
    kedro("run", "--pipelines", "wine", "--to-nodes", "wine.ingest.ingest")
    assert (project / "data/03_primary/wine/table.parquet").exists()
