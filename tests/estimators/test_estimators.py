"""Classifier and regressor among scikit-learn's tools."""

from __future__ import annotations

import pickle
import pickletools

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from colonnade import ColonnadeClassifier, ColonnadeRegressor, load_model, save_model
from colonnade.errors import ModelError

QUICK = {"epochs": 4, "batch_size": 32, "members": 1}
LBFGS = {"optimizer": "lbfgs", "epochs": 5}


@pytest.fixture(scope="module")
def penguin_classifier(penguins):
    X, y = penguins.drop(columns="species"), penguins["species"]
    return ColonnadeClassifier(training=QUICK).fit(X, y)


@pytest.fixture(scope="module")
def numbers():
    X = np.random.default_rng(0).normal(size=(80, 3))
    return X, (X[:, 0] > 0)


def test_text_labels_come_back_as_they_were_given(penguin_classifier, penguins):
    X, y = penguins.drop(columns="species"), penguins["species"]
    assert penguin_classifier.classes_.tolist() == ["Adelie", "Chinstrap", "Gentoo"]
    assert penguin_classifier.feature_names_in_.tolist() == list(X)
    assert penguin_classifier.n_features_in_ == 7
    assert penguin_classifier.score(X, y) > 0.9
    shares = penguin_classifier.predict_proba(X)
    assert shares.shape == (344, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([False, True]),
        np.array([0.0, 3.0]),
        np.array([-1, 1]),
        np.array([" a", "a"]),
        np.array(["none", "some"], dtype=object),
        pd.Categorical(["no", "yes"]),
    ],
)
def test_labels_of_any_type(numbers, labels):
    X, right = numbers
    y = labels[right.astype(int)]
    predicted = ColonnadeClassifier("linear", LBFGS).fit(X, y).predict(X)
    assert set(predicted) <= set(labels)
    assert np.mean(predicted == np.asarray(y)) > 0.9


def test_what_is_none_is_chosen_as_table_add_does(penguins):
    X, y = penguins.drop(columns="species"), penguins["species"]
    usual = ColonnadeClassifier(training={"epochs": 1}).fit(X, y).model_
    assert usual.model.kind == "auto"
    assert {part.model.training.epochs for part in usual.parts} == {1}
    model = ColonnadeClassifier(training={"epochs": 1}, effort="quick").fit(X, y).model_
    assert (model.model.kind, model.model.hidden) == ("mlp_skip", (128, 128))
    training = model.training
    assert (training.optimizer.name, training.epochs, training.batch_size) == ("adamw", 1, 32)
    assert (training.temperature, model.n_members) == (True, 1)
    with pytest.raises(ValueError, match="`effort` is quick or normal or best"):
        ColonnadeClassifier(effort="fast").fit(X, y)


def test_realmlp_keeps_its_authors_recipe(numbers):
    X, y = numbers
    words = {"kind": "realmlp", "hidden": [16]}
    model = ColonnadeClassifier(words, {"epochs": 2}).fit(X, y).model_
    completed = model.training.completed(model.model, "classification", validated=True)
    assert (completed.scheduler.name, completed.epochs) == ("coslog4", 2)
    assert ColonnadeClassifier("linear", {"epochs": 1}, validation_fraction=0).fit(X, y)


def test_the_same_state_gives_the_same_numbers(numbers):
    X, y = numbers
    one, again, other = (
        ColonnadeClassifier(training=QUICK, random_state=seed).fit(X, y).predict_proba(X)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_rows_to_stop_by_may_be_given(numbers):
    X, y = numbers
    model = ColonnadeClassifier(training=QUICK)
    model.fit(X[:60], y[:60], eval_set=[(X[60:], y[60:])])
    assert model.history_["validation_loss"].notna().all()
    with pytest.raises(ValueError, match="eval_set holds the class 7, which no row of y has"):
        ColonnadeClassifier(training=QUICK).fit(X, y.astype(int), eval_set=(X[:1], [7]))
    with pytest.raises(ValueError, match="one pair"):
        model.fit(X, y, eval_set=[(X, y), (X, y)])


def test_bad_weights_are_refused(numbers):
    X, y = numbers
    for value in (-1.0, np.nan, np.inf):
        weights = np.ones(len(y))
        weights[2] = value
        with pytest.raises(ValueError, match=f"sample_weight, row 3: {value:g} is no weight"):
            ColonnadeClassifier().fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="the weight of every row is zero"):
        ColonnadeClassifier().fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(TypeError, match="unexpected keyword argument 'verbose'"):
        ColonnadeClassifier().fit(X, y, verbose=1)


def test_mistakes_are_told_in_pythons_words(penguins):
    X, y = penguins.drop(columns="species"), penguins["species"]
    with pytest.raises(ValueError, match="Did you mean `epochs`"):
        ColonnadeClassifier(training={"epoch": 3}).fit(X, y)
    with pytest.raises(ValueError, match="'yaer', and X has no such column"):
        ColonnadeClassifier(columns={"yaer": {"kind": "ignored"}}).fit(X, y)
    odd = X.assign(year=X["year"].astype("str").where(X.index != 16, "unknown"))
    with pytest.raises(ValueError, match="row 17") as caught:
        ColonnadeClassifier().fit(odd, y)
    assert 'columns={"year": {"missing_words": ["unknown"]}}' in str(caught.value)
    words = {"year": {"missing_words": ["unknown"]}}
    assert ColonnadeClassifier(training=QUICK, columns=words).fit(odd, y).score(odd, y) > 0.8


def test_a_number_never_seen_is_no_mistake():
    X = pd.DataFrame({"a": [0, 1] * 20, "b": range(0, 120, 3)})
    model = ColonnadeRegressor(training=QUICK, columns={"b": {"kind": "numeric"}})
    model.fit(X, np.arange(40.0))
    assert np.isfinite(model.predict(pd.DataFrame({"a": [2], "b": [7]}))).all()


def test_gaps_are_filled_in_arrays_too(numbers):
    X, y = numbers
    gaps = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
    model = ColonnadeClassifier(training=QUICK).fit(gaps, y)
    assert np.isfinite(model.predict_proba(np.full((1, 3), np.nan))).all()
    with pytest.raises(ValueError, match="infinity"):
        model.predict([[np.inf, 0, 0]])


def test_arrays_of_text_are_read_as_a_frame(penguins):
    X, y = penguins[["island", "bill_length_mm"]].dropna(), penguins["species"]
    y = y[X.index]
    model = ColonnadeClassifier(training=QUICK).fit(X.to_numpy(), y)
    kinds = {name: c.kind for name, c in model.model_.standardizer.table_schema.columns.items()}
    assert kinds == {"x0": "categorical", "x1": "numeric"}
    assert model.score(X.to_numpy(), y) > 0.6


def test_importances_name_the_columns_that_matter(shop):
    X, y = shop.drop(columns="price"), shop["price"]
    model = ColonnadeRegressor("mlp_skip", {"epochs": 60}).fit(X, y)
    found = dict(zip(model.feature_names_in_, model.feature_importances_, strict=True))
    assert max(found, key=found.get) == "ram"
    kept = pickle.loads(pickle.dumps(clone(model).fit(X, y)))
    np.testing.assert_array_equal(kept.feature_importances_, model.feature_importances_)


def test_a_pickle_holds_data_and_no_code_of_a_network(penguin_classifier, penguins):
    content = pickle.dumps(penguin_classifier, protocol=4)
    loaded = pickle.loads(content)
    X = penguins.drop(columns="species")
    np.testing.assert_array_equal(loaded.predict_proba(X), penguin_classifier.predict_proba(X))
    words = [arg for _, arg, _ in pickletools.genops(content) if isinstance(arg, str)]
    modules = {word.split(".")[0] for word in words if word.startswith(("torch", "pandas"))}
    assert modules == set()
    state = penguin_classifier.__getstate__()
    assert sorted(map(type, state["model_"].values()), key=str) == [bytes, bytes]


def test_an_altered_pickle_is_refused(penguin_classifier):
    state = penguin_classifier.__getstate__()
    state["model_"] = {
        name: content.replace(b'"temperature": true', b'"temperature": false')
        for name, content in state["model_"].items()
    }
    with pytest.raises(ModelError, match="altered"):
        ColonnadeClassifier().__setstate__(state)


def test_an_estimators_model_is_saved_like_any_other(penguin_classifier, penguins, tmp_path):
    save_model(penguin_classifier.model_, tmp_path / "model")
    X = penguins.drop(columns="species")
    found = load_model(tmp_path / "model").predict(X)["prediction"]
    assert found.tolist() == penguin_classifier.predict(X).tolist()


def test_in_pipelines_and_searches(numbers, penguins):
    X, y = numbers
    pipeline = make_pipeline(StandardScaler(), ColonnadeClassifier("linear", LBFGS))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), ColonnadeClassifier("linear")),
        {"colonnadeclassifier__training": [{"epochs": 1}, {"epochs": 2}]},
        cv=2,
    )
    frame, species = penguins.drop(columns="species"), penguins["species"]
    assert search.fit(frame, species).best_score_ > 0.3


def test_ordered_labels_are_steps_of_a_scale():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    hidden = 2 * X[:, 0] + rng.normal(0, 0.3, 400)
    y = np.array(["low", "middle", "high"])[np.digitize(hidden, [-1, 1])]
    order = ["low", "middle", "high"]
    model = ColonnadeClassifier("linear", LBFGS, ordered=order, random_state=0).fit(X, y)
    assert model.model_.standardizer.table_schema.task == "ordinal"
    assert model.model_.standardizer.classes == order
    assert model.classes_.tolist() == sorted(order)
    assert model.score(X, y) > 0.85
    # from far below to far above: the probabilities move along the scale, whatever the alphabet
    shares = model.predict_proba([[-9.0, 0, 0], [0, 0, 0], [9, 0, 0]])
    assert model.classes_[shares.argmax(axis=1)].tolist() == order
    assert clone(model).ordered == order
    copied = pickle.loads(pickle.dumps(model))
    assert copied.predict(X[:50]).tolist() == model.predict(X[:50]).tolist()
    numbers = ColonnadeClassifier("linear", LBFGS, ordered=True).fit(
        X, np.digitize(hidden, [-1, 1])
    )
    assert numbers.model_.standardizer.classes == [0, 1, 2]


def test_an_order_that_is_not_that_of_the_labels_is_refused(numbers):
    X, right = numbers
    with pytest.raises(ValueError, match="from the lowest to the highest"):
        ColonnadeClassifier("linear", LBFGS, ordered=["no", "yes"]).fit(
            X, np.where(right, "up", "no")
        )
