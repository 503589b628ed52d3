"""Everything that one kind of network has, every kind has, for every task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import (
    Fitted,
    ModelParams,
    TrainingParams,
    load_model,
    save_model,
    train_model,
)
from colonnade.training.networks.kinds.kind import OWN
from colonnade.training.networks.model_params import KINDS


class Own(nn.Module):
    """A class of one's own: vectors of categories beside the numbers, torch's layers."""

    def __init__(self, inputs, n_outputs):
        super().__init__()
        self.vectors = nn.ModuleList(nn.Embedding(n, 2) for n in inputs.cardinalities)
        self.hidden = nn.Linear(inputs.n_numeric + 2 * len(inputs.cardinalities), 6)
        self.drop, self.out = nn.Dropout(0.1), nn.Linear(6, n_outputs)

    def forward(self, numeric, categorical=None):
        vectors = [table(categorical[:, i]) for i, table in enumerate(self.vectors)]
        return self.out(self.drop(torch.relu(self.hidden(torch.cat([numeric, *vectors], 1)))))


OWN_PATH = f"{__name__}.Own"
MODELS: dict[str, dict[str, Any]] = {
    "linear": {"kind": "linear"},
    "mlp": {"kind": "mlp", "hidden": [6], "batch_norm": True, "dropout": 0.1},
    "mlp_skip": {"kind": "mlp_skip", "hidden": [6, 4]},
    "own": {"kind": OWN_PATH},
    "realmlp": {"kind": "realmlp", "hidden": [8, 8], "onehot_up_to": 4},
    "tabm": {"kind": "tabm", "k": 3, "hidden": "6x6"},
    "tabm bins": {
        "kind": "tabm",
        "k": 3,
        "hidden": "6",
        "numeric_embedding": "piecewise_linear",
        "bins": 8,
        "embedding_width": 3,
    },
    "tabm mini": {
        "kind": "tabm",
        "k": 2,
        "hidden": "6",
        "arch": "tabm-mini",
        "numeric_embedding": "periodic",
        "n_frequencies": 4,
        "frequency_std": 0.1,
        "embedding_width": 3,
    },
    "ft_transformer": {"kind": "ft_transformer", "blocks": 2, "width": 8, "heads": 2},
    "resnet": {"kind": "resnet", "blocks": 1, "width": 6},
}
"""Networks of few weights, with dropout where there is any; every kind at least once."""

TABLES = [
    ("classification", "numbers"),
    ("ordinal", "codes"),
    ("regression", "both"),
]

EVERYTHING = {
    "optimizer": {"name": "adamw", "lr": 0.03, "weight_decay": 0.01},
    "scheduler": {"name": "cosine", "warmup_epochs": 2},
    "early_stopping": {"patience": 7},
    "clip_norm": 1.0,
    "ema": 0.8,
    "members": 2,
    "refit": True,
    "epochs": 8,
    "batch_size": 16,
    "drop_last": False,
    "checkpoint_every": 2,
}
"""Everything at once that may go with a network."""


def draw(columns: str, task: str, n: int = 60) -> pd.DataFrame:
    """Numbers of many and of few values, a truth value, and two texts: x and the city decide."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=n), "noise": rng.exponential(size=n)})
    frame["few"] = rng.integers(0, 4, n).astype(float)
    frame["flag"] = np.where(rng.random(n) < 0.5, "yes", "no")
    city = rng.integers(0, 4, n)
    score = frame["x"] * (columns != "codes") + city * (columns != "numbers")
    if columns == "codes":
        frame = frame[[]].copy()
    if columns != "numbers":
        frame["city"] = [f"c{code}" for code in city]
        frame["shop"] = [f"s{code}" for code in rng.integers(0, 7, n)]
    cuts = np.quantile(score, [1 / 3, 2 / 3])
    frame["y"] = score * 5.0 + 40 if task == "regression" else np.searchsorted(cuts, score)
    return frame.astype("str")


@cache
def prepared(
    columns: str, task: str, categorical: str = "embedding"
) -> tuple[pd.DataFrame, pd.DataFrame, Standardizer]:
    raw = draw(columns, task)
    kinds = {"flag": "boolean", "city": "categorical", "shop": "categorical"}
    words = {"target": "y", "task": task}
    words["columns"] = {name: {"kind": kind} for name, kind in kinds.items() if name in raw}
    if task == "ordinal":
        words["classes"] = ["0", "1", "2"]
    schema = SchemaParams.model_validate(words)
    table = ingest_table(raw, schema, name="rows")
    params = StandardizeParams.model_validate({"categorical": categorical})
    standardizer = fit_standardizer(table[:44], schema, params)
    return standardizer.transform(table[:44]), standardizer.transform(table[44:]), standardizer


@dataclass(frozen=True)
class Case:
    model: ModelParams
    task: str
    columns: str
    fitted: Fitted

    def fit(self, **words: Any) -> Fitted:
        return train(self.model, self.task, self.columns, **words)


def train(model: ModelParams, task: str, columns: str, **words: Any) -> Fitted:
    options = {key: words.pop(key) for key in ("checkpoint", "resume", "progress") if key in words}
    given = {**EVERYTHING, "temperature": task != "regression", **words}
    training = TrainingParams.model_validate(given)
    return train_model(*prepared(columns, task), model, training, **options)


def pairs() -> Iterator[Any]:
    """Every kind on every table; the quick tests take each kind on one table, in turn."""
    for (place, name), (turn, table) in product(enumerate(MODELS), enumerate(TABLES)):
        marks = [] if place % len(TABLES) == turn else [pytest.mark.slow]
        yield pytest.param((name, table), marks=marks, id=" ".join((name, *table)))


@pytest.fixture(scope="module", params=pairs())
def case(request):
    """One kind of network, trained once with everything on one table."""
    name, table = request.param
    model = ModelParams.model_validate(MODELS[name])
    return Case(model, *table, train(model, *table))


def assert_same_bits(one: Fitted, other: Fitted) -> None:
    for name, weight in one.model.weights.items():
        assert torch.equal(weight, other.model.weights[name]), name


def test_the_suite_knows_every_kind():
    # a blend, which test_blend.py is about, is made of these; pictures are in test_cnn.py, odd
    # rows in test_anomaly.py
    known = {ModelParams.model_validate(words).kind for words in MODELS.values()}
    assert known - {OWN_PATH} == set(KINDS) - {OWN, "auto", "cnn", "autoencoder"}


def test_it_learns(case):
    history = case.fitted.history
    assert history["train_loss"].iloc[-1] < 0.9 * history["train_loss"].iloc[0]
    assert case.fitted.model.n_members == 2
    assert case.fitted.model.facts["refit_epochs"] > 0


def test_resumed_in_the_training_and_in_the_refit_it_ends_with_the_same_bits(case, tmp_path):
    """So the seed alone decides them, and torch's own generator is left as it was."""
    epochs = []

    def interrupt(*_):
        epochs.append(1)
        if len(epochs) in (5, 12):
            raise KeyboardInterrupt

    torch.manual_seed(1)
    state = torch.get_rng_state()
    words = {"checkpoint": tmp_path / "checkpoint.safetensors", "progress": interrupt}
    for resume in (False, True):
        with pytest.raises(KeyboardInterrupt):
            case.fit(**words, resume=resume)
    assert_same_bits(case.fitted, case.fit(**words, resume=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_members_differ_by_their_seeds(case):
    weights = case.fitted.model.weights.values()
    assert any(not torch.equal(of_seed_0, of_seed_1) for of_seed_0, of_seed_1 in weights)


def test_saved_and_loaded_it_predicts_the_same(case, tmp_path):
    model, raw = case.fitted.model, draw(case.columns, case.task)
    save_model(model, tmp_path)
    network = Own if case.model.kind == OWN_PATH else None
    loaded = load_model(tmp_path, network=network)
    pd.testing.assert_frame_equal(loaded.predict(raw), model.predict(raw), check_exact=True)


def test_one_row_is_predicted_as_in_a_batch(case):
    model, raw = case.fitted.model, draw(case.columns, case.task)
    whole = model.predict(raw).select_dtypes("number")
    alone = pd.concat([model.predict(raw[i : i + 1]) for i in range(4)]).select_dtypes("number")
    pd.testing.assert_frame_equal(alone, whole[:4], rtol=0, atol=1e-9)


def test_the_module_computes_what_is_predicted(case):
    model = case.fitted.model
    X = prepared(case.columns, case.task)[1][model.standardizer.feature_names].to_numpy()
    inputs = model.spec.inputs.split(torch.tensor(X, dtype=torch.float64))
    logits = torch.stack([model.module(m).double()(*inputs) for m in range(2)])
    if case.task == "regression":
        told = logits.mean(0)[:, 0].detach().numpy()
        assert told == pytest.approx(model.scores(X), abs=1e-9)
    else:
        shares = model.loss.probabilities(logits / model.facts["temperature"]).mean(0)
        assert shares.detach().numpy() == pytest.approx(model.probabilities(X), abs=1e-9)


def test_its_layers_are_printed_and_its_intervals_told(case):
    model = case.fitted.model
    assert "2 members, each:" in model.summary()
    predicted = model.predict(draw(case.columns, case.task))
    assert ("lower" in predicted) == (case.task == "regression")
    if case.task == "regression":
        assert bool((predicted["lower"] < predicted["prediction"]).all())
    else:
        assert predicted.filter(like="probability").sum(axis=1).to_numpy() == pytest.approx(1)


SHIFTS = ("input_projection.bias", "linear2.bias", "running_mean")
"""What batch norm takes away again: Adam makes steps of the rounding errors in its gradients."""


def test_a_member_equals_its_solo_run(case):
    words = {"epochs": 3, "refit": False, "temperature": False}
    together = case.fit(**words)
    for member in (0, 1):
        alone = case.fit(**words, members=1, seed=member).model.weights
        for name, weight in alone.items():
            if not (case.model.kind == "resnet" and name.endswith(SHIFTS)):
                own = together.model.weights[name][member]
                torch.testing.assert_close(own, weight[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("categorical", ["onehot", "embedding"])
@pytest.mark.parametrize("name", MODELS)
def test_a_category_never_seen_is_predicted_and_told(name, categorical):
    training = TrainingParams.model_validate({"epochs": 2, "batch_size": 16})
    rows = prepared("both", "ordinal", categorical)
    model = train_model(*rows, ModelParams.model_validate(MODELS[name]), training).model
    unseen = draw("both", "ordinal").head(6).assign(shop="never seen")
    predicted = model.predict_quietly(unseen)
    assert predicted["outside"].str.contains("shop new").all()
    assert predicted.filter(like="probability").sum(axis=1).to_numpy() == pytest.approx(1)
