"""Predictions for new rows: carried columns, intervals, and what is refused."""

from __future__ import annotations

import dataclasses
import logging

import pandas as pd
import pytest
import torch

from colonnade.errors import DataError, ParameterError
from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.pipelines.predict.nodes import predict
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.source import RawTable, Source
from colonnade.training import ModelParams, TrainedModel, TrainingParams, train_model
from colonnade.training.models.conformal import HeldOut
from colonnade.training.models.storage import load_model, note_run, save_model
from tests.training.conftest import draw_table, prepare_table

WITHOUT_INTERVAL = ["row", "prediction", "outside"]


@pytest.fixture(scope="module")
def models() -> dict[str, TrainedModel]:
    torch.set_num_threads(1)
    parameters = ModelParams(kind="linear"), TrainingParams(epochs=2)
    return {
        task: train_model(*prepare_table(draw_table(task), task), *parameters).model
        for task in ("regression", "ordinal")
    }


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


SOURCE = Source(name="rows.csv", rows=4, columns=6, sha256="0")


def held_out(n_errors: int) -> HeldOut:
    errors = [float(error) for error in range(1, n_errors + 1)]
    return HeldOut(errors=errors, n_rows=n_errors, origin="validation rows")


def predictions_of(
    model: TrainedModel, rows: pd.DataFrame | RawTable, **knobs: float
) -> pd.DataFrame:
    predictions, same, refused = predict(
        model, rows, EvaluationParams.model_validate(knobs), "set_aside"
    )
    assert predictions is same
    assert not len(refused)
    return predictions


def rows_with(**columns: list) -> pd.DataFrame:
    rows = draw_table("regression", n=4).drop(columns="y")
    return rows[["x3", "x1", "x0", "x2"]].assign(**columns)


def test_unread_columns_are_carried_and_numbers_have_an_interval(models, caplog):
    caplog.set_level(logging.INFO)
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    predictions = predictions_of(model, rows_with(id=["a", "b", "c", "d"], y=[0, 0, 0, 0]))
    assert list(predictions) == ["row", "id", "prediction", "lower", "upper", "outside"]
    assert predictions["row"].tolist() == [1, 2, 3, 4]
    assert predictions["id"].tolist() == ["a", "b", "c", "d"]
    assert (predictions["upper"] - predictions["lower"]).tolist() == pytest.approx([36] * 4)
    [message] = caplog.messages[1:]
    assert message.startswith("interval: prediction +- 18 should cover 0.9 of new rows")
    assert message.endswith("19 validation rows")


def test_the_tables_yaml_says_how_often_an_interval_holds(models):
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    predictions = predictions_of(model, rows_with(), prediction_interval=0.75)
    assert (predictions["upper"] - predictions["prediction"]).tolist() == pytest.approx([15] * 4)


def test_too_few_held_out_rows_are_reported_and_promise_nothing(models, caplog):
    caplog.set_level(logging.INFO)
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(18))
    assert list(predictions_of(model, rows_with(), prediction_interval=0.95)) == WITHOUT_INTERVAL
    model = dataclasses.replace(model, held_out=None)
    assert list(predictions_of(model, rows_with())) == WITHOUT_INTERVAL
    assert caplog.messages[1::2] == [
        "no interval: 0.95 needs 19 validation rows, and there were 18. Lower "
        "evaluation.prediction_interval, or raise split.validation_fraction and train again",
        "no interval: no rows were held out. Raise split.validation_fraction and train again",
    ]


def test_classes_come_with_probabilities_alone(models):
    assert list(predictions_of(models["ordinal"], rows_with(lower=[1, 2, 3, 4]))) == [
        "row", "lower", "prediction", "probability_0", "probability_1", "probability_2", "outside",
    ]  # fmt: skip


def test_columns_named_like_predictions_are_carried_under_names_of_their_own(models, caplog):
    model = models["regression"]
    model = dataclasses.replace(model, held_out=held_out(19))
    rows = rows_with(row=list("abcd"), upper=[1, 2, 3, 4], upper_input=[5, 6, 7, 8])
    predictions = predictions_of(model, RawTable(rows, SOURCE))
    assert list(predictions) == [
        "row", "row_input", "upper_input_input", "upper_input", "prediction", "lower", "upper",
        "outside",
    ]  # fmt: skip
    assert predictions["row_input"].tolist() == list("abcd")
    assert predictions["upper_input_input"].tolist() == [1, 2, 3, 4]
    names = [message.split("'")[1::2] for message in warned(caplog)]
    assert names == [["row", "row_input"], ["upper", "upper_input_input"]]


def test_no_rows_at_all_are_refused_like_an_empty_file(models):
    with pytest.raises(DataError, match="has no rows"):
        predictions_of(models["regression"], rows_with().iloc[:0])


def test_rows_that_cannot_be_predicted_are_set_aside_and_the_others_predicted(models, caplog):
    model = models["regression"]
    rows = rows_with().astype("str")
    alone = model.predict_quietly(rows[3:])
    rows.loc[0, "x0"], rows.loc[0, "x1"], rows.loc[2, "x1"] = "inf", "two", "1e400"
    named = RawTable(rows, SOURCE)
    predictions, _, refused = predict(model, named, EvaluationParams(), "set_aside")
    assert predictions["row"].tolist() == [2, 4]
    assert predictions["prediction"].iloc[1] == alone["prediction"].iloc[0]
    assert refused.to_numpy().tolist() == [
        [1, "x0", "row 1: 'inf' is not a finite number"],
        [1, "x1", "row 1: 'two' is not a number"],
        [3, "x1", "row 3: '1e400' is infinite or beyond 3.4e38, the largest number that the model "
         "can hold"],
    ]  # fmt: skip
    [message] = warned(caplog)
    assert message.startswith("rows.csv: 2 of 4 rows cannot be predicted")
    assert "predictions_refused.csv" in message
    assert message.endswith("column 'x0', row 1: 'inf' is not a finite number")


def test_one_bad_row_stops_all_where_that_is_asked_for(models):
    rows = rows_with(x0=["1", "inf", "1", "1"])
    with pytest.raises(DataError, match=r"'x0', row 2: 'inf' is not a finite number. Correct it"):
        predict(models["regression"], rows, EvaluationParams(), "refuse")
    with pytest.raises(ParameterError, match=r"`bad_rows` is set_aside or refuse \(got 'skip'\)"):
        predict(models["regression"], rows, EvaluationParams(), "skip")


def test_a_file_without_a_single_good_row_is_refused(models):
    with pytest.raises(DataError, match="1 more such cell"):
        predict(models["regression"], rows_with(x0=["?"] * 4), EvaluationParams(), "set_aside")


def test_a_missing_column_stops_all_and_suggests_the_nearest(models):
    rows = rows_with(x0=["inf", "1", "1", "1"]).rename(columns={"x1": "X1"})
    with pytest.raises(
        DataError, match=r"no column 'x1', which the model needs. Did you mean `X1`"
    ):
        predict(models["regression"], rows, EvaluationParams(), "set_aside")


def test_the_log_names_run_and_data_of_the_model(models, caplog, tmp_path):
    caplog.set_level(logging.INFO)
    model = models["ordinal"]
    predictions_of(model, rows_with())
    assert caplog.messages.pop() == (
        "y: the model names no run in MLflow, and was trained on data that it does not name"
    )
    train, source = draw_table("ordinal"), SOURCE.model_copy(update={"note": "synthetic sample"})
    fitted = fit_standardizer(
        train, model.standardizer.table_schema, StandardizeParams(), source=source
    )
    named = TrainedModel(fitted, model.model, model.training, model.weights, model.facts)
    save_model(named, tmp_path, table="phones")
    note_run(tmp_path, "5ad50d8db7854adb", "lr=0.2")
    predictions_of(load_model(tmp_path), rows_with())
    assert caplog.messages[-1].startswith("phones: the model was trained on a synthetic sample:")
    assert caplog.messages[-2] == (
        "phones: the model is of run 5ad50d8d (lr=0.2), and was trained on rows.csv (synthetic "
        "sample), 4 rows, sha256 0"
    )
    named = dataclasses.replace(named, facts={**named.facts, "more": 1})
    save_model(named, tmp_path, table="phones")  # another model, of which no run is known yet
    assert load_model(tmp_path).run is None


def test_a_model_of_a_synthetic_sample_warns(models, caplog):
    model = models["regression"]
    table = model.standardizer
    assert table.reference is not None
    for note, warnings in (("synthetic sample", 1), ("", 0)):
        caplog.clear()
        source = SOURCE.model_copy(update={"note": note})
        reference = table.reference.model_copy(update={"source": source})
        drawn = table.model_copy(update={"reference": reference})
        predictions_of(dataclasses.replace(model, standardizer=drawn), rows_with())
        said = [line for line in warned(caplog) if "synthetic sample: of real rows" in line]
        assert len(said) == warnings
