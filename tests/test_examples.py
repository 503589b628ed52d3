"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pandas as pd
import pytest

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, save_model, train_model


@pytest.fixture
def kept_line(tmp_path, monkeypatch):
    """A folder in which `data/06_models/line` holds a model of y = 2 x + 1."""
    raw = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [3.0, 5.0, 7.0, 9.0]})
    schema = SchemaParams(target="y", task="regression")
    standardizer = fit_standardizer(raw, schema, StandardizeParams())
    rows = standardizer.transform(raw)
    training = TrainingParams.model_validate({"optimizer": "lbfgs", "epochs": 5})
    fitted = train_model(rows, rows[:0], standardizer, ModelParams(kind="linear"), training)
    save_model(fitted.model, tmp_path / "data/06_models/line")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("kept_line")
@pytest.mark.parametrize(
    ("module", "example"),
    [
        ("colonnade", "load_model"),
        ("colonnade.evaluation.metrics.groups", "Metrics"),
        ("colonnade.tables.schema.table_schema", "SchemaParams"),
        ("colonnade.tables.features.standardizer", "fit_standardizer"),
        ("colonnade.training.fit", "train_model"),
        ("colonnade.training.ensembles.many", "fit_many"),
        ("colonnade.tracking.comparison.ranking", "shown_metric"),
        ("colonnade.tracking.comparison.run_parameters", "differing"),
        ("colonnade.tracking.comparison.run_parameters", "is_used"),
        ("colonnade.tracking.recording.description", "judged_name"),
    ],
)
def test_example(module, example):
    found = importlib.import_module(module)
    [tests] = [
        one
        for one in doctest.DocTestFinder(recurse=False).find(
            getattr(found, example), example, module=found, globs=vars(found).copy()
        )
        if one.examples
    ]
    assert doctest.DocTestRunner().run(tests).failed == 0
