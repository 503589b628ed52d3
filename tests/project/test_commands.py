"""The project's own commands, as real processes: table add, table check, compare, register."""

from __future__ import annotations

import csv
import json
import random
import re
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from colonnade.cli.table_yaml.new_table import add_table
from colonnade.errors import UserError
from tests.conftest import environment, kedro_in


def write_customers(path: Path, *, separator: str = ",", encoding: str = "utf-8") -> None:
    """300 customers with words, dates and holes; the young rarely buy."""
    draw = random.Random(1)
    with path.open("w", newline="", encoding=encoding) as stream:
        rows = csv.writer(stream, delimiter=separator)
        rows.writerow(["customer", "joined", "city", "age", "bought"])
        for number in range(300):
            age = draw.randint(18, 80)
            buys = draw.random() < (0.1 if age < 40 else 0.9)
            rows.writerow(
                [
                    f"c{number}",
                    f"2021-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}",
                    draw.choice(["Oslo", "Bergen", "北京"]),
                    "" if number % 50 == 7 else age,
                    "yes" if buys else "no",
                ]
            )


def test_a_csv_of_ones_own_becomes_a_trained_table_by_two_commands(kedro, project):
    write_customers(project / "customers.csv", separator=";", encoding="gbk")
    add = ("table", "add", "customers", "customers.csv", "--target", "bought", "--effort", "quick")
    output = kedro(*add).stdout
    for line in (
        r"bought +classification +words: 2 different values in 300 rows",
        r"customer +identifier +300 different texts in 300 rows",
        r"age +numeric +2\.0% +whole numbers from 18 to 80",
    ):
        assert re.search(line, output)
    assert "can be trained on" in kedro("table", "check", "customers").stdout
    kedro("run", "--pipeline", "customers")
    metrics = json.loads((project / "data/08_reporting/customers/metrics.json").read_text())
    assert metrics["test/accuracy"] > metrics["baseline/majority/accuracy"]
    # rows to predict are written as the table is
    kedro("run", "--pipeline", "customers_predict", "--params", "rows=customers.csv")
    predictions = pd.read_csv(project / "data/07_model_output/customers/predictions.csv")
    assert len(predictions) == 300


@pytest.mark.parametrize(
    ("name", "file", "target", "message"),
    [
        ("phone_price_predict", "customers.csv", "bought", "is the name of phone_price's predict"),
        ("wine", "customers.csv", "bought", "wine already exists"),
        ("mine", "a${b}.csv", "bought", "Rename the file"),
        ("mine", "customers.csv", "Bought", "Did you mean `bought`?"),
        ("my table", "customers.csv", "bought", "is not a table name"),
        ("../evil", "customers.csv", "bought", "is not a table name"),
        ("1st", "customers.csv", "bought", "is not a table name"),
    ],
)
def test_a_table_that_would_break_the_project_is_not_added(
    tmp_path, monkeypatch, name, file, target, message
):
    monkeypatch.chdir(tmp_path)
    write_customers(Path(file))
    with pytest.raises(UserError, match=re.escape(message)):
        add_table(Path("conf"), name, Path(file), target, others=["phone_price", "wine"])
    assert [path.name for path in tmp_path.rglob("*")] == [file]


def test_a_command_that_trains_nothing_imports_nothing_that_trains(project):
    code = """
        import runpy, sys
        sys.argv = ["kedro", "--version"]
        try:
            runpy.run_module("kedro", run_name="__main__", alter_sys=True)
        finally:
            print(sorted({"pandas", "torch", "sklearn", "scipy", "mlflow"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""


def test_adding_never_overwrites_without_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_customers(Path("customers.csv"))

    def add(**force):
        add_table(Path("conf"), "customers", Path("customers.csv"), "bought", **force)
        return Path("conf/parameters_customers.yml").read_text()

    written = add()
    with pytest.raises(UserError, match="Use --force to overwrite it"):
        add()
    assert add(force=True) == written
    assert Path("conf/tables.yml").read_text() == "customers:\n"


def test_checking_lists_the_problems_of_data_and_parameters_together(kedro, project):
    (project / "conf/local/parameters_mine.yml").write_text(
        "phone_price:\n"
        "  training: {epoch: 3}\n"
        "  schema: {columns: {ram: {minimum: 1000}}}\n"
    )  # fmt: skip
    output = kedro("table", "check", "phone_price", expect=1).stderr
    as_json = kedro("table", "check", "phone_price", "--json", expect=1).stdout
    wrong_word, low = json.loads(as_json)
    assert (wrong_word["table"], wrong_word["source"]) == ("phone_price", "training")
    assert (low["column"], low["rule"], low["rows"][0], low["n_cells"]) == (
        "ram", "is below the minimum 1000", "line 2", 357,
    )  # fmt: skip
    assert "phone_price: training: `epoch` is not a known parameter. Did you mean" in output
    assert "is below the minimum 1000" in output
    (project / "conf/local/parameters_mine.yml").write_text(
        "phone_price: {training: {loss: mse}}\n"
    )
    output = kedro("table", "check", "phone_price", expect=1).stderr
    assert "training.loss `mse` does not fit the task `ordinal`: use `cross" in output


@pytest.mark.slow
def test_runs_are_ranked_and_the_better_one_becomes_champion(kedro, project, tracked):
    quick = "phone_price.training.optimizer.lr="
    for lr in ("0.00001", "0.2"):
        kedro("run", "--pipeline", "phone_price", "--params", quick + lr)
    output = kedro("compare", "phone_price").stdout
    assert "phone_price: 2 runs by test/accuracy, best first" in output
    assert output.index("0.2") < output.index("1e-05")
    assert (project / "data/08_reporting/phone_price/comparison.png").exists()
    output = kedro("register", "phone_price").stdout
    assert ", the best of 2 on its rows, is the champion now" in output
    kedro("run", "--pipeline", "phone_price", "--params", quick + "0.00001")
    assert "is already the champion" in kedro("register", "phone_price", expect=1).stdout
    kedro("run", "--pipeline", "phone_price", "--params", quick + "0.2,phone_price.split.seed=7")
    output = kedro("compare", "phone_price").stdout
    assert "phone_price: 1 run by test/accuracy, best first" in output
    assert "not comparable with these (another split):" in output
    output = kedro("register", "phone_price", expect=1).stdout
    assert "was evaluated on other rows than the champion" in output


@pytest.mark.slow
def test_a_run_from_a_folder_of_the_project_logs_as_one_from_its_top(project):
    run = ("run", "--pipeline", "phone_price", "--to-nodes", "phone_price.ingest.ingest")

    def logged(folder: Path) -> list[str]:
        """The log without what differs from run to run: the clock, and seconds taken."""
        lines = kedro_in(folder)(*run).stdout.splitlines()
        return [re.sub(r" +\d+\.\d\d s\b", " s", line.split("  ", 1)[1]) for line in lines]

    there = logged(project)
    assert logged(project / "data/01_raw")[-len(there) :] == there


@pytest.mark.slow
def test_an_installed_package_runs_where_there_is_no_project(project, tmp_path):
    with tarfile.open(tmp_path / "conf.tar.gz", "w:gz") as packed:
        packed.add(project / "conf", "conf")
    (project / "src").rename(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "colonnade", "--conf-source", "conf.tar.gz", "--pipelines", "wine"],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data/08_reporting/wine/report.html").exists()
