"""A table from a database, Excel, Parquet or an address: by the catalog alone, and as strictly."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro_datasets.pandas import SQLQueryDataset

from colonnade.cli.messages import plain_message
from colonnade.tables.source import content_hash
from tests.conftest import REPOSITORY, session_in
from tests.loopback import QuietFiles, files_of, listening

PARAMETERS = """
shop:
  schema:
    {target: sold, task: classification, columns: {id: {kind: identifier, unique: true},
    ram: {minimum: 0, missing: median}, color: {kind: categorical, missing: category}}}
  split: {}
  standardize: {}
  model: {kind: linear}
  training: {epochs: 3}
  evaluation: {baselines: [], explain: false}
"""


def draw_shop(n_rows: int = 60) -> pd.DataFrame:
    """Telephones that sell where there is much memory; one cell of each column is missing."""
    rng = np.random.default_rng(0)
    ram = rng.integers(1, 9, n_rows).astype(float)
    sold = np.where(ram + rng.normal(size=n_rows) > 4.5, "yes", "no")
    ram[3] = np.nan
    color = rng.choice(["red", "blue"], n_rows).astype(object)
    color[5] = None
    return pd.DataFrame({"id": range(n_rows), "ram": ram, "color": color, "sold": sold})


@pytest.fixture
def shop(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a table of its own whose catalog entry is still to be written; entered."""
    monkeypatch.chdir(project)
    # connections are kept by their address, and a relative one means another file in each test
    monkeypatch.setattr(SQLQueryDataset, "engines", {})
    local = project / "conf/local"
    (local / "tables.yml").write_text("shop:\n")
    (local / "parameters_shop.yml").write_text(PARAMETERS)
    return project


def write_database(table: pd.DataFrame, name: str = "phones") -> None:
    with closing(sqlite3.connect("shop.db")) as connection, connection:
        table.to_sql(name, connection, index=False)
    Path("conf/local/credentials.yml").write_text("shop_db: {con: 'sqlite:///shop.db'}\n")
    write_catalog("type: pandas.SQLQueryDataset, sql: select * from phones, credentials: shop_db")


def write_catalog(entry: str) -> None:
    Path("conf/local/catalog.yml").write_text(f"shop.raw: {{{entry}}}\n")


def run(project: Path, *nodes: str, pipeline: str = "shop") -> None:
    with session_in(project) as session:
        session.run(pipeline_names=[pipeline], node_names=[f"shop.{node}" for node in nodes])


def ingested(project: Path) -> tuple[pd.DataFrame, dict]:
    """What the first node leaves."""
    run(project, "ingest.ingest")
    folder = project / "data/03_primary/shop"
    return pd.read_parquet(folder / "table.parquet"), json.loads(
        (folder / "source.json").read_text()
    )


def assert_typed(table: pd.DataFrame) -> None:
    assert list(table) == ["id", "ram", "color", "sold"]
    assert table["ram"].dtype == "float64"
    assert table.isna().sum().tolist() == [0, 1, 1, 0]
    assert table["ram"].sum() == draw_shop()["ram"].sum()
    assert table["sold"].tolist() == draw_shop()["sold"].tolist()


@pytest.mark.slow
def test_a_database_is_read_trained_on_and_asked_for_rows_by_two_catalog_entries(kedro, shop):
    write_database(draw_shop())
    entry = "type: pandas.SQLQueryDataset, credentials: shop_db"
    Path("conf/local/catalog.yml").write_text(
        f"shop.raw: {{{entry}, sql: select * from phones}}\n"
        f"shop.rows: {{{entry}, sql: 'select id, color, ram from phones where ram > 4'}}\n"
    )
    kedro("run", "--pipeline", "shop")
    kedro("run", "--pipeline", "shop_predict")
    source = json.loads(Path("data/03_primary/shop/source.json").read_text())
    read = pd.read_sql("select * from phones", "sqlite:///shop.db")
    assert (source["name"], source["rows"], source["columns"]) == ("shop.raw", 60, 4)
    assert "shop.raw" in Path("data/08_reporting/shop/report.html").read_text()
    assert "shop: shop.raw, 60 rows, " in kedro("table", "check", "shop").stdout
    assert source["sha256"] == content_hash(read)
    predictions = pd.read_csv("data/07_model_output/shop/predictions.csv")
    shares = ["probability_no", "probability_yes"]
    assert list(predictions) == ["row", "id", "prediction", *shares, "outside"]
    assert predictions["id"].tolist() == read["id"][read["ram"] > 4].tolist()


def test_the_docs_entry_for_a_database_works(shop):
    [entry] = re.findall(
        r"```yaml\ncustomers.raw: {(.*)}\n",
        (REPOSITORY / "docs/pages/how-to/read-data.md").read_text(),
    )
    write_database(draw_shop(), name="customers")
    Path("conf/local/credentials.yml").write_text('shop: {con: "sqlite:///shop.db"}\n')
    write_catalog(entry)
    assert_typed(ingested(shop)[0])


def test_what_a_query_gives_is_checked_like_a_file(shop):
    table = draw_shop()
    table.loc[7, "ram"] = -4
    table.loc[8, "id"] = 7
    write_database(table)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever Kedro wraps it in
        run(shop, "ingest.ingest")
    message = plain_message(caught.value)
    assert message is not None
    assert message.splitlines() == [
        "shop: shop.raw: column 'id', row 9: 7 stands in an earlier row too. Remove the repeated "
        "row, or drop `schema.columns.id.unique`.",
        "shop: shop.raw: column 'ram', row 8: -4 is below the minimum 0. Correct it, or change "
        "`schema.columns.ram.minimum`.",
    ]
    assert not Path("data/03_primary").exists()


def test_a_sheet_of_an_excel_file_is_read(shop):
    pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
    with pd.ExcelWriter("shop.xlsx") as writer:
        pd.DataFrame({"note": ["read the other sheet"]}).to_excel(writer, sheet_name="About")
        draw_shop().to_excel(writer, sheet_name="Phones", index=False)
    write_catalog(
        "type: colonnade.datasets.RawTableDataset, filepath: shop.xlsx, "
        "load_args: {sheet_name: Phones}"
    )
    table, source = ingested(shop)
    assert_typed(table)
    digest = hashlib.sha256(Path("shop.xlsx").read_bytes()).hexdigest()
    assert (source["name"], source["rows"], source["sha256"]) == ("shop.xlsx", 60, digest)


def test_kedros_own_excel_and_parquet_datasets_serve_as_well(shop):
    pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
    draw_shop().to_excel("shop.xlsx", index=False)
    write_catalog("type: pandas.ExcelDataset, filepath: shop.xlsx")
    table, source = ingested(shop)
    assert_typed(table)
    draw_shop().to_parquet("shop.parquet")
    write_catalog("type: pandas.ParquetDataset, filepath: shop.parquet")
    table, other = ingested(shop)
    assert_typed(table)
    assert other["rows"] == source["rows"] == 60


class _Refusing(QuietFiles):
    def do_GET(self) -> None:  # noqa: N802  the base class's name
        if "secret" in self.path:
            self.send_error(403)
        elif "broken" in self.path:
            self.send_error(500)
        else:
            super().do_GET()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server on this machine, of the folder `served`."""
    (tmp_path / "served").mkdir()
    with listening(files_of(tmp_path / "served", _Refusing)) as opened:
        yield opened


@pytest.mark.parametrize("name", ["shop.csv", "shop.csv.gz", "shop.parquet"])
def test_a_table_on_a_web_server_is_read_with_its_digest(shop, address, tmp_path, name):
    file = tmp_path / "served" / name
    text = draw_shop().to_csv(index=False).encode()
    if name.endswith(".parquet"):
        draw_shop().to_parquet(file)
    else:
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    write_catalog(
        f"type: colonnade.datasets.RawTableDataset, filepath: '{address}/{name}?version=2'"
    )
    table, source = ingested(shop)
    assert_typed(table)
    assert source["name"] == name
    assert source["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("no.csv", "there is no such file. Put it there, or correct the path."),
        ("secret.csv", "(403, Forbidden). Correct the address or its credentials."),
        ("broken.csv", "(500, Internal Server Error). Correct the address or its credentials."),
    ],
)
def test_a_web_server_that_says_no_is_reported_in_one_message(shop, address, file, said):
    write_catalog(f"type: colonnade.datasets.RawTableDataset, filepath: '{address}/{file}'")
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever Kedro wraps it in
        run(shop, "ingest.ingest")
    message = plain_message(caught.value)
    assert message is not None
    assert "\n" not in message
    assert message.startswith(f"{address}/{file}: ")
    assert message.endswith(said)
    assert not Path("data/03_primary").exists()


def checked_on_load() -> None:
    Path("conf/local/catalog.yml").write_text(
        "shop.raw: {type: colonnade.datasets.RawTableDataset, filepath: shop.csv}\n"
        '"{table}.primary":\n'
        "  type: colonnade.datasets.ParquetTable\n"
        "  filepath: data/03_primary/{table}/table.parquet\n"
        "  validator:\n"
        "    class: colonnade.hooks.table_check.TableCheck\n"
        "    on: load\n"
        "    options: {table: '{table}'}\n"
    )


def test_kedros_validator_holds_a_typed_table_to_its_yaml_on_every_load(shop):
    draw_shop().to_csv("shop.csv", index=False)
    checked_on_load()
    run(shop, "ingest.ingest", "prepare.split_rows")
    primary = Path("data/03_primary/shop/table.parquet")
    pd.read_parquet(primary).replace({"ram": {1.0: -1.0}}).to_parquet(primary)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever Kedro wraps it in
        run(shop, "prepare.split_rows")
    message = plain_message(caught.value)
    assert message is not None
    row = draw_shop()["ram"].tolist().index(1.0) + 1
    assert message.splitlines()[0] == (
        f"shop.primary: column 'ram', row {row}: -1 is below the minimum 0. "
        "Correct it, or change `schema.columns.ram.minimum`."
    )
