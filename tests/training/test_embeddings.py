"""Categories as learned vectors: exact gradients, models that keep, and a sane unseen category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.test_gradients import assert_same, gradients_of

from colonnade.errors import ParameterError
from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import (
    Fitted,
    Member,
    ModelParams,
    TrainingParams,
    fit_many,
    load_model,
    save_model,
    train_model,
)
from colonnade.training.engine.fast_mlp.gradient import HandDerivedGradients
from colonnade.training.engine.forward import AutogradGradients
from colonnade.training.prepare import prepare

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {"city": {"kind": "categorical"}, "shop": {"kind": "categorical"}}
MODELS: list[dict[str, Any]] = [
    {"kind": "linear"},
    {"kind": "mlp", "hidden": [5]},
    {"kind": "mlp_skip", "hidden": [5, 4], "embedding_width": 3},
    {"kind": "mlp", "hidden": [5], "batch_norm": True},
]


def schema_of(task: str) -> SchemaParams:
    return SchemaParams.model_validate({"target": "y", "task": task, "columns": COLUMNS})


def draw(n: int = 96, numbers: bool = True, task: str = "classification") -> pd.DataFrame:
    """The shop says nothing, the number nothing; the city decides the class."""
    rng = np.random.default_rng(5)
    city = rng.integers(0, 6, n)
    frame = pd.DataFrame({"city": [f"c{code}" for code in city]}).astype("str")
    if numbers:
        frame.insert(0, "x", rng.normal(size=n))
    frame["shop"] = pd.Series([f"s{code}" for code in rng.integers(0, 4, n)], dtype="str")
    frame["y"] = np.array([0, 2, 1, 1, 0, 2])[city] * (1.0 if task == "regression" else 1)
    return frame


def prepared(
    task: str = "classification", **sizes: Any
) -> tuple[pd.DataFrame, pd.DataFrame, Standardizer]:
    raw = draw(task=task, **sizes)
    params = StandardizeParams(categorical="embedding")
    standardizer = fit_standardizer(raw[:80], schema_of(task), params)
    rows = standardizer.transform(raw)
    return rows[:80], rows[80:], standardizer


def fit(
    model: dict[str, Any] | None = None, training: dict[str, Any] | None = None, **options: Any
) -> Fitted:
    parameters = (
        ModelParams.model_validate(model or {"hidden": [8]}),
        TrainingParams.model_validate(
            {"optimizer": {"name": "adam", "lr": 0.02}, "epochs": 40, **(training or {})}
        ),
    )
    return train_model(*prepared(), *parameters, **options)


@pytest.mark.parametrize(("n_codes", "width"), [(2, 3), (10, 6), (100, 22), (1000, 50)])
def test_vectors_are_longer_the_more_categories_there_are(n_codes: int, width: int) -> None:
    # 1.6 n^0.56 = 2.4, 5.8, 21.1, 76.6: rounded up, 50 at most
    assert ModelParams().width_of(n_codes) == width
    assert ModelParams(embedding_width=7).width_of(n_codes) == 7


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
def test_derived_gradients_are_autograds(
    task: str, model: dict[str, Any], n_members: int, numbers: bool
) -> None:
    job = prepare(
        *prepared(task, numbers=numbers),
        ModelParams.model_validate(model),
        TrainingParams(),
        dtype=torch.float64,
    )
    index = torch.randint(len(job.train), (n_members, 9), generator=torch.Generator())
    rates = [0.0] * n_members
    # what the first batch left in the buffers must not show in the second
    assert_same(
        [
            gradients_of(path, job, index, rates, 2)
            for path in (HandDerivedGradients, AutogradGradients)
        ]
    )


@pytest.mark.parametrize("model", MODELS[:3], ids=str)
def test_gradients_are_those_of_torch_nn_embedding(model: dict[str, Any]) -> None:
    job = prepare(
        *prepared(), ModelParams.model_validate(model), TrainingParams(), dtype=torch.float64
    )
    spec, rows = job.network, job.train.take(slice(0, 12))
    grad, *_ = gradients_of(HandDerivedGradients, job, torch.arange(12)[None], [0.0])
    flat = torch.zeros_like(grad).normal_(0, 0.7, generator=torch.Generator().manual_seed(3))
    weights = {name: weight[0] for name, weight in spec.parameters.views(flat).items()}
    network = spec.single(weights).double()
    theirs = [torch.nn.Embedding(n, 1).double() for n in spec.inputs.cardinalities]
    for i, table in enumerate(theirs):
        table.weight = torch.nn.Parameter(weights[f"embedding.{i}.weight"].clone())
    network.body.embedding = torch.nn.ModuleList(theirs)
    assert rows.categorical is not None
    out = network(rows.numeric[:, :-1], rows.categorical)
    torch.nn.functional.cross_entropy(out, rows.labels).backward()
    for i, table in enumerate(theirs):
        own = spec.parameters[f"embedding.{i}.weight"].view(grad)[0]
        torch.testing.assert_close(own, table.weight.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("gradients", ["auto", "autograd"])
@pytest.mark.parametrize("model", [{"hidden": [8]}, {"kind": "linear"}], ids=str)
def test_a_category_that_decides_the_class_is_learned(
    model: dict[str, Any], gradients: str
) -> None:
    done = fit(model, {"gradients": gradients})
    raw = draw()
    assert (done.model.predict(raw)["prediction"] == raw["y"]).all()
    path = {"auto": "hand-derived", "autograd": "autograd"}[gradients]
    assert done.model.facts["path"] == path


def test_an_unseen_category_takes_the_untrained_slot_whose_vector_says_nothing() -> None:
    done = fit()
    unseen = draw(1).assign(city="Atlantis")
    code = done.model.standardizer.transform(unseen)["city"].iloc[0]
    assert code == 6  # after c0 to c5
    table = done.model.weights["embedding.0.weight"][0]
    assert table[6].abs().max() < 0.05
    assert table[:6].norm(dim=1).min() > 0.3
    shares = done.model.predict(unseen).filter(like="probability").iloc[0]
    assert shares.sum() == pytest.approx(1)


def test_rare_categories_teach_the_slot_of_unseen_ones() -> None:
    raw = draw()
    rare = raw["city"].isin(["c2", "c3"])  # both of class 1
    raw.loc[rare, "city"] = [f"village {i}" for i in range(rare.sum())]
    params = StandardizeParams(categorical="embedding", minimum_count=2)
    standardizer = fit_standardizer(raw[:80], schema_of("classification"), params)
    rows = standardizer.transform(raw)
    training = {"optimizer": {"name": "adam", "lr": 0.02}, "epochs": 40}
    parameters = ModelParams(hidden=(8,)), TrainingParams.model_validate(training)
    model = train_model(rows[:80], rows[80:], standardizer, *parameters).model
    assert model.predict(raw[:1].assign(city="Atlantis"))["prediction"].tolist() == [1]


def test_a_saved_model_predicts_the_same_bits(tmp_path: Path) -> None:
    done, raw = fit(), draw()
    save_model(done.model, tmp_path)
    pd.testing.assert_frame_equal(
        load_model(tmp_path).predict(raw), done.model.predict(raw), check_exact=True
    )


def test_the_module_computes_the_same_and_shows_its_tables() -> None:
    done = fit({"kind": "mlp_skip", "hidden": [8], "embedding_width": 2})
    X = prepared()[1][done.model.standardizer.feature_names].to_numpy(np.float32)
    inputs = done.model.spec.inputs.split(torch.tensor(X))
    scores = done.model.module()(*inputs).detach().numpy()
    assert scores == pytest.approx(done.model.scores(X), abs=1e-4)
    summary = done.model.summary()
    assert summary.count("Embedding") == 2
    # 7 x 2 + 5 x 2 vectors, (1 + 4) x 8 + 8, 8 x 3 + 3, 5 x 3 for the straight path
    assert done.model.facts["n_parameters"] == 24 + 48 + 27 + 15


def test_members_of_one_program_equal_their_solo_runs() -> None:
    parameters = ModelParams(hidden=(8,)), TrainingParams(epochs=5)
    rows = prepared()
    together = fit_many(*rows, *parameters, members=[Member(seed=1), Member(seed=2)], workers=1)
    for seed, one in zip((1, 2), together, strict=True):
        alone = train_model(*rows, parameters[0], TrainingParams(epochs=5, seed=seed))
        for name, weight in alone.model.weights.items():
            torch.testing.assert_close(one.model.weights[name], weight, rtol=1e-4, atol=1e-5)


def test_an_interrupted_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    class PowerCutError(Exception):
        pass

    def stop(epoch: int, *_: object) -> None:
        if epoch == 4:
            raise PowerCutError

    training = {"checkpoint_every": 1, "epochs": 6}
    file = tmp_path / "run.safetensors"
    with pytest.raises(PowerCutError):
        fit(training=training, checkpoint=file, progress=stop)
    resumed = fit(training=training, checkpoint=file, resume=True)
    for name, weight in fit(training=training).model.weights.items():
        assert weight.equal(resumed.model.weights[name])


def test_a_lasso_on_learned_vectors_is_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        fit(training={"l1": 0.1})
    assert str(caught.value) == (
        "training.l1 drives columns of numbers to 0, and 'city', 'shop' will be learned "
        "vectors: set standardize.categorical to onehot, or training.l1 to 0."
    )
