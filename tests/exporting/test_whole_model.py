"""The model as one torch module, column by column; and what cannot be exported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colonnade.errors import ModelError
from colonnade.exporting.agreement import awkward_rows, compare
from colonnade.exporting.raw_inputs import coded, describe_inputs, typed_inputs
from colonnade.exporting.whole_model import WholeModel
from colonnade.training import TrainedModel
from tests.serving.conftest import draw_homes, train_homes


def answers(model: TrainedModel, rows) -> list[np.ndarray]:
    cells = typed_inputs(model.standardizer, rows)
    columns = model.standardizer.columns
    tensors = [torch.from_numpy(np.array(coded(one, cells[one.name]))) for one in columns]
    with torch.inference_mode():
        return [given.numpy() for given in WholeModel(model, model.half_width()).eval()(*tensors)]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"bins": 4, "log1p": True, "ordered": "onehot"},
        {"categorical": "embedding", "ordered": "thermometer", "target": "log"},
        {"numeric": "robust", "minimum_count": 50, "target": "quantile"},
    ],
    ids=["usual", "bins", "embedding", "robust"],
)
def test_it_answers_as_the_model_does_whatever_becomes_of_columns(words):
    model = train_homes("regression", **words)
    rows = awkward_rows(model.standardizer, draw_homes(), 300)
    given = dict(zip(("prediction", "lower", "upper"), answers(model, rows[0]), strict=True))
    found = compare(model, rows, given, 0.9)
    assert found.difference < 1e-12
    assert found.missing_cells > 50
    assert found.unseen_words > 5


@pytest.mark.parametrize("task", ["classification", "ordinal"])
def test_probabilities_are_the_models(task):
    model = train_homes(task)
    rows, *_ = awkward_rows(model.standardizer, draw_homes(), 300)
    [given] = answers(model, rows)
    expected = model.predict_quietly(rows).filter(regex="^probability_").to_numpy()
    assert np.abs(given - expected).max() < 1e-12


def test_an_answer_that_differs_is_refused():
    model = train_homes("regression")
    rows = awkward_rows(model.standardizer, draw_homes(), 50)
    given = answers(model, rows[0])[0]
    with pytest.raises(ModelError, match="does not answer as the model does"):
        compare(model, rows, {"prediction": given + 0.01}, 0.9)


def test_what_cannot_be_exported_is_told_by_name():
    model = train_homes("regression", numeric="quantile")
    with pytest.raises(ModelError, match=r"column 'rooms' is scaled by its quantiles"):
        WholeModel(model, None)


def test_inputs_say_their_type_and_what_missing_is():
    described = {one["name"]: one for one in describe_inputs(train_homes().standardizer)}
    assert described["rooms"] == {"name": "rooms", "type": "float64", "missing": "NaN"}
    assert described["city"]["words"] == ["Bonn", "Köln", "Trier"]
    assert described["sold"]["unit"] == "us since 1970"
