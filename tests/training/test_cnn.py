"""A picture among the columns, and the network that looks at it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.evaluation.explanation.saliency import saliencies
from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.reading.sklearn_tables import draw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model

WORDS = {"target": "y", "task": "classification", "image": {"columns": "p*", "shape": [4, 4]}}
SMALL = {"kind": "cnn", "channels": "4x4", "dropout": 0.1}
TRAINING = {"epochs": 6, "batch_size": 16, "members": 2}


def bars(n: int = 80) -> pd.DataFrame:
    """Pictures of one bar, which stands or lies; and a column that says nothing."""
    rng = np.random.default_rng(0)
    pictures, lies = rng.normal(0, 0.1, (n, 4, 4)), np.arange(n) % 2
    for picture, flat, place in zip(pictures, lies, rng.integers(0, 4, n), strict=True):
        picture[(place, slice(None)) if flat else (slice(None), place)] += 3
    frame = pd.DataFrame(pictures.reshape(n, 16), columns=[f"p{i}" for i in range(16)])
    frame["noise"], frame["city"] = rng.normal(size=n), [f"c{i % 3}" for i in range(n)]
    return frame.assign(y=np.where(lies, "lies", "stands"))


def prepared(words: dict[str, Any] = WORDS) -> tuple[pd.DataFrame, Standardizer]:
    columns = {"city": {"kind": "categorical"}}
    schema = SchemaParams.model_validate({**words, "columns": columns})
    table = ingest_table(bars(), schema)
    params = StandardizeParams.model_validate({"numeric": "none", "categorical": "embedding"})
    return table, fit_standardizer(table[:60], schema, params)


@pytest.fixture(scope="module")
def trained():
    table, standardizer = prepared()
    rows = standardizer.transform(table)
    fitted = train_model(
        rows[:60],
        rows[60:],
        standardizer,
        ModelParams.model_validate(SMALL),
        TrainingParams.model_validate(TRAINING),
    )
    return table, rows, fitted


def test_it_tells_standing_bars_from_lying_ones_wherever_they_are(trained):
    table, _, fitted = trained
    assert (fitted.model.predict_quietly(table[60:])["prediction"] == table["y"][60:]).mean() > 0.9


def test_pixels_share_one_scale_of_the_train_rows(trained):
    table, _, fitted = trained
    pixels = table[:60].filter(like="p").to_numpy()
    assert fitted.model.weights["center"][0].item() == pytest.approx(pixels.mean(), rel=1e-5)
    assert fitted.model.weights["scale"][0].item() == pytest.approx(pixels.std(), rel=1e-5)


def test_it_is_saved_and_resumed_to_the_bit(trained, tmp_path):
    table, rows, fitted = trained
    epochs = []

    def interrupt(*_):
        epochs.append(1)
        if len(epochs) == 4:
            raise KeyboardInterrupt

    _, standardizer = prepared()
    given = (rows[:60], rows[60:], standardizer, fitted.model.model)
    training = TrainingParams.model_validate({**TRAINING, "checkpoint_every": 1})
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_model(*given, training, checkpoint=file, progress=interrupt)
    again = train_model(*given, training, checkpoint=file, resume=True)
    for name, weight in fitted.model.weights.items():
        assert torch.equal(weight, again.model.weights[name]), name
    save_model(again.model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(
        loaded.predict_quietly(table), fitted.model.predict_quietly(table)
    )


def test_the_answer_moves_with_the_bar_and_not_with_the_paper(trained):
    table, _, fitted = trained
    predicted = fitted.model.predict_quietly(table[60:])["prediction"]
    rows = pd.DataFrame({"actual": table["y"][60:], "prediction": predicted})
    found = saliencies(fitted.model, rows, table[60:])
    assert [one.actual for one in found] == ["lies", "stands"]
    assert np.shape(found[0].pixels) == np.shape(found[0].strength) == (4, 4)
    assert np.min(found[0].strength) >= 0 < np.max(found[0].strength)
    # by hand: the logit of the class, a thousandth of a pixel up
    X = fitted.model.standardizer.features(table[60:61].reset_index(drop=True)).astype(float)
    inputs = fitted.model.spec.inputs
    step = X.copy()
    step[0, inputs.numeric[inputs.pixels[5]]] += 1e-3
    slopes = []
    for member in range(2):
        module = fitted.model.module(member).double()
        low, high = (module(*inputs.split(torch.tensor(x)))[0] for x in (X, step))
        slopes.append(abs((high - low)[low.argmax()].item()) / 1e-3)
    own = next(one for one in found if one.actual == table["y"][60])
    assert own.strength[1][1] == pytest.approx(np.mean(slopes), rel=1e-3, abs=1e-6)


def test_a_table_without_a_picture_is_refused():
    words = {name: value for name, value in WORDS.items() if name != "image"}
    table, standardizer = prepared(words)
    rows = standardizer.transform(table)
    with pytest.raises(ParameterError, match="cnn looks at a picture, and the table has none"):
        train_model(
            rows, rows[:0], standardizer, ModelParams.model_validate(SMALL), TrainingParams()
        )


def test_a_shape_of_other_pixels_is_refused():
    wrong = {**WORDS, "image": {"columns": "p*", "shape": "4x5"}}
    schema = SchemaParams.model_validate(wrong)
    with pytest.raises(ParameterError, match=r"16 columns .* named like 'p\*'.* has 20 pixels"):
        fit_standardizer(bars().drop(columns="city"), schema, StandardizeParams())


@pytest.mark.parametrize(
    ("words", "what"), [({"kernel": 4}, "write 3 or 5"), ({"channels": []}, "16x32")]
)
def test_words_that_make_no_layer_are_refused(words, what):
    with pytest.raises(ParameterError, match=what):
        ModelParams.model_validate({"kind": "cnn", **words})


@pytest.mark.slow
def test_digits_are_read_with_985_of_1000_right_over_five_splits():
    from sklearn.model_selection import StratifiedShuffleSplit

    words = {"target": "target", "task": "classification", "image": {"shape": "8x8"}}
    schema = SchemaParams.model_validate(words)
    table = ingest_table(draw_table("load_digits", {}).frame, schema)
    right = []
    splits = StratifiedShuffleSplit(5, test_size=0.2, random_state=0)
    for learned, tested in splits.split(table, table["target"]):
        standardizer = fit_standardizer(
            table.iloc[learned], schema, StandardizeParams(numeric="none")
        )
        rows = standardizer.transform(table)
        model = train_model(
            rows.iloc[learned], rows[:0], standardizer, ModelParams(kind="cnn"), TrainingParams()
        ).model
        test = rows.iloc[tested]
        predicted = model.predict_array(test[standardizer.feature_names].to_numpy())
        right.append(float((predicted == test["target"]).mean()))
    assert np.mean(right) >= 0.985, right
