from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.features.column_fit import StandardizeParams, fit_scale
from colonnade.tables.features.standardizer import Standardizer, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams


def schema(columns: dict[str, Any] | None = None, **keys: Any) -> SchemaParams:
    return SchemaParams.model_validate(
        {"target": "y", "task": "classification", "columns": columns or {}, **keys}
    )


def fit(
    frame: pd.DataFrame, kinds: dict[str, Any] | None = None, **keys: Any
) -> tuple[Standardizer, pd.DataFrame]:
    """A standardizer fitted on the frame with a target added, and what it makes of it."""
    labeled = frame.assign(y=np.arange(len(frame)) % 2)
    meaning = schema(kinds)
    table = ingest_table(labeled, meaning)
    standardizer = fit_standardizer(table, meaning, StandardizeParams.model_validate(keys))
    return standardizer, standardizer.transform(table)


def mixed() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Every kind of column, with gaps."""
    rng = np.random.default_rng(0)
    n_rows = 150
    frame = pd.DataFrame(
        {
            "number": rng.lognormal(size=n_rows),
            "gaps": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows)),
            "flag": rng.random(n_rows) < 0.3,
            "color": pd.Series(rng.choice(["red", "green", None], n_rows), dtype="str"),
            "grade": rng.choice(["low", "mid", "high"], n_rows),
            "steps": rng.choice(["low", "mid", "high"], n_rows),
            "when": pd.Timestamp(2020, 1, 1) + pd.to_timedelta(rng.random(n_rows) * 1e9, unit="s"),
        }
    )
    columns = {
        "number": {},
        "gaps": {"missing": "median"},
        "flag": {"kind": "boolean"},
        "color": {"kind": "categorical", "missing": "category"},
        "grade": {"kind": "ordered", "values": ["low", "mid", "high"]},
        "steps": {"kind": "ordered", "values": ["low", "mid", "high"]},
        "when": {"kind": "datetime"},
    }
    return frame, columns


def mixed_fit() -> tuple[Standardizer, pd.DataFrame, pd.DataFrame]:
    frame, columns = mixed()
    standardizer, out = fit(
        frame,
        columns,
        log1p=True,
        columns={"steps": {"ordered": "thermometer"}, "gaps": {"numeric": "quantile"}},
    )
    return standardizer, frame, out


def test_numbers_worked_out_by_hand() -> None:
    # 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5
    standardizer, out = fit(pd.DataFrame({"a": [1, 2, 3, 6]}))
    np.testing.assert_allclose(out["a"], np.array([-2, -1, 0, 3]) / np.sqrt(3.5), rtol=1e-7)
    assert out["a"].dtype == np.float32
    assert standardizer.inputs == standardizer.feature_names == ["a"]


@pytest.mark.parametrize("n_rows", [1, 2, 1600, 70_001])
def test_mean_and_deviation_are_scikit_learns_to_the_last_bit(n_rows: int) -> None:
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(n_rows)
    values = np.asfortranarray(rng.normal(1e6, [1e-3, 1, 1e5], (n_rows, 3)))
    scaler = StandardScaler().fit(values)
    for column in range(3):
        scale = fit_scale(values[:, column], "standard")
        assert scale.center == scaler.mean_[column]
        assert scale.scale == scaler.scale_[column]


def test_robust_scaling_is_scikit_learns_to_the_last_bit() -> None:
    from sklearn.preprocessing import RobustScaler

    values = np.random.default_rng(0).lognormal(size=(997, 1))
    scaler = RobustScaler().fit(values)
    scale = fit_scale(values[:, 0], "robust")
    assert (scale.center, scale.scale) == (scaler.center_[0], scaler.scale_[0])


def test_quantiles_are_scikit_learns() -> None:
    from sklearn.preprocessing import QuantileTransformer

    rng = np.random.default_rng(0)
    values = rng.integers(0, 50, (3000, 1)).astype(float)
    transformer = QuantileTransformer(
        n_quantiles=1000, output_distribution="normal", subsample=None
    ).fit(values)
    unseen = np.array([-5.0, 0, 3.3, 25, 49, 80])
    np.testing.assert_allclose(
        fit_scale(values[:, 0], "quantile").apply(unseen),
        transformer.transform(unseen[:, None])[:, 0],
        rtol=1e-12,
    )


def test_constant_column_becomes_zeros() -> None:
    for method in ("standard", "robust"):
        _, out = fit(pd.DataFrame({"a": [7.1] * 5}), numeric=method)
        assert out["a"].tolist() == [0.0] * 5


def test_numbers_pass_unchanged_where_asked() -> None:
    _, out = fit(pd.DataFrame({"a": [1.5, 2, 9], "b": [1, 2, 6]}), numeric="none")
    assert out["a"].tolist() == [1.5, 2, 9]
    _, out = fit(
        pd.DataFrame({"a": [1.5, 2, 9], "b": [1, 2, 3]}), columns={"a": {"numeric": "none"}}
    )
    assert out["a"].tolist() == [1.5, 2, 9]
    np.testing.assert_allclose(out["b"], np.array([-1, 0, 1]) * np.sqrt(1.5), rtol=1e-7)


def test_logarithm_is_mirrored_below_zero() -> None:
    _, out = fit(pd.DataFrame({"a": [np.e - 1, 0, 1 - np.e]}), numeric="none", log1p=True)
    np.testing.assert_allclose(out["a"], [1, 0, -1], rtol=1e-7)


@pytest.mark.parametrize(("policy", "filled"), [("mean", 4.0), ("median", 2.0), ("constant", 9.0)])
def test_missing_numbers_are_filled_and_reported(policy: str, filled: float) -> None:
    column: dict[str, Any] = {"missing": policy}
    if policy == "constant":
        column["fill"] = 9
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan, 9.0]})
    standardizer, out = fit(frame, {"a": column}, numeric="none")
    assert standardizer.feature_names == ["a", "a_missing"]
    assert out["a"].tolist() == [1, 2, filled, 9]
    assert out["a_missing"].tolist() == [0, 0, 1, 0]


def test_indicator_stands_only_where_train_rows_have_gaps_and_it_is_wanted() -> None:
    whole = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    standardizer, _ = fit(whole, {"a": {"missing": "mean"}})
    assert standardizer.feature_names == ["a"]
    gap = pd.DataFrame({"a": [np.nan]})
    assert standardizer.features(gap).tolist() == [[0.0]]
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0]})
    standardizer, _ = fit(frame, {"a": {"missing": "mean", "indicator": False}})
    assert standardizer.feature_names == ["a"]


def test_categories_get_a_column_each_and_the_unseen_one_together() -> None:
    column = {"a": {"kind": "categorical", "missing": "category"}}
    frame = pd.DataFrame({"a": ["red", "green", None, "red"]})
    standardizer, out = fit(frame, column)
    assert standardizer.feature_names == ["a=green", "a=red", "a=other", "a=missing"]
    assert out.drop(columns="y").to_numpy().tolist() == [
        [0, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
    ]


def test_a_value_never_seen_is_an_average_of_those_known_until_rare_ones_teach_other() -> None:
    column = {"a": {"kind": "categorical", "missing": "category"}}
    frame = pd.DataFrame({"a": ["red", "green", None, "red", "green", "red", "red", "blue"]})
    rows = pd.DataFrame({"a": ["gray", "", "red"]})
    standardizer, _ = fit(frame[:7], column)
    known = np.float32([1 / 3, 2 / 3, 0, 0]).tolist()
    assert standardizer.features(rows).tolist() == [known, [0, 0, 0, 1], [0, 1, 0, 0]]
    standardizer, _ = fit(frame, column, minimum_count=2)
    assert standardizer.features(rows).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]


def test_categories_named_like_the_slots_of_the_rest_keep_their_own() -> None:
    column = {"a": {"kind": "categorical", "missing": "category"}}
    frame = pd.DataFrame({"a": ["other", "missing", None, "(other)"]})
    standardizer, _ = fit(frame, column)
    assert standardizer.feature_names == [
        "a=(other)", "a=missing", "a=other", "a=((other))", "a=(missing)",
    ]  # fmt: skip
    features = standardizer.features(pd.DataFrame({"a": ["other", "unseen", ""]}))
    third = float(np.float32(1 / 3))
    assert features.tolist() == [[0, 0, 1, 0, 0], [third, third, third, 0, 0], [0, 0, 0, 0, 1]]


def test_columns_that_give_features_of_one_name_are_refused() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "a_missing": [0.0, 1.0, 0.5]})
    with pytest.raises(DataError) as caught:
        fit(frame, {"a": {"missing": "mean"}})
    assert str(caught.value) == (
        "column 'a' and column 'a_missing' both give 'a_missing'. Rename one of them."
    )


def test_rare_categories_are_pooled() -> None:
    frame = pd.DataFrame({"a": ["red", "red", "green", "blue"]})
    standardizer, out = fit(frame, {"a": {"kind": "categorical"}}, minimum_count=2)
    assert standardizer.feature_names == ["a=red", "a=other"]
    assert out["a=other"].tolist() == [0, 0, 1, 1]


def test_missing_category_may_be_filled() -> None:
    column = {"a": {"kind": "categorical", "missing": "constant", "fill": "red"}}
    _, out = fit(pd.DataFrame({"a": ["red", None, "green"]}), column)
    assert out["a=red"].tolist() == [1, 1, 0]


def test_embedded_categories_stay_codes_and_the_model_is_given_their_number() -> None:
    column = {"a": {"kind": "categorical", "missing": "category"}}
    frame = pd.DataFrame({"a": ["red", "green", None]})
    standardizer, out = fit(frame, column, categorical="embedding")
    assert out["a"].tolist() == [1, 0, 3]
    assert standardizer.embedded == {"a": 4}
    assert standardizer.features(pd.DataFrame({"a": ["blue"]})).tolist() == [[2]]


@pytest.mark.parametrize(
    ("method", "names", "rows"),
    [
        ("codes", ["a"], [[0], [1], [2]]),
        ("onehot", ["a=low", "a=mid", "a=high"], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("thermometer", ["a>=mid", "a>=high"], [[0, 0], [1, 0], [1, 1]]),
    ],
)
def test_ordered_values_keep_their_order(
    method: str, names: list[str], rows: list[list[float]]
) -> None:
    column = {"a": {"kind": "ordered", "values": ["low", "mid", "high"]}}
    frame = pd.DataFrame({"a": ["low", "mid", "high"]})
    standardizer, out = fit(frame, column, ordered=method, numeric="none")
    assert standardizer.feature_names == names
    assert out[names].to_numpy().tolist() == rows


def test_dates_become_days_passed_and_places_in_their_cycles() -> None:
    # a Thursday at the start of 1970, and half a week, half a day later
    frame = pd.DataFrame({"a": pd.to_datetime(["1970-01-01 00:00", "1970-01-04 12:00"])})
    standardizer, out = fit(frame, {"a": {"kind": "datetime"}}, numeric="none")
    assert standardizer.feature_names == [
        "a_elapsed",
        "a_year_sin",
        "a_year_cos",
        "a_week_sin",
        "a_week_cos",
        "a_day_sin",
        "a_day_cos",
    ]
    assert out["a_elapsed"].tolist() == [0, 3.5]
    np.testing.assert_allclose(out["a_week_cos"], [1, -1], atol=1e-7)
    np.testing.assert_allclose(out["a_day_cos"], [1, -1], atol=1e-7)
    np.testing.assert_allclose(out["a_year_sin"], [0, np.sin(7 * np.pi / 365.2425)], atol=1e-7)


def test_dates_without_a_clock_have_no_time_of_day_and_gaps_are_filled() -> None:
    frame = pd.DataFrame({"a": ["2020-01-01", "", "2020-01-03"]})
    column = {"a": {"kind": "datetime", "missing": "mean"}}
    standardizer, out = fit(frame, column, numeric="none")
    assert "a_day_sin" not in standardizer.feature_names
    assert out["a_elapsed"].tolist() == [0, 1, 2]
    assert out["a_missing"].tolist() == [0, 1, 0]


def test_standardizer_ignores_rows_that_it_was_not_fitted_on() -> None:
    standardizer, _ = fit(pd.DataFrame({"a": [1, 2, 3, 6]}))
    before = standardizer.model_dump_json()
    standardizer.transform(pd.DataFrame({"a": [1000.0]}))
    assert standardizer.model_dump_json() == before


def test_every_bit_survives_json() -> None:
    standardizer, frame, out = mixed_fit()
    text = json.dumps(standardizer.model_dump(mode="json"), allow_nan=False)
    again = Standardizer.model_validate(json.loads(text))
    assert again == standardizer
    np.testing.assert_array_equal(again.features(frame), out.drop(columns="y").to_numpy())


@pytest.mark.parametrize("size", [1, 7, 64])
def test_rows_give_the_same_bits_in_chunks_of_any_size_and_columns_in_any_order(size: int) -> None:
    standardizer, frame, out = mixed_fit()
    frame = frame[frame.columns[::-1]].assign(unknown=1)
    chunks = [
        standardizer.features(frame.iloc[start : start + size])
        for start in range(0, len(frame), size)
    ]
    np.testing.assert_array_equal(np.concatenate(chunks), out.drop(columns="y").to_numpy())


def test_text_gives_what_typed_cells_give() -> None:
    standardizer, frame, out = mixed_fit()
    as_text = frame.astype("str").fillna("")
    np.testing.assert_array_equal(standardizer.features(as_text), out.drop(columns="y").to_numpy())


def test_typed_rows_are_worded_as_a_file_has_them() -> None:
    frame = pd.DataFrame({"new": ["Yes", "0"], "sold": ["03/04/2024", None], "day": "2024-04-03"})
    kinds = {
        "new": {"kind": "boolean"},
        "sold": {"kind": "datetime", "format": "%d/%m/%Y", "missing": "median"},
        "day": {"kind": "datetime"},
    }
    standardizer, out = fit(frame, kinds)
    worded = standardizer.as_written(
        ingest_table(frame.assign(y=[0, 1]), standardizer.table_schema)
    )
    assert worded["new"].to_list() == ["true", "false"]
    assert worded["sold"].fillna("").to_list() == ["03/04/2024", ""]
    assert worded["day"].to_list() == ["2024-04-03"] * 2
    assert worded["y"].to_list() == [0, 1]
    np.testing.assert_array_equal(standardizer.features(worded), out.drop(columns="y").to_numpy())


def test_empty_frames_keep_their_columns() -> None:
    standardizer, out = fit(pd.DataFrame({"a": [1, 2]}))
    none = standardizer.transform(pd.DataFrame({"a": [1, 2], "y": [0, 1]}).head(0))
    assert list(none.columns) == list(out.columns)
    assert none.dtypes.to_dict() == out.dtypes.to_dict()


def test_frame_to_predict_is_held_to_the_schema() -> None:
    standardizer, _ = fit(pd.DataFrame({"ram": [1, 2], "b": [1, 2]}))
    with pytest.raises(DataError) as caught:
        standardizer.features(pd.DataFrame({"rma": [1], "b": ["x"]}))
    assert caught.value.sentences() == [
        "table: there is no column 'ram', which the model needs. Did you mean `rma`?",
        "table: column 'b', row 1: 'x' is not a number. Correct it, or set "
        "`schema.columns.b.kind: categorical` if the column holds words.",
        "table: the model keeps the `schema` that it was trained with: after a change there, train "
        "again.",
    ]
    with pytest.raises(DataError) as caught:
        standardizer.features(pd.DataFrame({"ram": [1]}))
    assert len(caught.value.sentences()) == 1
    strict, _ = fit(pd.DataFrame({"b": [1, 2]}), {"b": {"missing": "error"}})
    with pytest.raises(DataError, match="column 'b', row 2: nan counts as missing"):
        strict.features(pd.DataFrame({"b": [1, np.nan]}))


def test_labels_become_codes_in_the_order_of_the_classes() -> None:
    meaning = schema(classes=["low", "high"])
    table = pd.DataFrame({"a": [1, 2], "y": pd.Series(["high", "low"], dtype="str")})
    standardizer = fit_standardizer(table, meaning, StandardizeParams())
    assert standardizer.classes == ["low", "high"]
    assert standardizer.transform(table)["y"].tolist() == [1, 0]
    with pytest.raises(DataError) as caught:
        standardizer.transform(table.assign(y=["high", "mid"]))
    assert str(caught.value) == (
        "column 'y': 'mid' is not one of the classes of the train rows (low, high). "
        "List every label in `schema.classes`, or split so that each has a train row."
    )


def test_labels_with_gaps_and_below_zero_become_codes() -> None:
    table = pd.DataFrame({"a": [1, 2, 3], "y": [5, -1, 2]})
    standardizer = fit_standardizer(table, schema(), StandardizeParams())
    assert standardizer.classes == [-1, 2, 5]
    coded = standardizer.transform(table)["y"]
    assert coded.tolist() == [2, 0, 1]
    assert coded.dtype == np.int64
    assert standardizer.encode_target(pd.Series(["2", "5"])).tolist() == [1, 2]


def test_number_to_be_predicted_stays_raw_and_its_scale_is_reported() -> None:
    meaning = schema(task="regression")
    table = pd.DataFrame({"a": [1, 2, 3, 6], "y": [1, 2, 3, 6]})
    standardizer = fit_standardizer(table, meaning, StandardizeParams())
    assert standardizer.target_center == 3.0
    assert standardizer.target_scale == np.sqrt(3.5)
    assert standardizer.classes is None
    out = standardizer.transform(table)["y"]
    assert (out.tolist(), out.dtype) == ([1, 2, 3, 6], np.float64)
    plain = fit_standardizer(table, meaning, StandardizeParams(target="none"))
    assert (plain.target_center, plain.target_scale) == (0.0, 1.0)


def test_columns_kept_from_the_model_are_no_features() -> None:
    columns = {
        "a": {},
        "b": {"feature": False},
        "id": {"kind": "identifier"},
        "c": {"kind": "ignored"},
    }
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4], "id": ["x", "y"], "c": [5, 6]})
    standardizer, _ = fit(frame, columns)
    assert standardizer.inputs == ["a"]


def test_unknown_column_and_no_rows_are_reported() -> None:
    with pytest.raises(ParameterError) as caught:
        fit(pd.DataFrame({"ram": [1, 2]}), columns={"rma": {"log1p": True}})
    assert str(caught.value) == (
        "`standardize.columns.rma`: no column of that name goes to the model. Did you mean `ram`?"
    )
    with pytest.raises(DataError, match="there are no train rows to learn from"):
        fit_standardizer(pd.DataFrame({"a": [], "y": []}), schema(), StandardizeParams())
    with pytest.raises(DataError, match="no column to learn from besides the target"):
        fit_standardizer(pd.DataFrame({"y": [0, 1]}), schema(), StandardizeParams())


def test_column_that_is_empty_in_train_rows_alone_is_reported() -> None:
    meaning = schema({"a": {"missing": "mean"}})
    table = pd.DataFrame({"a": [np.nan, np.nan], "y": [0, 1]})
    with pytest.raises(DataError) as caught:
        fit_standardizer(table, meaning, StandardizeParams())
    assert str(caught.value) == (
        "column 'a' has no value in any train row, so it has no mean. "
        "Set `schema.columns.a.missing: constant`, or `kind: ignored`."
    )


def test_names_of_any_script_pass() -> None:
    frame = pd.DataFrame({"内存": [1, 2], "<b>$\\frac$</b>": [3, 5], "🙂": [1, 2]})
    standardizer, _ = fit(frame)
    assert standardizer.feature_names == ["内存", "<b>$\\frac$</b>", "🙂"]


def test_bins_tell_how_far_a_number_has_come_through_each():
    values = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])
    standardizer, features = fit(pd.DataFrame({"x": values}), bins=4)
    assert list(features.columns) == ["x", "x_bin1", "x_bin2", "x_bin3", "x_bin4", "y"]
    edges = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    for i, (low, high) in enumerate(itertools.pairwise(edges), 1):
        expected = ((values - low) / (high - low)).clip(0, 1)
        np.testing.assert_allclose(features[f"x_bin{i}"], expected, rtol=1e-6)
    # their sum, each times its width, is the number again
    whole = features.filter(like="bin").to_numpy() @ np.diff(edges) + edges[0]
    np.testing.assert_allclose(whole, values, rtol=1e-6)
    far = standardizer.transform(pd.DataFrame({"x": [-100.0, 1e6]})).filter(like="bin")
    assert far.to_numpy().tolist() == [[0] * 4, [1] * 4]


def test_bins_share_no_edge_and_stand_beside_numbers_alone():
    frame, columns = mixed()
    frame["twice"] = np.arange(len(frame)) % 2
    frame["often"] = np.where(np.arange(len(frame)) % 3, 0.0, np.arange(len(frame)))
    standardizer, features = fit(frame, columns, bins=8)
    assert [name for name in features if "bin1" in name] == [
        "number_bin1",
        "gaps_bin1",
        "often_bin1",
    ]
    assert list(features.filter(like="gaps")) == [
        "gaps",
        *(f"gaps_bin{i}" for i in range(1, 9)),
        "gaps_missing",
    ]
    assert 2 <= len(list(features.filter(like="often_bin"))) < 8
    assert np.isfinite(features.to_numpy()).all()
    again = Standardizer.model_validate(json.loads(standardizer.model_dump_json()))
    pd.testing.assert_frame_equal(again.transform(frame), standardizer.transform(frame))
