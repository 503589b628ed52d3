"""One call from a frame to a model."""

from __future__ import annotations

import doctest
import importlib
import logging
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from tests.conftest import REPOSITORY

from colonnade import fit
from colonnade.cli.table_yaml.new_table import draft_table

QUICK = {"epochs": 3, "batch_size": 32, "members": 1}
PENGUINS = REPOSITORY / "data/01_raw/penguins.csv"


def test_a_frame_is_understood_as_table_add_understands_its_file(penguins, caplog):
    with caplog.at_level(logging.INFO):
        model = fit(penguins, target="species", training=QUICK, name="penguins")
    draft = draft_table("penguins", PENGUINS, "species")
    written = yaml.safe_load(draft.parameters)["penguins"]
    schema = model.standardizer.table_schema.model_dump(mode="json", exclude_unset=True)
    assert schema == written["schema"]
    words = {**written["training"], **QUICK, "temperature": True}
    assert model.training == type(model.training).model_validate(words)
    assert model.model == type(model.model).model_validate(written["model"])
    assert model.standardizer.made_with.bins == written["standardize"]["bins"] == 16
    assert "penguins: species: predicted by classification, words: 3" in caplog.text


def test_a_file_is_predicted_as_its_frame(penguins):
    model = fit(penguins, target="species", training=QUICK)
    of_file = model.predict(PENGUINS).reset_index(drop=True)
    pd.testing.assert_frame_equal(of_file, model.predict(penguins))


def test_a_report_is_written_on_request(shop, tmp_path):
    fit(shop, target="price", training=QUICK, report=tmp_path / "report", name="shop")
    page = (tmp_path / "report/report.html").read_text()
    assert "colonnade.fit(shop, target=&#39;price&#39;)" in page
    assert "Ridge" in page or "ridge" in page
    assert (tmp_path / "report/model_card.md").read_text().startswith("#")


def test_mistakes_are_value_errors(penguins):
    with pytest.raises(ValueError, match="Did you mean `species`"):
        fit(penguins, target="specie")
    with pytest.raises(ValueError, match="must be a table of pandas, polars or Arrow, not str"):
        fit(str(PENGUINS), target="species")
    with pytest.raises(ValueError, match="`training` has to be a dict of words"):
        fit(penguins, target="species", training="adam")
    with pytest.raises(ValueError, match="Choose another column as `target`"):
        fit(penguins.assign(one=1), target="one")


@pytest.mark.slow  # import-linter says so too
def test_nothing_of_kedro_or_mlflow_is_imported():
    code = (
        "import sys; from colonnade import *; print(sorted({'kedro', 'mlflow'} & set(sys.modules)))"
    )
    assert printed(code) == "[]"


def test_the_package_and_its_commands_import_nothing_heavy():
    assert printed("import sys, colonnade, colonnade.cli; " + HEAVY) == "[]"


HEAVY = "print(sorted({'torch', 'sklearn', 'pandas'} & set(sys.modules)))"


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["frames.fit_frame", "classifier", "regressor", "python_errors"])
def test_examples(module):
    found = importlib.import_module(f"colonnade.estimators.{module}")
    results = doctest.testmod(found)
    assert results.attempted > 0
    assert results.failed == 0


def test_the_docs_example(tmp_path, monkeypatch):
    task = (REPOSITORY / "docs/pages/how-to/from-python.md").read_text()
    code = task[task.index("```python\n") + 10 : task.index("\n```\n", task.index("```python\n"))]
    (tmp_path / "data/01_raw").mkdir(parents=True)
    (tmp_path / "data/01_raw/penguins.csv").write_bytes(PENGUINS.read_bytes())
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    exec(compile(code, "from-python.md", "exec"), space)
    assert (tmp_path / "report/report.html").exists()
    assert space["scores"].mean() > 0.9
