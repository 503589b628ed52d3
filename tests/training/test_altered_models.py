"""A model folder that was changed, or lies in another's place, is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from colonnade.errors import ModelError
from colonnade.training import load_model, save_model


@pytest.fixture
def folder(fit, tmp_path) -> Path:
    save_model(fit("regression").model, tmp_path / "wine", table="wine")
    return tmp_path / "wine"


def test_a_single_changed_number_is_found(folder):
    file = folder / "model.json"
    described = json.loads(file.read_text())
    described["standardizer"]["columns"][0]["scale"]["center"] += 1e-9
    file.write_text(json.dumps(described))
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert str(caught.value) == (
        f"{file} is not as it was written: it was altered. Train the model again."
    )


def test_another_layout_of_the_same_words_is_no_change(folder):
    file = folder / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()), indent=7, sort_keys=True))
    load_model(folder)


def test_a_model_of_another_version_is_reported(folder):
    file = folder / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 1}))
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert str(caught.value) == (
        f"{file} cannot be read: it is not a model's description of format 2, which this version "
        "reads, but of format 1. Train the model again."
    )


def test_a_model_of_another_table_is_refused_where_the_table_matters(folder):
    load_model(folder)
    load_model(folder, table="wine")
    with pytest.raises(ModelError) as caught:
        load_model(folder, table="diabetes")
    assert str(caught.value) == (
        f"{folder} holds a model of the table 'wine', not of 'diabetes'. Put the right folder "
        "there, or train: kedro run --pipeline diabetes"
    )
