"""What is guessed of how numbers are written, and what is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.tables.check import table_problems
from colonnade.tables.features.column_fit import StandardizeParams
from colonnade.tables.inference.guesses.number_guess import guess_numbers, numbers_of_text
from colonnade.tables.inference.infer import Inference, infer_table
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.number_format import NumberFormat
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams


@pytest.mark.parametrize(
    ("cells", "format"),
    [
        (["991", "1,004", "1,017"], NumberFormat(thousands=",")),
        (["1,234,567", "3"], NumberFormat(thousands=",")),
        (["1.234.567", "3"], NumberFormat(",", ".")),
        (["1.234,5", "7"], NumberFormat(",", ".")),
        (["1,234.5", "7"], NumberFormat(thousands=",")),
        (["1,004", "0,5"], NumberFormat(",")),
        (["1,004", "0,004"], NumberFormat(",")),
        (["1.234", "2.345"], NumberFormat()),
        (["1 200 €", "3 €"], NumberFormat(thousands=" ", unit="€")),
        (["25%", "7 %"], NumberFormat(unit="%")),
        (["$1,200", "-$5"], NumberFormat(thousands=",", unit="$")),
        (["12 kg", "1.5kg"], NumberFormat(unit="kg")),
        (["USD 12", "USD 3"], NumberFormat(unit="USD")),
        (["12.05.2020", "13.05.2020"], None),
        (["12:30", "13:45"], None),
        (["12A", "3C", "4F"], None),
        (["10K", "2M", "3K"], None),
        (["a1", "b2"], None),
    ],
)
def test_marks_and_unit_are_found_where_they_can_mean_one_thing(
    cells: list[str], format: NumberFormat | None
) -> None:
    found = guess_numbers(pd.Series(cells, dtype="str"))
    assert (found.format, found.doubt) == (format, "")


@pytest.mark.parametrize(
    ("cells", "decimal_commas"),
    [
        (["1,004", "1234"], False),
        (["1,004", "991"], None),
        (["1,004", "991"], True),
        (["1.004", "991"], None),
        (["1.004", "2,005"], False),
        (["991", "1.004", "1.005", "1.006", "1.007", "1.008"], False),
    ],
)
def test_three_digits_behind_one_mark_are_asked_about(
    cells: list[str], decimal_commas: bool | None
) -> None:
    found = guess_numbers(pd.Series(cells, dtype="str"), decimal_commas=decimal_commas)
    number = next(cell for cell in cells if cell.endswith("004"))
    assert found.doubt == f"holds {number!r}, which may be 1004 or 1.004"
    assert len(found.ways) == 2


def test_points_are_thousands_beside_a_column_of_decimal_commas() -> None:
    assert guess_numbers(pd.Series(["991", "1.004"], dtype="str"), decimal_commas=True).format == (
        NumberFormat(",", ".")
    )


def table(cells: list[str], separator: str = ",") -> pd.DataFrame:
    """The cells as the column `a`, beside numbers `b` and a target `y` of two classes."""
    rows = (
        f'"{cell}"{separator}{n * n % 7}{separator}{"pq"[n % 2]}\n' for n, cell in enumerate(cells)
    )
    head = separator.join("aby") + "\n"
    return read_text_table((head + "".join(rows)).encode(), "t.csv", separator=separator)[0]


def guess(cells: list[str], **keys: Any) -> Inference:
    return infer_table(table(cells), "y", **keys)


def asked(cells: list[str], **keys: Any) -> str:
    with pytest.raises(DataError) as caught:
        guess(cells, **keys)
    return str(caught.value)


def read(found: Inference, raw: pd.DataFrame) -> pd.DataFrame:
    """The table by the guessed YAML, which must have nothing to complain of."""
    schema = SchemaParams.model_validate(found.schema())
    split = SplitParams(validation_fraction=0, test_fraction=0.3)
    assert table_problems(raw, schema, split, StandardizeParams()) == []
    return ingest_table(raw, schema)


NUMBERS = [str(20 + n * 7 % 23) for n in range(30)]


def test_what_is_read_otherwise_is_said_first_with_an_example() -> None:
    cells = [*NUMBERS, "1,004", "2,015"]
    found = guess(cells)
    assert found.lines()[0] == (
        "note: a: 2 cells such as '1,004' -> 1004 ('.' before decimals, ',' between thousands)"
    )
    assert found.schema()["columns"]["a"] == {"kind": "numeric", "thousands": ","}
    assert read(found, table(cells))["a"].tolist()[-2:] == [1004, 2015]


@pytest.mark.parametrize(
    ("odd", "line"), [(["4O"], 32), (["90+", "90+"], 32), (["low"] * 5, 32), (["1.2.3"], 32)]
)
def test_odd_cells_among_numbers_are_asked_about_with_their_lines(
    odd: list[str], line: int
) -> None:
    message = asked([*NUMBERS, *odd])
    assert f"column 'a', line {line}: '{odd[0]}' is not a number as most cells" in message
    assert f"""--column 'a={{missing_words: ["{odd[0]}"]}}'""" in message


def test_word_is_missing_where_the_user_says_so_in_its_column_alone() -> None:
    cells = [*NUMBERS, "low", "low"]
    raw = table(cells).assign(y=["low", "mid"] * 16)
    found = infer_table(raw, "y", said={"a": {"missing_words": ["low"]}})
    assert found.schema()["columns"]["a"]["missing_words"] == ["low"]
    typed = read(found, raw)
    assert typed["y"].value_counts().to_dict() == {"low": 16, "mid": 16}
    assert typed["a"].isna().sum() == 2


def test_question_marks_are_missing_in_columns_of_numbers_and_of_words() -> None:
    raw = table([*NUMBERS, "?", "?"]).assign(b=["two", "four", "?", "two"] * 8)
    found = infer_table(raw, "y")
    columns = found.schema()["columns"]
    assert columns["a"] == {"kind": "numeric", "missing": "median", "missing_words": ["?"]}
    assert columns["b"] == {"kind": "categorical", "missing": "category", "missing_words": ["?"]}
    assert read(found, raw)["b"].isna().sum() == 8


def test_plus_and_minus_are_two_values() -> None:
    assert guess(["+", "-"] * 8).schema()["columns"]["a"] == {"kind": "categorical"}


def test_few_values_with_a_word_among_them_are_groups() -> None:
    assert guess(["0", "1", "2", "3+"] * 8).schema()["columns"]["a"] == {"kind": "categorical"}


def test_numbers_of_different_units_are_asked_about() -> None:
    assert "a' holds numbers of different units: 20 with 'kg', such as '12 kg'; 10 with 'lb'" in (
        asked([*["12 kg"] * 20, *["7 lb"] * 10])
    )


def test_dates_that_read_in_two_ways_are_asked_about() -> None:
    cells = [f"{n % 9 + 1:02d}/0{n % 7 + 1}/2020" for n in range(30)]
    message = asked(cells)
    assert """--column 'a={format: "%d/%m/%Y"}'""" in message
    found = guess(cells, said={"a": {"format": "%m/%d/%Y"}})
    assert found.schema()["columns"]["a"] == {"kind": "datetime", "format": "%m/%d/%Y"}


def test_labels_that_mean_nothing_are_reported_with_how_to_keep_them() -> None:
    raw = table(NUMBERS).assign(y=["None", "Light", "Severe"] * 10)
    assert infer_table(raw, "y").lines()[0] == (
        "note: 10 rows whose y is 'None' are left out, as without a label. "
        "If 'None' is a class, list it with the others in `schema.classes`."
    )


def test_amount_to_be_predicted_is_a_number_with_its_unit() -> None:
    raw = table(NUMBERS).assign(y=[f"${1000 + 77 * n:,}" for n in range(30)])
    found = infer_table(raw, "y")
    assert found.task == "regression"
    assert found.schema()["thousands"] == ","
    assert found.schema()["unit"] == "$"
    assert read(found, raw)["y"].tolist()[:2] == [1000, 1077]
    assert found.lines()[0].startswith("note: y: 30 cells such as '$1,000' -> 1000 $")


def test_words_that_look_alike_are_reported() -> None:
    raw = table(["Gold", "gold", "Silver"] * 10).assign(y=["Yes", "yes", "No"] * 10)
    of_column, of_target = infer_table(raw, "y").lines()[:2]
    assert of_column.startswith("note: a: 'Gold' (10), 'gold' (10) look alike")
    assert "`schema.columns.a.case: fold`" in of_column
    assert of_target.startswith("note: y: 'Yes' (10), 'yes' (10) look alike")
    assert "`schema.case: fold`" in of_target


def test_file_without_a_header_is_refused() -> None:
    lines = "".join(f"{n}.5,{n * n % 7},{'pn'[n % 2]}\n" for n in range(20))
    with pytest.raises(DataError) as caught:
        infer_table(read_text_table(lines.encode(), "t.csv")[0], "p")
    assert str(caught.value) == (
        "table: the first line holds '0.5', '0', 'p', which look like values, not like names. "
        "Put a line with the names of the columns above it."
    )


@pytest.mark.parametrize("head", ["0,1,2", "2019,2020,2021", "a,1,2"])
def test_numbers_that_rise_may_be_names(head: str) -> None:
    lines = "".join(f"{n * n % 7},{n % 3},{n % 2}\n" for n in range(20))
    found = infer_table(
        read_text_table(f"{head}\n{lines}".encode(), "t.csv")[0],
        head[-1:] if head[-2] == "," else "2021",
    )
    assert len(found.columns) == 2


def test_labels_with_leading_zeros_or_signs_are_reported_as_they_are_written() -> None:
    codes = infer_table(table(NUMBERS).assign(y=["01", "1", "10"] * 10), "y")
    assert codes.task_reason == "words: 3 different values in 30 rows (01, 1, 10)"
    signs = table(NUMBERS).assign(y=["+1", "-1", "0"] * 10)
    found = infer_table(signs, "y")
    assert (found.task, found.classes) == ("classification", ["+1", "-1", "0"])
    assert sorted(read(found, signs)["y"].unique()) == ["+1", "-1", "0"]


def test_word_for_a_missing_cell_that_may_be_a_category_is_reported() -> None:
    raw = table(["None", "Mild", "Severe"] * 10)
    found = infer_table(raw, "y")
    assert found.lines()[0] == (
        "note: a: 10 cells 'None' -> no value; if that is a category, list it with the others in "
        "`values`"
    )
    words = found.schema()
    words["columns"]["a"] = {"kind": "categorical", "values": ["None", "Mild", "Severe"]}
    assert ingest_table(raw, SchemaParams.model_validate(words))["a"].tolist()[0] == "None"


def test_cells_of_a_spreadsheet_are_guessed_whatever_they_are() -> None:
    mixed = [1, "2", 3.5, None, "4,5"] * 6
    days = [date(2020, 1, 1 + n % 28) for n in range(30)]
    raw = pd.DataFrame({"a": [Decimal(n) for n in range(30)], "b": mixed, "d": days})
    found = infer_table(
        raw.assign(c=range(0, 60, 2), y=["p", "q"] * 15), "y", said={"b": {"kind": "ignored"}}
    )
    assert {name: guess.kind for name, guess in found.columns.items()}["d"] == "datetime"


@pytest.mark.parametrize("unit", ["", "%", "€", "kg"])
@pytest.mark.parametrize(("decimal", "thousands"), [(".", ","), (",", "."), (",", " "), (".", "'")])
def test_numbers_written_in_any_way_are_guessed_and_read_to_the_digit(
    decimal: str, thousands: str, unit: str
) -> None:
    values = np.random.default_rng(7).normal(scale=1e5, size=200).round(2)
    swap = str.maketrans({",": thousands, ".": decimal})
    written = [f"{value:,.2f}".translate(swap) + (f" {unit}" if unit else "") for value in values]
    text = pd.Series(written, dtype="str")
    found = guess_numbers(text)
    assert (found.format, found.doubt) == (NumberFormat(decimal, thousands, unit), "")
    assert found.format is not None
    assert numbers_of_text(text, found.format).tolist() == values.tolist()


def test_class_called_by_a_question_mark_is_reported_with_how_to_leave_it_out() -> None:
    raw = table(NUMBERS).assign(y=["p", "q", "?"] * 10)
    found = infer_table(raw, "y")
    assert found.lines()[0] == (
        "note: 10 rows whose y is '?' are a class. If that is no label, say "
        """--column 'y={missing_words: ["?"]}'."""
    )
    without = infer_table(raw, "y", said={"y": {"missing_words": ["?"]}})
    assert without.schema()["unlabelled_words"] == ["?"]
    assert len(read(without, raw)) == 20
