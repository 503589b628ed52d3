"""Exported files, and the folder, MLflow's pyfunc and the server beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colonnade import load_model
from colonnade.errors import ModelError
from colonnade.exporting.agreement import awkward_rows
from colonnade.exporting.onnx_file import export_onnx, run_onnx
from colonnade.exporting.torch_program import export_torch
from tests.conftest import kedro_in, make_project
from tests.serving.conftest import draw_homes, train_homes
from tests.serving.test_web_app import Client

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # torch's and MLflow's own
pytest.importorskip("onnxscript")
TABLES = ("phone_price", "regression", "wine", "breast_cancer", "diabetes")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("exported") / "project", quick=True)
    kedro_in(folder)("run")
    return folder


def by_pyfunc(folder: Path, table: str, rows: pd.DataFrame) -> pd.DataFrame:
    import mlflow

    for path in folder.glob("mlruns/*/models/*/artifacts"):
        if json.loads((path / "data/model/model.json").read_text())["table"] == table:
            return mlflow.pyfunc.load_model(str(path)).predict(rows)
    raise AssertionError(f"no model of {table} was logged")


@pytest.mark.parametrize("table", TABLES)
def test_folder_pyfunc_server_and_files_agree_on_each_shipped_table(project, table, tmp_path):
    model = load_model(project / "data/06_models" / table)
    primary = pd.read_parquet(project / f"data/03_primary/{table}/table.parquet")
    rows, n_missing, _ = awkward_rows(model.standardizer, primary)
    expected = model.predict(rows)
    assert (len(rows), n_missing > 40) == (1000, True)
    pd.testing.assert_frame_equal(by_pyfunc(project, table, rows), expected)
    assert_same_answers(model, rows, expected)
    export_onnx(model, primary, tmp_path / "table.onnx", coverage=0.9)
    given = run_onnx((tmp_path / "table.onnx").read_bytes(), model, rows)
    for name in [name for name in ("prediction", "lower", "upper") if name in expected]:
        if model.n_classes:
            assert (given[name] == expected[name].to_numpy()).all()
        else:
            assert np.allclose(given[name], expected[name], rtol=1e-9, atol=1e-9)


def test_the_command_says_where_the_file_is_and_how_it_was_checked(project):
    for to, ending in (("onnx", "onnx"), ("torch", "pt2")):
        done = kedro_in(project)("export", "phone_price", "--to", to)
        assert f"data/07_model_output/phone_price/phone_price.{ending}" in done.stdout
        assert "checked on 1000 rows" in done.stdout
        assert (project / f"data/07_model_output/phone_price/phone_price.{ending}").exists()


def assert_same_answers(model, rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    """The server's answers to the same rows, in its two forms."""
    client = Client(model)
    as_json = client("/predict", rows.to_json(orient="records", double_precision=15).encode())
    pd.testing.assert_frame_equal(as_json.frame, expected, rtol=1e-9, check_dtype=False)
    csv = rows.to_csv(index=False).encode()
    as_csv = client("/predict", csv, "text/csv", "application/json")
    pd.testing.assert_frame_equal(as_csv.frame, expected, rtol=1e-12)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_they_agree_on_words_dates_and_missing_values(tmp_path, task):
    model = train_homes(task)
    rows, n_missing, n_new = awkward_rows(model.standardizer, draw_homes())
    assert min(n_missing, n_new) > 40
    assert_same_answers(model, rows, model.predict(rows))
    onnx = export_onnx(model, draw_homes(), tmp_path / "homes.onnx", coverage=0.9)
    torch = export_torch(model, draw_homes(), tmp_path / "homes.pt2", coverage=0.9)
    assert onnx.difference < 1e-9
    assert torch.difference < 1e-9


def test_the_files_hold_their_check_and_no_pickle(tmp_path):
    import zipfile

    import onnx

    model = train_homes("classification")
    found = export_onnx(model, draw_homes(), tmp_path / "homes.onnx", coverage=0.9)
    entries = onnx.load(tmp_path / "homes.onnx").metadata_props
    facts = json.loads(next(one.value for one in entries if one.key == "colonnade"))
    assert facts["check"]["rows"] == 1000
    assert facts["check"]["difference"] == found.difference
    assert [one["name"] for one in facts["inputs"]] == model.standardizer.inputs
    export_torch(model, draw_homes(), tmp_path / "homes.pt2", coverage=0.9)
    with zipfile.ZipFile(tmp_path / "homes.pt2") as archive:
        for entry in archive.infolist():
            content = archive.read(entry)
            assert not content.startswith((b"\x80", b"PK")), entry.filename


def test_what_onnxruntime_has_no_doubles_for_is_exported_in_float32(tmp_path):
    from colonnade.training import ModelParams, TrainingParams, train_model
    from tests.training.conftest import draw_table, prepare_table

    table = draw_table("classification")
    rows, validation, standardizer = prepare_table(table, "classification")
    selu = ModelParams.model_validate({"kind": "realmlp", "hidden": [8]})
    model = train_model(rows, validation, standardizer, selu, TrainingParams(epochs=1)).model
    found = export_onnx(model, table, tmp_path / "table.onnx", coverage=0.9)
    assert 0 < found.difference < 1e-5
    transformer = ModelParams.model_validate({"kind": "ft_transformer"})
    model = train_model(rows, validation, standardizer, transformer, TrainingParams(epochs=1)).model
    with pytest.raises(ModelError, match="kind: ft_transformer` cannot be exported: its code"):
        export_torch(model, table, tmp_path / "table.pt2", coverage=0.9)
    assert not (tmp_path / "table.pt2").exists()


@pytest.mark.parametrize("positive", ["c", "b"])
def test_a_threshold_is_part_of_the_files(tmp_path, positive):
    from dataclasses import replace

    homes = draw_homes()
    model = train_homes("classification", classes=2)
    code = (model.standardizer.classes or []).index(positive)
    decision = {"positive": code, "threshold": 0.2, "aim": "cost"}
    model = replace(model, facts={**model.facts, "decision": decision})
    predicted = model.predict_quietly(homes)
    assert (predicted["prediction"] == positive).mean() > 0.5
    assert export_onnx(model, homes, tmp_path / "a.onnx", coverage=0.9).labels == 1
    assert export_torch(model, homes, tmp_path / "a.pt2", coverage=0.9).labels == 1
