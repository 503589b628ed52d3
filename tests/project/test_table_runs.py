"""Several tables in one `kedro run`: one that fails stops no other."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.config import OmegaConfigLoader

from colonnade.cli.table_runs import TablesError, run_tables
from colonnade.errors import DataError, ParameterError
from colonnade.settings import CONFIG_LOADER_ARGS

OPTIONS = {"pipeline": None, "pipelines": [], "params": {}, "env": None, "conf_source": None}
TABLES = ["phone_price", "regression", "wine", "breast_cancer", "diabetes", "digits"]


class Runs:
    """Kedro's command as far as it matters here: what it was asked for, and what fails."""

    def __init__(self, **failures: Exception) -> None:
        self.failures, self.asked = failures, []

    def __call__(self, **options: Any) -> dict[str, Any]:
        self.asked.append((options["pipelines"], options["params"]))
        for table in options["pipelines"]:
            if table in self.failures:
                raise self.failures[table]
        return dict.fromkeys(options["pipelines"], "done")


@pytest.fixture(autouse=True)
def in_project(project, monkeypatch):
    def loader(*_: object) -> OmegaConfigLoader:
        return OmegaConfigLoader(str(project / "conf"), **CONFIG_LOADER_ARGS)

    monkeypatch.setattr("colonnade.cli.table_runs.new_config_loader", loader)


def test_the_others_are_run_and_the_end_says_which_failed():
    runs = Runs(regression=DataError("no column 'y'.", "regression"), wine=ValueError("a defect"))
    with pytest.raises(TablesError) as caught:
        run_tables(runs, **OPTIONS)
    assert [tables for tables, _ in runs.asked] == [[table] for table in TABLES]
    assert str(caught.value).splitlines() == [
        "regression: no column 'y'.",
        "wine: ValueError: a defect",
        "2 of 6 tables failed: regression, wine. The others finished.",
    ]


def test_a_reason_that_all_tables_share_is_reported_once():
    away = ParameterError("conf/base/parameters.yml, line 3: this is not YAML.")
    runs = Runs(**dict.fromkeys(TABLES, away))
    with pytest.raises(TablesError) as caught:
        run_tables(runs, **OPTIONS)
    assert str(caught.value).splitlines() == [
        f"{', '.join(TABLES)}: conf/base/parameters.yml, line 3: this is not YAML.",
        f"6 of 6 tables failed: {', '.join(TABLES)}.",
    ]


def test_each_table_is_given_its_own_parameters_and_those_of_the_run():
    runs = Runs()
    params = {"wine": {"split": {"seed": 3}}, "resume": True}
    assert run_tables(runs, **{**OPTIONS, "params": params, "pipelines": ["wine", "diabetes"]})
    assert runs.asked == [(["wine"], params), (["diabetes"], {"resume": True})]


def test_a_misspelled_parameter_stops_the_command_before_any_table_runs():
    runs = Runs()
    for params in ({"winne": {}}, {"wine": {"trainin": {}}}, {"training": {"epochs": 3}}):
        with pytest.raises(ParameterError):
            run_tables(runs, **{**OPTIONS, "params": params})
    assert runs.asked == []


@pytest.mark.parametrize(
    "words",
    [
        {"pipeline": "wine"},
        {"pipelines": ["wine", "wine_predict"]},
        {"from_nodes": ["wine.train.train", "diabetes.train.train"]},
        {"tags": ["wine"]},
        {"params": {"raw": "one.csv"}},
    ],
    ids=lambda words: next(iter(words)),
)
def test_one_table_or_a_part_of_several_is_run_as_kedro_runs_it(words):
    runs = Runs()
    run_tables(runs, **{**OPTIONS, **words})
    assert len(runs.asked) == 1


def test_a_bad_file_a_bad_catalog_entry_and_bad_parameters_stop_no_other_table(kedro, project):
    (project / "conf/local/catalog_bad.yml").write_text("diabetes.raw: {type: pandas.NoSuch}\n")
    (project / "conf/local/parameters_bad.yml").write_text(
        "wine: {training: {epochs: -3}, tuning: {}}\n"
        "breast_cancer: {training: {epochs: 1}, evaluation: {baselines: [], explain: false}}\n"
        "regression: {training: {epochs: 1}}\n"
        "digits: {training: {epochs: 1}, evaluation: {baselines: [], explain: false}}\n"
    )
    (project / "data/01_raw/phone_price_sample.csv").unlink()
    done = kedro("run", expect=1)
    for table in ("breast_cancer", "regression", "digits"):
        assert (project / f"data/08_reporting/{table}/report.html").exists()
    lines = done.stderr.splitlines()
    assert lines[-1] == ("3 of 6 tables failed: phone_price, wine, diabetes. The others finished.")
    assert lines[0].startswith("phone_price: ")
    assert lines[0].endswith(
        "phone_price_sample.csv: there is no such file. Put it there, or correct the path."
    )
    assert lines[1] == "wine.training: `epochs`: Input should be greater than 0 (got -3)"
    assert lines[2].startswith("diabetes: An exception occurred when parsing config for dataset")
    assert "Traceback" not in done.stdout + done.stderr
