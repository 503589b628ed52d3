"""What a user gets wrong is reported once, in plain words, and leaves nothing half-written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from colonnade.cli.messages import plain_message
from tests.conftest import session_in

SAMPLE = "data/01_raw/phone_price_sample.csv"


@pytest.fixture
def quiet(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without tracking, entered."""
    monkeypatch.chdir(project)
    return project


def message_of(project: Path, table: str = "phone_price", **params: object) -> str:
    """The words that a run in this process ends with."""
    with (
        pytest.raises(Exception) as caught,  # noqa: PT011  # whatever Kedro wraps it in
        session_in(project, runtime_params=params) as session,
    ):
        session.run(pipeline_names=[table])
    message = plain_message(caught.value)
    assert message is not None, caught.value
    return message


def left_by(project: Path) -> set[str]:
    folders = ("02_intermediate", "03_primary", "05_model_input", "06_models", "08_reporting")
    return {
        str(path.relative_to(project))
        for folder in folders
        for path in (project / "data" / folder).rglob("*")
        if path.is_file()
    }


def rows() -> list[str]:
    return Path(SAMPLE).read_text().splitlines()


def with_cell(line: int, column: str, value: str) -> list[str]:
    """The sample with one cell changed; lines are counted as an editor does."""
    lines = rows()
    cells = lines[line - 1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[line - 1] = ",".join(cells)
    return lines


def without_target() -> list[str]:
    return [line.rpartition(",")[0] for line in rows()]


BAD_TABLES = {
    "empty": (list, "bad.csv: the file is empty. Put a table with a header line in it."),
    "header only": (
        lambda: rows()[:1],
        "bad.csv: the file has a header but no rows. Add rows to it.",
    ),
    "target missing": (
        without_target,
        "phone_price: bad.csv: there is no column 'price_range', the `schema.target`. Known: ",
    ),
    "not a number": (
        lambda: with_cell(18, "ram", "abc"),
        "phone_price: bad.csv: column 'ram', line 18: 'abc' is not a number. ",
    ),
    "no value": (
        lambda: with_cell(18, "ram", ""),
        "phone_price: bad.csv: column 'ram', line 18: '' counts as missing. ",
    ),
    "infinite": (
        lambda: with_cell(6, "px_width", "inf"),
        "phone_price: bad.csv: column 'px_width', line 6: 'inf' is not a finite number. ",
    ),
    "below the minimum": (
        lambda: with_cell(17, "ram", "-4"),
        "phone_price: bad.csv: column 'ram', line 17: '-4' is below the minimum 0. ",
    ),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_reported_with_its_place_and_leaves_nothing(quiet, name):
    make, expected = BAD_TABLES[name]
    Path("bad.csv").write_text("".join(f"{line}\n" for line in make()))
    assert expected in message_of(quiet, raw="bad.csv")
    assert left_by(quiet) == set()


def test_a_file_that_is_not_there_is_reported(quiet):
    assert "no.csv: there is no such file." in message_of(quiet, raw="no.csv")


def test_a_class_with_a_single_row_is_reported(quiet):
    lines = [line for line in rows() if not line.endswith(",3")]
    lines.append(next(line for line in rows() if line.endswith(",3")))
    Path("bad.csv").write_text("\n".join(lines) + "\n")
    refused = {"schema": {"rare_classes": "error"}}
    assert message_of(quiet, raw="bad.csv", phone_price=refused).startswith(
        "phone_price: column 'price_range': class 3 has 1 row, "
    )


def test_every_bad_parameter_is_reported_at_once(quiet):
    message = message_of(
        quiet,
        phone_price={"split": {"test_fraction": 2}, "training": {"epoch": 5, "batch_size": 0}},
    )
    assert message.splitlines() == [
        "phone_price.split: `test_fraction`: Input should be less than 1 (got 2)",
        "phone_price.training: `batch_size`: Input should be greater than 0 (got 0)",
        "phone_price.training: `epoch` is not a known parameter. Did you mean `epochs`?",
    ]


def test_a_pipeline_that_does_not_exist_is_reported_with_the_nearest(quiet):
    assert "phone_price" in message_of(quiet, table="phone_pric")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "phone_price:\n\ttraining: {epochs: 2}\n",
            "conf/local/parameters_mine.yml, line 2, column 1: this is not YAML: found character "
            "'\\t' that cannot start any token. Indent with spaces, not tabs",
        ),
        (
            "phone_price: {training: {epochs: 2\n",
            "conf/local/parameters_mine.yml, line 2, column 1: this is not YAML: ",
        ),
        (
            "# mine\n- phone_price\n",
            "conf/local/parameters_mine.yml: holds a list. Write `name: value` pairs.",
        ),
        ("phone_price: 3\n", "parameter `phone_price`: write its groups below it (got 3)."),
        (
            "phone_price: {training: 5}\n",
            "phone_price.training: write `name: value` pairs here (got 5)",
        ),
    ],
    ids=["tab", "open brace", "list", "a number for a table", "a number for a group"],
)
def test_a_file_of_parameters_that_is_none_is_reported_with_its_place(quiet, text, message):
    (quiet / "conf/local/parameters_quick.yml").unlink()
    (quiet / "conf/local/parameters_mine.yml").write_text(text)
    assert message in message_of(quiet)
    assert left_by(quiet) == set()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "{type: pandas.SQLQueryDataset, sql: select * from nosuch, credentials: "
            "{con: 'sqlite:///shop.db'}}",
            "phone_price.raw: cannot be read: Execution failed on sql 'select * from nosuch': "
            "(sqlite3.OperationalError) no such table: nosuch. Correct its entry in the catalog.",
        ),
        ("{type: pandas.NoDataset, filepath: x}", "Dataset 'NoDataset' not found in 'pandas'."),
        (
            "{type: colonnade.datasets.RawTableDataset, filepth: x.csv}",
            "unexpected keyword argument 'filepth'. Dataset 'phone_price.raw' must only contain",
        ),
        (
            "{type: pandas.SQLQueryDataset, sql: select 1, credentials: shop}",
            "Unable to find credentials 'shop'",
        ),
    ],
    ids=["query", "type", "argument", "credentials"],
)
def test_a_dataset_that_reads_nothing_is_reported(quiet, entry, message):
    pytest.importorskip("sqlalchemy")
    (quiet / "conf/local/catalog.yml").write_text(f"phone_price.raw: {entry}\n")
    assert message in message_of(quiet)
    assert left_by(quiet) == set()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_reported_in_one_line(quiet, monkeypatch, number):
    def refuse(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("colonnade.datasets.whole_files.replaced_file", refuse)
    file = quiet / "data/03_primary/phone_price/table.parquet"
    message = message_of(quiet)
    assert message.startswith(
        f"phone_price.primary cannot be written to {file}: {os.strerror(number)}. "
    )
    assert "\n" not in message


def test_what_mlflow_refuses_is_reported_in_one_line():
    from mlflow.exceptions import MlflowException, RestException

    refused = RestException({"error_code": "PERMISSION_DENIED", "message": "Permission denied"})
    assert plain_message(refused) == "MLflow: PERMISSION_DENIED: Permission denied"
    full = MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT ...]")
    assert plain_message(full) == "MLflow: (sqlite3.OperationalError) database or disk is full"


def test_an_environment_that_does_not_exist_is_reported_with_the_nearest(kedro):
    done = kedro("run", "--env", "clasic", "--pipeline", "phone_price", expect=1)
    assert done.stderr == "there is no environment 'clasic' in conf. Did you mean `classic`?\n"


def test_one_csv_for_two_tables_is_refused(quiet):
    (quiet / "conf/base/tables.yml").write_text("phone_price:\nregression:\n")
    for name in ("wine", "breast_cancer", "diabetes", "digits"):
        (quiet / f"conf/base/parameters_{name}.yml").unlink()
    assert message_of(quiet, table="__default__", raw="x.csv") == (
        "`raw` names one file, but this run has 2 tables (phone_price, regression). "
        "Choose one: --pipeline phone_price."
    )


def test_the_command_ends_with_exit_code_1_and_no_traceback(kedro, project):
    words = ("run", "--pipeline", "phone_price", "--params", "raw=no.csv")
    done = kedro(*words, expect=1, cold=True)
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(
        "no.csv: there is no such file. Put it there, or correct the path.\n"
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert [path.name for path in (project / "data").iterdir()] == ["01_raw"]
