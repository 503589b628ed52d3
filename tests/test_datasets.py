from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from matplotlib.figure import Figure

from colonnade.datasets import (
    CheckpointFile,
    CsvTable,
    HtmlPage,
    JsonDocument,
    ModelFolder,
    ParquetTable,
    PngFigure,
    RawTableDataset,
    ScikitLearnDataset,
    StandardizerDataset,
    TextFile,
)
from colonnade.errors import DataError, ModelError, ParameterError
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.1, np.nan]})


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_raw_table_is_text_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    table = RawTableDataset(filepath=str(tmp_path / "t.csv")).load()
    assert table.frame.to_dict("list") == {"a": ["1"], "b": ["x"]}
    assert table.source.describe().startswith("t.csv, 1 rows, sha256 ")


def test_mistake_in_a_raw_table_is_the_cause_of_kedros_error(tmp_path: Path) -> None:
    dataset = RawTableDataset(filepath=str(tmp_path / "absent.csv"))
    assert not dataset.exists()
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, DataError)


def test_raw_table_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="raw tables are read, never written"):
        RawTableDataset(filepath=str(tmp_path / "t.csv")).save(TABLE)  # type: ignore[arg-type]  # the point


def test_encoding_and_separator_come_from_the_catalog(tmp_path: Path) -> None:
    path = tmp_path / "手机价格预测.csv"
    path.write_bytes("内存;价格\n四;1\n".encode("gbk"))
    frame = RawTableDataset(filepath=str(path), encoding="gbk", separator=";").load().frame
    assert frame.to_dict("list") == {"内存": ["四"], "价格": ["1"]}


def test_regression_draw_tells_its_true_coefficient() -> None:
    arguments = {"n_samples": 100, "n_features": 1, "noise": 10, "coef": True, "random_state": 1}
    table = ScikitLearnDataset(function="make_regression", arguments=arguments).load()
    frame, source = table.frame, table.source
    assert list(frame.columns) == ["x", "y"]
    assert round(source.coefficients["x"], 2) == 80.71
    assert (source.intercept, source.rows, source.note) == (0.0, 100, "synthetic sample")
    slope = np.polyfit(frame["x"], frame["y"], 1)[0]
    assert round(float(slope), 2) == 81.60


@pytest.mark.parametrize(
    ("function", "rows", "labels"),
    [
        ("load_wine", 178, ["class_0", "class_1", "class_2"]),
        ("load_breast_cancer", 569, ["benign", "malignant"]),
        ("load_diabetes", 442, None),
    ],
)
def test_tables_that_scikit_learn_carries(
    function: str, rows: int, labels: list[str] | None
) -> None:
    table = ScikitLearnDataset(function=function).load()
    frame = table.frame
    assert len(frame) == rows
    assert frame.columns[-1] == "target"
    assert labels is None or sorted(frame["target"].unique()) == labels
    assert table.source.note == ""
    assert table.source == ScikitLearnDataset(function=function).load().source


def test_function_that_scikit_learn_does_not_have_is_reported() -> None:
    with pytest.raises(DatasetError) as caught:
        ScikitLearnDataset(function="load_vine").load()
    assert isinstance(caught.value.__cause__, ParameterError)
    assert "Did you mean `load_wine`?" in str(caught.value.__cause__)


def test_parquet_keeps_types_and_values(tmp_path: Path) -> None:
    dataset = ParquetTable(filepath=str(tmp_path / "deep/t.parquet"))
    assert not dataset.exists()
    dataset.save(TABLE)
    pd.testing.assert_frame_equal(dataset.load(), TABLE)
    assert files(tmp_path / "deep") == ["t.parquet"]


def test_previews_are_json_without_nan(tmp_path: Path) -> None:
    wanted = {"index": [0], "columns": ["a", "b", "c"], "data": [[2, None, None]]}
    for dataset in (
        ParquetTable(filepath=str(tmp_path / "t.parquet")),
        CsvTable(filepath=str(tmp_path / "t.csv")),
    ):
        dataset.save(TABLE.iloc[[1]])
        assert dataset.preview() == wanted
        assert dataset.preview.__annotations__["return"] == "TablePreview"
    raw = RawTableDataset(filepath=str(tmp_path / "t.csv"))
    assert raw.preview(nrows=1)["data"] == [["2", "", ""]]


def test_formulas_are_neutralised_in_every_cell_of_text(tmp_path: Path) -> None:
    cells = ["=cmd|' /C calc'!A0", "+1+1", "-x", "@SUM(A1)", "\tx", "-5", "plain"]
    table = pd.DataFrame({"=name": cells, "number": [-1.5] * 7})
    CsvTable(filepath=str(tmp_path / "t.csv")).save(table)
    frame = pd.read_csv(tmp_path / "t.csv")
    assert list(frame.columns) == ["'=name", "number"]
    assert frame["'=name"].tolist() == [*[f"'{cell}" for cell in cells[:5]], "-5", "plain"]
    assert frame["number"].tolist() == [-1.5] * 7
    assert list(table.columns) == ["=name", "number"]


def test_numbers_survive_a_csv_to_the_last_bit(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": np.random.default_rng(0).normal(size=1000)})
    dataset = CsvTable(filepath=str(tmp_path / "t.csv"))
    dataset.save(table)
    pd.testing.assert_frame_equal(dataset.load(), table, check_exact=True)


def test_json_has_null_for_what_is_no_number(tmp_path: Path) -> None:
    dataset = JsonDocument(filepath=str(tmp_path / "d.json"))
    dataset.save({"a": float("nan"), "b": [np.float64("inf"), np.int64(3)], "名": "值"})
    text = (tmp_path / "d.json").read_text(encoding="utf-8")
    assert text == '{\n  "a": null,\n  "b": [\n    null,\n    3\n  ],\n  "名": "值"\n}\n'
    assert dataset.load() == {"a": None, "b": [None, 3], "名": "值"}
    assert json.loads(dataset.preview()) == dataset.load()


def test_standardizer_comes_back_equal(tmp_path: Path) -> None:
    schema = SchemaParams(target="y", task="regression")
    table = pd.DataFrame({"a": [0.1, 0.2, 0.7], "y": [1.0, 2.0, 4.0]})
    standardizer = fit_standardizer(table, schema, StandardizeParams())
    dataset = StandardizerDataset(filepath=str(tmp_path / "s.json"))
    dataset.save(standardizer)
    assert dataset.load() == standardizer
    assert json.loads(dataset.preview())["table_schema"]["target"] == "y"


def test_figure_becomes_a_png_and_equal_figures_equal_files(tmp_path: Path) -> None:
    pictures = []
    for name in ("one.png", "two.png"):
        figure = Figure()
        figure.subplots().plot([1, 2])
        dataset = PngFigure(filepath=str(tmp_path / name))
        dataset.save(figure)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]
    assert dataset.preview().startswith("iVBOR")
    with pytest.raises(DatasetError, match="a picture cannot be loaded as a figure"):
        dataset.load()


def test_page_comes_back_as_written(tmp_path: Path) -> None:
    dataset = HtmlPage(filepath=str(tmp_path / "p.html"))
    dataset.save("<p>价格 🙂</p>")
    assert dataset.load() == dataset.preview() == "<p>价格 🙂</p>"


def test_preview_of_text_keeps_its_low_lines(tmp_path: Path) -> None:
    dataset = TextFile(filepath=str(tmp_path / "card.md"))
    dataset.save("# phone_price_sample")
    assert dataset.preview() == "# phone\u02cdprice\u02cdsample"


def test_preview_of_a_model_says_what_was_trained_and_how(tmp_path: Path) -> None:
    names = ("standardizer", "weights", "training", "model", "facts", "table")
    (tmp_path / "model.json").write_text(json.dumps({name: {"a": name} for name in names}))
    shown = json.loads(ModelFolder(filepath=str(tmp_path)).preview())
    assert shown == {name: {"a": name} for name in ("facts", "model", "training", "weights")}


def test_checkpoint_hands_over_its_path(tmp_path: Path) -> None:
    dataset = CheckpointFile(filepath=str(tmp_path / "c.safetensors"))
    assert dataset.load() == tmp_path / "c.safetensors"
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="training writes its checkpoints itself"):
        dataset.save(tmp_path)


def test_folder_without_a_model_does_not_exist_and_is_refused(tmp_path: Path) -> None:
    dataset = ModelFolder(filepath=str(tmp_path))
    assert not dataset.exists()
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, ModelError)


def test_datasets_load_neither_torch_nor_sklearn_nor_matplotlib() -> None:
    code = """
        import sys
        import colonnade.datasets, colonnade.tables.features.standardizer
        import colonnade.tables.splitting.split
        heavy = {"torch", "sklearn", "scipy", "matplotlib", "mlflow"} & set(sys.modules)
        sys.exit(", ".join(sorted(heavy)) or 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


SAVE_AND_HANG = """
    import sys, time
    from pathlib import Path
    import pandas as pd
    from colonnade import datasets
    from colonnade.tables.writing import atomic_file as files

    kind, path = sys.argv[1:]
    dataset = getattr(datasets, kind)(filepath=path)

    class Halfway:
        def __init__(self, stream):
            self.stream = stream
        def __getattr__(self, name):
            return getattr(self.stream, name)
        def write(self, data):
            self.stream.write(data[: len(data) // 2])
            self.stream.flush()
            print("halfway", flush=True)
            time.sleep(60)

    open_whole = Path.open

    def open_halfway(self, *words, **options):
        stream = open_whole(self, *words, **options)
        return Halfway(stream) if ".writing-" in self.name else stream

    Path.open = open_halfway
    Halfway.__enter__ = lambda self: self
    Halfway.__exit__ = lambda self, *error: self.stream.close()
    table = pd.DataFrame({"a": [2] * 999})
    dataset.save({"JsonDocument": {"a": 2}, "HtmlPage": "new page"}.get(kind, table))
"""


def kill_in_mid_save(kind: str, path: Path) -> None:
    """Start a save in a process of its own and kill it -9 when half the bytes are written."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SAVE_AND_HANG), kind, str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("dataset", "old", "new"),
    [
        (ParquetTable, pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [3]})),
        pytest.param(
            *(CsvTable, pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [3]})), marks=pytest.mark.slow
        ),
        pytest.param(JsonDocument, {"a": 1}, {"a": 3}, marks=pytest.mark.slow),
        (HtmlPage, "old page", "page after that"),
    ],
)
def test_killed_save_leaves_the_old_file_whole_and_the_next_save_cleans_up(
    dataset: Any, old: Any, new: Any, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    kept = dataset(filepath=str(path))
    kept.save(old)
    before = path.read_bytes()
    kill_in_mid_save(dataset.__name__, path)
    assert path.read_bytes() == before
    assert len(files(tmp_path)) == 2
    kept.save(new)
    assert files(tmp_path) == ["file"]
    after = kept.load()
    assert after.equals(new) if isinstance(new, pd.DataFrame) else after == new


def test_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    dataset = JsonDocument(filepath=str(tmp_path / "d.json"))
    dataset.save({"a": 1})
    with pytest.raises(DatasetError):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}
    assert files(tmp_path) == ["d.json"]


def test_temporary_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f".d.json.writing-{os.getppid()}"
    other.write_text("half")
    JsonDocument(filepath=str(tmp_path / "d.json")).save({"a": 1})
    assert other.exists()


def test_rows_of_a_database_query_are_ingested(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    from kedro_datasets.pandas import SQLQueryDataset

    from colonnade.tables.schema.ingest import ingest_table

    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("create table phones (ram integer, color text, y integer)")
        rows = [(1, "red", 0), (None, "blue", 1), (3, None, 1)]
        connection.executemany("insert into phones values (?, ?, ?)", rows)
    dataset = SQLQueryDataset(
        sql="select * from phones", credentials={"con": f"sqlite:///{tmp_path / 'shop.db'}"}
    )
    schema = SchemaParams.model_validate(
        {
            "target": "y",
            "task": "classification",
            "columns": {
                "ram": {"missing": "mean"},
                "color": {"kind": "categorical", "missing": "category"},
            },
        }
    )
    table = ingest_table(dataset.load(), schema)
    assert table["ram"].isna().tolist() == [False, True, False]
    assert table["color"].isna().tolist() == [False, False, True]
    assert table["y"].tolist() == [0, 1, 1]


def test_excel_sheet_is_read_where_openpyxl_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
    TABLE.to_excel(tmp_path / "t.xlsx", index=False)
    frame = RawTableDataset(filepath=str(tmp_path / "t.xlsx")).load().frame
    assert frame["a"].tolist() == [1, 2]
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DatasetError, match=r"t\.xlsx: reading Excel needs `pip install openpyxl`"):
        RawTableDataset(filepath=str(tmp_path / "t.xlsx")).load()


def test_old_excel_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"t\.xls: \.xls is Excel's old format. Save it as"):
        RawTableDataset(filepath=str(tmp_path / "t.xls")).load()
