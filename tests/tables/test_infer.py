from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import yaml

from colonnade.errors import DataError
from colonnade.tables.check import table_problems
from colonnade.tables.features.column_fit import StandardizeParams
from colonnade.tables.inference.column_kinds import guess_column
from colonnade.tables.inference.guesses.guess import Guess
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.inference.schema_yaml import parameters_text
from colonnade.tables.reading.dialect import text_options
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams


def guess(name: str, *cells: str) -> Guess:
    return guess_column(name, pd.Series(list(cells), dtype="str"))


@pytest.mark.parametrize(
    ("name", "cells", "schema", "reason"),
    [
        ("a", ["1", "2", "2"], {"kind": "numeric"}, "whole numbers from 1 to 2"),
        ("a", ["1.5", "2", "-2"], {"kind": "numeric"}, "numbers from -2 to 2"),
        (
            "a",
            ["1", "", "2", "1"],
            {"kind": "numeric", "missing": "median"},
            "whole numbers from 1 to 2; 25.0% missing",
        ),
        (
            "a",
            ["1", "?", "2", "1", "4"],
            {"kind": "numeric", "missing": "median", "missing_words": ["?"]},
            "whole numbers from 1 to 4; 20.0% missing ('?')",
        ),
        (
            "a",
            ["1", "2", "3", "1", "4", "1", "x", "y", "2", "3"],
            {"kind": "numeric"},
            "whole numbers from 1 to 4",
        ),
        ("a", ["0", "1", "1"], {"kind": "boolean"}, "0 and 1 alone"),
        ("a", ["Yes", "No", "No"], {"kind": "boolean"}, "No and Yes alone"),
        ("a", ["red", "green", "red"], {"kind": "categorical"}, "2 different texts, such as 'red'"),
        (
            "a",
            ["red", "green", "NA"],
            {"kind": "categorical", "missing": "category"},
            "2 different texts, such as 'red'; 33.3% missing ('NA')",
        ),
        (
            "exercise",
            ["Some", "None", "Freq", ""],
            {"kind": "categorical", "missing": "category"},
            "2 different texts, such as 'Some'; 50.0% missing ('' or 'None')",
        ),
        (
            "a",
            ["", *["1", "2"] * 2000],
            {"kind": "numeric", "missing": "median"},
            "whole numbers from 1 to 2; 1 of 4001 missing",
        ),
        (
            "a",
            ["high", "low", "mid"],
            {"kind": "ordered", "values": ["low", "mid", "high"]},
            "words of a known order: low, mid, high",
        ),
        (
            "a",
            ["Very_High", "Low", "High", "Medium"],
            {"kind": "ordered", "values": ["Low", "Medium", "High", "Very_High"]},
            "words of a known order: Low, Medium, High, Very_High",
        ),
        ("a", ["2020-01-02", "2020-05-03"], {"kind": "datetime"}, "dates"),
        (
            "a",
            ["Jan 1 2000", "Feb 1 2000"],
            {"kind": "datetime", "format": "%b %d %Y"},
            "dates such as 'Jan 1 2000', read as %b %d %Y",
        ),
        (
            "a",
            ["Mar-2018", "Feb-2018"],
            {"kind": "datetime", "format": "%b-%Y"},
            "dates such as 'Mar-2018', read as %b-%Y",
        ),
        (
            "a",
            ["1/31/2012 3:45:00 PM", "2/1/2012 12:05:00 AM"],
            {"kind": "datetime", "format": "%m/%d/%Y %I:%M:%S %p"},
            "dates such as '1/31/2012 3:45:00 PM', read as %m/%d/%Y %I:%M:%S %p",
        ),
        (
            "a",
            ["13.02.2020", "01.02.2020"],
            {"kind": "datetime", "format": "%d.%m.%Y"},
            "dates such as '13.02.2020', read as %d.%m.%Y",
        ),
        (
            "a",
            ["03/02/2020", "01/02/2020"],
            {"kind": "datetime", "format": "%d/%m/%Y"},
            "dates such as '03/02/2020', read as %d/%m/%Y",
        ),
        ("a", ["", "NA"], {"kind": "ignored"}, "no value in any row"),
        ("a", ["7", "7"], {"kind": "ignored"}, "'7' in every row"),
        *(
            (name, ["9", "4", "7"], {"kind": "identifier"}, "a different whole number in every row")
            for name in ("row_id", "ID", "CUSTOMER_ID", "PID", "rownames", "customerId")
        ),
        ("PAID", ["9", "4", "7"], {"kind": "numeric"}, "whole numbers from 4 to 9"),
        (
            "a",
            ["4", "5", "6"],
            {"kind": "identifier"},
            "whole numbers from 4 to 6, each once: they count the rows",
        ),
        (
            "a",
            [f"{7 * n % 20 + 1}%" for n in range(20)],
            {"kind": "numeric", "unit": "%"},
            "whole numbers from 1 to 20 %",
        ),
        (
            "a",
            [str(7 * n % 20 + 1) for n in range(20)],
            {"kind": "identifier"},
            "whole numbers from 1 to 20, each once: they count the rows",
        ),
        (
            "a",
            [str(7 * n % 19 + 1) for n in range(19)],
            {"kind": "numeric"},
            "whole numbers from 1 to 19",
        ),
        (
            "a",
            [str(7 * n % 20 or 21) for n in range(20)],
            {"kind": "numeric"},
            "whole numbers from 1 to 21",
        ),
        (
            "zip",
            [f"{n:05d}" for n in range(7, 300, 9)],
            {"kind": "identifier"},
            "codes with leading zeros, 33 different ones in 33 rows",
        ),
        (
            "month",
            [f"{n % 12 + 1:02d}" for n in range(20)],
            {"kind": "categorical"},
            "12 different codes with leading zeros, such as '01'",
        ),
        (
            "site",
            ["07090002", "", "00060010"] * 10,
            {"kind": "categorical", "missing": "category"},
            "2 different codes with leading zeros, such as '07090002'; 33.3% missing",
        ),
        (
            "a",
            [str(2**53 + n) for n in range(20)],
            {"kind": "identifier"},
            "whole numbers beyond 2^53, more than a number holds to the digit, "
            "20 different ones in 20 rows",
        ),
        (
            "a",
            [str(2**60), str(2**60 + 1)] * 10,
            {"kind": "categorical"},
            "2 different whole numbers beyond 2^53, more than a number holds to the digit, "
            f"such as '{2**60}'",
        ),
        (
            "when",
            [f"{1 + n:02d}012025" for n in range(20)],
            {"kind": "datetime", "format": "%d%m%Y"},
            "dates such as '01012025', read as %d%m%Y",
        ),
        (
            "when",
            [f"202501{30 - n}" for n in range(20)],
            {"kind": "datetime", "format": "%Y%m%d"},
            "dates such as '20250130', read as %Y%m%d",
        ),
        (
            "code",
            ["01012025", "99999999", "01022025"] * 7,
            {"kind": "categorical"},
            "3 different codes with leading zeros, such as '01012025'",
        ),
        (
            "a",
            ["7", "8", *[""] * 30],
            {"kind": "ignored"},
            "2 values in 32 rows: too few to learn from",
        ),
        (
            "a",
            ["7", "8", "12", *[""] * 30],
            {"kind": "numeric", "missing": "constant", "fill": 8.0},
            "whole numbers from 7 to 12; 90.9% missing, so that 8 stands for the others",
        ),
        (
            "a",
            ["yes", "no", "yes", *[""] * 30],
            {"kind": "boolean", "missing": "constant", "fill": 1.0},
            "no and yes alone; 90.9% missing, so that 1 stands for the others",
        ),
        (
            "a",
            ["2020-02-01", "2020-03-01", "2020-04-01", *[""] * 30],
            {"kind": "datetime", "missing": "constant", "fill": "2020-02-01"},
            "dates; 90.9% missing, so that '2020-02-01' stands for the others",
        ),
        (
            "unnamed_1",
            ["4", "2", "2"],
            {"kind": "ignored"},
            "without a name: row numbers, most likely",
        ),
        (
            "a",
            [f"text {n}" for n in range(30)],
            {"kind": "identifier"},
            "30 different texts in 30 rows",
        ),
    ],
)
def test_kind_is_guessed_with_its_reason(
    name: str, cells: list[str], schema: dict[str, Any], reason: str
) -> None:
    found = guess(name, *cells)
    assert (found.schema, found.reason) == (schema, reason)


def test_amounts_are_measured_by_their_logarithm() -> None:
    amounts = [str(2**power) for power in range(40)]
    assert guess("a", *amounts, "1").standardize == {"log1p": True}
    assert guess("a", *[str(n) for n in range(40)], "1").standardize == {}


def test_many_categories_have_the_rare_ones_pooled() -> None:
    cells = [f"city{n % 60}" for n in range(1200)]
    found = guess("a", *cells, "village")
    assert found.standardize == {"minimum_count": 10}
    assert found.reason == (
        "61 different texts, such as 'city0'; those in fewer than 10 train rows pooled"
    )


@pytest.mark.parametrize(("rows_each", "minimum_count"), [(12, 5), (4, 2), (1, 10)])
def test_what_is_pooled_is_rare(rows_each: int, minimum_count: int) -> None:
    # 7 in 10 rows are train rows; of 60 categories with 12 rows each none is rare
    cells = [f"city{n % 60}" for n in range(60 * rows_each)] + ["town"] * 100
    assert guess("a", *cells).standardize == {"minimum_count": minimum_count}


def test_categories_by_the_hundred_are_embedded() -> None:
    found = guess("tail", *[f"N{n % 300}" for n in range(6000)])
    assert found.standardize == {"categorical": "embedding", "minimum_count": 10}
    assert found.reason == (
        "300 different texts, such as 'N0'; "
        "those in fewer than 10 train rows pooled, the other 300 embedded"
    )


def table(target: list[str]) -> pd.DataFrame:
    # no arithmetic sequence, so that it is no row number
    return pd.DataFrame({"a": [str(n * n % 7) for n in range(len(target))], "y": target})


@pytest.mark.parametrize(
    ("target", "keys", "task", "classes"),
    [
        (["0", "1"] * 10, {}, "classification", None),
        (["no", "yes"] * 10, {}, "classification", None),
        (["0", "1", "2"] * 10, {"ordered": True}, "ordinal", None),
        (["high", "low", "mid"] * 10, {"ordered": True}, "ordinal", ["low", "mid", "high"]),
        (["b", "c", "a"] * 10, {"ordered": True}, "ordinal", ["a", "b", "c"]),
        (["Good", "Bad", "Medium"] * 9, {"ordered": True}, "ordinal", ["Bad", "Medium", "Good"]),
        ([str(n) for n in range(30)], {}, "regression", None),
        (["0.5", "1"] * 10, {}, "regression", None),
        (["0", "1"] * 10, {"task": "regression"}, "regression", None),
    ],
)
def test_task_is_guessed_from_the_target(
    target: list[str], keys: dict[str, Any], task: str, classes: list[str] | None
) -> None:
    found = infer_table(table(target), "y", **keys)
    assert (found.task, found.classes) == (task, classes)


def test_an_order_that_nobody_knows_is_not_taken_for_granted() -> None:
    found = infer_table(table(["oak", "elm", "ash"] * 10), "y", ordered=True)
    assert found.task_reason == (
        "words whose order is not known; sorted by letter they are ash, elm, oak: "
        "put `schema.classes` in order"
    )
    assert (
        "    classes: [ash, elm, oak]  # sorted by letter: put them from lowest to highest\n"
        in (parameters_text("mine", found, "mine.csv"))
    )
    known = infer_table(table(["low", "mid", "high"] * 10), "y", ordered=True)
    assert known.task_reason == "words, taken to rise in this order: low, mid, high"
    text = parameters_text("mine", known, "mine.csv")
    assert "classes: [low, mid, high]  # from lowest to highest\n" in text


def test_columns_are_guessed_from_the_rows_that_have_a_label() -> None:
    # those without one are dropped before anything is learned
    raw = table(["0", "1"] * 10 + ["", "NA"]).assign(country=["USA"] * 20 + ["Palau", ""])
    found = infer_table(raw, "y")
    assert found.columns["country"].schema == {"kind": "ignored"}
    assert (found.n_rows, found.n_unlabelled) == (20, 2)
    with pytest.raises(DataError) as caught:
        infer_table(table(["", "NA"]), "y")
    assert str(caught.value) == "column 'y' has no value in any row: there is nothing to predict."


def test_lines_tell_every_decision() -> None:
    assert infer_table(table(["0", "1"] * 10), "y").lines() == [
        "y: predicted by classification, whole numbers that name classes: "
        "2 different values in 20 rows (0, 1)",
        "a: numeric, whole numbers from 0 to 4",
    ]


def test_what_is_left_out_of_learning_is_said_first() -> None:
    raw = table(["0", "1"] * 10).assign(b="7", c=[f"n{n * n}" for n in range(20)])
    raw["d"] = [str(n) for n in range(20)]
    assert infer_table(raw, "y").lines()[0] == (
        "left out of learning: b ('7' in every row); "
        "d (whole numbers from 0 to 19, each once: they count the rows)"
    )


def test_table_without_the_target_or_without_features_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        infer_table(table(["0", "1"]), "yy")
    assert str(caught.value) == "there is no column 'yy' to predict. Did you mean `y`?"
    with pytest.raises(DataError) as caught:
        infer_table(pd.DataFrame({"a": ["1", "1"], "y": ["0", "1"]}), "y")
    assert str(caught.value) == (
        "no column besides 'y' holds anything to learn from: a is '1' in every row"
    )


MESSY = """;Preis;Fläche (m²);Balkon;Note;Datum;y;wörter: a, b
1;1,5;?;ja;gut;01.02.2020;no;"a # b"
2;2,5;12;nein;gut;13.02.2020;yes;"{x}"
3;3,25;33,5;nein;gut;01.02.2020;no;"a # b"
4;;12,2;ja;gut;01.03.2020;yes;"{x}"
5;3,25;33,5;nein;gut;01.02.2020;;"a # b"
6;5,5;31;ja;gut;01.02.2020;no;"it's"
7;5,25;31,25;ja;gut;04.02.2020;yes;"null"
"""


def test_messy_file_becomes_yaml_that_says_the_same_and_works() -> None:
    header, _, rows = MESSY.partition("\n")
    data = f"{header}\n{rows * 2}".encode("cp1252")
    options = text_options(data)
    assert options == {"encoding": "cp1252", "separator": ";"}
    raw = read_text_table(data, "messy.csv", **options)[0]
    found = infer_table(raw, "y")
    text = parameters_text("on", found, "messy.csv\nwith a line break")
    groups = yaml.safe_load(text)["on"]
    assert groups["schema"] == found.schema()
    assert list(groups) == ["schema", "split", "standardize", "model", "training", "evaluation"]
    assert groups["schema"]["unlabelled"] == "drop"
    columns = groups["schema"]["columns"]
    assert columns["Preis"] == {"kind": "numeric", "decimal": ",", "missing": "median"}
    assert columns["Fläche (m²)"]["missing_words"] == ["?"]
    kinds = {name: column["kind"] for name, column in groups["schema"]["columns"].items()}
    assert kinds == {
        "unnamed_1": "ignored",
        "Preis": "numeric",
        "Fläche (m²)": "numeric",
        "Balkon": "boolean",
        "Note": "ignored",
        "Datum": "datetime",
        "wörter: a, b": "categorical",
    }
    schema = SchemaParams.model_validate(groups["schema"])
    split = SplitParams(validation_fraction=0, test_fraction=0.3)
    assert table_problems(raw, schema, split, StandardizeParams()) == []


def test_comments_say_what_each_choice_rests_on() -> None:
    text = parameters_text("mine", infer_table(table(["0", "1"] * 10), "y"), "mine.csv")
    assert "      a: {kind: numeric}  # whole numbers from 0 to 4\n" in text
    assert text.startswith("# mine: guessed from mine.csv.")
    assert "  split: {}  # 70 % of the rows train, 10 % validate, 20 % test\n" in text


@pytest.mark.parametrize(
    ("n_rows", "batch_size"), [(20, 32), (2_000, 32), (3_000, 64), (10_000, 128), (500_000, 256)]
)
def test_training_parameters_are_written_out_with_a_batch_size_that_suits_the_rows(
    n_rows: int, batch_size: int
) -> None:
    found = infer_table(table(["0", "1"] * (n_rows // 2)), "y")
    groups = yaml.safe_load(parameters_text("mine", found, "mine.csv", "quick"))["mine"]
    training = TrainingParams.model_validate(groups["training"])
    assert ModelParams.model_validate(groups["model"]).kind == "mlp_skip"
    assert training.early_stopping is not None
    assert training.temperature
    assert training.batch_size == batch_size


def test_training_for_numbers_has_no_temperature() -> None:
    found = infer_table(table([f"{i / 7:.3f}" for i in range(20)]), "y")
    text = parameters_text("mine", found, "mine.csv", "quick")
    training = yaml.safe_load(text)["mine"]["training"]
    assert found.task == "regression"
    assert not TrainingParams.model_validate(training).temperature


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (b"a,b\n1,2\n", {}),
        ("a,b\n1,é\n".encode(), {}),
        (b"a\tb\n1\t2\n", {"separator": "\t"}),
        (b"a;b\n1,5;2,5\n", {"separator": ";"}),
        ("内存,价格\n四,低\n".encode("gbk"), {"encoding": "gbk"}),
        ("a;b\n1;2\n".encode("utf-16"), {"encoding": "utf-16", "separator": ";"}),
        # an umlaut and the letter after it are Chinese to GBK
        ("a;Größe\n1;2\n".encode("cp1252"), {"encoding": "cp1252", "separator": ";"}),
        ("a,Köln\n1,Düsseldorf\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("a,b\n1,créée à Orléans\n".encode("cp1252"), {"encoding": "cp1252"}),
        (b"a\n1\n", {}),
        (b"a b y\n1 2 0\n3 4 1\n", {"separator": " "}),
        (b"", {}),
    ],
)
def test_encoding_and_separator_are_reported_where_they_are_not_the_usual(
    data: bytes, options: dict[str, str]
) -> None:
    assert text_options(data) == options


def test_hyperparameters_follow_rows_and_effort():
    def groups_of(n_rows, effort="normal"):
        raw = table(["0", "1"] * (n_rows // 2))
        text = parameters_text("mine", infer_table(raw, "y"), "mine.csv", effort)
        return yaml.safe_load(text)["mine"]

    few, many = groups_of(400, "quick"), groups_of(1000, "quick")
    assert few["standardize"] == {}
    assert many["standardize"] == {"bins": 16}
    assert few["model"]["kind"] == many["model"]["kind"] == "mlp_skip"
    usual, best = groups_of(400), groups_of(400, "best")
    assert usual["standardize"] == best["standardize"] == {"bins": 16}
    assert (usual["model"], usual["training"]) == ({"kind": "auto"}, {})
    assert best["model"] == {"kind": "auto", "candidates": "best"}


def test_the_unit_beside_numbers_is_read_though_only_their_marks_were_said():
    prices = [f"{100 + i},250 EUR" for i in range(40)]
    frame = pd.DataFrame({"area": [f"{i},5 m2" for i in range(40)], "price": prices})
    said = {"area": {"decimal": ","}, "price": {"thousands": ","}}
    found = infer_table(frame, "price", said=said)
    assert found.task == "regression"
    assert found.columns["area"].schema["unit"] == "m2"
    words = SchemaParams.model_validate(found.schema())
    assert (words.thousands, words.unit) == (",", "EUR")
