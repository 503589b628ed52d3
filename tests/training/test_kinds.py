"""Everything that one kind of network has, every kind has, for every task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.conftest import draw_table

from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model
from colonnade.training.networks.model_params import KINDS

SMALL = {
    "linear": {},
    "mlp": {"hidden": [8], "dropout": 0.1},
    "mlp_skip": {"hidden": [8], "dropout": 0.1},
    "realmlp": {"hidden": [8, 8]},
}
"""Networks of few weights, with dropout where there is any."""
KIND = pytest.mark.parametrize("kind", SMALL)
TASK = pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])

FULL = {
    "optimizer": {"name": "adamw", "lr": 0.02},
    "scheduler": "cosine",
    "epochs": 12,
    "batch_size": 16,
    "drop_last": False,
    "members": 2,
    "ema": 0.9,
    "clip_norm": 1.0,
    "early_stopping": {"patience": 8},
    "refit": True,
}
"""Everything at once that may go with a network."""


def prepared_table(task, categorical=None):
    """60 rows of four numbers, a truth value and two texts of few and of many words."""
    frame = draw_table(task).astype({"y": "str" if task != "regression" else "float64"})
    rng = np.random.default_rng(3)
    frame.insert(0, "flag", np.where(rng.random(len(frame)) < 0.5, "yes", "no"))
    if categorical:
        frame.insert(0, "few", rng.choice(list("abc"), len(frame)))
        frame.insert(0, "many", rng.choice([f"w{i}" for i in range(12)], len(frame)))
    raw = frame.astype("str")
    columns = {"flag": {"kind": "boolean"}}
    if categorical:
        columns |= {name: {"kind": "categorical"} for name in ("few", "many")}
    words = {"target": "y", "task": task, "columns": columns}
    if task == "ordinal":
        words["classes"] = ["0", "1", "2"]
    schema = SchemaParams.model_validate(words)
    from colonnade.tables.schema.ingest import ingest_table

    table = ingest_table(raw, schema, name="rows")
    params = StandardizeParams.model_validate({"categorical": categorical or "onehot"})
    standardizer = fit_standardizer(table[:44], schema, params)
    return standardizer.transform(table[:44]), standardizer.transform(table[44:]), standardizer, raw


def model_of(kind):
    return ModelParams.model_validate({"kind": kind, **SMALL[kind]})


def training_of(task, **words):
    classes = {"temperature": True} if task != "regression" else {}
    return TrainingParams.model_validate({**FULL, **classes, **words})


def same(one, other):
    assert one.weights.keys() == other.weights.keys()
    for name, weight in one.weights.items():
        assert torch.equal(weight, other.weights[name]), name


def test_the_suite_knows_every_kind():
    assert {*SMALL, "own"} == set(KINDS)


@KIND
@TASK
def test_trains_with_everything_and_predicts_and_is_kept(kind, task, tmp_path):
    *prepared, raw = prepared_table(task)
    fitted = train_model(*prepared, model_of(kind), training_of(task))
    model = fitted.model
    assert fitted.history["train_loss"].iloc[-1] < fitted.history["train_loss"].iloc[0]
    assert model.n_members == 2
    assert model.facts["refit_epochs"] > 0
    predicted = model.predict(raw.drop(columns="y"))
    if task == "regression":
        assert (predicted["lower"] <= predicted["prediction"]).all()
        assert (predicted["prediction"] <= predicted["upper"]).all()
    else:
        shares = predicted.filter(like="probability_")
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert model.facts["temperature"] != 1
    alone = pd.concat([model.predict(raw.drop(columns="y").iloc[[i]]) for i in range(5)])
    pd.testing.assert_frame_equal(alone, predicted[:5], rtol=1e-9)
    save_model(model, tmp_path)
    loaded = load_model(tmp_path)
    pd.testing.assert_frame_equal(loaded.predict(raw.drop(columns="y")), predicted)
    assert "2 members, each:" in loaded.summary()


@KIND
@TASK
def test_resumed_equals_uninterrupted_and_the_seed_decides(kind, task, tmp_path):
    *prepared, _ = prepared_table(task)
    model, training = model_of(kind), training_of(task, checkpoint_every=3)
    torch.manual_seed(1)
    whole = train_model(*prepared, model, training).model

    def interrupt(epoch, *_):
        if epoch == 7:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint.safetensors"
    torch.manual_seed(2)
    with pytest.raises(KeyboardInterrupt):
        train_model(*prepared, model, training, checkpoint=file, progress=interrupt)
    same(whole, train_model(*prepared, model, training, checkpoint=file, resume=True).model)
    other = train_model(*prepared, model, training.model_copy(update={"seed": 5})).model
    assert not all(torch.equal(whole.weights[name], other.weights[name]) for name in whole.weights)


@KIND
def test_a_member_equals_its_solo_run(kind):
    *prepared, _ = prepared_table("classification")
    words = {"optimizer": {"name": "adamw", "lr": 0.02}, "epochs": 3, "batch_size": 16}
    training = TrainingParams.model_validate(words)
    model = model_of(kind)
    together = train_model(*prepared, model, training.model_copy(update={"members": 2})).model
    for member in (0, 1):
        alone = train_model(*prepared, model, training.model_copy(update={"seed": member})).model
        for name, weight in alone.weights.items():
            torch.testing.assert_close(together.weights[name][member], weight[0])


@KIND
@pytest.mark.parametrize("categorical", ["onehot", "embedding"])
def test_reads_categories(kind, categorical):
    *prepared, raw = prepared_table("ordinal", categorical)
    training = TrainingParams.model_validate({"epochs": 2, "batch_size": 16})
    model = train_model(*prepared, model_of(kind), training).model
    rows = raw.drop(columns="y").head(6).assign(many="never seen")
    assert model.predict(rows)["outside"].str.contains("many new").all()
