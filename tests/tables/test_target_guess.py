from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.tables.check import table_problems
from colonnade.tables.features.column_fit import StandardizeParams
from colonnade.tables.inference.infer import Inference, infer_table
from colonnade.tables.inference.schema_yaml import parameters_text
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams


def table(target: list[Any]) -> pd.DataFrame:
    # no arithmetic sequence, so that it is no row number
    return pd.DataFrame({"a": [str(n * n % 7) for n in range(len(target))], "y": target})


def accepted(target: list[Any], **keys: Any) -> Inference:
    """The guess for a target, of which the checks of a run have nothing to say."""
    found = infer_table(table(target), "y", **keys)
    schema = SchemaParams.model_validate(found.schema())
    assert not table_problems(table(target), schema, SplitParams(), StandardizeParams())
    return found


def refusal(target: list[Any], **keys: Any) -> str:
    with pytest.raises(DataError) as caught:
        infer_table(table(target), "y", **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"${1000 + 37 * n:,}" for n in range(40)], {"thousands": ",", "unit": "$"}),
        ([f"{n % 27}%" for n in range(40)], {"unit": "%"}),
        ([f"1.{200 + n},5" for n in range(40)], {"decimal": ",", "thousands": "."}),
        ([f"{n},5" for n in range(40)], {"decimal": ","}),
    ],
)
def test_an_amount_is_a_number_to_be_predicted(cells: list[str], words: dict[str, str]) -> None:
    found = accepted(cells)
    assert found.task == "regression"
    assert found.number.words() == words


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([f"2020-01-{1 + n:02d}" for n in range(20)], "a date"),
        ([f"{1 + n}.3.2020" for n in range(20)], "a date"),
        ([f"{1 + n:02d}012025" for n in range(20)], "a date"),
        (list(pd.date_range("2020-01-01", periods=20)), "a date"),
        ([f"12:{10 + n}" for n in range(20)], "a time of day"),
        ([f"{n % 12}:30 PM" for n in range(20)], "a time of day"),
    ],
)
def test_dates_and_times_are_not_predicted(cells: list[Any], what: str) -> None:
    assert f"column 'y' holds {what} in every row" in refusal(cells)


def test_dates_that_name_classes_are_classes_if_the_user_says_so() -> None:
    found = accepted(["2020-01-01", "2021-01-01"] * 10, task="classification")
    assert found.task == "classification"


def test_years_are_numbers() -> None:
    assert accepted([str(1980 + n) for n in range(40)]).task == "regression"


def test_too_few_labeled_rows_and_a_constant_are_refused() -> None:
    assert refusal(["a", "b", "", "NA"] * 4).startswith("column 'y' has a label in 8 rows, and")
    assert refusal(["a"] * 20 + [""]).startswith("column 'y' is 'a' in every row: there is nothing")


def test_names_and_free_text_are_no_classes() -> None:
    message = refusal([f"u{n}" for n in range(30)])
    assert message.startswith("column 'y' has 30 different values in 30 rows, such as 'u0', 'u1'")
    assert "0 of them stand in 3 rows or more" in message
    assert "Choose another column as --target" in message
    assert "1 of them stands in 3 rows or more" in refusal(["a"] * 20 + ["b"] * 2)


def test_rare_classes_are_reported_first() -> None:
    found = accepted(["a", "b"] * 10 + ["c"])
    assert found.lines()[0] == (
        "note: y: classes with fewer than 3 rows are trained on, but not tested: 'c' (1)"
    )
    assert (
        "    rare_classes: train  # fewer than 3 rows are trained on, but not tested: 'c' (1); "
        "or: drop, error\n"
    ) in parameters_text("mine", found, "mine.csv")


def test_words_and_numbers_that_stand_often_are_classes_together() -> None:
    found = accepted(["1", "2", "3"] * 10 + ["unknown"] * 5)
    assert (found.task, found.classes) == ("classification", ["1", "2", "3", "unknown"])
    assert accepted(["oak", "elm", "17"] * 10).classes == ["17", "elm", "oak"]


@pytest.mark.parametrize("numbers", [["0", "1"] * 15, [f"{n}.5" for n in range(30)]])
def test_a_lone_word_among_numbers_is_refused_with_its_row(numbers: list[str]) -> None:
    message = refusal([*numbers, "4O"])
    assert message.startswith("table: column 'y', row 31: '4O' is not a number as most labels are.")
    assert "--column 'y={missing_words: [\"4O\"]}'" in message


def test_words_are_no_numbers_to_be_predicted() -> None:
    message = refusal(["1", "2", "low"] * 5, task="regression")
    assert message.startswith("table: column 'y', row 3: 'low' is not a number. Correct it, or say")


def test_fractions_are_classes_if_the_user_says_so() -> None:
    found = accepted(["0.000", "0.5", "1.0"] * 10, task="classification")
    assert found.classes == ["0", "0.5", "1"]


def test_whole_numbers_with_one_fraction_are_numbers() -> None:
    assert accepted(["1", "2", "3"] * 10 + ["3.5"]).task == "regression"


def test_whole_numbers_beyond_2_to_53_are_classes_or_refused() -> None:
    large = [str(2**60 + n) for n in range(20)]
    assert refusal(large).startswith(
        f"table: column 'y', row 1: '{2**60}' is a whole number beyond 2^53"
    )
    two = [str(2**53 + 1), str(10**20)]
    assert accepted(two * 10).classes == sorted(two)


def test_codes_with_leading_zeros_are_classes() -> None:
    assert accepted(["00060", "07090", "00061"] * 10).task == "classification"
    assert "hardly classes" in refusal([f"{n:05d}" for n in range(30)])


def test_labels_that_hold_a_line_break_are_reported_on_one_line() -> None:
    found = accepted(["oak", "oak\nelm"] * 10 + ["x\ny"])
    assert all("\n" not in line for line in found.lines())


def test_words_whose_order_is_known_are_proposed_as_ordered():
    raw = pd.DataFrame(
        {"x": [i % 7 for i in range(30)], "cut": ["Fair", "Good", "Ideal"] * 10}
    ).astype("str")
    guess = infer_table(raw, "cut")
    assert guess.task == "classification"
    assert "(Fair, Good, Ideal), in an order that is known: --ordered" in guess.task_reason
    assert infer_table(raw, "cut", ordered=True).classes == ["Fair", "Good", "Ideal"]
    plain = infer_table(raw.replace("Good", "Round"), "cut")
    assert "--ordered" not in plain.task_reason
