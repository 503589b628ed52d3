"""Answers for new rows: carried columns, intervals, and what is refused."""

from __future__ import annotations

import dataclasses
import logging

import pandas as pd
import pytest
import torch

from colonnade.errors import DataError
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.pipelines.predict.nodes import predict
from colonnade.tables.schema import SchemaParams
from colonnade.tables.standardize import StandardizeParams, fit_standardizer
from colonnade.training import ModelParams, TrainedModel, TrainingParams, train_model
from colonnade.training.models.conformal import HeldOut
from tests.training.conftest import draw_table, prepare_table


@pytest.fixture(scope="module")
def models() -> dict[str, TrainedModel]:
    torch.set_num_threads(1)
    recipe = ModelParams(kind="linear"), TrainingParams(epochs=2)
    return {
        task: train_model(*prepare_table(draw_table(task), task), *recipe).model
        for task in ("regression", "ordinal")
    }


def held_out(n_errors: int) -> HeldOut:
    errors = [float(error) for error in range(1, n_errors + 1)]
    return HeldOut(errors=errors, n_rows=n_errors, origin="validation rows")


def answer(model: TrainedModel, rows: pd.DataFrame, **knobs: float) -> pd.DataFrame:
    predictions, same = predict(model, rows, EvaluationParams.model_validate(knobs))
    assert predictions is same
    return predictions


def rows_with(**columns: list) -> pd.DataFrame:
    rows = draw_table("regression", n=4).drop(columns="y")
    return rows[["x3", "x1", "x0", "x2"]].assign(**columns)


def test_unread_columns_are_carried_and_numbers_have_an_interval(models, caplog):
    caplog.set_level(logging.INFO)
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    answers = answer(model, rows_with(id=["a", "b", "c", "d"], y=[0, 0, 0, 0]))
    assert list(answers) == ["id", "prediction", "lower", "upper"]
    assert answers["id"].tolist() == ["a", "b", "c", "d"]
    assert (answers["upper"] - answers["lower"]).tolist() == pytest.approx([36] * 4)
    assert caplog.messages == [
        "interval: prediction +- 18 should hold 0.9 of new rows, by the errors on 19 validation "
        "rows"
    ]


def test_the_tables_yaml_says_how_often_an_interval_holds(models):
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    answers = answer(model, rows_with(), prediction_interval=0.75)
    assert (answers["upper"] - answers["prediction"]).tolist() == pytest.approx([15] * 4)


def test_too_few_held_out_rows_are_told_and_promise_nothing(models, caplog):
    caplog.set_level(logging.INFO)
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(18))
    assert list(answer(model, rows_with(), prediction_interval=0.95)) == ["prediction"]
    model = dataclasses.replace(model, held_out=None)
    assert list(answer(model, rows_with())) == ["prediction"]
    assert caplog.messages == [
        "no interval: 0.95 needs 19 validation rows, and there were 18. Lower "
        "evaluation.prediction_interval, or raise split.validation_fraction and train again",
        "no interval: no rows were held out. Raise split.validation_fraction and train again",
    ]


def test_classes_come_with_probabilities_alone(models):
    assert list(answer(models["ordinal"], rows_with(lower=[1, 2, 3, 4]))) == [
        "lower", "prediction", "probability_0", "probability_1", "probability_2",
    ]  # fmt: skip


def test_columns_named_like_answers_are_refused(models):
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    rows = rows_with(upper=[1, 2, 3, 4], prediction=[1, 2, 3, 4])
    rows.attrs["source"] = {"name": "rows.csv", "rows": 4, "columns": 6, "sha256": "0"}
    with pytest.raises(DataError) as caught:
        answer(model, rows)
    assert caught.value.sentences() == [
        "rows.csv: column 'prediction' has the name of an answer. Rename it, or leave it out.",
        "rows.csv: column 'upper' has the name of an answer. Rename it, or leave it out.",
    ]


def test_no_rows_at_all_are_refused_like_an_empty_file(models):
    with pytest.raises(DataError, match="has no rows"):
        answer(models["regression"], rows_with().iloc[:0])


def test_categories_that_no_train_row_had_are_told_once(caplog):
    train = pd.DataFrame({"city": ["Oslo", "Rome"] * 20, "y": [0, 1] * 20})
    schema = {"target": "y", "task": "classification", "columns": {"city": {"kind": "categorical"}}}
    standardizer = fit_standardizer(train, SchemaParams.model_validate(schema), StandardizeParams())
    prepared = standardizer.transform(train)
    recipe = ModelParams(kind="linear"), TrainingParams(epochs=2)
    model = train_model(prepared, prepared[:0], standardizer, *recipe).model
    cities = ["Bonn", "Oslo", "Bonn", *(f"Ort {n}" for n in range(5))]
    rows = pd.DataFrame({"city": cities})
    rows.attrs["source"] = {"name": "rows.csv", "rows": 8, "columns": 1, "sha256": "0"}
    answers = answer(model, rows)
    assert caplog.messages == [
        "rows.csv: column 'city': 'Bonn' in 2 rows, 'Ort 0' in 1 row, 'Ort 1' in 1 row and 3 more "
        "values: the model has not learned these categories, and answers as for any other it does "
        "not know."
    ]
    assert answers["probability_0"].nunique() == 2
    answer(model, rows[1:2])
    model.answer(rows)
    assert len(caplog.messages) == 1
