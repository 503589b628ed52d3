from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams


def schema(**keys: Any) -> SchemaParams:
    return SchemaParams.model_validate({"target": "y", "task": "classification", **keys})


def raw(text: str) -> pd.DataFrame:
    return read_text_table(text.encode(), "t.csv")[0]


def ingest(text: str, **keys: Any) -> pd.DataFrame:
    return ingest_table(raw(text), schema(**keys))


def problems_of(frame: pd.DataFrame | str, **keys: Any) -> list[str]:
    read, name = (raw(frame), "t.csv") if isinstance(frame, str) else (frame, "table")
    with pytest.raises(DataError) as caught:
        ingest_table(read, schema(**keys), name=name)
    return caught.value.sentences()


def column(cells: list[str]) -> str:
    """A table of one feature `a`, with both labels in it."""
    return "a,y\n" + "".join(f'"{cell}",{place % 2}\n' for place, cell in enumerate(cells))


def test_whole_numbers_become_int64_and_others_float64() -> None:
    table = ingest("a,b,y\n1,1,0\n-2,2.5,1\n")
    assert dict(table.dtypes) == {"a": "int64", "b": "float64", "y": "int64"}
    assert table.to_dict("list") == {"a": [1, -2], "b": [1.0, 2.5], "y": [0, 1]}


def test_columns_come_in_the_schemas_order_then_others_then_the_target() -> None:
    table = ingest("y,c,b,a\n0,1,2,3\n1,4,5,6\n", columns={"a": {}, "b": {"kind": "ignored"}})
    assert list(table.columns) == ["a", "c", "y"]


def test_others_are_left_out_or_refused_where_the_schema_says_so() -> None:
    text = "a,b,y\n1,x,0\n2,x,1\n"
    assert list(ingest(text, columns={"a": {}}, others="ignored").columns) == ["a", "y"]
    assert problems_of(text, columns={"a": {}}, others="error") == [
        "t.csv: column 'b' is not in `schema.columns`. Add it there; `kind: ignored` leaves it out."
    ]


def test_index_counts_from_zero_and_input_is_untouched() -> None:
    frame = raw(column(["1", "2"]))
    before = frame.copy()
    assert list(ingest_table(frame, schema()).index) == [0, 1]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (
            "abc",
            "'abc' is not a number. Correct it, or set `schema.columns.a.kind: categorical` "
            "if the column holds words.",
        ),
        (
            "2021-01-31",
            "'2021-01-31' is a date, not a number. Correct it, or set `schema.columns.a.kind: "
            "datetime` if the column holds dates.",
        ),
        (
            "1,234",
            "'1,234' is not a plain number. Write it without marks between "
            "thousands, or set `schema.columns.a.thousands`.",
        ),
        ("inf", "'inf' is not a finite number. Correct it, or leave the cell empty."),
        (
            "1e400",
            "'1e400' is infinite or beyond 3.4e38, the largest number that the model can hold. "
            "Correct it.",
        ),
        (
            "1e308",
            "'1e308' is infinite or beyond 3.4e38, the largest number that the model can hold. "
            "Correct it.",
        ),
        (
            "1180591620717411303424",
            "'1180591620717411303424' is a whole number beyond 2^53 = 9007199254740992, where "
            "digits are lost. Correct it, or set `schema.columns.a.kind: identifier` if the number "
            "only names the row.",
        ),
        (
            "",
            "'' counts as missing. Fill it in, or set `schema.columns.a.missing` to mean, "
            "median or constant.",
        ),
        (
            "N/A",
            "'N/A' counts as missing. Fill it in, or set `schema.columns.a.missing` to mean, "
            "median or constant.",
        ),
        (
            "nan",
            "'nan' counts as missing. Fill it in, or set `schema.columns.a.missing` to mean, "
            "median or constant.",
        ),
    ],
)
def test_cell_that_is_no_number_is_reported_with_line_value_and_cure(
    cell: str, problem: str
) -> None:
    assert problems_of(column(["1", "2.5", cell, "3"])) == [f"t.csv: column 'a', line 4: {problem}"]


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1 2", "--1", "1e", "١", "1.2.3", "True"])
def test_what_python_or_pandas_might_take_for_a_number_is_refused(cell: str) -> None:
    assert len(problems_of(column(["1", cell]))) == 1


@pytest.mark.parametrize("cell", ["+3", ".5", "5.", "1E5", "-0", " 7 ", "1e-400"])
def test_other_ways_to_write_a_number_are_read(cell: str) -> None:
    assert ingest(column(["1", cell]))["a"][1] == float(cell)


def test_numbers_are_read_to_the_last_bit() -> None:
    texts = ["0.1", "1.7976931348623157e30", "2.2250738585072014e-308", "123456789.123456789"]
    assert ingest(column(texts))["a"].tolist() == [float(text) for text in texts]


def test_typed_columns_are_held_to_the_same_rules() -> None:
    frame = pd.DataFrame({"a": [1.0, np.inf], "b": [1, 2**60], "c": [1.0, None], "y": [0, 1]})
    assert problems_of(frame) == [
        "table: column 'a', row 2: inf is infinite or beyond 3.4e38, the largest number that the "
        "model can hold. Correct it.",
        "table: column 'b', row 2: 1152921504606846976 is a whole number beyond 2^53 = "
        "9007199254740992, where digits are lost. Correct it, or set "
        "`schema.columns.b.kind: identifier` if the number only names the row.",
        "table: column 'c', row 2: nan counts as missing. Fill it in, or set "
        "`schema.columns.c.missing` to mean, median or constant.",
    ]


def test_object_columns_of_a_database_are_read_as_text_is() -> None:
    frame = pd.DataFrame({"a": pd.Series([1, "2", None], dtype=object), "y": [0, 1, 0]})
    table = ingest_table(frame, schema(columns={"a": {"missing": "mean"}}))
    assert table["a"].tolist()[:2] == [1.0, 2.0]
    assert table["a"].isna().tolist() == [False, False, True]


def test_bounds_are_checked() -> None:
    keys = {"columns": {"a": {"minimum": 0, "maximum": 4}}}
    assert problems_of(column(["-4", "0", "4", "5"]), **keys) == [
        "t.csv: column 'a', line 2: '-4' is below the minimum 0. "
        "Correct it, or change `schema.columns.a.minimum`.",
        "t.csv: column 'a', line 5: '5' is above the maximum 4. "
        "Correct it, or change `schema.columns.a.maximum`.",
    ]


def test_problems_of_every_column_are_reported_at_once() -> None:
    assert problems_of("a,b,y\nx,1,0\n1,z,1\n") == [
        "t.csv: column 'a', line 2: 'x' is not a number. Correct it, or set "
        "`schema.columns.a.kind: categorical` if the column holds words.",
        "t.csv: column 'b', line 3: 'z' is not a number. Correct it, or set "
        "`schema.columns.b.kind: categorical` if the column holds words.",
    ]


def test_many_cells_wrong_in_one_way_are_counted() -> None:
    problems = problems_of(column(["x"] * 10 + ["1"]))
    assert len(problems) == 4
    assert problems[-1] == "t.csv: column 'a': 7 more such cells (line 5, line 6, line 7 ...)."


def test_column_without_any_value_is_refused_whole() -> None:
    assert problems_of(column(["", "NA"])) == [
        "t.csv: column 'a' has no value in any row. Set `schema.columns.a.kind: ignored`."
    ]


@pytest.mark.parametrize("kind", ["numeric", "categorical", "datetime", "boolean"])
def test_constant_column_is_refused_where_it_cannot_be_chance(kind: str) -> None:
    cell = {"numeric": "7", "categorical": "red", "datetime": "2021-01-31", "boolean": "no"}[kind]
    shown = {"numeric": "7", "categorical": "'red'", "datetime": "2021-01-31 00:00:00"}
    keys = {"columns": {"a": {"kind": kind}}}
    assert problems_of(column([cell] * 20), **keys) == [
        f"t.csv: column 'a' is {shown.get(kind, 'False')} in every row: there is nothing to learn "
        "from it. Set `schema.columns.a.kind: ignored`."
    ]
    assert len(ingest(column([cell] * 19), **keys)) == 19
    keys["columns"]["a"]["feature"] = False
    assert len(ingest(column([cell] * 20), **keys)) == 20


def test_a_gap_in_a_constant_column_is_something_to_learn_from() -> None:
    keys = {"columns": {"a": {"missing": "median"}}}
    assert ingest(column(["7"] * 20 + [""]), **keys)["a"].isna().sum() == 1
    frame = raw(column(["7"] * 20))
    assert len(ingest_table(frame, schema(), labeled=False)) == 20


@pytest.mark.parametrize("kind", ["boolean", "numeric", "categorical", "datetime"])
def test_column_whose_first_cell_is_missing_is_not_constant(kind: str) -> None:
    cells = {"boolean": ["yes", "no"], "categorical": ["oak", "elm"], "numeric": ["0", "1"]}
    two = cells.get(kind, ["2020-01-01", "2020-01-02"])
    missing = "category" if kind == "categorical" else "median"
    keys = {"columns": {"a": {"kind": kind, "missing": missing}}}
    assert ingest(column(["", *two * 15]), **keys)["a"].isna().sum() == 1


def test_rare_classes_are_dropped_where_the_schema_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = "a,y\n" + "".join(f"{i},{['oak', 'elm'][i % 2]}\n" for i in range(20)) + "20,ash\n"
    assert len(ingest(text)) == 21
    with caplog.at_level(logging.INFO):
        table = ingest(text, rare_classes="drop")
    assert table["y"].value_counts().to_dict() == {"oak": 10, "elm": 10}
    assert table.index.tolist() == list(range(20))
    assert "rows of rare classes are dropped: 1 of 21 ('ash')." in caplog.text


def test_missing_target_and_columns_suggest_the_nearest_name() -> None:
    assert problems_of("ram,Y\n1,0\n2,1\n", columns={"rma": {}}) == [
        "t.csv: there is no column 'y', the `schema.target`. Did you mean `Y`?",
        "t.csv: there is no column 'rma', which `schema.columns` names. Did you mean `ram`?",
    ]


def test_column_without_a_name_must_be_named_or_ignored() -> None:
    text = ",a,y\n0,1,0\n1,2,1\n"
    assert problems_of(text) == [
        "t.csv: column 1 has no name (row numbers, perhaps). "
        "Name it, or set `schema.columns.unnamed_1.kind: ignored`."
    ]
    table = ingest(text, columns={"unnamed_1": {"kind": "ignored"}})
    assert list(table.columns) == ["a", "y"]


def test_frame_without_rows_or_with_names_twice_is_refused() -> None:
    assert problems_of(pd.DataFrame({"a": [], "y": []})) == [
        "table: the table has no rows. Add rows to it."
    ]
    twice = pd.DataFrame([[1, 2, 0], [1, 2, 1]], columns=["a", "a", "y"])
    assert problems_of(twice) == ["table: the header names 'a' 2 times. Rename all but one."]


def test_rows_to_predict_need_no_target() -> None:
    table = ingest_table(raw("b,a\n1,2\n"), schema(columns={"a": {}, "b": {}}), labeled=False)
    assert table.to_dict("list") == {"a": [2], "b": [1]}


def test_truth_values_are_read_in_several_spellings() -> None:
    keys = {"columns": {"a": {"kind": "boolean"}}}
    table = ingest(column(["yes", "N", "TRUE", "0", "是"]), **keys)
    assert table["a"].tolist() == [True, False, True, False, True]
    assert problems_of(column(["yes", "perhaps"]), **keys) == [
        "t.csv: column 'a', line 3: 'perhaps' is neither true nor false. "
        "Write true or false, yes or no, 1 or 0."
    ]


def test_missing_truth_values_stay_missing() -> None:
    keys = {"columns": {"a": {"kind": "boolean", "missing": "median"}}}
    assert ingest(column(["yes", "", "no"]), **keys)["a"].isna().tolist() == [False, True, False]


def test_categories_are_held_to_their_values() -> None:
    keys = {"columns": {"a": {"kind": "categorical", "values": ["red", "green"]}}}
    assert ingest(column(["red", " green"]), **keys)["a"].tolist() == ["red", "green"]
    assert problems_of(column(["red", "gren"]), **keys) == [
        "t.csv: column 'a', line 3: 'gren' is none of the 2 values of `schema.columns.a.values`. "
        "Did you mean `green`?"
    ]


def test_category_may_be_called_none_where_its_values_say_so() -> None:
    free = {"columns": {"a": {"kind": "categorical", "missing": "category"}}}
    named = {"columns": {"a": {"kind": "categorical", "values": ["None", "one"]}}}
    assert ingest(column(["None", "one"]), **free)["a"].isna().tolist() == [True, False]
    assert ingest(column(["None", "one"]), **named)["a"].tolist() == ["None", "one"]


def test_codes_that_pandas_made_floats_are_the_same_categories() -> None:
    frame = pd.DataFrame({"a": [3.0, None], "y": [0, 1]})
    table = ingest_table(
        frame, schema(columns={"a": {"kind": "categorical", "missing": "category"}})
    )
    assert table["a"][0] == "3"


def test_dates_written_alike_are_read() -> None:
    keys = {"columns": {"a": {"kind": "datetime"}}}
    iso = ingest(column(["2020-01-02", "2020-01-03 04:05:06"]), **keys)
    assert iso["a"].tolist() == [pd.Timestamp(2020, 1, 2), pd.Timestamp(2020, 1, 3, 4, 5, 6)]
    european = ingest(column(["13.02.2020", "01.02.2020"]), **keys)
    assert european["a"].tolist() == [pd.Timestamp(2020, 2, 13), pd.Timestamp(2020, 2, 1)]
    chinese = ingest(column(["2020年1月2日"]) + '"2020年12月31日",1\n', **keys)
    assert chinese["a"][1] == pd.Timestamp(2020, 12, 31)


def test_dates_that_read_two_ways_are_refused_until_the_format_is_given() -> None:
    text = column(["01/02/2020", "03/04/2020"])
    assert problems_of(text, columns={"a": {"kind": "datetime"}}) == [
        "t.csv: column 'a': dates such as '01/02/2020' read as %d/%m/%Y and as %m/%d/%Y. "
        "Set `schema.columns.a.format`, such as '%d/%m/%Y'."
    ]
    given = ingest(text, columns={"a": {"kind": "datetime", "format": "%m/%d/%Y"}})
    assert given["a"][0] == pd.Timestamp(2020, 1, 2)


def test_dates_that_only_their_neighbors_explain_need_a_format() -> None:
    # else a row would be trained on and, predicted alone, be refused
    text = column(["13/02/2020", "01/02/2020"])
    assert problems_of(text, columns={"a": {"kind": "datetime"}}) == [
        "t.csv: column 'a': the dates read as %d/%m/%Y, but '01/02/2020' alone as %m/%d/%Y too. "
        "Set `schema.columns.a.format`, such as '%d/%m/%Y'."
    ]
    given = ingest(text, columns={"a": {"kind": "datetime", "format": "%d/%m/%Y"}})
    assert given["a"].tolist() == [pd.Timestamp(2020, 2, 13), pd.Timestamp(2020, 2, 1)]
    plain = ingest(column(["13/02/2020", "14/02/2020"]), columns={"a": {"kind": "datetime"}})
    assert plain["a"][0] == pd.Timestamp(2020, 2, 13)


def test_mixed_dates_are_reported_by_line() -> None:
    problems = problems_of(
        column(["2020-01-01", "2020-01-02", "3.1.2020"]), columns={"a": {"kind": "datetime"}}
    )
    assert problems == [
        "t.csv: column 'a', line 4: '3.1.2020' is not a date written like the others. "
        "Write every date alike, or set `schema.columns.a.format`."
    ]


def test_dates_in_a_numeric_column_of_a_typed_frame_are_reported() -> None:
    frame = pd.DataFrame({"a": pd.to_datetime(["2020-01-01", "2020-01-02"]), "y": [0, 1]})
    assert problems_of(frame) == [
        "table: column 'a' holds dates: set `schema.columns.a.kind: datetime` for it."
    ]


def test_times_with_a_zone_become_universal_time() -> None:
    zoned = pd.to_datetime(["2020-01-01 01:00", "2020-01-02 01:00"]).tz_localize("Europe/Berlin")
    table = ingest_table(
        pd.DataFrame({"a": zoned, "y": [0, 1]}), schema(columns={"a": {"kind": "datetime"}})
    )
    assert table["a"][0] == pd.Timestamp(2020, 1, 1)


def test_identifiers_keep_their_leading_zeros_and_may_have_to_be_unique() -> None:
    keys = {"columns": {"a": {"kind": "identifier", "unique": True}}}
    assert ingest(column(["007", "08"]), **keys)["a"].tolist() == ["007", "08"]
    assert problems_of(column(["007", "08", "007"]), **keys) == [
        "t.csv: column 'a', line 4: '007' stands in an earlier row too. "
        "Remove the repeated row, or drop `schema.columns.a.unique`."
    ]


def labels(cells: list[str]) -> str:
    return "a,y\n" + "".join(f"1,{cell}\n" for cell in cells)


def test_labels_may_be_words_negative_or_have_gaps() -> None:
    assert ingest(labels(["low", "high"]))["y"].tolist() == ["low", "high"]
    assert ingest(labels(["-1", "5", "1"]))["y"].tolist() == [-1, 5, 1]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (
            ["0", "1", "0.5"],
            "t.csv: column 'y', line 4: '0.5' is not a class label. Classes are whole numbers or "
            "words; for a number to be predicted set `schema.task: regression`.",
        ),
        (
            ["0", "1", "NaN"],
            "t.csv: column 'y', line 4: 'NaN' is no label. Fill it in, or remove the row.",
        ),
        (
            ["0", "1", "abc"],
            "t.csv: column 'y', line 4: 'abc' is not a whole number as the other labels are. "
            "Correct it, or list every label in `schema.classes`.",
        ),
        (
            ["1", "1", "1"],
            "t.csv: column 'y' is 1 in every row: classification needs at least two classes.",
        ),
        (
            [str(place) for place in range(150)],
            "t.csv: column 'y' has 150 different labels in 150 rows. "
            "For a number to be predicted set `schema.task: regression`.",
        ),
    ],
)
def test_labels_that_cannot_be_classes_are_refused(cells: list[str], problem: str) -> None:
    assert problems_of(labels(cells)) == [problem]


def test_labels_are_held_to_the_classes_given() -> None:
    keys = {"classes": ["low", "high"]}
    assert ingest(labels(["high", "low"]), **keys)["y"].tolist() == ["high", "low"]
    assert problems_of(labels(["high", "low", "hihg"]), **keys) == [
        "t.csv: column 'y', line 4: 'hihg' is not one of the classes low, high. "
        "Correct it, or change `schema.classes`."
    ]


def test_words_have_no_order_unless_it_is_given() -> None:
    assert problems_of(labels(["low", "mid", "high"]), task="ordinal") == [
        "t.csv: column 'y' holds labels (high, low, mid) whose order only you know. "
        "List them in `schema.classes`, from lowest to highest."
    ]
    keys = {"task": "ordinal", "classes": ["low", "mid", "high"]}
    assert ingest(labels(["mid", "low"]), **keys)["y"].tolist() == ["mid", "low"]


def test_number_to_be_predicted_is_checked_like_any_number() -> None:
    table = ingest(labels(["1.5", "2"]), task="regression")
    assert table["y"].tolist() == [1.5, 2.0]
    assert problems_of(labels(["1.5", "x", ""]), task="regression") == [
        "t.csv: column 'y', line 4: '' is no label. Fill it in, or remove the row.",
        "t.csv: column 'y', line 3: 'x' is not a number. Correct it, or for classes to be "
        "predicted set `schema.task: classification`.",
    ]


def test_number_that_never_changes_cannot_be_predicted() -> None:
    assert problems_of(labels(["2.5", "2.5"]), task="regression") == [
        "t.csv: column 'y' is 2.5 in every row: there is nothing to learn."
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"columns": {"a": {"kind": "categorical", "missing": "mean"}}},
            "`columns.a`: `missing: mean` does not go with `kind: categorical`: "
            "use one of error, constant, category",
        ),
        (
            {"columns": {"a": {"kind": "ordered"}}},
            "`columns.a`: `kind: ordered` needs `values`, from lowest to highest",
        ),
        (
            {"columns": {"a": {"missing": "constant"}}},
            "`columns.a`: `fill` and `missing: constant` go together: give both or neither",
        ),
        (
            {"columns": {"a": {"minimum": 2, "maximum": 1}}},
            "`columns.a`: `minimum` 2 is above `maximum` 1",
        ),
        ({"columns": {"y": {}}}, "`columns` names the target 'y': leave it out"),
        ({"classes": ["a", "a"]}, "`classes` names one label twice"),
        (
            {"classes": ["a", 1]},
            "`classes` mixes whole numbers and words: put all of them in quotes",
        ),
        ({"kind": "x"}, "`kind` is not a known parameter."),
    ],
)
def test_schema_that_contradicts_itself_is_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError) as caught:
        schema(**keys)
    assert str(caught.value).startswith(problem)


def test_bare_yes_and_no_of_yaml_are_no_labels() -> None:
    with pytest.raises(ParameterError, match="write the word in quotes, such as 'yes'"):
        schema(classes=[True, False])


def test_whole_labels_that_a_program_wrote_as_floats_are_whole() -> None:
    assert ingest(labels(["1.0", "0.0", "2"]))["y"].tolist() == [1, 0, 2]
    assert ingest(labels(["1.0", "0.0"]), classes=[0, 1])["y"].tolist() == [1, 0]


def test_labels_too_long_for_a_number_are_words() -> None:
    long = "123456789012345678901"
    assert ingest(labels([long, long, "b", "b"]))["y"].tolist() == [long, long, "b", "b"]


def test_rows_without_a_label_are_dropped_where_asked() -> None:
    table = ingest(labels(["1", "", "0", "NA"]), unlabelled="drop")
    assert table["y"].tolist() == [1, 0]
    assert list(table.index) == [0, 1]
    assert problems_of(labels(["", "NA"]), unlabelled="drop") == [
        "t.csv: the table has no rows. Add rows to it."
    ]


def test_decimal_commas_are_read_where_asked_and_suggested_where_not() -> None:
    text = 'a,y\n"1,5",0\n"-2",1\n'
    assert ingest(text, decimal=",")["a"].tolist() == [1.5, -2.0]
    assert problems_of(text) == [
        "t.csv: column 'a', line 2: '1,5' is not a number. Write it with a point, or set "
        "`schema.columns.a.decimal: ','` if a comma is the mark in every cell."
    ]


@pytest.mark.parametrize("name", ["<b>", "$\\frac$", "🙂", "价格", "a.b", "a b"])
def test_columns_may_be_called_anything(name: str) -> None:
    assert list(ingest(f'"{name}",y\n1,0\n2,1\n').columns) == [name, "y"]


KINDS: list[dict[str, Any]] = [
    {"kind": "numeric", "missing": "mean"},
    {"kind": "boolean", "missing": "median"},
    {"kind": "categorical", "missing": "category"},
    {"kind": "ordered", "values": ["a", "b"], "missing": "median"},
    {"kind": "datetime", "missing": "mean"},
    {"kind": "identifier"},
]
ODD_COLUMNS = {
    "nullable": pd.array([1, None] * 6, dtype="Int64"),
    "truth": pd.array([True, None] * 6, dtype="boolean"),
    "arrow": pd.array([1, None] * 6, dtype="int64[pyarrow]"),
    "category": pd.Categorical(["a", "b", None] * 4),
    "zoned": pd.date_range("2020", periods=12, tz="Asia/Tokyo"),
    "duration": pd.to_timedelta(range(12), unit="D"),
    "period": pd.period_range("2020", periods=12, freq="D"),
    "complex": np.arange(12) * 1j,
    "mixed": [1, "x", None, 2.5] * 3,
    "lists": [[1]] * 12,
    "bytes": [b"x"] * 12,
    "infinite": [np.inf, 1.0] * 6,
    "unsigned": np.array([2**63] * 12, dtype="uint64"),
    "half": np.arange(12, dtype="float16"),
    "none": [None] * 12,
    "sparse": pd.arrays.SparseArray([0, 0, 1] * 4),
}


def outcome(frame: pd.DataFrame, meaning: SchemaParams) -> pd.DataFrame | str:
    try:
        return ingest_table(frame, meaning)
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("odd", ODD_COLUMNS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind["kind"]))
def test_odd_columns_are_read_or_refused_in_plain_words(odd: str, kind: dict[str, Any]) -> None:
    frame = pd.DataFrame({"a": ODD_COLUMNS[odd], "y": [0, 1] * 6})
    found = outcome(frame, schema(columns={"a": kind}))
    assert "column 'a'" in found if isinstance(found, str) else len(found) == 12


@pytest.mark.parametrize("odd", ODD_COLUMNS)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_odd_targets_are_read_or_refused_in_plain_words(odd: str, task: str) -> None:
    frame = pd.DataFrame({"a": range(12), "y": ODD_COLUMNS[odd]})
    found = outcome(frame, schema(task=task))
    assert "column 'y'" in found if isinstance(found, str) else found["y"].notna().all()
