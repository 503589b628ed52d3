"""What an import costs, and what is seen of a run."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap

import pytest

from colonnade.training.progress import training_progress


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


def report_epochs(stream, epochs, validation_loss):
    with training_progress("phones", stream) as report:
        for epoch in range(1, epochs + 1):
            report(epoch, epochs, 1 / epoch, validation_loss)


def test_about_ten_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    report_epochs(stream, 200, 0.25)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("phones: epoch 1/200, loss 1, validation 0.25, ")
    assert lines[-1].startswith("phones: epoch 200/200, loss 0.005, validation 0.25, ")
    assert "\r" not in stream.getvalue()


def test_few_epochs_have_a_line_each_and_no_validation_where_there_is_none():
    stream = io.StringIO()
    report_epochs(stream, 3, float("nan"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert "validation" not in lines[0]


def test_lines_go_to_a_logger_if_there_is_one():
    heard = []
    with training_progress("phones", io.StringIO(), heard.append) as report:
        report(1, 1, 0.5, 0.5)
    assert len(heard) == 1


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal():
    stream = Terminal()
    report_epochs(stream, 5, 0.25)
    assert "5/5" in stream.getvalue()
    assert "loss 0.2, validation 0.25" in stream.getvalue()


def test_a_bar_begins_anew_for_the_refit():
    stream = Terminal()
    with training_progress("phones", stream) as report:
        for epochs in (3, 2):
            for epoch in range(1, epochs + 1):
                report(epoch, epochs, 0.5, pytest.approx(0.1).expected)
    assert "2/2" in stream.getvalue()
