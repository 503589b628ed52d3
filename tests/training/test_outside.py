"""Rows unlike the train rows are predicted, marked and reported."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.source import RawTable, Source
from colonnade.training import ModelParams, TrainedModel, TrainingParams, train_model
from colonnade.training.models.batch import predict_batch

COLUMNS = {
    "city": {"kind": "categorical"},
    "size": {"kind": "ordered", "values": ["s", "m", "l", "xl"]},
    "new": {"kind": "boolean"},
    "day": {"kind": "datetime"},
    "gaps": {"missing": "median"},
    "exact": {"missing": "error"},
}
TRAIN = pd.DataFrame(
    {
        "ram": np.arange(1.0, 42),  # 1 to 41, the median 21
        "city": ["Oslo", "Rome", "Rome"] * 13 + ["Bern"] * 2,
        "size": ["s", "m", "m", "l"] * 10 + ["s"],
        "new": [True, False, True] * 13 + [False] * 2,
        "day": pd.date_range("2024-01-01", periods=41),
        "gaps": [np.nan, *np.arange(40.0)],
        "exact": np.arange(41.0) % 7,
        "y": np.arange(41.0) % 5,
    }
)
LIKE_TRAIN = {
    "ram": 61.0, "city": "Oslo", "size": "m", "new": True, "day": pd.Timestamp("2024-02-29"),
    "gaps": None, "exact": 6.0,
}  # fmt: skip


def model_of(train: pd.DataFrame = TRAIN, **standardize: object) -> TrainedModel:
    schema = SchemaParams.model_validate({"target": "y", "task": "regression", "columns": COLUMNS})
    params = StandardizeParams.model_validate(standardize)
    standardizer = fit_standardizer(train, schema, params)
    rows = standardizer.transform(train)
    parameters = ModelParams(kind="linear"), TrainingParams(epochs=2)
    return train_model(rows, rows[:0], standardizer, *parameters).model


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return model_of()


def row(**cells: object) -> pd.DataFrame:
    return pd.DataFrame([{**LIKE_TRAIN, **cells}])


@pytest.mark.parametrize(
    ("cells", "outside"),
    [
        ({}, ""),
        ({"ram": 61.5}, "ram high"),  # 41 + half of 40
        ({"ram": -19.5}, "ram low"),
        ({"ram": None}, "ram missing"),
        ({"city": "Bonn"}, "city new"),
        ({"city": None}, "city missing"),
        ({"size": "xl"}, "size new"),  # the schema allows it, no train row had it
        ({"size": None}, "size missing"),
        ({"new": None}, "new missing"),
        ({"day": pd.Timestamp("2024-03-02")}, "day high"),
        ({"day": pd.NaT}, "day missing"),
        ({"ram": 1e6, "city": "Bonn", "gaps": -30.0}, "ram high; city new; gaps low"),
    ],
)
def test_a_row_says_in_what_it_is_unlike_the_train_rows(model, cells, outside):
    predicted = model.predict(row(**cells))
    assert predicted["outside"].tolist() == [outside]
    assert np.isfinite(predicted["prediction"]).all()


@pytest.mark.parametrize(
    ("column", "middle"),
    [("ram", 21.0), ("size", "m"), ("day", pd.Timestamp("2024-01-21")), ("new", True)],
)
def test_a_newly_missing_cell_is_predicted_as_the_middle_of_the_train_rows(model, column, middle):
    found = model.predict(row(**{column: None}))["prediction"]
    expected = model.predict(row(**{column: middle}))["prediction"]
    assert found.tolist() == expected.tolist()


def test_a_newly_missing_category_is_predicted_as_an_unknown_one(model):
    found, expected = (model.predict(row(city=city))["prediction"] for city in (None, "Bonn"))
    assert found.tolist() == expected.tolist()


def test_a_missing_cell_is_refused_where_the_yaml_says_so(model):
    with pytest.raises(DataError, match="column 'exact', row 1: None counts as missing"):
        model.predict(row(exact=None))


def test_one_warning_tells_what_is_outside_and_how_often(model, caplog):
    rows = pd.concat([row(ram=99.0, city="Bonn"), row(ram=80.0), row(), row(city=None)])
    model.predict_quietly(rows)
    assert not caplog.messages
    model.predict(rows)
    assert caplog.messages == [
        "rows: 3 of 4 rows are unlike the train rows (marked in `outside`): column 'ram': 2 rows "
        "far above 41, the greatest in training, such as 99; column 'city': no value in 1 row; "
        "column 'city': never seen 'Bonn' in 1 row."
    ]


def test_one_row_at_a_time_is_marked_as_in_a_batch(model):
    rows = pd.concat([row(ram=99.0), row(new=None), row(day=pd.NaT), row(city="Bonn"), row()])
    together = model.predict(rows)
    alone = pd.concat([model.predict(rows.iloc[[place]]) for place in range(len(rows))])
    pd.testing.assert_frame_equal(together, alone)


def test_text_is_marked_as_typed_cells_are(model):
    rows = pd.concat([row(ram=99.0), row(new=None), row(city="Bonn"), row()], ignore_index=True)
    text = model.standardizer.as_written(rows).astype("str")
    pd.testing.assert_frame_equal(model.predict(text), model.predict(rows))


def test_rare_categories_that_are_pooled_were_seen_all_the_same():
    model = model_of(minimum_count=5)
    assert "city=Bern" not in model.standardizer.feature_names
    assert model.predict(row(city="Bern"))["outside"].tolist() == [""]


def test_few_rows_of_the_same_kind_are_marked():
    draw = np.random.default_rng(0).standard_exponential
    marked = []
    for _ in range(50):
        train = pd.DataFrame({f"x{k}": draw(100) for k in range(5)}).assign(y=np.arange(100.0))
        schema = SchemaParams(target="y", task="regression")
        standardizer = fit_standardizer(train, schema, StandardizeParams())
        new = standardizer.read(pd.DataFrame({f"x{k}": draw(100) for k in range(5)}))
        marks = standardizer.outside(new)
        marked.append(len({place for mark in marks for place in mark.rows}))
    # of five skewed columns: about 0.5 % of the rows, where 5 % are beyond some column's range
    assert 0 < np.mean(marked) < 1.5


def test_the_train_rows_alone_are_described_and_come_back_bit_for_bit(model):
    reference = model.standardizer.reference
    assert reference.n_rows == 41
    ram = reference.columns["ram"]
    assert (ram.quantiles[0], ram.median, ram.quantiles[-1], ram.missing) == (1, 21, 41, 0)
    assert reference.columns["gaps"].missing == pytest.approx(1 / 41)
    assert reference.columns["size"].shares == pytest.approx(
        {"m": 20 / 41, "s": 11 / 41, "l": 10 / 41}
    )
    assert reference.target.median == 2
    kept = json.dumps(model.standardizer.model_dump(mode="json"))
    assert Standardizer.model_validate_json(kept) == model.standardizer


def test_a_model_of_an_earlier_version_knows_its_categories_alone(model):
    described = model.standardizer.model_dump(mode="json")
    del described["reference"]
    old = Standardizer.model_validate(described)
    for cells, words in ((row(ram=1e6), []), (row(city="Bonn"), ["new"])):
        assert [mark.word for mark in old.outside(old.read(cells))] == words
    with pytest.raises(DataError, match="column 'ram', row 1: None counts as missing"):
        old.read(row(ram=None))


def test_rows_may_be_the_path_of_a_file(model, tmp_path):
    rows = pd.concat([row(), row(ram=99.0)], ignore_index=True)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    for path in (tmp_path / "rows.csv", str(tmp_path / "rows.csv")):
        found = model.predict(path)
        assert found["prediction"].tolist() == model.predict(rows)["prediction"].tolist()
    with pytest.raises(
        DataError, match=r"rows must be a pandas DataFrame, or the path of a .* not list"
    ):
        model.predict([1.0, 2.0])


def test_rows_with_too_many_or_too_few_cells_are_set_aside_and_counted(model):
    head = ",".join(LIKE_TRAIN)
    good = "61,Oslo,s,true,2024-02-29,,6"
    text = (
        "\n".join([head, good, f"{good},8", good, "61,Oslo", good.replace("61", "x"), good]) + "\n"
    )
    rows, set_aside = read_text_table(text.encode(), "r.csv", set_aside=True)
    rows = RawTable(rows, Source.of(rows, "r.csv"), set_aside)
    batch = predict_batch(model, rows, coverage=0.9)
    assert batch.predictions["row"].tolist() == [1, 3, 6]
    assert batch.refused[["row", "reason"]].values.tolist() == [
        [2, "line 3: 8 cells, and the header has 7"],
        [4, "line 5: 2 cells, and the header has 7"],
        [5, "line 6: 'x' is not a number"],
    ]
    with pytest.raises(DataError, match="line 3 has 8 cells, and the header has 7"):
        predict_batch(model, rows, coverage=0.9, refuse=True)
