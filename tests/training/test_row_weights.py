"""Rows that count more than others: as if they stood in the table so often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression

from colonnade.errors import DataError, ModelError
from colonnade.tables.features.row_weights import weights_of, worth_in_rows
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import Fold, ModelParams, TrainingParams, fit_folds, train_model
from colonnade.training.components.layers.dropout import DropoutMasks
from colonnade.training.components.losses.loss_params import LossParams
from colonnade.training.engine.fast_mlp.gradient import HandDerivedGradients
from colonnade.training.engine.forward import AutogradGradients, Validation
from colonnade.training.engine.loop.start import mean_weights, start_members
from colonnade.training.ensembles.blending.shares import blend_shares, score
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.ensembles.strengths import largest_within_one_error
from colonnade.training.models.calibration.temperature import fit_temperature
from colonnade.training.models.conformal import half_width, kept_errors
from colonnade.training.models.target import kept_residuals
from colonnade.training.networks.binding.stacked import StackedParameters
from colonnade.training.prepare import prepare

PATHS = [HandDerivedGradients, AutogradGradients]
SKEWED = {"name": "cross_entropy", "class_weights": [1.0, 2.0, 0.5], "label_smoothing": 0.1}
LOSSES = [
    ("classification", "cross_entropy"),
    ("classification", SKEWED),
    ("classification", {"name": "cross_entropy", "class_weights": "balanced"}),
    ("classification", {"name": "focal", "class_weights": [1.0, 2.0, 0.5]}),
    ("classification", "bce_with_logits"),
    ("ordinal", "ordinal"),
    *[("regression", name) for name in ("mse", "mae", "huber", "smooth_l1", "quantile")],
    *[("regression", name) for name in ("poisson", "gamma", "tweedie")],
]
N, N_VALIDATION = 60, 16


@pytest.fixture
def weighted():
    """weighted(task, weights) -> train, validation, standardizer; weights may be one number."""

    def make(task, weights=None, **standardize):
        rng = np.random.default_rng(7)
        frame = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
        score = frame["a"] - 0.5 * frame["b"] + rng.normal(size=N) * 0.5
        frame["y"] = np.exp(score) if task == "regression" else np.digitize(score, [-0.5, 0.5])
        columns = {}
        if weights is not None:
            frame["w"], columns = weights, {"w": {"kind": "weight"}}
        schema = SchemaParams.model_validate({"target": "y", "task": task, "columns": columns})
        split = N - N_VALIDATION
        params = StandardizeParams.model_validate(standardize)
        standardizer = fit_standardizer(frame[:split], schema, params)
        rows = standardizer.transform(frame)
        return rows[:split], rows[split:], standardizer

    return make


def counts(seed=0, least=0):
    return np.random.default_rng(seed).integers(least, 4, N).astype(float)


def repeated(frame):
    """Each row as often as it weighs, and every weight 1."""
    return frame.loc[frame.index.repeat(frame["w"].astype(int))].assign(w=1.0)


def job_of(parts, loss="cross_entropy", model=None, **training):
    words = {"loss": loss, **training}
    return prepare(
        *parts,
        ModelParams.model_validate(model or {"kind": "mlp_skip", "hidden": [5, 4]}),
        TrainingParams.model_validate(words),
        dtype=torch.float64,
    )


def gradient(path, job, rows=None, n_members=1):
    """The gradient of the mean loss of one batch, from random weights."""
    members = [ensemble(job.network.params, job.params)[0]] * n_members
    stack = StackedParameters(job.network, n_members, torch.float64, torch.device("cpu"))
    stack.flat.normal_(0, 0.7, generator=torch.Generator().manual_seed(3))
    index = torch.arange(len(job.train)) if rows is None else rows
    batch = job.train.take(index if n_members == 1 else index.expand(n_members, -1))
    logits = torch.zeros(*batch.numeric.shape[:-1], job.network.n_logits, dtype=torch.float64)
    means = mean_weights(job, members)
    if path is HandDerivedGradients:
        masks = DropoutMasks([0.0] * n_members, stack.flat)
        found = HandDerivedGradients(stack, job.loss, masks, logits.shape[-2], means)
    else:
        found = AutogradGradients(stack, stack.network(), job.loss, means)
    found.gradient(batch.numeric, batch.categorical, batch.targets, logits)
    return stack.grad.clone()


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
@pytest.mark.parametrize(("task", "loss"), LOSSES, ids=str)
def test_a_row_of_weight_3_is_learned_from_as_three_rows(weighted, task, loss, path, n_members):
    train, validation, standardizer = weighted(task, counts())
    ours = gradient(path, job_of((train, validation, standardizer), loss), n_members=n_members)
    copied = (repeated(train), repeated(validation), standardizer)
    theirs = gradient(path, job_of(copied, loss), n_members=n_members)
    assert theirs.abs().max() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


# resnet is left out: its batch norm takes the rows of a batch alike, whatever they weigh.
NETWORKS = [
    {"kind": "realmlp", "dropout": 0.0},
    {"kind": "tabm", "dropout": 0.0},
    {"kind": "ft_transformer", "blocks": 1, "dropout": 0.0, "attention_dropout": 0.0},
]


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: model["kind"])
def test_every_network_learns_from_it_as_from_three_rows(weighted, model):
    train, validation, standardizer = weighted("regression", counts())
    ours = gradient(AutogradGradients, job_of((train, validation, standardizer), "mse", model))
    copied = (repeated(train), repeated(validation), standardizer)
    theirs = gradient(AutogradGradients, job_of(copied, "mse", model))
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_batches_of_an_epoch_have_the_whole_tables_gradient_on_average(weighted, path):
    job = job_of(weighted("regression", counts()), "mse")
    batches = torch.randperm(N - N_VALIDATION, generator=torch.Generator()).view(-1, 4)
    mean = torch.stack([gradient(path, job, rows) for rows in batches]).mean(0)
    torch.testing.assert_close(mean, gradient(path, job), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("task", "training"),
    [
        ("regression", {"loss": "mse"}),
        ("ordinal", {"early_stopping": {"by": "error"}, "temperature": True}),
        ("classification", {"loss": SKEWED, "batch_size": 7, "members": 2, "refit": True}),
        ("classification", {"l1": {"strength": "auto", "folds": 2, "strengths": [0.01, 0.1]}}),
    ],
    ids=str,
)
def test_equal_weights_change_no_bit(weighted, task, training):
    words = TrainingParams.model_validate({"epochs": 3, **training})
    model = ModelParams.model_validate({"kind": "mlp", "hidden": [6]})
    plain, equal = (
        train_model(*weighted(task, weights), model, words) for weights in (None, np.full(N, 0.1))
    )
    for name, weight in plain.model.weights.items():
        assert torch.equal(weight, equal.model.weights[name])
    columns = ["lr", "train_loss", "validation_loss"]
    pd.testing.assert_frame_equal(plain.history[columns], equal.history[columns])
    assert plain.model.held_out == equal.model.held_out
    assert plain.model.facts.get("temperature") == equal.model.facts.get("temperature")


BLEND = {"kind": "auto", "candidates": ["linear", "mlp_skip"], "folds": 3}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_blend_is_chosen_and_calibrated_by_weight(weighted, task):
    words = TrainingParams.model_validate({"epochs": 4, "batch_size": 16, "temperature": True})
    if task == "regression":
        words = words.model_copy(update={"temperature": False})
    model, weights = ModelParams.model_validate(BLEND), np.where(np.arange(N) % 3, 0.1, 5.0)
    plain, equal, uneven = (
        train_model(*weighted(task, own), model, words).model
        for own in (None, np.full(N, 0.3), weights)
    )
    assert equal.facts["leaderboard"][0]["score"] == plain.facts["leaderboard"][0]["score"]
    assert uneven.facts["leaderboard"][0]["score"] != plain.facts["leaderboard"][0]["score"]
    assert equal.facts.get("temperature") == plain.facts.get("temperature")
    assert equal.held_out == plain.held_out
    if task == "regression":
        assert len(uneven.held_out.errors) == int(worth_in_rows(weights))


def test_the_candidate_that_is_right_on_heavy_rows_is_chosen():
    first, second = np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([[0.1, 0.9], [0.1, 0.9]])
    actual = np.array([0, 1])
    assert blend_shares([first, second], actual, np.array([1.0, 0.01]))[0] > 0.5
    assert blend_shares([first, second], actual, np.array([0.01, 1.0]))[0] < 0.5
    numbers = np.array([1.0, 3.0])
    assert score(np.zeros(2), numbers, np.array([3.0, 1.0])) == pytest.approx(np.sqrt(12 / 4))


def test_linear_regression_is_scikit_learns_weighted_one(weighted):
    weights = np.random.default_rng(1).exponential(size=N)
    train, validation, standardizer = weighted("regression", weights)
    words = TrainingParams.model_validate({"optimizer": "lbfgs", "epochs": 20})
    fitted = train_model(train, validation, standardizer, ModelParams(kind="linear"), words)
    X = train[["a", "b", "c"]]
    expected = LinearRegression().fit(X, train["y"], sample_weight=train["w"])
    # by standardized columns, as the weights of the model are
    weight = fitted.model.weights["output.weight"][0, 0] * standardizer.target_scale
    np.testing.assert_allclose(weight, expected.coef_, rtol=1e-4, atol=1e-6)  # float32, beside 1


@pytest.mark.parametrize("task", ["ordinal", "regression"])
def test_validation_rows_count_by_their_weights(weighted, task):
    weights = np.random.default_rng(2).exponential(size=N)
    parts = weighted(task, weights)
    job = job_of(parts, {"ordinal": "ordinal", "regression": "huber"}[task])
    members = ensemble(job.network.params, job.params)
    stack = start_members(job, members)
    losses, errors = Validation(job, members).measure(stack.flat, stack.buffers, errors=True)
    bare = (part.drop(columns="w") for part in parts[:2])
    plain = job_of((*bare, weighted(task)[2]), job.params.loss)
    rows = Validation(plain, members)
    [logits] = rows.exact_logits(stack.flat, stack.buffers)
    each = plain.loss.per_example_loss(logits, rows.rows.targets)
    wrong = plain.loss.errors(logits, rows.rows.labels)
    assert losses == pytest.approx([np.average(each, weights=weights[-N_VALIDATION:])])
    assert errors == pytest.approx([np.average(wrong, weights=weights[-N_VALIDATION:])])


def test_folds_of_a_weighted_table_train_together_as_they_do_alone(weighted):
    weights = np.random.default_rng(3).exponential(size=N)
    train, validation, standardizer = weighted("classification", weights)
    other = (train[::-1], validation, standardizer)
    folds = [Fold(train, validation, standardizer), Fold(*other)]
    model = ModelParams.model_validate({"kind": "mlp", "hidden": [6]})
    words = TrainingParams.model_validate({"epochs": 4, "batch_size": 8})
    together = fit_folds(folds, model, words)
    for parts, one in zip(((train, validation, standardizer), other), together, strict=True):
        alone = train_model(*parts, model, words)
        for name, weight in alone.model.weights.items():
            torch.testing.assert_close(one.model.weights[name], weight, rtol=1e-4, atol=1e-5)


def test_a_checkpoint_of_other_weights_is_refused(weighted, tmp_path):
    model = ModelParams(kind="linear")
    words = TrainingParams(epochs=2)
    train_model(*weighted("regression", counts(0)), model, words, checkpoint=tmp_path / "c")
    with pytest.raises(ModelError, match="belongs to other rows"):
        train_model(
            *weighted("regression", counts(1)), model, words, checkpoint=tmp_path / "c", resume=True
        )


def test_no_training_starts_where_no_row_weighs_anything(weighted):
    weights = np.repeat([0.0, 1.0], [N - N_VALIDATION, N_VALIDATION])
    with pytest.raises(DataError, match="the weight of every row that is learned from is zero"):
        train_model(*weighted("regression", weights), ModelParams(kind="linear"), TrainingParams())


def test_a_frame_without_its_weights_is_refused(weighted):
    train, validation, standardizer = weighted("regression", counts())
    with pytest.raises(DataError, match="no column 'w', which says how much each row counts"):
        weights_of(standardizer.table_schema, train, validation.drop(columns="w"))


def test_weights_have_a_mean_of_one_however_large_they_are(weighted):
    train, validation, standardizer = weighted("regression", counts() * 1e38)
    found = weights_of(standardizer.table_schema, train, validation)
    assert np.concatenate(found).mean() == pytest.approx(1.0)
    assert worth_in_rows(np.array([1.0, 1.0, 0.0])) == pytest.approx(2.0)
    # (1 + 3)^2 / (1 + 9)
    assert worth_in_rows(np.array([1.0, 3.0])) == pytest.approx(1.6)


def test_balanced_class_weights_are_of_the_weighted_counts():
    loss = LossParams.model_validate({"name": "cross_entropy", "class_weights": "balanced"})
    # 0.5 and 1.5 of 2: 2 / (2 x 0.5) and 2 / (2 x 1.5)
    assert loss.loss(2, [0.5, 1.5]).class_weights.tolist() == pytest.approx([2.0, 2 / 3])


def test_ordinal_cuts_start_at_the_weighted_shares(weighted):
    train, validation, standardizer = weighted("ordinal", counts())
    ours = job_of((train, validation, standardizer), "ordinal", {"kind": "linear"})
    copied = (repeated(train), repeated(validation), standardizer)
    theirs = job_of(copied, "ordinal", {"kind": "linear"})
    cuts = [
        start_members(job, ensemble(job.network.params, job.params)).tensors()["cuts"]
        for job in (ours, theirs)
    ]
    # half a row is added to each class, whatever their number
    torch.testing.assert_close(*cuts, rtol=0.1, atol=0.05)


def test_temperature_counts_rows_by_their_weights():
    loss = LossParams.model_validate("cross_entropy").loss(3)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 300, 3, generator=generator, dtype=torch.float64) * 3
    codes = torch.randint(3, (300,), generator=generator)
    weights = torch.cat([torch.ones(150), torch.zeros(150)])
    expected = fit_temperature(loss, logits[:, :150], codes[:150])
    assert fit_temperature(loss, logits, codes, weights) == pytest.approx(expected, rel=1e-6)
    assert expected != pytest.approx(fit_temperature(loss, logits, codes), rel=1e-2)


def test_errors_of_heavy_rows_widen_the_interval():
    errors = np.arange(1.0, 41.0)
    assert kept_errors(errors, np.ones(40)) == kept_errors(errors)
    assert kept_errors(errors, np.repeat([1.0, 0.0], [30, 10])) == kept_errors(errors[:30])
    weights = np.where(errors > 30, 4.0, 1.0)  # 10 of 40 rows have 4 of 7 parts of the weight
    kept = kept_errors(errors, weights)
    assert len(kept) == int(70**2 / (30 + 160))
    assert half_width(kept, 0.5) > half_width(errors, 0.5)


def test_intervals_of_weighted_rows_cover_as_often_as_promised_by_weight():
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(40):
        weights = rng.lognormal(0, 0.7, 2200)
        errors = np.abs(rng.normal(size=2200)) * weights  # heavy rows are missed by more
        half = half_width(kept_errors(errors[:200], weights[:200]), 0.8)
        covered.append(np.average(errors[200:] <= half, weights=weights[200:]))
    assert np.mean(covered) == pytest.approx(0.805, abs=0.015)
    # rows that count alike are covered more often: the light ones are missed by less
    assert half_width(kept_errors(errors[:200]), 0.8) < half


def test_residuals_are_means_of_equal_shares_of_the_weight():
    residuals, weights = np.array([3.0, -1.0, 0.0]), np.array([1.0, 2.0, 1.0])
    # thirds of a weight of 4: -1 alone; two of -1 and ... by 4/3 each
    found = kept_residuals(residuals, weights)
    assert np.mean(found) == pytest.approx(np.average(residuals, weights=weights))
    assert found == pytest.approx([-1.0, (-1 * 2 / 3 + 0 * 2 / 3) / (4 / 3), (3 + 0) / (4 / 3)])


def test_the_strength_of_the_lasso_is_chosen_by_weight():
    cheap, dear = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 8.0])
    assert largest_within_one_error([cheap, dear], np.array([1.0, 1.0, 1.0, 0.0])) == 1
    assert largest_within_one_error([cheap, dear], np.array([0.0, 0.0, 0.0, 1.0])) == 0


def test_predicting_needs_no_weights(weighted):
    fitted = train_model(
        *weighted("regression", counts()), ModelParams(kind="linear"), TrainingParams(epochs=2)
    )
    rows = pd.DataFrame({"a": [0.1], "b": [0.2], "c": [0.3]})
    assert len(fitted.model.predict(rows)) == 1
