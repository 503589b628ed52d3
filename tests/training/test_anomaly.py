"""Odd rows: an autoencoder through the trainer, its scores, its threshold and its reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from colonnade.errors import ParameterError
from colonnade.evaluation.metrics.oddity import oddity
from colonnade.evaluation.metrics.verdict import verdict
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.reading.sklearn_tables import draw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import PARTS, SplitParams, rows_of, split_table
from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model
from colonnade.training.components.losses.number_losses import Reconstruction
from colonnade.training.models.target import odd_rows

WORDS = {"task": "anomaly", "label": "kind", "odd": ["bad"], "learn_from": "normal"}
MODEL = {"kind": "autoencoder", "hidden": "8", "code": 2}


def line(n: int = 200) -> pd.DataFrame:
    """Rows near a plane in four columns; the last ten lie off it."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n))
    frame = pd.DataFrame({"a": a, "b": b, "c": a + b, "d": a - b})
    frame += rng.normal(0, 0.05, frame.shape)
    frame.loc[n - 10 :, "d"] += 4
    return frame.assign(kind=["good"] * (n - 10) + ["bad"] * 10)


def fit(frame: pd.DataFrame, words: dict[str, Any], model: Any = MODEL, **training: Any):
    """The fitted model, the parts as prepared, and the split."""
    options = {k: training.pop(k) for k in ("checkpoint", "resume", "progress") if k in training}
    schema = SchemaParams.model_validate(words)
    table = ingest_table(frame, schema)
    split = split_table(table, schema, SplitParams())
    standardizer = fit_standardizer(rows_of(table, split, "train"), schema, StandardizeParams())
    parts = {part: standardizer.transform(rows_of(table, split, part)) for part in PARTS}
    fitted = train_model(
        parts["train"],
        parts["validation"],
        standardizer,
        ModelParams.model_validate(model),
        TrainingParams.model_validate(training),
        **options,
    )
    return fitted, parts, split


@pytest.fixture(scope="module")
def trained():
    return fit(line(), WORDS, epochs=60)


def test_no_row_labeled_odd_is_learned_from(trained):
    split = trained[2]
    assert (split["part"][190:] == "test").all()


def test_rows_off_the_plane_are_flagged_and_the_column_named(trained):
    fitted, _, _ = trained
    found = fitted.model.predict_quietly(line().drop(columns="kind"))
    assert found.columns.tolist() == ["score", "odd", "because", "outside"]
    assert found["odd"][190:].all()
    assert found["odd"][:190].mean() < 0.15
    assert found["score"][190:].min() > found["score"][:190].median() * 10


def test_the_threshold_flags_the_share_asked_for(trained):
    fitted, parts, _ = trained
    names = fitted.model.standardizer.feature_names
    rows = parts["validation"]
    scores = fitted.model.oddness(rows[names].to_numpy(), rows.index)["score"]
    assert fitted.model.facts["threshold"] == pytest.approx(np.quantile(scores, 0.95))


def test_labels_judge_the_scores_beside_simple_models(trained):
    fitted, parts, _ = trained
    scored, metrics = oddity(fitted.model, parts, resamples=20, seed=0)
    assert set(scored["part"]) == {"validation", "test"}
    assert metrics["test"]["roc_auc"] == 1.0
    assert set(metrics.baselines) == {"isolation_forest", "pca"}
    low, high = metrics.interval("test", "roc_auc")
    assert low <= 1.0 <= high
    assert verdict(metrics, "anomaly").headline.startswith("test ROC-AUC 1.000")


def test_without_labels_nothing_is_judged_but_rows_are_flagged():
    words = {"task": "anomaly", "odd_share": 0.1}
    fitted, parts, _ = fit(line().drop(columns="kind"), words, epochs=5)
    scored, metrics = oddity(fitted.model, parts, resamples=0, seed=0)
    assert scored["actual"].isna().all()
    judged = verdict(metrics, "anomaly")
    assert "of the test rows are flagged" in judged.headline
    assert "schema.label" in judged.sentence


def test_it_is_resumed_and_saved_to_the_bit(trained, tmp_path):
    epochs = []

    def interrupt(*_):
        epochs.append(1)
        if len(epochs) == 23:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(line(), WORDS, epochs=60, checkpoint=file, progress=interrupt)
    again = fit(line(), WORDS, epochs=60, checkpoint=file, resume=True)[0]
    for name, weight in trained[0].model.weights.items():
        assert torch.equal(weight, again.model.weights[name]), name
    save_model(again.model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    rows = line().drop(columns="kind")
    pd.testing.assert_frame_equal(
        loaded.predict_quietly(rows), trained[0].model.predict_quietly(rows)
    )


def test_a_score_is_the_mean_and_reasons_are_the_largest_shares(trained):
    standardizer = trained[0].model.standardizer
    errors = np.array([[1.0, 2.0, 0.0, 5.0]])
    found = odd_rows(errors, standardizer, 1.9, pd.RangeIndex(1))
    assert found.to_dict("list") == {
        "score": [2.0],
        "odd": [True],
        "because": ["d 62 %; b 25 %; a 12 %"],
    }


def test_the_loss_of_a_row_is_its_mean_squared_error():
    loss = Reconstruction(2)
    given, row = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])
    assert loss.per_example_loss(given, row).tolist() == [2.5]
    slope = torch.empty(1, 2)
    loss.grad_logits(given, row, slope)
    assert slope.tolist() == [[1.0, -2.0]]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"task": "anomaly", "target": "y"}, "give a `target`, or `task: anomaly`"),
        ({"task": "regression"}, "give a `target`, or `task: anomaly`"),
        ({"task": "anomaly", "label": "kind"}, "`label` and `odd` go together"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words, what):
    with pytest.raises(ParameterError, match=what):
        SchemaParams.model_validate(words)


@pytest.mark.parametrize(
    ("model", "training", "what"),
    [
        ({"kind": "mlp"}, {}, "autoencoder goes with `schema.task: anomaly`"),
        (MODEL, {"temperature": True}, "need a target"),
        (MODEL, {"early_stopping": {"by": "error"}}, "need a target"),
    ],
)
def test_what_needs_a_target_is_refused(model, training, what):
    with pytest.raises(ParameterError, match=what):
        fit(line(), WORDS, model, **training)


@pytest.mark.slow
@pytest.mark.parametrize(("digit", "least"), [(0, 0.85), (1, 0.65), (8, 0.8)])
def test_one_digit_is_told_from_the_others(digit, least):
    words = {"task": "anomaly", "label": "target", "odd": [digit], "learn_from": "normal"}
    words["image"] = {"shape": "8x8"}
    fitted, parts, _ = fit(draw_table("load_digits", {}).frame, words, {"kind": "autoencoder"})
    _, metrics = oddity(fitted.model, parts, resamples=0, seed=0)
    print(digit, metrics["test"]["roc_auc"], metrics.baselines)
    assert metrics["test"]["roc_auc"] >= least
    forest = metrics.baselines["isolation_forest"]["roc_auc"]
    assert metrics["test"]["roc_auc"] > forest
