"""A network that is a class of the user's own: found by its path, held to its signature."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from colonnade.errors import ModelError, ParameterError
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model


class Noisy(nn.Module):
    """Draws from torch's own generator in three ways: at the start, as a layer, as a function."""

    def __init__(self, inputs, n_outputs, width: int, rate: float = 0.2):
        super().__init__()
        self.first = nn.Linear(inputs.n_numeric, width)
        self.norm, self.drop = nn.BatchNorm1d(width), nn.Dropout(rate)
        self.last = nn.Linear(width, n_outputs)
        self.rate = rate

    def forward(self, numeric, categorical=None):
        noisy = nn.functional.dropout(numeric, self.rate, self.training)
        return self.last(self.drop(torch.relu(self.norm(self.first(noisy)))))


class Tied(nn.Module):
    def __init__(self, inputs, n_outputs):
        super().__init__()
        self.one = nn.Linear(inputs.n_numeric, n_outputs)
        self.other = nn.Linear(inputs.n_numeric, n_outputs)
        self.other.weight = self.one.weight

    def forward(self, numeric, categorical=None):
        return self.one(numeric) + self.other(numeric)


class Flat(nn.Module):
    def __init__(self, inputs, n_outputs):
        super().__init__()
        self.only = nn.Linear(inputs.n_numeric, 1)

    def forward(self, numeric, categorical=None):
        return self.only(numeric)[:, 0]


class WithoutOutputs(nn.Module):
    def __init__(self, width: int = 3):
        super().__init__()


@pytest.fixture(autouse=True)
def nets(monkeypatch):
    """These classes as a module `nets`, as a project's src/ would have it."""
    module = ModuleType("nets")
    for network in (Noisy, Tied, Flat, WithoutOutputs):
        monkeypatch.setattr(network, "__module__", "nets")
        setattr(module, network.__name__, network)
    module.number = 3
    monkeypatch.setitem(sys.modules, "nets", module)


def model_of(name="Noisy", **words):
    return ModelParams.model_validate({"kind": f"nets.{name}", **words})


TRAINING = {"optimizer": {"name": "adamw", "lr": 0.05}, "epochs": 12, "batch_size": 16}


@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
def test_it_trains_and_the_same_seed_gives_the_same_bits(table, task):
    prepared = table(task)
    training = TrainingParams.model_validate({**TRAINING, "members": 2, "ema": 0.9})
    torch.manual_seed(1)
    once = train_model(*prepared, model_of(width=8), training)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    again = train_model(*prepared, model_of(width=8), training)
    assert torch.equal(torch.get_rng_state(), state)  # torch's own generator is left as it was
    for name, weight in once.model.weights.items():
        assert torch.equal(weight, again.model.weights[name]), name
    assert once.history["train_loss"].iloc[-1] < 0.8 * once.history["train_loss"].iloc[0]
    other = train_model(*prepared, model_of(width=8), training.model_copy(update={"seed": 1}))
    assert not torch.equal(other.model.weights["last.weight"], once.model.weights["last.weight"])


def test_resumed_equals_uninterrupted(table, tmp_path):
    def kill(epoch, *_):
        if epoch == 7:
            raise KeyboardInterrupt

    prepared, model = table("ordinal"), model_of(width=8)
    training = TrainingParams.model_validate({**TRAINING, "checkpoint_every": 3})
    whole = train_model(*prepared, model, training).model
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_model(*prepared, model, training, checkpoint=file, progress=kill)
    resumed = train_model(*prepared, model, training, checkpoint=file, resume=True).model
    for name, weight in whole.weights.items():
        assert torch.equal(weight, resumed.weights[name]), name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"width": 8, "ratte": 0.1}, "`ratte`: Noisy takes no such argument. Did you mean `rate`"),
        ({}, "`width`: Noisy requires it"),
        ({"width": "many"}, "`width`: Input should be a valid integer.*'many'"),
    ],
    ids=["misspelled", "missing", "type"],
)
def test_words_are_held_to_the_signature(words, said):
    with pytest.raises(ParameterError, match=said):
        model_of(**words)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nets.Nosy", "'nets' has no 'Nosy'"),
        ("nests.Noisy", "no module 'nests'"),
        ("nets.number", "not a subclass of torch.nn.Module"),
        ("nets.WithoutOutputs", r"begin as __init__\(self, inputs, n_outputs"),
        ("nosy", "'nosy' is not a kind of network"),
    ],
)
def test_a_class_that_cannot_be_is_refused_in_a_line(kind, said):
    with pytest.raises(ParameterError, match=said) as caught:
        ModelParams.model_validate({"kind": kind})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"), [("Flat", r"gives \(2,\) for 2 rows"), ("Tied", "one parameter under two")]
)
def test_a_module_that_cannot_be_trained_is_refused_before_it_is(table, name, said):
    with pytest.raises(ParameterError, match=said):
        train_model(*table("regression"), model_of(name), TrainingParams(epochs=1))


def test_the_lasso_is_refused_where_no_weights_of_the_columns_are_named(table):
    training = TrainingParams.model_validate({"epochs": 1, "l1": 0.1})
    with pytest.raises(ParameterError, match=r"training\.l1.*model\.kind nets\.Noisy"):
        train_model(*table("regression"), model_of(width=4), training)


def test_a_folder_has_no_code_imported(table, tmp_path, monkeypatch):
    prepared = table("classification")
    model = train_model(*prepared, model_of(width=4), TrainingParams(epochs=2)).model
    save_model(model, tmp_path)
    monkeypatch.delitem(sys.modules, "nets")
    with pytest.raises(ModelError, match=r"nets\.Noisy, which has to be given"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match=r"nets\.Noisy, not nets\.Flat"):
        load_model(tmp_path, network=Flat)
    X = prepared[1][prepared[2].feature_names].to_numpy()
    loaded = load_model(tmp_path, network=Noisy)
    assert (loaded.probabilities(X) == model.probabilities(X)).all()
    assert "nets" not in sys.modules


def test_a_word_is_taken_back_by_null():
    assert model_of(width=4, hidden=None).words == {"width": 4}
