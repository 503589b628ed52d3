"""Whole runs, as real processes, on what a fresh clone holds."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

from colonnade.pipelines.table.parameter_groups import read_groups
from tests.conftest import kedro_in, make_project

QUICK = "phone_price.training.epochs=2"


def metrics_of(project: Path, table: str) -> dict[str, float]:
    return json.loads((project / f"data/08_reporting/{table}/metrics.json").read_text())


def weights_of(project: Path, table: str) -> str:
    [file] = (project / f"data/06_models/{table}").glob("weights-*.safetensors")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def query(project: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(project / "mlflow.db") as store:
        return store.execute(sql).fetchall()


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A project in which a table of classes and one of numbers have run once."""
    folder = make_project(tmp_path_factory.mktemp("finished") / "project", quick=True)
    kedro_in(folder)("run", "--pipelines", "phone_price,regression")
    return folder


@pytest.mark.slow
def test_every_table_runs_by_one_word(project, kedro):
    kedro("run", cold=True)
    names = yaml.safe_load((project / "conf/base/tables.yml").read_text())
    assert len(names) == 6
    for name in names:
        assert metrics_of(project, name)
        assert (project / f"data/08_reporting/{name}/report.html").exists()


@pytest.mark.parametrize("table", ["phone_price", "regression"])
def test_a_run_leaves_every_layer_of_its_table(finished, table):
    written = {str(p.relative_to(finished / "data")) for p in (finished / "data").rglob("*.*")}
    for path in (
        f"03_primary/{table}/table.parquet",
        f"05_model_input/{table}/train.parquet",
        f"06_models/{table}/standardizer.json",
        f"06_models/{table}/model.json",
        f"07_model_output/{table}/evaluated.csv",
        f"07_model_output/{table}/evaluated.parquet",
        f"08_reporting/{table}/metrics.json",
        f"08_reporting/{table}/learning_curve.png",
        f"08_reporting/{table}/fit.png",
        f"08_reporting/{table}/report.html",
    ):
        assert path in written


def test_metrics_are_flat_and_named_as_in_mlflow(finished):
    for table, headline in (("phone_price", "test/accuracy"), ("regression", "test/rmse")):
        metrics = metrics_of(finished, table)
        assert headline in metrics
        assert all(isinstance(value, float | int) for value in metrics.values())
        logged = dict(
            query(
                finished,
                "select m.key, m.value from latest_metrics m join runs using (run_uuid) "
                f"join experiments e using (experiment_id) where e.name = '{table}'",
            )
        )
        of_model = {key: v for key, v in metrics.items() if not key.startswith("baseline/")}
        assert {key: logged[key] for key in of_model} == pytest.approx(of_model)
        assert not [key for key in logged if key.startswith("baseline/")]


def test_the_learned_line_is_within_one_percent_of_least_squares_in_raw_units(finished):
    metrics = metrics_of(finished, "regression")
    assert metrics["line/slope"] == pytest.approx(metrics["least_squares/slope"], rel=0.01)
    assert metrics["true/slope"] == pytest.approx(80.71, abs=0.005)


def test_the_synthetic_sample_is_named_wherever_it_was_used(finished):
    report = (finished / "data/08_reporting/phone_price/report.html").read_text()
    assert "synthetic sample" in report.lower()
    assert "phone_price_sample.csv" in report
    [tag] = query(finished, "select value from tags where key = 'data' and value like '%phone%'")
    assert "synthetic sample" in tag[0]


def test_the_recorded_dataset_shows_its_columns_and_their_types(finished):
    schemas = query(finished, "select dataset_schema from datasets where name like '%phone%'")
    columns = json.loads(schemas[0][0])["mlflow_colspec"]
    types = {column["name"]: column["type"] for column in columns}
    assert len(types) == 21
    assert (types["ram"], types["clock_speed"]) == ("long", "double")


def test_every_run_is_recorded_as_finished_with_flat_parameters(finished):
    assert query(finished, "select distinct status from runs") == [("FINISHED",)]
    keys = {key for (key,) in query(finished, "select distinct key from params")}
    assert {"training.optimizer.lr", "training.epochs", "split.seed", "model.kind"} <= keys
    counts = query(finished, "select count(*) from params group by run_uuid")
    assert all(10 <= count <= 40 for (count,) in counts)


def test_all_parameters_are_recorded_as_yaml_that_says_the_same(finished):
    for file in (finished / "mlruns").glob("*/*/artifacts/parameters.yml"):
        [(table, words)] = yaml.safe_load(file.read_text(encoding="utf-8")).items()
        files = f"base/parameters_{table}.yml", "local/parameters_quick.yml"
        given = OmegaConf.merge(*(OmegaConf.load(finished / "conf" / name) for name in files))
        written, _ = read_groups(OmegaConf.to_container(given[table]))
        recorded, problems = read_groups(words)
        assert not problems
        assert recorded == written


def test_losses_and_rates_are_step_metrics(finished):
    counts = dict(query(finished, "select key, count(distinct step) from metrics group by key"))
    assert counts["Loss/train"] == 100
    assert counts["learning_rate"] == 100


@pytest.mark.slow
def test_two_runs_with_one_seed_give_the_same_metrics_and_bit_equal_weights(kedro, project):
    kedro("run", "--pipelines", "phone_price", "--params", QUICK)
    first = metrics_of(project, "phone_price"), weights_of(project, "phone_price")
    # A process of its own making: another seed of hashes, the installed command's imports.
    kedro("run", "--pipeline", "phone_price", "--params", QUICK, cold=True)
    assert (metrics_of(project, "phone_price"), weights_of(project, "phone_price")) == first


@pytest.mark.slow
def test_classic_regression_on_all_rows_meets_the_least_squares_slope(kedro, project):
    kedro("run", "--env", "classic", "--pipeline", "regression")
    assert metrics_of(project, "regression")["line/slope"] == pytest.approx(81.60, rel=0.01)


def test_the_real_table_runs_by_one_word(kedro, project, phone_price_dir):
    raw = phone_price_dir / "train.csv"
    kedro("run", "--pipeline", "phone_price", "--params", f"raw={raw}")
    assert metrics_of(project, "phone_price")["test/accuracy"] > 0.95
    assert "synthetic" not in (project / "data/08_reporting/phone_price/report.html").read_text()


@pytest.mark.slow
def test_a_csv_named_in_chinese_and_written_in_gbk_loads(kedro, project):
    table = pd.read_csv(project / "data/01_raw/phone_price_sample.csv")
    raw = project / "data/01_raw/手机价格预测.csv"
    table.to_csv(raw, index=False, encoding="gbk")
    kedro(
        "run", "--pipeline", "phone_price", "--params",
        f"raw=data/01_raw/手机价格预测.csv,encoding=gbk,{QUICK}",
    )  # fmt: skip
    report = (project / "data/08_reporting/phone_price/report.html").read_text()
    assert "手机价格预测.csv" in report


def test_rows_without_labels_are_predicted_in_any_column_order(kedro, project, finished):
    shutil.copytree(finished / "data", project / "data", dirs_exist_ok=True)
    evaluated = pd.read_csv(project / "data/07_model_output/phone_price/evaluated.csv")
    table = pd.read_csv(project / "data/01_raw/phone_price_sample.csv")
    rows = table.drop(columns="price_range").iloc[evaluated["row"], ::-1]
    rows.insert(0, "id", range(5, 5 + len(rows)))
    wrong = rows.head(1).astype("str").assign(id=4, ram="1e400")
    pd.concat([wrong, rows]).to_csv(project / "rows.csv", index=False)
    done = kedro("run", "--pipeline", "phone_price_predict", "--params", "rows=rows.csv")
    assert re.search(
        r"phone_price: the model is of run [0-9a-f]{8} \(.+\), and was trained on "
        r"phone_price_sample.csv \(synthetic sample\), 2000 rows, sha256 ",
        done.stdout,
    )
    assert f"rows.csv: 1 of {len(rows) + 1} rows cannot be predicted and was set" in done.stdout
    refused = pd.read_csv(project / "data/07_model_output/phone_price/predictions_refused.csv")
    assert refused[["row", "column"]].to_numpy().tolist() == [[1, "ram"]]
    predictions = pd.read_csv(project / "data/07_model_output/phone_price/predictions.csv")
    assert predictions["id"].tolist() == list(range(5, 5 + len(rows)))
    assert predictions["prediction"].tolist() == evaluated["prediction"].tolist()
    for label in range(4):
        name = f"probability_{label}"
        assert predictions[name].to_numpy() == pytest.approx(evaluated[name].to_numpy(), abs=1e-6)
    written = pd.read_parquet(project / "data/07_model_output/phone_price/predictions.parquet")
    assert len(written) == len(rows)


@pytest.mark.slow
def test_folds_are_one_more_parameter(kedro, project):
    done = kedro(
        "run", "--pipeline", "phone_price", "--env", "classic", "--params",
        f"{QUICK},phone_price.split.folds=5",
    )  # fmt: skip
    assert "phone_price: cross-validation: 5 of 5 folds trained" in done.stdout
    assert re.search(
        r"phone_price: evaluate .* cross-validation on 5 folds \(mean ± sd\): "
        r"accuracy [^,]+\s±\s[^,]+, ",
        done.stdout,
    )
    reporting = project / "data/08_reporting/phone_price"
    document = json.loads(
        (project / "data/07_model_output/phone_price/cross_validation.json").read_text()
    )
    accuracies = pd.Series([fold["accuracy"] for fold in document["folds"]])
    metrics = metrics_of(project, "phone_price")
    assert len(accuracies) == 5
    assert metrics["cv/accuracy"] == pytest.approx(accuracies.mean())
    assert metrics["cv/accuracy_sd"] == pytest.approx(accuracies.std())
    assert "Cross-validation on 5 folds" in (reporting / "report.html").read_text()


def test_without_folds_nothing_is_cross_validated(finished):
    for table in ("phone_price", "regression"):
        path = finished / f"data/07_model_output/{table}/cross_validation.json"
        assert json.loads(path.read_text()) == {}
        assert not [name for name in metrics_of(finished, table) if name.startswith("cv/")]


def test_another_file_is_read_for_good_by_the_users_own_catalog(kedro, project):
    shutil.copy(project / "data/01_raw/phone_price_sample.csv", project / "mine.csv")
    (project / "conf/local/catalog.yml").write_text(
        "phone_price.raw:\n"
        "  type: colonnade.datasets.RawTableDataset\n"
        "  filepath: ${runtime_params:raw,mine.csv}\n"
    )
    assert "mine.csv, 2000 rows" in kedro("table", "check", "phone_price").stdout


def test_a_report_that_could_not_be_written_is_not_announced(kedro, project):
    (project / "data/08_reporting/regression/report.html").mkdir(parents=True)
    done = kedro("run", "--pipeline", "regression", expect=1)
    assert "regression.report.write_report" in done.stdout
    assert "report in" not in done.stdout
    assert "report.html" in done.stderr
