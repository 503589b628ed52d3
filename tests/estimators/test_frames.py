"""Frames of any library and dtype say what the same CSV says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from colonnade import ColonnadeRegressor, fit
from colonnade.tables.reading.plain_frames import plain_frame, unreadable_columns

QUICK = {"epochs": 4, "batch_size": 32, "members": 1}


@pytest.fixture(scope="module")
def regressor(shop):
    return ColonnadeRegressor("mlp_skip", QUICK).fit(shop.drop(columns="price"), shop["price"])


def as_polars(frame):
    return pytest.importorskip("polars").from_pandas(frame)


DTYPES = {
    "as it is": lambda frame: frame,
    "nullable": lambda frame: frame.convert_dtypes(),
    "arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "string[python]": lambda frame: frame.astype({"brand": "string[python]"}),
    "string[pyarrow]": lambda frame: frame.astype({"brand": "string[pyarrow]"}),
    "category": lambda frame: frame.astype(dict.fromkeys(["brand", "ram", "dual"], "category")),
    "object": lambda frame: frame.astype({"brand": "object", "dual": "object"}),
    "float": lambda frame: frame.astype({"ram": "float64"}),
    "a pyarrow.Table": pa.Table.from_pandas,
    "polars": as_polars,
}


@pytest.mark.parametrize("dtypes", DTYPES)
def test_a_frame_is_predicted_as_the_same_csv_is(regressor, shop, tmp_path, dtypes):
    X = shop.drop(columns="price")
    X.to_csv(tmp_path / "rows.csv", index=False)
    expected = regressor.model_.predict(tmp_path / "rows.csv")
    found = regressor.model_.predict(DTYPES[dtypes](X))
    pd.testing.assert_frame_equal(found, expected.reset_index(drop=True))
    np.testing.assert_array_equal(regressor.predict(DTYPES[dtypes](X)), expected["prediction"])


@pytest.mark.parametrize("dtypes", [name for name in DTYPES if name not in ("category", "float")])
def test_the_same_is_learned_from_it(regressor, shop, dtypes):
    X, y = shop.drop(columns="price"), shop["price"]
    again = ColonnadeRegressor("mlp_skip", QUICK).fit(DTYPES[dtypes](X), y)
    np.testing.assert_array_equal(again.predict(X), regressor.predict(X))


def test_a_categorical_dtype_says_what_a_column_means():
    rng = np.random.default_rng(0)
    size = pd.CategoricalDtype(["S", "M", "XXL"], ordered=True)
    frame = pd.DataFrame(
        {
            "code": pd.Categorical(rng.integers(1, 4, 60)),
            "size": pd.Series(rng.choice(["S", "M", "XXL"], 60)).astype(size),
            "y": rng.normal(size=60),
        }
    )
    columns = fit(frame, "y", training=QUICK).standardizer.table_schema.columns
    assert columns["code"].kind == "categorical"
    assert (columns["size"].kind, columns["size"].values) == ("ordered", ["S", "M", "XXL"])


def test_what_cannot_be_read_is_named_unless_it_is_left_out(shop):
    odd = shop.assign(lasted=pd.to_timedelta(shop.index, unit="h"), wave=1j)
    assert [one.column for one in unreadable_columns(plain_frame(odd))] == ["lasted", "wave"]
    with pytest.raises(ValueError, match="column 'lasted' holds timedelta64") as caught:
        fit(odd, "price", training=QUICK)
    assert "column 'wave' holds complex128" in str(caught.value)
    left_out = {name: {"kind": "ignored"} for name in ("lasted", "wave")}
    model = fit(odd, "price", training=QUICK, columns=left_out)
    assert model.predict(odd)["prediction"].equals(model.predict(shop)["prediction"])


def test_arrow_columns_keep_every_digit():
    table = pa.table(
        {
            "id": pa.array([2**63, None], pa.uint64()),
            "decimal": pa.array([1, None], pa.int64()).cast(pa.decimal128(21, 2)),
            "word": pa.array(["a", None]).dictionary_encode(),
            "nothing": pa.nulls(2),
        }
    )
    frame = plain_frame(table)
    assert frame["id"].tolist()[0] == 2**63
    assert frame["decimal"].tolist()[0] == "1.00"
    assert frame["word"].tolist()[0] == "a"
    assert frame.iloc[1].isna().all()
