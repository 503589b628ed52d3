"""What train_model promises: exactness, regularization that does what it says, clear failures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.conftest import draw_table

from colonnade.errors import DataError, ModelError, ParameterError, TrainingError
from colonnade.training import ModelParams, TrainingParams, train_model

MLP = {"hidden": [6, 5]}
ALL_ON = {
    "hidden": [6, 5],
    "dropout": 0.2,
    "batch_norm": True,
    "activation": "prelu",
    "kind": "mlp_skip",
}


def same_weights(one, other):
    return set(one.weights) == set(other.weights) and all(
        torch.equal(one.weights[name], other.weights[name]) for name in one.weights
    )


def numbers(history):
    return history.drop(columns="seconds")


@pytest.mark.parametrize("model", [MLP, ALL_ON], ids=["plain", "everything"])
def test_same_seed_gives_the_same_bits(fit, model):
    training = {"ema": 0.9, "clip_norm": 1.0, "l1": 0.001, "seed": 4, "batch_size": 8}
    one, other = fit("ordinal", model, training), fit("ordinal", model, training)
    assert same_weights(one.model, other.model)
    pd.testing.assert_frame_equal(numbers(one.history), numbers(other.history), check_exact=True)


def test_global_generators_are_left_alone(fit):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fit("classification", ALL_ON)
    assert torch.equal(torch.rand(3), expected)


def test_another_seed_gives_other_weights(fit):
    one = fit("classification", MLP, {"seed": 1})
    assert not same_weights(one.model, fit("classification", MLP, {"seed": 2}).model)


def test_both_gradient_paths_train_alike_and_are_named(fit):
    derived = fit("ordinal", ALL_ON)
    plain = fit("ordinal", ALL_ON, {"gradients": "autograd"})
    assert derived.model.facts["path"] == "hand-derived"
    assert plain.model.facts["path"] == "autograd"
    np.testing.assert_allclose(numbers(derived.history), numbers(plain.history), rtol=1e-4)


def test_training_equals_a_plain_torch_loop(table):
    """Rows in the same order, torch's own modules, autograd and Adam: the same weights."""
    from colonnade.training.rows import permute

    train, validation, standardizer = table("classification")
    training = TrainingParams.model_validate({"epochs": 3, "batch_size": 8, "seed": 2})
    done = train_model(train, validation, standardizer, ModelParams.model_validate(MLP), training)
    torch.manual_seed(2)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 6),
        torch.nn.ReLU(),
        torch.nn.Linear(6, 5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 3),
    )
    optimizer = torch.optim.Adam(network.parameters())
    X = torch.tensor(train[standardizer.feature_names].to_numpy(np.float32))
    y = torch.tensor(train["y"].to_numpy())
    for epoch in range(3):
        for batch in permute([2], epoch, [None], len(X))[0].split(8):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(X[batch]), y[batch]).backward()
            optimizer.step()
    expected = network[0].weight.detach()
    torch.testing.assert_close(
        done.model.weights["hidden.0.weight"][0], expected, atol=1e-5, rtol=1e-4
    )


def test_validation_loss_is_the_loss_of_the_final_weights(fit, table):
    done = fit("classification", {**MLP, "dropout": 0.5, "batch_norm": True}, {"epochs": 3})
    _, validation, standardizer = table("classification")
    shares = done.model.probabilities(validation[standardizer.feature_names].to_numpy())
    expected = -np.log(shares[np.arange(len(validation)), validation["y"]]).mean()
    assert done.history["validation_loss"].iloc[-1] == pytest.approx(expected, rel=1e-5)


def test_no_validation_rows_leave_nan(fit):
    done = fit("classification", MLP, sizes={"n_validation": 0})
    assert done.history["validation_loss"].isna().all()
    assert list(done.history) == ["epoch", "lr", "train_loss", "validation_loss", "seconds"]
    assert done.history["epoch"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("n_rows", [16, 17, 18, 3])
@pytest.mark.parametrize("gradients", ["auto", "autograd"])
def test_batch_norm_takes_any_last_batch(fit, n_rows, gradients):
    sizes = {"n": n_rows + 4, "n_validation": 4}
    model = {"hidden": [4], "batch_norm": True}
    done = fit("regression", model, {"batch_size": 8, "gradients": gradients}, sizes)
    assert np.isfinite(done.history["validation_loss"]).all()


def test_batch_norm_of_single_rows_is_refused(fit):
    with pytest.raises(ParameterError, match="batches of 2 rows or more"):
        fit("regression", {"hidden": [4], "batch_norm": True}, {"batch_size": 1})


def test_early_stopping_restores_the_best_epoch(fit):
    training = {
        "epochs": 200,
        "optimizer": {"name": "adam", "lr": 0.05},
        "early_stopping": {"patience": 5},
    }
    done = fit("classification", {"hidden": [32]}, training)
    history, facts = done.history, done.model.facts
    best = int(history["validation_loss"].idxmin()) + 1
    assert facts["best_epoch"] == best
    assert facts["stopped_early"]
    assert len(history) == best + 5 == facts["epochs_run"]
    again = fit(
        "classification", {"hidden": [32]}, {**training, "epochs": best, "early_stopping": None}
    )
    assert same_weights(done.model, again.model)


def test_patience_without_validation_rows_is_refused(fit):
    with pytest.raises(ParameterError) as caught:
        fit("regression", None, {"early_stopping": {}}, sizes={"n_validation": 0})
    assert str(caught.value) == (
        "training.early_stopping looks at validation rows, and there are none: raise "
        "split.validation_fraction, or leave it out."
    )


def test_l1_drops_the_column_that_says_nothing(fit):
    training = {"epochs": 150, "l1": 0.1, "optimizer": {"name": "adam", "lr": 0.02}}
    done = fit("regression", None, training, {"n": 200})
    assert done.model.facts["dropped_columns"] == ["x3"]
    assert float(done.model.weights["output.weight"][0, 0, 3]) == 0
    assert done.model.linear_coefficients()[0]["x3"] == 0


@pytest.mark.parametrize("by", ["column", "element"])
def test_strong_l1_empties_the_first_layer_and_the_straight_path(fit, by):
    training = {
        "epochs": 20,
        "l1": 50.0,
        "l1_by": by,
        "optimizer": {"name": "sgd", "lr": 0.01},
        "ema": 0.9,
    }
    done = fit("ordinal", {"kind": "mlp_skip", "hidden": [4]}, training)
    assert done.model.facts["dropped_columns"] == ["x0", "x1", "x2", "x3"]
    assert bool((done.model.weights["skip.weight"] == 0).all())
    assert bool((done.model.weights["output.weight"] != 0).any())


def test_soft_threshold_by_hand():
    from colonnade.training.models import plan_network
    from colonnade.training.network import Stack, split_pieces
    from colonnade.training.regularization import Clip, Lasso

    plan = plan_network(ModelParams.model_validate({"kind": "linear"}), 2, 2, 2)
    stack = Stack(plan, 1, torch.float64, torch.device("cpu"))
    weight = split_pieces(plan, stack.flat)["output.weight"]
    weight.copy_(torch.tensor([[[3.0, 0.1], [4.0, -0.4]]]))
    lasso = Lasso(stack, strength=5.0, by_column=True)
    lasso.set_rates([0.1])
    lasso()
    # Lengths 5 and 0.41, threshold 0.5: the first keeps 9 tenths, the second nothing.
    assert weight.flatten().tolist() == pytest.approx([2.7, 0, 3.6, 0])
    lasso = Lasso(stack, strength=30.0, by_column=False)
    lasso.set_rates([0.1])
    lasso()
    assert weight.flatten().tolist() == pytest.approx([0, 0, 0.6, 0])
    stack.grad.fill_(1.0)
    Clip(stack, 1.0)()
    assert stack.grad.flatten().tolist() == pytest.approx([1 / math.sqrt(6)] * 6, rel=1e-5)


def test_average_of_weights_by_hand():
    from colonnade.training.models import plan_network
    from colonnade.training.network import Stack
    from colonnade.training.regularization import Average

    plan = plan_network(ModelParams.model_validate({"kind": "linear"}), 1, 1, 1)
    stack = Stack(plan, 1, torch.float64, torch.device("cpu"))
    average = Average(stack, 0.2)
    stack.flat.fill_(1)
    average()  # decay min(0.2, 2/11)
    average()  # decay min(0.2, 3/12) = 0.2
    assert average.flat.flatten().tolist() == pytest.approx([1 - 0.2 * 2 / 11] * 2)


def test_refit_trains_on_all_rows_for_the_chosen_epochs(table):
    train, validation, standardizer = table("ordinal")
    model = ModelParams.model_validate(MLP)
    words = {"epochs": 60, "scheduler": "cosine", "optimizer": {"name": "adam", "lr": 0.1}}
    early = {**words, "early_stopping": {"patience": 4}}
    done = train_model(
        train,
        validation,
        standardizer,
        model,
        TrainingParams.model_validate({**early, "refit": True}),
    )
    chosen = train_model(
        train, validation, standardizer, model, TrainingParams.model_validate(early)
    )
    best = chosen.model.facts["best_epoch"]
    assert done.model.facts["refit_epochs"] == best < 60
    pd.testing.assert_frame_equal(numbers(done.history), numbers(chosen.history))
    # By hand: all rows, the same rates, the weights after `best` of 60 epochs.
    from colonnade.training.fitting import ensemble
    from colonnade.training.loop import Program
    from colonnade.training.network import split_pieces
    from colonnade.training.prepare import prepare
    from colonnade.training.watch import FixedEnds

    params = TrainingParams.model_validate(words)
    whole = prepare(pd.concat([train, validation]), validation[:0], standardizer, model, params)
    program = Program(whole, ensemble(model, params), stopping=FixedEnds([best]))
    program.run()
    expected = split_pieces(whole.plan, program.result()[0])
    assert all(torch.equal(expected[name], done.model.weights[name]) for name in expected)


def test_refit_shows_its_own_number_of_epochs(fit):
    heard = []
    words = {
        "epochs": 60,
        "optimizer": {"name": "adam", "lr": 0.1},
        "early_stopping": {"patience": 4},
    }
    done = fit("ordinal", MLP, {**words, "refit": True}, progress=lambda *a: heard.append(a[:2]))
    best = done.model.facts["best_epoch"]
    assert heard[-1] == (best, best)


def test_refit_without_validation_rows_changes_nothing(fit):
    one = fit("ordinal", MLP, {"refit": True}, sizes={"n_validation": 0})
    assert same_weights(one.model, fit("ordinal", MLP, sizes={"n_validation": 0}).model)


@pytest.mark.parametrize("task", ["ordinal", "regression"])
def test_ensemble_averages_its_members(fit, table, task):
    together = fit(task, MLP, {"members": 3, "seed": 5})
    _, validation, standardizer = table(task)
    X = validation[standardizer.feature_names].to_numpy()
    alone = [fit(task, MLP, {"seed": 5 + i}).model for i in range(3)]
    if task == "ordinal":
        expected = np.mean([model.probabilities(X) for model in alone], axis=0)
        found = together.model.probabilities(X)
    else:
        expected = np.mean([model.predict_array(X) for model in alone], axis=0)
        found = together.model.predict_array(X)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert together.model.facts["n_members"] == 3
    assert together.model.summary().startswith("3 members, each:")


def test_temperature_lowers_the_validation_log_loss(fit, table):
    words = {"epochs": 150, "optimizer": {"name": "adam", "lr": 0.05}}
    cold = fit("classification", {"hidden": [32]}, words)
    warm = fit("classification", {"hidden": [32]}, {**words, "temperature": True})
    _, validation, standardizer = table("classification")
    X, y = validation[standardizer.feature_names].to_numpy(), validation["y"].to_numpy()

    def log_loss(model):
        return -np.log(model.probabilities(X)[np.arange(len(y)), y]).mean()

    assert warm.model.facts["temperature"] > 1.1
    assert log_loss(warm.model) < log_loss(cold.model)
    assert (warm.model.predict_array(X) == cold.model.predict_array(X)).all()


@pytest.mark.parametrize("checkpointed", [False, True])
def test_a_loss_that_is_not_finite_names_epoch_and_batch(fit, tmp_path, checkpointed):
    options = {"checkpoint": tmp_path / "run.safetensors"} if checkpointed else {}
    training = {
        "optimizer": {"name": "sgd", "lr": 1e4},
        "batch_size": 22,
        "epochs": 80,
        "checkpoint_every": 1,
    }
    with pytest.raises(TrainingError) as caught:
        fit("regression", None, training, **options)
    said = str(caught.value)
    assert said.startswith("the training loss is not finite in epoch ")
    assert "Try a lower `training.optimizer.lr` (now 10000), set `training.clip_norm`" in said
    if checkpointed:
        from safetensors.torch import load_file

        assert bool(torch.isfinite(load_file(options["checkpoint"])["flat"]).all())


def test_a_validation_loss_that_is_not_finite_stops_the_run(table):
    train, validation, standardizer = table("regression")
    validation = validation.copy()
    validation.iloc[0, 0] = 1e38
    with pytest.raises(
        TrainingError, match=r"the validation loss is not finite in epoch 1\. Try a"
    ):
        train_model(train, validation, standardizer, ModelParams(), TrainingParams())


def test_a_single_class_is_refused(table):
    prepared = table("classification", n_classes=1)
    with pytest.raises(DataError) as caught:
        train_model(*prepared, ModelParams(), TrainingParams())
    assert str(caught.value) == "column 'y' has a single class: there is nothing to learn."


def test_features_that_are_not_finite_are_named(table):
    train, validation, standardizer = table("ordinal")
    train = train.copy()
    train.iloc[3, 1] = np.inf
    with pytest.raises(DataError) as caught:
        train_model(train, validation, standardizer, ModelParams(), TrainingParams())
    assert str(caught.value) == "features 'x1' hold numbers that are not finite."


def test_columns_may_come_in_any_order(fit):
    model = fit("ordinal", MLP).model
    raw = draw_table("ordinal")
    shuffled = raw[["x2", "y", "x0", "x3", "x1"]]
    pd.testing.assert_frame_equal(model.predict(raw), model.predict(shuffled))
    names = ["prediction", "probability_0", "probability_1", "probability_2"]
    assert list(model.predict(raw.drop(columns="y"))) == names


@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
@pytest.mark.parametrize("model", [MLP, {**MLP, "batch_norm": True}], ids=["plain", "batch norm"])
def test_one_row_or_many_predict_the_same(fit, task, model):
    trained = fit(task, model).model
    X = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    together = trained.scores(X)
    alone = np.concatenate([trained.scores(X[i : i + 1]) for i in (0, 5, 8191, 8192, 8999)])
    np.testing.assert_allclose(alone, together[[0, 5, 8191, 8192, 8999]], rtol=0, atol=1e-9)


def test_module_computes_the_same(fit):
    trained = fit("ordinal", ALL_ON).model
    X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    with torch.no_grad():
        logits = trained.module()(torch.from_numpy(X)).double()
    np.testing.assert_allclose(
        trained.loss.probabilities(logits), trained.probabilities(X), atol=1e-5
    )


def test_linear_regression_tells_slopes_in_raw_units(fit):
    done = fit("regression", None, {"optimizer": "lbfgs", "epochs": 5}, {"n": 400})
    slopes, intercept = done.model.linear_coefficients()
    # y = 40 + 5 (x0 - 0.5 x1 + 0.25 x2) + noise of deviation 1.5
    assert list(slopes.values()) == pytest.approx([5, -2.5, 1.25, 0], abs=0.1)
    assert intercept == pytest.approx(40, abs=0.3)
    raw = draw_table("regression", n=5)
    by_hand = raw[list(slopes)].to_numpy() @ np.array(list(slopes.values())) + intercept
    np.testing.assert_allclose(done.model.predict(raw)["prediction"], by_hand, rtol=1e-5)


def test_only_a_linear_regression_has_slopes(fit):
    with pytest.raises(ModelError, match="only a linear regression"):
        fit("regression", MLP).model.linear_coefficients()


def test_an_array_of_another_width_is_refused(fit):
    with pytest.raises(ModelError, match="reads 4 features, but was given an array of shape"):
        fit("regression").model.scores(np.zeros((2, 3), dtype=np.float32))


def test_inputs_are_not_changed(table):
    train, validation, standardizer = table("ordinal")
    before = train.copy(), validation.copy()
    train_model(train, validation, standardizer, ModelParams.model_validate(MLP), TrainingParams())
    pd.testing.assert_frame_equal(train, before[0])
    pd.testing.assert_frame_equal(validation, before[1])


def test_progress_hears_of_every_epoch(fit):
    heard = []
    done = fit("ordinal", MLP, progress=lambda *args: heard.append(args))
    assert [(epoch, epochs) for epoch, epochs, *_ in heard] == [(i, 5) for i in range(1, 6)]
    assert [args[2] for args in heard] == done.history["train_loss"].tolist()


def test_asked_for_threads_are_recorded_and_given_back(fit):
    before = torch.get_num_threads()
    assert fit("ordinal", MLP, {"threads": 2}).model.facts["threads"] == 2
    assert fit("ordinal", MLP).model.facts["threads"] == 1
    assert torch.get_num_threads() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused(fit):
    with pytest.raises(ParameterError) as caught:
        fit("ordinal", MLP, {"device": "cuda"})
    assert str(caught.value) == (
        "training.device is `cuda`, but torch finds no CUDA device: use `auto` or `cpu`."
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
def test_cuda_trains_alike(fit):
    there, here = fit("ordinal", MLP, {"device": "cuda"}), fit("ordinal", MLP, {"device": "cpu"})
    assert there.model.facts["device"] == "cuda"
    np.testing.assert_allclose(numbers(there.history), numbers(here.history), rtol=1e-3)


def test_temperature_is_for_classes(fit):
    with pytest.raises(ParameterError, match=r"training\.temperature is for classes"):
        fit("regression", None, {"temperature": True})


def test_trainings_side_by_side_keep_their_thread_count():
    from colonnade.training.engine import thread_count

    torch.set_num_threads(2)
    outer, inner = thread_count(1), thread_count(1)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == 2


def test_real_phone_table_is_learned_as_an_order(phone_price_dir):
    from sklearn.model_selection import train_test_split

    from colonnade.tables.schema import SchemaParams
    from colonnade.tables.standardize import StandardizeParams, fit_standardizer

    raw = pd.read_csv(phone_price_dir / "train.csv")
    train, test = train_test_split(raw, test_size=0.2, random_state=42)
    schema = SchemaParams.model_validate({"target": "price_range", "task": "ordinal"})
    standardizer = fit_standardizer(train, schema, StandardizeParams())
    words = {
        "optimizer": {"name": "adamw", "lr": 0.2},
        "scheduler": "cosine",
        "epochs": 200,
        "batch_size": 64,
    }
    done = train_model(
        standardizer.transform(train),
        standardizer.transform(train[:0]),
        standardizer,
        ModelParams.model_validate({"kind": "linear"}),
        TrainingParams.model_validate(words),
    )
    found = done.model.predict(test)["prediction"]
    assert float((found == test["price_range"]).mean()) >= 0.98
