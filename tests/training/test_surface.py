"""What an import costs, and what is seen of a run."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from colonnade.training.progress import TrainingProgress, watch


def in_a_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_parameters_need_no_torch():
    code = """
        import sys
        import colonnade.training as t
        t.TrainingParams.model_validate({"optimizer": "sgd", "loss": "mse", "scheduler": "cosine"})
        t.ModelParams.model_validate({"activation": "gelu", "initializer": "ones"})
        for kind in ("tabm", "ft_transformer", "resnet"):
            t.ModelParams.model_validate({"kind": kind})
        heavy = {"torch", "sklearn", "matplotlib", "mlflow", "kedro"}
        heavy |= {"tabm", "rtdl_num_embeddings", "rtdl_revisiting_models"}
        print(sorted(heavy & set(sys.modules)))
    """
    assert in_a_process(code) == "[]"


@pytest.mark.slow
def test_training_never_imports_torchs_compiler():
    code = """
        import sys
        import numpy as np, pandas as pd
        from colonnade.tables.schema.table_schema import SchemaParams
        from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
        from colonnade.training import ModelParams, TrainingParams, train_model
        raw = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", "b", "y"])
        schema = SchemaParams(target="y", task="regression")
        s = fit_standardizer(raw, schema, StandardizeParams())
        rows = s.transform(raw)
        for words in ({}, {"optimizer": "adamw", "gradients": "autograd"}):
            training = TrainingParams.model_validate({"epochs": 2, **words})
            done = train_model(rows, rows, s, ModelParams(hidden=(4,)), training)
            done.model.predict(raw)
        print(sorted({"torch._dynamo", "torch._inductor", "sklearn"} & set(sys.modules)))
    """
    assert in_a_process(code) == "[]"


def lines_of(epochs, validation_loss):
    heard = []
    told = TrainingProgress("phones", heard.append)
    for epoch in range(1, epochs + 1):
        told.epoch(epoch, epochs, 1 / epoch, validation_loss)
    return heard


def test_about_ten_plain_lines_where_nobody_draws():
    lines = lines_of(200, 0.25)
    assert len(lines) == 11
    assert lines[0].startswith("phones.train: epoch 1/200, loss 1, validation 0.25, ")
    assert lines[-1].startswith("phones.train: epoch 200/200, loss 0.005, validation 0.25, ")


def test_few_epochs_have_a_line_each_and_no_validation_where_there_is_none():
    lines = lines_of(3, float("nan"))
    assert len(lines) == 3
    assert "validation" not in lines[0]


@pytest.fixture
def drawn():
    """What is told to one who draws."""
    heard = []
    watch(heard.append)
    yield heard
    watch(None)


def test_one_who_draws_hears_every_epoch_and_no_line_is_written(drawn):
    assert lines_of(20, 0.25) == []
    assert [progress.done for progress in drawn] == list(range(1, 21))
    assert drawn[-1].note == "loss 0.05, validation 0.25"


def test_time_left_is_that_of_the_epochs_to_come_at_the_pace_of_the_last(drawn, monkeypatch):
    clock = iter([0.0, 5.0, 5.5, 6.0, 6.5])  # the first epoch is slow: what it needs is imported
    monkeypatch.setattr("colonnade.training.progress.time.perf_counter", lambda: next(clock))
    told = TrainingProgress("phones", print, refits=True, may_stop=True)
    for epoch in (1, 2, 3):
        told.epoch(epoch, 10, 1.0, 1.0)
    told.epoch(1, 4, 1.0, float("nan"))  # the refit begins
    # half a second an epoch: 7 to come and 10 at most of the refit
    assert [progress.seconds_left for progress in drawn] == [None, 9.0, 8.5, None]
    assert [progress.at_most for progress in drawn] == [True, True, True, False]
    assert [progress.what for progress in drawn] == ["epoch", "epoch", "epoch", "refit epoch"]
