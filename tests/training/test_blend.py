"""`model: auto`: candidates over shared folds, blended by rows left out of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss
from tests.training.conftest import draw_table

from colonnade.errors import ModelError, ParameterError
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training import (
    Fold,
    ModelParams,
    TrainingParams,
    fit_folds,
    load_model,
    save_model,
    train_model,
)
from colonnade.training.ensembles.blending.folds import fold_numbers, make_folds
from colonnade.training.ensembles.blending.shares import blend_shares, score
from colonnade.training.ensembles.blending.train_blend import estimated_seconds
from colonnade.training.ensembles.blending.views import contenders
from colonnade.training.models.storage import DESCRIPTION, packed_model, unpacked_model

FEW = {"kind": "auto", "candidates": ["linear", "mlp_skip", "mlp_skip_bins"], "folds": 4}
SHORT = {"epochs": 6, "batch_size": 16}


def prepared(task, n=90, labels=None, shift=0.0, **words):
    raw = draw_table(task, n=n)
    raw["y"] = raw["y"] + shift if labels is None else [labels[code] for code in raw["y"]]
    schema = SchemaParams.model_validate({"target": "y", "task": task, "classes": labels})
    standardizer = fit_standardizer(
        raw[:60], schema, StandardizeParams.model_validate({"bins": 4, **words})
    )
    rows = standardizer.transform(raw)
    return rows[:60], rows[60:], standardizer


def blend(task, training=None, model=None, **table):
    given = prepared(task, **table)
    model_params = ModelParams.model_validate({**FEW, **(model or {})})
    fitted = train_model(
        *given, model_params, TrainingParams.model_validate({**SHORT, **(training or {})})
    )
    return fitted, given


def suited(task, training=None, candidates="usual", **table):
    train, validation, standardizer = prepared(task, **table)
    params = ModelParams.model_validate({"kind": "auto", "candidates": candidates})
    target = np.concatenate([train["y"], validation["y"]])
    words = TrainingParams.model_validate(training or {})
    return {one.name: one for one in contenders(params, words, standardizer, target)}


def test_errors_that_cancel_share_the_blend():
    rng = np.random.default_rng(0)
    actual = rng.normal(size=400)
    error = rng.normal(size=400)
    high, low, far = actual + error, actual - error, actual + 30
    shares = blend_shares([high, far, low], actual)
    assert shares[1] == 0
    assert shares[0] == pytest.approx(0.5, abs=0.05)
    assert shares == blend_shares([high, far, low], actual)


def test_a_blend_is_hardly_worse_than_its_best_candidate_on_the_rows_that_choose():
    rng = np.random.default_rng(0)
    for _ in range(20):
        codes = rng.integers(0, 3, size=40)
        candidates = [rng.dirichlet(np.ones(3) + 3 * (np.arange(3) == c), 40) for c in range(3)]
        shares = blend_shares(candidates, codes)
        blended = sum(share * one for share, one in zip(shares, candidates, strict=True))
        assert sum(shares) == pytest.approx(1)
        assert score(blended, codes) <= min(score(one, codes) for one in candidates) + 0.02


def test_scores_are_log_loss_and_root_mean_squared_error():
    shares, codes = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])
    assert score(shares, codes) == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
    assert score(np.array([1.0, 5.0]), np.array([2.0, 2.0])) == pytest.approx(np.sqrt(5))


def test_folds_are_of_equal_size_with_every_class_in_each():
    codes = np.repeat([0, 1, 2], [40, 20, 5])
    fold = fold_numbers(codes, 65, 5, seed=3)
    assert np.bincount(fold).tolist() == [13] * 5
    assert all(np.bincount(codes[fold == k]).tolist() == [8, 4, 1] for k in range(5))
    assert (fold == fold_numbers(codes, 65, 5, seed=3)).all()
    assert (fold != fold_numbers(codes, 65, 5, seed=4)).any()


def test_every_row_is_left_out_by_one_network_of_a_candidate():
    train, validation, standardizer = prepared("classification")
    params = ModelParams.model_validate(FEW)
    folds = make_folds(train, validation, standardizer, params, TrainingParams(members=2))
    left_out = np.bincount(np.concatenate([one.validation_rows for one in folds.members]))
    assert left_out.tolist() == [2] * 90
    assert all(not set(one.rows) & set(one.validation_rows) for one in folds.members)
    assert len({one.seed for one in folds.members}) == len(folds.members) == 8


@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
def test_a_blend_predicts_and_comes_back_from_its_folder(task, tmp_path):
    fitted, (_train, validation, standardizer) = blend(task)
    model, again = fitted.model, blend(task)[0].model
    X = validation[standardizer.feature_names].to_numpy(np.float32)
    save_model(model, tmp_path)
    loaded = load_model(tmp_path)
    for other in (again, loaded):
        assert (other.predict_array(X) == model.predict_array(X)).all()
    if task == "regression":
        parts = [
            part.share * part.model.predict_array(X[:, places])
            for part, places in zip(model.parts, model._features, strict=True)
        ]
        assert np.allclose(sum(parts), model.predict_array(X))
        assert loaded.half_width(0.9) == model.half_width(0.9) > 0
    else:
        assert np.allclose(model.probabilities(X).sum(axis=1), 1)
        assert (loaded.probabilities(X) == model.probabilities(X)).all()
        assert model.facts["temperature"] > 0
    assert loaded.training.model_fields_set == model.training.model_fields_set
    assert sum(part.share for part in model.parts) == pytest.approx(1)
    assert model.n_members == 4 * len(model.parts)
    assert "% of the blend" in model.summary()
    assert list(fitted.history) == ["epoch", "lr", "train_loss", "validation_loss", "seconds"]


def test_the_leaderboard_scores_rows_that_a_network_has_not_seen():
    """Numbers without any rule are learned by heart, and no better predicted for that."""
    raw = draw_table("regression", n=90)
    raw["y"] = np.random.default_rng(1).normal(size=90)
    schema = SchemaParams(target="y", task="regression")
    standardizer = fit_standardizer(raw, schema, StandardizeParams())
    rows = standardizer.transform(raw)
    model = ModelParams.model_validate({**FEW, "candidates": ["mlp_skip"]})
    training = TrainingParams.model_validate(
        {"epochs": 150, "batch_size": 16, "early_stopping": None, "optimizer": {"lr": 0.01}}
    )
    found = train_model(rows, rows[:0], standardizer, model, training).model
    [row] = found.facts["leaderboard"]
    X = rows[standardizer.feature_names].to_numpy(np.float32)
    assert score(found.predict_array(X), raw["y"].to_numpy()) < 0.7
    assert row["score"] > 1


def test_quantiles_are_blended_by_their_own_loss():
    actual = np.random.default_rng(0).gamma(1, size=1000)
    mean, high = np.full(1000, actual.mean()), np.full(1000, np.quantile(actual, 0.9))
    assert blend_shares([mean, high], actual)[0] > 0.9
    assert blend_shares([mean, high], actual, quantile=0.9)[1] > 0.9
    assert score(high, actual, quantile=0.9) == pytest.approx(
        mean_pinball_loss(actual, high, alpha=0.9)
    )


@pytest.mark.parametrize(
    ("loss", "quantile"), [({"name": "quantile", "quantile": 0.9}, 0.9), ("mae", 0.5)]
)
def test_candidates_are_judged_by_the_loss_where_it_asks_for_no_mean(loss, quantile):
    fitted, (_, validation, standardizer) = blend("regression", {"loss": loss}, {"folds": 0})
    X = validation[standardizer.feature_names].to_numpy(np.float32)
    predicted, actual = fitted.model.predict_array(X), validation["y"].to_numpy()
    scores = [one["score"] for one in fitted.model.facts["leaderboard"]]
    for part in fitted.model.parts:
        own = validation[part.model.standardizer.feature_names].to_numpy(np.float32)
        error = mean_pinball_loss(actual, part.model.predict_array(own), alpha=quantile)
        assert any(one == pytest.approx(error, rel=1e-5) for one in scores)
    assert mean_pinball_loss(actual, predicted, alpha=quantile) < 1.02 * min(scores)


def test_the_time_is_estimated_by_an_epoch():
    train, validation, standardizer = prepared("regression")
    times = {}
    for epochs in (10, 1000):
        words = TrainingParams.model_validate({**SHORT, "epochs": epochs})
        params = ModelParams.model_validate(FEW)
        folds = make_folds(train, validation, standardizer, params, words)
        chosen = contenders(params, words, standardizer, folds.rows["y"].to_numpy())
        times[epochs] = estimated_seconds(chosen, folds)
    assert times[1000] > 10 * times[10] > 0


def test_validation_rows_are_learned_from_only_by_folds():
    with_folds, (_, validation, _) = blend("regression")
    without, given = blend("regression", model={"folds": 0}, training={"members": 2})
    assert with_folds.model.facts["learned_from_validation_rows"]
    assert not without.model.facts["learned_from_validation_rows"]
    assert without.model.held_out.n_rows == len(validation)
    assert without.model.held_out.origin == "validation rows"
    assert {part.model.n_members for part in without.model.parts} == {2}
    with pytest.raises(ParameterError, match=r"raise split\.validation_fraction"):
        train_model(
            given[0], given[1][:0], given[2],
            ModelParams.model_validate({**FEW, "folds": 0}), TrainingParams(),
        )  # fmt: skip


def test_rows_that_may_not_be_shuffled_make_no_folds():
    params = ModelParams.model_validate("auto")
    assert params.for_split(shuffled=True).folds == 8
    assert params.for_split(shuffled=False).folds == 0
    assert ModelParams.model_validate("linear").for_split(shuffled=False).kind == "linear"


def test_candidates_suit_the_table():
    lines = {"linear", "linear_long"}
    networks = {"mlp_skip", "mlp_skip_bins", "mlp_skip_long"}
    ordinal = {"linear_ordinal", "mlp_skip_ordinal"}
    assert suited("regression", shift=-200).keys() == lines | networks
    assert suited("regression", shift=200).keys() == lines | networks | {"mlp_skip_log"}
    assert suited("regression", bins=0, shift=200).keys() == {*lines, "mlp_skip"}
    # whole numbers have an order, words have one where the schema says so
    words = ["low", "middle", "high"]
    assert suited("classification").keys() == lines | networks | ordinal
    assert suited("classification", labels=words).keys() == lines | networks
    assert suited("ordinal", labels=words).keys() == lines | networks | ordinal
    best = suited("classification", candidates="best", labels=words)
    assert best.keys() == lines | networks | {"realmlp", "tabm"}
    assert best["realmlp"].training.scheduler.name == "coslog4"


def test_candidates_read_what_they_are_made_for():
    found = suited("ordinal")
    assert found["mlp_skip"].standardizer.feature_names == ["x0", "x1", "x2", "x3"]
    assert "x0_bin2" in found["mlp_skip_bins"].standardizer.feature_names
    assert found["mlp_skip"].training.loss_for("classification", 3).name == "cross_entropy"
    ordinal = found["mlp_skip_ordinal"]
    assert ordinal.training.loss_for(ordinal.standardizer.task, 3).name == "ordinal"
    logarithm = suited("regression", shift=200)["mlp_skip_log"].standardizer
    assert logarithm.target_curve.kind == "log"


def test_full_batches_are_for_lines():
    assert suited("regression", {"optimizer": "lbfgs"}).keys() == {"linear", "linear_long"}


def test_words_of_training_hold_for_every_candidate():
    found = suited("ordinal", {"epochs": 3, "loss": "ordinal", "optimizer": "sgd"})
    assert found.keys() == {"linear_ordinal", "mlp_skip_ordinal"}
    words = {(one.training.epochs, one.training.optimizer.name) for one in found.values()}
    assert words == {(3, "sgd")}


@pytest.mark.parametrize(
    ("model", "training", "message"),
    [
        ({"candidates": ["linaer"]}, {}, "Did you mean `linear`"),
        ({"candidates": []}, {}, "list of names"),
        ({"candidates": "mlp_skip+linear_ordinal+oops"}, {}, "no candidate 'oops'"),
        ({"folds": 1}, {}, "one fold leaves no rows"),
        ({"candidates": ["mlp_skip_log"]}, {}, "none of model.candidates"),
        ({}, {"refit": True}, "leave refit out"),
    ],
)
def test_what_cannot_be_blended_is_said(model, training, message):
    with pytest.raises(ParameterError, match=message):
        blend("classification", training, model)


def test_names_may_be_joined_for_the_command_line():
    params = ModelParams.model_validate({"kind": "auto", "candidates": "linear+mlp_skip"})
    assert params.candidates == ("linear", "mlp_skip")


def test_cross_validation_trains_a_blend_on_every_fold():
    train, validation, standardizer = prepared("regression")
    params = ModelParams.model_validate({**FEW, "folds": 2})
    folds = [Fold(train, validation, standardizer), Fold(train[:50], validation, standardizer)]
    first, second = fit_folds(folds, params, TrainingParams.model_validate(SHORT))
    alone = train_model(*vars(folds[0]).values(), params, TrainingParams.model_validate(SHORT))  # type: ignore[call-arg]
    X = validation[standardizer.feature_names].to_numpy(np.float32)
    assert (first.model.predict_array(X) == alone.model.predict_array(X)).all()
    assert (second.model.predict_array(X) != first.model.predict_array(X)).any()


def test_a_blend_has_no_single_network():
    model = blend("classification")[0].model
    for asked in (lambda: model.network, model.module, model.linear_coefficients):
        with pytest.raises(ModelError, match="look at its `parts`"):
            asked()


@pytest.mark.parametrize("change", ["a part of no weights", "weights of no part", "no parts"])
def test_a_blend_that_does_not_fit_its_weights_is_refused(change):
    files = packed_model(blend("classification")[0].model)
    description = json.loads(files[DESCRIPTION])
    if change == "a part of no weights":
        description["parts"].append(description["parts"][0])
    else:
        description["parts"] = description["parts"][:-1] if change[0] == "w" else []
    files[DESCRIPTION] = json.dumps(description).encode()
    with pytest.raises(ModelError):
        unpacked_model(files)
