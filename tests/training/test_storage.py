"""A saved model comes back bit by bit, or is refused."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save
from tests.training.conftest import draw_table

from colonnade.errors import ModelError
from colonnade.training import load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path

MODEL = {"kind": "mlp_skip", "hidden": [5], "batch_norm": True, "activation": "prelu"}


@pytest.fixture
def saved(fit, tmp_path):
    model = fit("ordinal", MODEL, {"members": 2, "temperature": True}).model
    save_model(model, tmp_path / "model")
    return model, tmp_path / "model"


def weights_of(folder: Path) -> Path:
    (found,) = folder.glob("weights-*.safetensors")
    return found


def test_a_model_comes_back_as_it_was(saved):
    model, folder = saved
    loaded = load_model(folder)
    raw = draw_table("ordinal")
    pd.testing.assert_frame_equal(loaded.predict(raw), model.predict(raw), check_exact=True)
    assert loaded.facts == model.facts
    assert loaded.model == model.model
    assert loaded.training == model.training
    assert loaded.standardizer == model.standardizer
    assert json.loads(json.dumps(model.describe())) == model.describe()


def test_saving_again_leaves_one_set_of_weights(saved, fit):
    _, folder = saved
    first = weights_of(folder).name
    other = fit("ordinal", MODEL, {"seed": 9}).model
    save_model(other, folder)
    assert weights_of(folder).name != first
    assert sorted(p.name for p in folder.iterdir()) == ["model.json", weights_of(folder).name]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_kill_at_any_step_leaves_the_old_model_or_the_new(saved, fit, monkeypatch, call, count):
    old, folder = saved
    new = fit("ordinal", MODEL, {"seed": 9}).model
    original, calls = getattr(os, call), []

    def counted(*args, **options):
        calls.append(1)
        if len(calls) == count:
            raise Killed
        return original(*args, **options)

    monkeypatch.setattr(os, call, counted)
    with suppress(Killed):
        save_model(new, folder)
    monkeypatch.undo()
    raw = draw_table("ordinal")
    found = load_model(folder).predict(raw)
    assert any(found.equals(model.predict(raw)) for model in (old, new))
    save_model(new, folder)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: weights_of(f).write_bytes(weights_of(f).read_bytes()[:-4]), "altered or cut"),
        (lambda f: weights_of(f).write_bytes(b"\x80\x04."), "altered or cut"),
        (lambda f: weights_of(f).unlink(), "cannot be read: No such file or directory. Train"),
        (lambda f: (f / "model.json").unlink(), "model.json is missing"),
        (lambda f: (f / "model.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "model.json").write_text("[" * 100_000), "cannot be read"),
        (lambda f: (f / "model.json").write_text('{"format": 7}'), "not a model's description"),
        (lambda f: change(f, weights={"file": "../x", "sha256": ""}), "names no file of weights"),
        (lambda f: change(f, model={"kind": "forest"}), "does not describe a model"),
        (lambda f: change(f, standardizer=3), "does not describe a model"),
        (lambda f: change(f, model={"kind": "linear"}), "do not fit the network"),
    ],
)
def test_a_spoilt_folder_is_refused(saved, spoil, said):
    _, folder = saved
    spoil(folder)
    with pytest.raises(ModelError, match=said):
        load_model(folder)


def change(folder: Path, **parts: object) -> None:
    described = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**described, **parts}))


def test_weights_of_another_kind_are_refused(saved):
    import hashlib

    _, folder = saved
    tensors = {name: tensor.double() for name, tensor in load_file(weights_of(folder)).items()}
    content = save(tensors)
    digest = hashlib.sha256(content).hexdigest()
    name = f"weights-{digest[:12]}.safetensors"
    (folder / name).write_bytes(content)
    change(folder, weights={"file": name, "sha256": digest})
    with pytest.raises(ModelError, match="do not fit the network"):
        load_model(folder)


def test_probabilities_of_labels_keep_their_names(fit, table):
    trained = fit("classification").model
    assert np.allclose(
        trained.predict(draw_table("classification")).filter(like="prob").sum(axis=1), 1
    )
